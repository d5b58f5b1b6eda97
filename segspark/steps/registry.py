"""The registry of segments, as its table has it."""

from dataclasses import fields

from segspark.segments.registry import Segment
from segspark.steps.context import Context
from segspark.tables import SEGMENTS


def segments_now(context: Context) -> tuple[Segment, ...]:
    """All segments that were ever published, retired ones included: few, whatever the number of customers."""
    names = [one.name for one in fields(Segment)]
    return tuple(Segment(*[row[name] for name in names]) for row in context.lake.few(SEGMENTS))
