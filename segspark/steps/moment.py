"""The time by which a stream decides: that of the events, which goes on by itself where none come."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta


@dataclass
class Moment:
    """The time of the latest event that was seen, and what has passed since it was seen; never later than now.

    So days that are over can be streamed again, at any speed, and a wait ends where nobody does anything any more.

    Examples:
        >>> moment = Moment()
        >>> moment.saw(datetime(2020, 1, 1, 12, tzinfo=UTC))
        >>> moment.saw(datetime(2020, 1, 1, 11, tzinfo=UTC))  # a late one
        >>> moment.now.replace(microsecond=0).isoformat()
        '2020-01-01T12:00:00+00:00'
    """

    _latest: datetime | None = None
    _at: float = field(default_factory=time.monotonic)

    def saw(self, latest: datetime | None) -> None:
        """Note the time of the latest of some events, if there were any."""
        if latest is None:
            return
        instant = latest.astimezone(UTC)
        if self._latest is None or instant > self.now:
            self._latest, self._at = instant, time.monotonic()

    @property
    def now(self) -> datetime:
        """The time; before any event was seen that of the clock."""
        clock = datetime.now(UTC)
        if self._latest is None:
            return clock
        return min(clock, self._latest + timedelta(seconds=time.monotonic() - self._at))
