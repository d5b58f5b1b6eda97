"""Publishing assignments, by a batch or a stream: what is settled against what, and in which order it is written."""

from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from segspark.columns import midnight
from segspark.io.commits import Change, Writer
from segspark.segments.assignments import Causes, against, cause, membership_events, settled
from segspark.steps.context import Context
from segspark.tables import SEGMENT_ASSIGNMENTS, SEGMENT_MEMBERSHIP_EVENTS, Table

_SEQUENCE = "sequence"  # in the position of a table's commits: which publication it is
_OPENED = "opened"  # in that of a stream's commits: the version that its day began with


def opened(context: Context, latest: Row | None) -> int:
    """The version of segment_assignments that everyone's next segment follows from: as the last assign left it.

    What a stream published since is of a day that is not over. The next assign settles everyone's segment against what
    the last one left, and so comes to the same as if there had been no stream.

    Args:
        context: of the phase; under the table's lock.
        latest: the last finished assign in the ledger, with its outputs: it may have found nothing to write.
    """
    now, position = context.lake.version(SEGMENT_ASSIGNMENTS), context.lake.position(SEGMENT_ASSIGNMENTS)
    if _OPENED not in position:
        return now
    left = int((latest["outputs"] if latest else {}).get(SEGMENT_ASSIGNMENTS.name, 0))
    return max(int(position[_OPENED]), left if left <= now else 0)


def settled_now(context: Context, given: DataFrame, opening: DataFrame, now: DataFrame | None = None) -> DataFrame:
    """The assignments that follow from the opening, as changes of those that there are.

    Args:
        context: of the phase; under the table's lock.
        given: the segments that models and rules give, one row per customer_id.
        opening: the assignments that they are settled against: of everyone, or of those who have a segment given.
        now: those that there are, of the same customers; None: the same.

    Returns:
        As `settled` does.
    """
    asked = context.config.assignment
    new = settled(given, opening, context.as_of, asked.membership_step, asked.hold)
    return new if now is None else against(new, now)


def next_sequence(context: Context, table: Table) -> int:
    """The number of the next publication of a table, as the last one's commit said its own."""
    return int(context.lake.position(table).get(_SEQUENCE, 0)) + 1


def publish_moves(
    context: Context,
    writer: Writer,
    found: DataFrame,
    causes: Causes,
    sequence: int,
    overlay: bool = False,
    moment: Column | None = None,
) -> None:
    """Write membership events, before the assignments that they lead to.

    A retry after a crash finds the same changes, and takes the place of these events.

    Args:
        context: of the phase.
        writer: of its run.
        found: as `moved` or `overlay_moved` return it.
        causes: of the moves.
        sequence: of the publication.
        overlay: whether they are about overlays.
        moment: when each happened; None: as_of's midnight.
    """
    if moment is None:
        moment = F.lit(midnight(context.as_of, context.config.time.business_timezone))
    events = membership_events(found, cause(causes), moment, context.as_of, writer.run_id, sequence, overlay)
    same = (F.col("sequence") == sequence) & (F.col("overlay") == overlay)
    with writer.lock(SEGMENT_MEMBERSHIP_EVENTS):
        if context.lake.read(SEGMENT_MEMBERSHIP_EVENTS).where(same).isEmpty():
            writer.append(SEGMENT_MEMBERSHIP_EVENTS, events)
        else:  # of a run that was cut off
            writer.publish(SEGMENT_MEMBERSHIP_EVENTS, events, scope=same, delete_missing=True)


def changed_rows(new: DataFrame) -> DataFrame:
    """Those of `settled_now` that are to be written, as the table has them."""
    return new.where("_change IS NOT NULL").drop("previous_segment_id")


def publish_changes(
    writer: Writer, table: Table, changed: DataFrame, sequence: int, opening: int | None = None
) -> Change:
    """Write the assignments or overlays of a publication: its number counts from now on.

    Args:
        writer: of the run.
        table: of assignments or overlays.
        changed: as the table has them, with `_change`.
        sequence: of the publication.
        opening: of a stream: the version that its day began with.
    """
    day = {} if opening is None else {_OPENED: str(opening)}
    return writer.apply(table, changed, position={_SEQUENCE: str(sequence), **day})
