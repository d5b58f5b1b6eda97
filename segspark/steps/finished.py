"""What the ledger says of earlier runs: work that need not be done again, and dates before which nothing is done."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date

from pyspark.sql import Row
from pyspark.sql import functions as F

from segspark.errors import BadInputError
from segspark.steps.context import Context, Outcome
from segspark.tables import Table

_IDENTITY = "identity"  # beside the versions of what was written


def left(context: Context, read: Sequence[Table], written: Sequence[Table]) -> dict[str, str]:
    """For the ledger: the versions of what was written, and a hash that says which tables these and those read are.

    One that was dropped and made anew counts its versions from the beginning again, and they say nothing of the first.
    """
    ids = sorted(f"{name} {one}" for name, one in {t.name: context.lake.identity(t) for t in (*read, *written)}.items())
    return context.versions(*written) | {_IDENTITY: hashlib.sha256("\n".join(ids).encode()).hexdigest()[:16]}


def kept(
    context: Context,
    phase: str,
    inputs: Mapping[str, str],
    read: Sequence[Table],
    written: Sequence[Table],
    source: str = "",
) -> Outcome | None:
    """What a finished run of the same work came to; None if there is none, or what it read or wrote is not as it was.

    Args:
        context: of the phase.
        phase: its name.
        inputs: by which the work is identified, with the versions of the tables that it reads.
        read: those tables.
        written: the tables that it writes; nobody else may have written them since.
        source: the part of the phase.
    """
    same = (F.col("run_id") == context.run_id(phase, inputs)) & (F.col("source") == source)
    last = context.finished(phase).where(same).orderBy(F.desc("finished_at")).select("outputs", "message").first()
    if last is None:
        return None
    now = left(context, read, written)
    if last["outputs"] != now:
        return None
    context.reporter.say(f"{source or phase}: done before, and nothing that it reads has changed: it is kept")
    return Outcome(source, inputs=inputs, outputs=now, message=last["message"])


def latest_of(context: Context, phase: str) -> Row | None:
    """as_of, inputs and outputs of a phase's latest attempt that was finished; None before the first."""
    return context.finished(phase).orderBy(F.desc("finished_at")).select("as_of", "inputs", "outputs").first()


def previous(context: Context) -> date | None:
    """The last date before as_of at which was assigned; None if there is none."""
    return max((one for one in assigned_at(context) if one < context.as_of), default=None)


def assigned_at(context: Context) -> list[date]:
    """The dates at which an assign came to its end, in order."""
    done = context.finished("assign").select("as_of").distinct()
    return sorted(row["as_of"] for row in done.collect())  # as many as there were nights


def refuse_the_past(context: Context, phase: str, what: str) -> Row | None:
    """What is published is not taken back in time.

    Args:
        context: of the phase.
        phase: that publishes it.
        what: is published, and the verb: assignments are.

    Returns:
        as_of, inputs and outputs of the latest attempt that was finished; None before the first.

    Raises:
        BadInputError: as_of is before that one's.
    """
    latest = latest_of(context, phase)
    if latest is not None and latest["as_of"] > context.as_of:
        raise BadInputError(
            [f"--as-of {context.as_of}: {what} already at {latest['as_of']}, and history is not rewritten; "
             "give a later date, or another workspace.root for a look back"]
        )  # fmt: skip
    return latest
