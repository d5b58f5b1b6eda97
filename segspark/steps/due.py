"""Whether a training is due: by cadence, or by drift."""

from dataclasses import dataclass
from datetime import date, timedelta

from pyspark.sql import functions as F

from segspark.segments.drift import RETRAINED_FOR
from segspark.steps.context import Context
from segspark.steps.registry import segments_now
from segspark.tables import DRIFT
from segspark.tracking import ModelVersion


@dataclass(frozen=True)
class Cadence:
    """When was trained, and when will be.

    Attributes:
        reason: why a training is due, in words; None: it is not.
        trained: as_of of the last training; None if there was none.
        next_on: as_of from which on the next one is due by cadence; None if there was none.
    """

    reason: str | None
    trained: date | None = None
    next_on: date | None = None

    @property
    def words(self) -> str:
        """What a run says of it.

        Examples:
            >>> Cadence(None, date(2018, 1, 1), date(2018, 4, 1)).words
            'training: not due, trained 2018-01-01, next on 2018-04-01'
            >>> Cadence("there is no champion yet").words
            'training: due, there is no champion yet'
        """
        if self.reason is not None:
            return f"training: due, {self.reason}"
        return f"training: not due, trained {self.trained}, next on {self.next_on}"


def cadence(context: Context) -> Cadence:
    """Whether a training is due at as_of, and when the next one will be.

    Days are counted from the last training that came to its end, whether or not its model won: the gate would refuse
    the same challenger again every night. A sub-segment's model has no part in this.
    """
    champion = context.tracker.champion_if_any()
    if champion is None:
        return Cadence("there is no champion yet")
    trained = _last_training(context, champion)
    if trained is None:
        return Cadence(f"nobody knows when {champion.label} was trained")
    days, whose = _shortest(context)
    next_on = trained + timedelta(days=days)
    if context.as_of >= next_on:
        return Cadence(f"trained {trained}, and {days} days are over ({whose})", trained, next_on)
    return Cadence(_drift(context, champion, trained), trained, next_on)


def _last_training(context: Context, champion: ModelVersion) -> date | None:
    """The latest as_of of the model's trainings: those of sub-segments have models of other names."""
    own = context.finished("train").where(F.col("message").startswith(f"{champion.name}/"))
    latest = own.agg(F.max("as_of")).collect()[0][0]  # one row
    dates = [one for one in (latest, context.tracker.trained_at(champion)) if one is not None]
    return max(dates) if dates else None


def _shortest(context: Context) -> tuple[int, str]:
    """After how many days is trained anew, and who says so."""
    active = [one for one in segments_now(context) if one.status == "active"]
    asked = [(one.retrain_days, f"retrain_days of {one.segment_id}") for one in active if one.retrain_days is not None]
    days = context.config.retraining.every_days
    return min((one for one in asked if one[0] < days), default=(days, "retraining.every_days"))


def _drift(context: Context, champion: ModelVersion, trained: date) -> str | None:
    """What has drifted at the latest assign by the champion, if that is a reason."""
    asked = context.config.retraining
    if not asked.on_drift or context.as_of < trained + timedelta(days=max(asked.pause_days, 1)):
        return None
    rows = context.lake.read(DRIFT).where(F.col("as_of") <= F.lit(context.as_of))
    rows = rows.where(F.col("kind").isin(*RETRAINED_FOR) & (F.col("model_version") == champion.label))
    latest = rows.agg(F.max("as_of")).collect()[0][0]  # one row
    if latest is None:
        return None
    exceeded = rows.where((F.col("as_of") == F.lit(latest)) & F.col("exceeded")).select("kind", "name")
    found = sorted(f"{row['kind']} {row['name']}" for row in exceeded.collect())  # inputs and two shares at most
    return f"drift at {latest} beyond its threshold: {', '.join(found)}" if found else None
