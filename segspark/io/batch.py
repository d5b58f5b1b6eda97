"""What one reading of a source brings: the rows that are new, and how far it has been read with them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pyspark.sql import DataFrame


@dataclass(frozen=True)
class Batch:
    """The new rows of a source.

    Attributes:
        rows: one DataFrame per schema found, none where nothing is new. Fixed when the batch was made: whatever arrives
            in the source later, every evaluation gives the same rows.
        positions: item (file, Delta version, Kafka topic and partition, watermark): position. Recorded once the rows
            are published; a batch that was never recorded is read again.
        notes: what a person should know, a sentence each: new columns, empty files.
    """

    rows: tuple[DataFrame, ...]
    positions: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
