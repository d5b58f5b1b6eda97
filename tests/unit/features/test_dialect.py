"""Time zones as DuckDB is told of them."""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from segspark.features.dialect import clock_changes


@pytest.mark.parametrize(
    "zone", ["America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC", "Africa/Casablanca"]
)
def test_clocks_are_as_far_ahead_as_the_time_zone_says(zone):
    changes = list(clock_changes(zone))
    moment = datetime(1950, 1, 1, tzinfo=UTC)
    while moment.year < 2040:
        at = int(moment.timestamp())
        ahead = changes[bisect_right(changes, at, key=lambda one: one[0]) - 1][1]
        assert moment.astimezone(ZoneInfo(zone)).utcoffset() == timedelta(seconds=ahead), moment
        moment += timedelta(hours=37, seconds=11)
