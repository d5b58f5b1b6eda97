"""Real servers for tests, each in a folder and on ports of its own; and a Spark session with their jars.

The session is in a process of its own, as that of this process has Delta's jars only: see `Elsewhere`.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from pyspark import cloudpickle
from pyspark.sql import SparkSession

from scripts import kafka
from scripts.kafka import free_port
from segspark.config.model import Spark
from segspark.io.jars import KAFKA, POSTGRESQL
from segspark.io.session import open_session

_SESSION: dict[str, str | int | float | bool] = {
    "spark.sql.shuffle.partitions": 2,
    "spark.driver.memory": "1g",
    "spark.sql.codegen.wholeStage": False,
    # Databases and Spark must agree on instants wherever the JVM believes to be.
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -Duser.timezone=America/New_York",
}


class Elsewhere:
    """A Spark session with all jars in another process: called with a function, it runs it there."""

    def __init__(self) -> None:
        self._pool = ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn"))

    def __call__(self, work: Callable[[SparkSession], Any]) -> Any:
        """What the function returns for that session; what it raises is raised here."""
        return self._pool.submit(_run, cloudpickle.dumps(work)).result(timeout=600)

    def stop(self) -> None:
        self._pool.submit(_stop).result(timeout=60)
        self._pool.shutdown()


_session: list[SparkSession] = []


def _run(work: bytes) -> Any:
    if not hasattr(sys.modules["__main__"], "__file__"):  # else PySpark ends the process: see conftest.py
        sys.modules["__main__"].__file__ = __file__
    if not _session:
        _session.append(open_session(Spark(master="local[2]", config=_SESSION), packages=(KAFKA, POSTGRESQL)))
    return cloudpickle.loads(work)(_session[0])


def _stop() -> None:
    while _session:
        _session.pop().stop()


@dataclass(frozen=True)
class Postgres:
    """A running server; the password has characters that an address and a pattern would take for something else."""

    programs: str
    port: int
    password: str = "hush/hush%&+"

    @property
    def url(self) -> str:
        return f"jdbc:postgresql://127.0.0.1:{self.port}/postgres"

    def sql(self, statements: str) -> None:
        """Run statements, each committed by itself."""
        command = [f"{self.programs}/psql", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self.port)]
        environment = {**os.environ, "PGPASSWORD": self.password}
        done = subprocess.run(
            [*command, "-U", "owner", "postgres"], input=statements, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr


@contextlib.contextmanager
def running_postgres() -> Iterator[Postgres]:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")) or [Path(shutil.which("initdb") or "")]
    if not found[-1].is_file():
        pytest.fail(
            "no PostgreSQL on this machine; sh scripts/install-postgres installs it where it may", pytrace=False
        )
    server = Postgres(str(found[-1].parent), free_port())
    # A server refuses to run as root: it runs as the user that Debian's package made.
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    folder = Path(tempfile.mkdtemp(prefix="segspark-postgres-"))
    try:
        (folder / "password").write_text(server.password)
        if user:
            subprocess.run(["chown", "-R", "postgres", str(folder)], check=True)
        _done([*user, f"{server.programs}/initdb", "-D", f"{folder}/data", "-U", "owner", "--locale=C.UTF-8",
               "-E", "UTF8", "-A", "scram-sha-256", f"--pwfile={folder}/password"], folder)  # fmt: skip
        # Neither the JVM's zone nor Spark's.
        options = f"-h 127.0.0.1 -p {server.port} -k {folder} -c fsync=off -c timezone=Asia/Tokyo"
        control = [*user, f"{server.programs}/pg_ctl", "-D", f"{folder}/data", "-w"]
        _done([*control, "-l", f"{folder}/log", "-o", options, "start"], folder)
        try:
            yield server
        finally:
            _done([*control, "-m", "fast", "stop"], folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Broker(kafka.Broker):
    """A running Kafka broker."""

    def send(self, spark: SparkSession, topic: str, partition: int, values: Sequence[str | None]) -> None:
        """Send messages in this order, with the keys k0, k1, ..."""
        rows = [(f"k{number}", value, partition) for number, value in enumerate(values)]
        messages = spark.createDataFrame(rows, "key STRING, value STRING, partition INT").coalesce(1)
        options = {"kafka.bootstrap.servers": self.address, "topic": topic}
        messages.write.format("kafka").options(**options).save()


@contextlib.contextmanager
def running_broker() -> Iterator[Broker]:
    try:
        with kafka.running_broker() as broker:
            yield Broker(broker.port)
    except kafka.NoBrokerError as error:
        pytest.fail(str(error), pytrace=False)


@dataclass(frozen=True)
class MlflowServer:
    """A running tracking server with a sqlite store, that passes artifacts on."""

    port: int
    folder: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def artifacts(self) -> Path:
        """Where it keeps what clients upload."""
        return self.folder / "artifacts"

    @property
    def log(self) -> str:
        """What it has said so far."""
        return (self.folder / "log").read_text()


@contextlib.contextmanager
def running_mlflow() -> Iterator[MlflowServer]:
    server = MlflowServer(free_port(), Path(tempfile.mkdtemp(prefix="segspark-mlflow-")))
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(server.port)]
    store = ["--backend-store-uri", f"sqlite:///{server.folder}/mlflow.db"]
    # Two workers: two processes write to the store, as in production.
    options = [*store, "--artifacts-destination", str(server.artifacts), "--workers", "2"]
    environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with (server.folder / "log").open("w") as log:
        process = subprocess.Popen(
            [*command, *options], stdout=log, stderr=log, cwd=server.folder, env=environment, start_new_session=True
        )
    try:
        _wait_for_health(server, process)
        yield server
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=60)
        shutil.rmtree(server.folder, ignore_errors=True)


@contextlib.contextmanager
def running_script(script: str, port: int, folder: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """What a shell's script starts and leaves in the foreground; all its processes end with the block."""
    log = folder / "server.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            ["bash", "-euc", script], stdout=out, stderr=out, cwd=folder, env=dict(environment), start_new_session=True
        )
    try:
        _wait_for("the script's server", port, process, log)
        yield
    finally:
        _end_group(process)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End a process and all that it started: politely, and for certain after half a minute."""
    deadline = time.monotonic() + 30
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        while time.monotonic() < deadline:
            process.poll()  # reaps it, which else stays a member of its group
            os.killpg(process.pid, 0)
            time.sleep(0.2)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=10)


def _wait_for(name: str, port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.2)
    pytest.fail(f"{name} did not start: {log.read_text()[-2000:]}", pytrace=False)


def _wait_for_health(server: MlflowServer, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{server.url}/health", timeout=5):
            return
        time.sleep(0.2)
    pytest.fail(f"the MLflow server did not start: {server.log[-2000:]}", pytrace=False)


def _done(command: Sequence[str], folder: Path | None) -> None:
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=120)
    assert done.returncode == 0, f"{' '.join(command[:6])}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
