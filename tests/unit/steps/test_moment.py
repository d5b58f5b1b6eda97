"""The time by which a stream decides."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from segspark.steps.moment import Moment

THEN = datetime(2020, 1, 1, 12, tzinfo=UTC)


def test_before_any_event_it_is_that_of_the_clock():
    assert abs(Moment().now - datetime.now(UTC)) < timedelta(seconds=5)
    unmoved = Moment()
    unmoved.saw(None)
    assert abs(unmoved.now - datetime.now(UTC)) < timedelta(seconds=5)


def test_it_is_that_of_the_latest_event_and_goes_on_by_itself():
    moment = Moment()
    moment.saw(THEN)
    moment.saw(THEN - timedelta(hours=1))
    first = moment.now
    assert THEN <= first < THEN + timedelta(seconds=5)
    time.sleep(0.05)
    assert moment.now - first >= timedelta(seconds=0.05)
    moment.saw(THEN + timedelta(hours=1))
    assert THEN + timedelta(hours=1) <= moment.now < THEN + timedelta(hours=1, seconds=5)


def test_an_event_of_tomorrow_does_not_bring_tomorrow():
    moment = Moment()
    moment.saw(datetime.now(UTC) + timedelta(days=1))
    assert moment.now <= datetime.now(UTC)


def test_a_time_without_a_zone_as_spark_hands_it_over_is_the_machines():
    moment = Moment()
    moment.saw(THEN.astimezone().replace(tzinfo=None))
    assert THEN <= moment.now < THEN + timedelta(seconds=5)
