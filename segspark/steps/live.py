"""Live: the segments of customers who did something, on a day that is not over, in the tables of the batch."""

from dataclasses import dataclass
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.errors import BadInputError
from segspark.io.session import settings_of
from segspark.segments.assignments import WENT, Causes, moved
from segspark.steps.applied import Applied, applied_now, assigned
from segspark.steps.assign import assign
from segspark.steps.at_hand import AtHand
from segspark.steps.context import Context, run_phase
from segspark.steps.embeddings import carried
from segspark.steps.features import checked_plan
from segspark.steps.finished import latest_of
from segspark.steps.levels import registered_now
from segspark.steps.position import position_now
from segspark.steps.publishing import changed_rows, next_sequence, opened, publish_changes, publish_moves, settled_now
from segspark.steps.state import keep, kept_position
from segspark.tables import EVENTS, SEGMENT_ASSIGNMENTS


class OthersWrote(Exception):
    """Somebody else published assignments: what is at hand is of before, and is to be looked at again."""


@dataclass
class Live:
    """All that is needed to say which segment a customer is in now.

    Attributes:
        context: of the date that is not over; nothing at or after it is read.
        at_hand: what is known of customers.
        applied: by what they are assigned.
        opening: the version of segment_assignments that the day began with.
        version: the table's version as it was last seen.
        before: the assignments that the day began with; at hand.
        now: those that there are.
    """

    context: Context
    at_hand: AtHand
    applied: Applied
    opening: int
    version: int
    before: DataFrame
    now: DataFrame

    @classmethod
    def opened(cls, context: Context) -> "Live":
        """Begin where the last assign ended; a champion that nobody was assigned by yet is applied to everyone first.

        Raises:
            BadInputError: nobody was ever assigned, or as_of is not after the last assign.
        """
        closed = context.at(last_assigned(context, context.as_of))
        if registered_now(closed).root != context.tracker.champion().label:
            run_phase(closed, "assign", assign)
            closed.lake.look_again()
        plan, there = checked_plan(context), registered_now(closed)
        context.embedding_version = closed.embedding_version = carried(closed)
        kept = kept_position(closed, plan)
        if kept is None or kept.as_of < closed.as_of or not kept.is_of(position_now(closed, plan)):
            keep(closed, plan, closed.run_id("features", closed.versions(EVENTS)), rebuild=False)
            kept = position_now(closed, plan)
        if kept.as_of >= context.as_of:
            raise BadInputError([f"--as-of {context.as_of}: state is at {kept.as_of} already; give a later date"])
        applied, _ = applied_now(closed, context.lake.read(context.features_table), there, there.splits)
        opening = opened(context, latest_of(context, "assign"))
        at_hand = AtHand.of(context, plan, kept, closed.as_of)
        version = context.lake.version(SEGMENT_ASSIGNMENTS)
        before, now = (context.lake.read(SEGMENT_ASSIGNMENTS, one) for one in (opening, version))
        return cls(context, at_hand, applied, opening, version, before.persist(), now)

    def publish(self, some: DataFrame) -> "Published":
        """Write what changes of some customers' assignments.

        Args:
            some: one row per customer_id with `event_ts`, of what made one look at the customer; at hand.

        Raises:
            OthersWrote: nothing was written; open again, and publish then.
        """
        # Planning again after each stage costs more than it saves with so few rows.
        with settings_of(self.context.spark, {"spark.sql.adaptive.enabled": "false"}):
            return self._published(some)

    def _published(self, some: DataFrame) -> "Published":
        context = self.context
        inputs = {"model": self.applied.levels[0].version.label, "assignments": f"{self.opening} {self.version}"}
        writer, ids = context.writer(context.run_id("stream", inputs)), some.select("customer_id")
        customers = self.at_hand.features(ids).persist()
        given = assigned(context, customers, self.applied)
        with writer.lock(SEGMENT_ASSIGNMENTS):
            if context.lake.version(SEGMENT_ASSIGNMENTS) != self.version:
                customers.unpersist()
                raise OthersWrote
            before, now = (rows.join(ids, on="customer_id", how="left_semi") for rows in (self.before, self.now))
            new = settled_now(context, given, before, now if self.version != self.opening else None).persist()
            changed, went = new.agg(F.count("_change"), F.count_if(F.expr(WENT))).collect()[0]  # one row
            moves = moved(new).join(some, on="customer_id", how="left")
            if changed:
                sequence = next_sequence(context, SEGMENT_ASSIGNMENTS)
                if went:
                    publish_moves(context, writer, moves, Causes(), sequence, moment=F.col("event_ts"))
                rows = changed_rows(new)
                self.version = publish_changes(writer, SEGMENT_ASSIGNMENTS, rows, sequence, self.opening).version
                self.now = context.lake.read(SEGMENT_ASSIGNMENTS, self.version)
        return Published(changed, went, some, customers, new, moves)

    def let_go(self) -> None:
        """Free the memory."""
        self.before.unpersist()
        self.at_hand.let_go()


@dataclass(frozen=True)
class Published:
    """What came of it; the rows are at hand until they are let go.

    Attributes:
        changed: assignments that were written.
        went: customers who went to another segment.
        looked_at: customer_id and event_ts of those who were looked at.
        customers: their features.
        now: their assignments, as `settled_now` returns them.
        moves: of those who went, as `moved` returns them, with event_ts.
    """

    changed: int
    went: int
    looked_at: DataFrame
    customers: DataFrame
    now: DataFrame
    moves: DataFrame

    def let_go(self) -> None:
        """Free the memory."""
        for one in (self.now, self.customers):
            one.unpersist()


def last_assigned(context: Context, as_of: date) -> date:
    """The as_of of the last assign, which a stream goes on from.

    Raises:
        BadInputError: there was none, or it is not before the stream's.
    """
    latest = latest_of(context, "assign")
    if latest is None:
        raise BadInputError(
            ["nobody was assigned to a segment yet; run segspark run first: a stream goes on from there"]
        )
    last: date = latest["as_of"]
    if last >= as_of:
        raise BadInputError(
            [f"--as-of {as_of}: assignments are already at {last}, and history is not rewritten; give a later date"]
        )
    return last
