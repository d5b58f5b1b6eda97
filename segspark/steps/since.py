"""What changed in the events since a position: days that were not in it, and earlier days whose events are others."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import reduce

from pyspark.errors import PySparkException
from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.columns import closed_ranges, content_hash, in_ranges, within_days
from segspark.features.plan import Plan
from segspark.io.history import difference
from segspark.steps.context import Context
from segspark.steps.position import READ, Position, activity_at, as_activity


@dataclass(frozen=True)
class Part:
    """What changed between two positions.

    Attributes:
        first: the first day that was not in the earlier one.
        as_of: the day after the last one.
        touched: customer_id and event_date of earlier days whose events changed; None where none did.
        touched_dates: their dates.
        now: activity at the later position.
        then: activity at the earlier one.
        span_days: how long an occasion reaches back.
    """

    first: date
    as_of: date
    touched: DataFrame | None
    touched_dates: Sequence[date]
    now: DataFrame
    then: DataFrame
    span_days: int

    @property
    def fresh(self) -> SparkColumn:
        """Condition: the day was not in the earlier position."""
        return within_days(self.first, self.as_of)

    @property
    def late(self) -> str:
        """Condition: the day is one of those whose events changed."""
        return in_ranges(closed_ranges(self.touched_dates), "event_date")

    def days_affected(self, name: str) -> str:
        """Condition on a date: a row of customer_daily may change, or one of its occasions reach into it."""
        last = self.as_of - timedelta(days=1)
        new = [(self.first, last)] if self.first <= last else []
        return in_ranges([*closed_ranges(self.touched_dates, 0, self.span_days), *new], name)

    @property
    def fresh_needed(self) -> SparkColumn:
        """Condition: the event has a say in a day that was not in the earlier position."""
        return within_days(self.first - timedelta(days=self.span_days), self.as_of)

    @property
    def late_needed(self) -> str:
        """Condition: the event has a say in an earlier day that is affected."""
        return in_ranges(closed_ranges(self.touched_dates, self.span_days, 2 * self.span_days), "event_date")


@dataclass
class Since:
    """What changed since a position, found out once for each."""

    context: Context
    plan: Plan
    now: Position
    _found: dict[str, Part | None] = field(default_factory=dict)

    def __call__(self, known: Position) -> Part | None:
        """What changed since the position; None where that cannot be told any more."""
        key = repr(known.said())
        if key not in self._found:
            self._found[key] = self._part(known)
        return self._found[key]

    def __enter__(self) -> "Since":
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of what is kept at hand."""
        for part in self._found.values():
            if part and part.touched is not None:
                part.touched.unpersist()

    def _part(self, known: Position) -> Part | None:
        signed = self._signed(known)
        if signed is None:
            return None
        touched, dates = None, []
        if signed:
            rows = reduce(DataFrame.unionByName, signed)
            touched = _touched(rows.where(F.col("event_date") < F.lit(known.as_of))).persist()
            dates = [row[0] for row in touched.select("event_date").distinct().collect()]  # as many as days
        try:
            now, then = (activity_at(self.context, one.versions) for one in (self.now, known))
        except PySparkException:  # the log of then was cleaned up
            return None
        return Part(
            known.as_of, self.now.as_of, touched if dates else None, sorted(dates), now, then, self.plan.span_days
        )

    def _signed(self, known: Position) -> list[DataFrame] | None:
        """Events that are there now and were not (1), or were and are not (-1); None where that cannot be told."""
        lake, found = self.context.lake, []
        for table in READ:
            changed = difference(lake, table, known.versions[table.name], self.now.versions[table.name])
            if changed is None:
                return None
            for rows, sign in ((changed.added, 1), (changed.removed, -1)):
                if rows is not None:
                    none = {one.name: lake.read(one).limit(0) for one in READ} | {table.name: rows}
                    found.append(
                        as_activity(self.context, *(none[one.name] for one in READ)).withColumn("_sign", F.lit(sign))
                    )
        return found


def _touched(signed: DataFrame) -> DataFrame:
    """Customers and days of rows that are not on both sides; in a file that was rewritten most did not change."""
    names = [name for name in signed.columns if name not in ("_sign", "event_hour")]
    by_row = signed.groupBy("customer_id", "event_date", F.expr(content_hash(names, signed.schema)).alias("_content"))
    return by_row.agg(F.sum("_sign").alias("_sum")).where("_sum != 0").select("customer_id", "event_date").distinct()
