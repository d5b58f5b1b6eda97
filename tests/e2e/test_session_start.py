"""How a session starts, and what is said when it cannot: each in a process of its own, as the JVM starts but once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SEGSPARK = Path(sys.executable).parent / "segspark"
CONFIG = """
workspace: {root: lake}
tracking: {uri: "sqlite:///mlflow.db"}
sources:
  events:
    - name: shop
      format: csv
      path: events.csv
      columns: {event_id: id, customer_id: customer, event_ts: at, event_type: "'page_view'"}
"""
# A registry that nobody serves, as for a machine without a network.
NO_REGISTRY = """
<ivysettings><settings defaultResolver="nowhere"/><resolvers>
<ibiblio name="nowhere" m2compatible="true" root="http://127.0.0.1:9/"/></resolvers></ivysettings>
"""

pytestmark = pytest.mark.slow


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "shop.yaml").write_text(CONFIG)
    (tmp_path / "events.csv").write_text("id,customer,at\n1,a,2024-01-01 10:00:00\n")
    (tmp_path / "ivysettings.xml").write_text(NO_REGISTRY)
    return tmp_path


def ingest(shop: Path, settings: dict[str, str], **environment: str) -> subprocess.CompletedProcess[str]:
    command = [SEGSPARK, "ingest", "--config", "shop.yaml", "--as-of", "2024-02-01"]
    for key, value in settings.items():
        command += ["--set", f"{key}={value}"]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=shop, env={**os.environ, **environment}, timeout=600
    )


def offline(shop: Path) -> dict[str, str]:
    empty = {"spark.jars.ivy": str(shop / "ivy"), "spark.jars.ivySettings": str(shop / "ivysettings.xml")}
    return {"spark.config": str(empty).replace("'", '"')}


def test_without_registry_and_cache_one_message_says_what_to_do(shop):
    done = ingest(shop, offline(shop))
    assert done.returncode == 2
    assert "bad input: Delta's jars could not be loaded" in done.stderr
    assert "--set spark.jars_folder=/path/to/jars" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (shop / "lake").exists()


def test_a_folder_of_jars_replaces_the_registry(spark, shop):
    """The jars that this process's own session loaded, copied elsewhere."""
    jars = shop / "jars"
    jars.mkdir()
    for loaded in spark.conf.get("spark.jars").split(","):
        shutil.copy(loaded.removeprefix("file://").removeprefix("file:"), jars)
    done = ingest(shop, offline(shop) | {"spark.jars_folder": str(jars)})
    assert done.returncode == 0, done.stderr
    assert "1 rows read, 1 accepted" in done.stdout
    assert done.stderr == ""  # Spark's own noise is in its log


def test_a_folder_without_the_jars_is_named(shop):
    done = ingest(shop, {"spark.jars_folder": str(shop)})
    assert done.returncode == 2
    assert f"no delta-spark jar in {shop}" in done.stderr


def test_without_java_one_message_says_how_to_get_it(shop):
    done = ingest(shop, {}, JAVA_HOME=str(shop / "no-java-here"))
    assert done.returncode == 2
    assert "apt-get install openjdk-17-jre-headless" in done.stderr
    assert "Traceback" not in done.stderr


def test_verbose_brings_sparks_log_back(shop):
    """In a check, which starts the session as any phase does, and is soon over."""
    command = [SEGSPARK, "ingest", "--check", "--config", "shop.yaml", "--as-of", "2024-02-01", "--verbose"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=shop, timeout=600)
    assert done.returncode == 0
    assert "log4j" in done.stderr
