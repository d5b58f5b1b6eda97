"""Progress of a stream: what it took in and how long that took, in a table; and an alarm when it falls behind."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from segspark.config.stream import Stream
from segspark.io.metrics import Metrics
from segspark.steps.context import Context
from segspark.tables import STREAM_PROGRESS

_COUNTS = {
    "batches": "micro-batches that ended",
    "events": "events that were looked at",
    "rejected": "messages that were put into quarantine",
    "customers": "customers who were looked at",
    "changed": "assignments written",
    "moved": "customers who went to another segment",
    "fired": "triggers that told of a customer",
    "held_back": "triggers that did not, for want of consent or too soon",
    "sent": "messages that arrived",
    "dead": "messages that were given up",
}
_LEVELS = {
    "lag_seconds": "longest time from a message in Kafka to its assignment, in the last stretch",
    "busy_share": "share of the last stretch in which micro-batches were worked on",
    "longest_batch_seconds": "of the slowest micro-batch in the last stretch",
    "recent_rows": "events at hand",
}


@dataclass
class Stretch:
    """What happened since a moment.

    Attributes:
        counts: of what stream_progress counts.
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
    """Tells of each stretch of some seconds, in a table, to Prometheus, and where it is wrong aloud."""

    settings: Stream = field(default_factory=Stream)
    now: Stretch = field(default_factory=Stretch)
    _last_lag: float = 0.0
    _metrics: Metrics = field(init=False)

    def __post_init__(self) -> None:
        asked = self.settings
        self._metrics = Metrics(_COUNTS, _LEVELS, asked.metrics_file, asked.metrics_port, asked.metrics_address)

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

    def due(self, at_last: bool = False) -> bool:
        """Whether something happened, and the stretch is over."""
        passed = time.monotonic() - self.now.began
        return any(self.now.counts.values()) and (passed >= self.settings.progress_seconds or at_last)

    def tell(self, context: Context, recent_rows: Callable[[], int]) -> None:
        """Write a row, and begin the next stretch; only then the rows at hand are counted."""
        stretch = self.now
        passed = time.monotonic() - stretch.began
        counted = {name: stretch.counts[name] for name in _COUNTS}
        busy, rows = stretch.seconds.pop("all", 0) / passed, recent_rows()
        row = (
            *(context.attempt_id, datetime.now(UTC), context.as_of, *counted.values()),
            *(stretch.counts["events"] / passed, busy, stretch.lag, stretch.longest),
            *({name: float(one) for name, one in stretch.seconds.items()}, rows),
        )
        context.writer(context.attempt_id).append(STREAM_PROGRESS, context.lake.frame(STREAM_PROGRESS, [row]))
        levels = {"lag_seconds": stretch.lag, "busy_share": busy}
        self._metrics.tell(counted, levels | {"longest_batch_seconds": stretch.longest, "recent_rows": rows})
        told = f"; {counted['fired']:,} triggers" if counted["fired"] else ""
        context.reporter.say(
            f"{counted['events']:,} events in {passed:.0f} seconds, {counted['rejected']:,} rejected; "
            f"{counted['moved']:,} customers went to another segment{told}"
        )
        self._alarm(context, stretch.lag or 0.0)
        self.now = Stretch()

    def _alarm(self, context: Context, lag: float) -> None:
        if lag > self.settings.lag_alarm_seconds and lag > self._last_lag:
            context.reporter.warn(
                f"events wait {lag:.0f} seconds, and longer and longer: give the stream more cores, or more events "
                "to a micro-batch (stream.events_per_batch)"
            )
        self._last_lag = lag

    def close(self) -> None:
        """Give the port back."""
        self._metrics.close()
