"""What the streaming demo configures is a configuration, and its data are there."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import yaml

from scripts.kafka import Broker
from segspark.config import load_config

ROOT = Path(__file__).parents[2]


def test_the_streaming_demo_follows_the_demos_purchases_and_tells_a_webhook(tmp_path):
    spec = importlib.util.spec_from_file_location("demo_stream", ROOT / "examples" / "demo_stream.py")
    demo = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(demo)
    given = yaml.safe_load((ROOT / "conf" / "demo.yaml").read_text(encoding="utf-8"))
    written = demo._configuration(given, tmp_path, Broker(9092), 8080)
    (tmp_path / "demo-stream.yaml").write_text(yaml.safe_dump(written), encoding="utf-8")
    config = load_config(tmp_path / "demo-stream.yaml")
    *_, live = config.sources.events
    assert (live.format, live.options["subscribe"]) == ("kafka", demo.TOPIC)
    assert {name for one in config.triggers for name in one.to} == set(config.destinations.webhooks)
    assert config.workspace.root == str(tmp_path / "tables")
    # The batch of the morning knows nothing of the day.
    assert config.sources.events[0].path == str(tmp_path / "before.parquet")
