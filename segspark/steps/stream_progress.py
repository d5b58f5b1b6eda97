"""Progress of a stream: what it took in and how long that took, in a table; and an alarm when it falls behind."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from segspark.steps.context import Context
from segspark.tables import STREAM_PROGRESS


@dataclass
class Stretch:
    """What happened since a moment.

    Attributes:
        counts: batches, events, rejected, customers, changed and moved.
        seconds: by stage.
        lag: longest time from a message to its assignment, in seconds; None: not known.
        longest: seconds of the slowest micro-batch.
    """

    began: float = field(default_factory=time.monotonic)
    counts: Counter[str] = field(default_factory=Counter)
    seconds: Counter[str] = field(default_factory=Counter)
    lag: float | None = None
    longest: float = 0.0

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count the seconds of what is done inside."""
        started = time.monotonic()
        yield
        self.seconds[name] += time.monotonic() - started  # type: ignore[assignment]


@dataclass
class Progress:
    """Tells of each stretch of some seconds, in a table and where it is wrong aloud."""

    now: Stretch = field(default_factory=Stretch)
    _last_lag: float = 0.0

    @contextmanager
    def batch(self) -> Iterator[None]:
        """A micro-batch."""
        started = time.monotonic()
        yield
        self.now.counts["batches"] += 1
        self.now.longest = max(self.now.longest, time.monotonic() - started)
        self.now.seconds["all"] += time.monotonic() - started  # type: ignore[assignment]

    def waited(self, oldest: datetime | None) -> None:
        """Note how long the oldest message of a micro-batch had to wait."""
        if oldest is not None:
            lag = (datetime.now(UTC) - oldest.astimezone(UTC)).total_seconds()
            self.now.lag = max(self.now.lag or 0.0, lag)

    def tell(self, context: Context, recent_rows: Callable[[], int], at_last: bool = False) -> None:
        """Write a row if the stretch is over, and begin the next; only then the rows at hand are counted."""
        stretch, settings = self.now, context.config.stream
        passed = time.monotonic() - stretch.began
        if not stretch.counts["batches"] or (passed < settings.progress_seconds and not at_last):
            return
        counted = [stretch.counts[name] for name in ("batches", "events", "rejected", "customers", "changed", "moved")]
        row = (
            *(context.attempt_id, datetime.now(UTC), context.as_of, *counted),
            *(stretch.counts["events"] / passed, stretch.seconds.pop("all", 0) / passed),
            *(stretch.lag, stretch.longest, {name: float(one) for name, one in stretch.seconds.items()}, recent_rows()),
        )
        context.writer(context.attempt_id).append(STREAM_PROGRESS, context.lake.frame(STREAM_PROGRESS, [row]))
        lag = stretch.lag or 0.0
        context.reporter.say(
            f"{stretch.counts['events']:,} events in {passed:.0f} seconds, {stretch.counts['rejected']:,} rejected; "
            f"{stretch.counts['moved']:,} customers went to another segment"
        )
        if lag > settings.lag_alarm_seconds and lag > self._last_lag:
            context.reporter.warn(
                f"events wait {lag:.0f} seconds, and longer and longer: give the stream more cores, or more events "
                "to a micro-batch (stream.events_per_batch)"
            )
        self._last_lag, self.now = lag, Stretch()
