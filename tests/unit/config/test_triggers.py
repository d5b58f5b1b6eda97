"""The sections triggers and destinations: each trigger of one kind, and nothing named that there is not."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from segspark.config.model import Config
from segspark.config.triggers import Trigger

PLAIN = {"workspace": {"root": "lake"}, "sources": {"events": [{"name": "log", "path": "log", "columns": {}}]}}
HOOK = {"url": "https://example.com/hook", "secret": "${ENV:HOOK}"}
TOPIC = {"topic": "out", "options": {"kafka.bootstrap.servers": "broker:9092"}}


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"entered": ["Loyal"]}, "entered"),
        ({"left": ["*"]}, "left"),
        ({"event": "amount > 5"}, "event"),
        ({"event": "event_type = 'cart'", "unless": "event_type = 'purchase'", "within_minutes": 30}, "absence"),
        ({"becomes": "recency_days > 60"}, "becomes"),
    ],
)
def test_a_trigger_is_of_the_kind_of_what_it_is_given(given, kind):
    assert Trigger.model_validate({"name": "one", "purpose": None, **given}).kind == kind


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "give one of entered, left, event and becomes; given: none"),
        ({"event": "a > 1", "becomes": "b > 1"}, "given: event, becomes"),
        ({"event": "a > 1", "unless": "b > 1"}, "belong together"),
        ({"event": "a > 1", "within_minutes": 5}, "belong together"),
        ({"becomes": "a > 1", "unless": "b > 1", "within_minutes": 5}, "belong together, and to event"),
        ({"event": "a > 1", "cooldown_hours": -1}, "greater than or equal to 0"),
    ],
)
def test_what_fits_no_kind_is_refused(given, said):
    with pytest.raises(ValidationError, match=said):
        Trigger.model_validate({"name": "one", "purpose": "mail", **given})


def test_whether_a_consent_is_needed_must_be_said():
    with pytest.raises(ValidationError, match="purpose"):
        Trigger.model_validate({"name": "one", "event": "amount > 5"})


def test_triggers_are_sent_to_destinations_that_there_are():
    one = {"name": "big", "event": "amount > 5", "purpose": None, "to": ["crm", "bus"]}
    destinations = {"webhooks": {"crm": HOOK}, "topics": {"bus": TOPIC}}
    assert Config.model_validate(PLAIN | {"triggers": [one], "destinations": destinations}).triggers[0].to == one["to"]
    with pytest.raises(ValidationError, match=r"triggers\.big\.to: bus is not in destinations: crm"):
        Config.model_validate(PLAIN | {"triggers": [one], "destinations": {"webhooks": {"crm": HOOK}}})


def test_names_are_unique():
    one = {"name": "big", "event": "amount > 5", "purpose": None}
    with pytest.raises(ValidationError, match="given more than once: big"):
        Config.model_validate(PLAIN | {"triggers": [one, one]})
    with pytest.raises(ValidationError, match="have the same name: crm"):
        Config.model_validate(PLAIN | {"destinations": {"webhooks": {"crm": HOOK}, "topics": {"crm": TOPIC}}})
