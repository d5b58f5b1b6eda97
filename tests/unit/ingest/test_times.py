"""The dates in columns of times."""

from __future__ import annotations

from datetime import date

import pytest

from segspark.ingest.proposal.looks import Seen
from segspark.ingest.proposal.times import as_time, days


@pytest.mark.parametrize(
    ("values", "dates"),
    [
        (["2025-01-31", "2025-02-01T10:00:00Z"], [date(2025, 1, 31), date(2025, 2, 1)]),
        (["31.1.2025", "1.2.2025 08:30"], [date(2025, 1, 31), date(2025, 2, 1)]),
        (["31/1/2025", "1/2/2025"], [date(2025, 1, 31), date(2025, 2, 1)]),
        (["1/31/2025", "2/1/2025 8:30:00"], [date(2025, 1, 31), date(2025, 2, 1)]),
        (["20250131"], [date(2025, 1, 31)]),
        (["1735689599", "1735689600"], [date(2024, 12, 31), date(2025, 1, 1)]),
        (["1735689600000"], [date(2025, 1, 1)]),
    ],
)
def test_dates_are_read_in_the_form_that_the_column_has(values: list[str], dates: list[date]) -> None:
    assert days(Seen("t", "string", tuple(values))) == dates


def test_what_is_no_date_in_a_column_of_times_is_passed_over() -> None:
    values = ("2025-01-31", None, "", "2025-02-30", "2025-02-01")
    assert days(Seen("t", "string", values)) == [date(2025, 1, 31), date(2025, 2, 1)]


@pytest.mark.parametrize("name", ["BIGINT", "M/d", "d.M", "{column}", "a`b"])
def test_a_columns_name_says_nothing_about_the_form_of_its_dates(name: str) -> None:
    seen = Seen(name, "string", ("2025-01-31",))
    assert days(seen) == [date(2025, 1, 31)]
    assert as_time(seen, named=True) == ("`" + name.replace("`", "``") + "`", "dates")
