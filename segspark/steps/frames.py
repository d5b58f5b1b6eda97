"""Rows that come bit by bit and are kept at hand."""

from dataclasses import dataclass, field
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

_FRAMES = 16  # more are made one: so a plan stays small, and rows are copied a few times at most


@dataclass
class Frames:
    """Rows in the executors' memory: computed when they are added, and never again.

    Attributes:
        numbered: column that gets the number of the addition that a row came by; empty: none.
    """

    numbered: str = ""
    frames: list[DataFrame] = field(default_factory=list)
    _added: int = 0

    def add(self, rows: DataFrame) -> None:
        """Take in rows of the same columns as those before."""
        self._added += 1
        named = rows.withColumn(self.numbered, F.lit(self._added)) if self.numbered else rows
        self.frames.append(named.localCheckpoint())
        if len(self.frames) > _FRAMES:  # the first may be large
            self.frames[1:] = [reduce(DataFrame.unionByName, self.frames[1:]).coalesce(1).localCheckpoint()]

    def keep(self, condition: str) -> None:
        """Let go of all rows that do not meet a condition."""
        if self.frames:
            rows, cores = self.all(), self.frames[0].sparkSession.sparkContext.defaultParallelism
            self.frames = [rows.where(condition).coalesce(cores).localCheckpoint()]

    def all(self) -> DataFrame:
        """Every row."""
        return reduce(DataFrame.unionByName, self.frames)
