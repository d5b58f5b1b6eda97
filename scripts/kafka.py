"""A Kafka broker of one's own, in a temporary folder: of the jars that scripts/install-kafka fetches."""

import base64
import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

JARS = Path(os.environ.get("SEGSPARK_KAFKA", Path.home() / ".cache" / "segspark-kafka")) / "4.1.0"
_PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={folder}/messages
offsets.topic.replication.factor=1
auto.create.topics.enable=false
"""


class NoBrokerError(Exception):
    """There are no jars of Kafka, or the broker or one of its tools ended; with what to do or what it said."""


@dataclass(frozen=True)
class Broker:
    """A running Kafka broker."""

    port: int

    @property
    def address(self) -> str:
        """For kafka.bootstrap.servers."""
        return f"127.0.0.1:{self.port}"

    def create(self, topic: str, partitions: int) -> None:
        """Make a topic."""
        self._run("TopicCommand", "--create", "--topic", topic, "--partitions", str(partitions))

    def add_partitions(self, topic: str, partitions: int) -> None:
        """Give a topic more partitions."""
        self._run("TopicCommand", "--alter", "--topic", topic, "--partitions", str(partitions))

    def delete(self, topic: str) -> None:
        """Take a topic away."""
        self._run("TopicCommand", "--delete", "--topic", topic)

    def expire(self, topic: str, partition: int, before: int) -> None:
        """Delete the messages before an offset, as retention does."""
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            place = f'{{"topic": "{topic}", "partition": {partition}, "offset": {before}}}'
            file.write(f'{{"partitions": [{place}], "version": 1}}')
            file.flush()
            self._run("DeleteRecordsCommand", "--offset-json-file", file.name)

    @contextlib.contextmanager
    def producing(self, topic: str) -> Iterator["Producer"]:
        """A producer: all that it was given is in the topic when the block ends."""
        command = [*self.tool("ConsoleProducer"), "--topic", topic, "--batch-size", "16384", "--timeout", "5"]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        try:
            yield Producer(process)
        finally:
            if process.stdin:
                process.stdin.close()
            process.wait(timeout=120)

    def messages(self, topic: str) -> list[tuple[int, str]]:
        """All of a topic: milliseconds since 1970 at which each was written, and its value."""
        options = ["--from-beginning", "--timeout-ms", "8000", "--formatter-property", "print.timestamp=true"]
        done = subprocess.run([*self.tool("consumer.ConsoleConsumer"), "--topic", topic, *options],
                              capture_output=True, text=True, timeout=600, check=False)  # fmt: skip
        lines = (line.partition("\t") for line in done.stdout.splitlines() if line.startswith("CreateTime:"))
        return [(int(stamp.removeprefix("CreateTime:")), value) for stamp, _, value in lines]

    def tool(self, name: str) -> list[str]:
        """The command of one of Kafka's tools, but for its own arguments."""
        return [*java("256m"), f"org.apache.kafka.tools.{name}", "--bootstrap-server", self.address]

    def _run(self, name: str, *arguments: str) -> None:
        _done([*self.tool(name), *arguments])


@dataclass(frozen=True)
class Producer:
    """Writes messages to a topic, in their order."""

    process: "subprocess.Popen[str]"

    def send(self, values: Iterable[str]) -> None:
        """Hand messages over, each without a line's end in it."""
        if self.process.stdin is None or self.process.poll() is not None:
            raise NoBrokerError("the producer has ended")
        self.process.stdin.writelines(f"{value}\n" for value in values)
        self.process.stdin.flush()


@contextlib.contextmanager
def running_broker() -> Iterator[Broker]:
    """A broker that ends with the block.

    Raises:
        NoBrokerError: it cannot be started.
    """
    if not (JARS / "complete").is_file():
        raise NoBrokerError(f"no Kafka in {JARS}; sh scripts/install-kafka fetches it")
    broker, folder = Broker(free_port()), Path(tempfile.mkdtemp(prefix="segspark-kafka-"))
    properties = folder / "server.properties"
    properties.write_text(_PROPERTIES.format(broker=broker.port, controller=free_port(), folder=folder))
    cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    # An id may begin with a hyphen, and would be taken for an option if it stood alone.
    _done([*java("256m"), "kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", "-c", str(properties)])
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([*java("512m"), "kafka.Kafka", str(properties)], stdout=log, stderr=log)
    try:
        _wait_for(broker.port, process, folder / "log")
        yield broker
    finally:
        process.terminate()
        process.wait(timeout=60)
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """A port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def java(memory: str) -> list[str]:
    """The command that runs a class of Kafka's jars."""
    home = os.environ.get("JAVA_HOME")
    program = f"{home}/bin/java" if home else "java"
    return [program, f"-Xmx{memory}", "-XX:TieredStopAtLevel=1", "-cp", f"{JARS}/*"]


def _wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.2)
    raise NoBrokerError(f"the Kafka broker did not start: {log.read_text()[-2000:]}")


def _done(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        raise NoBrokerError(f"{' '.join(command[:6])}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
