"""Following what is added to a table or a topic: Structured Streaming, with positions that are segspark's own."""

import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql.streaming.query import StreamingQuery

from segspark.errors import SegsparkError
from segspark.io.lake import Lake
from segspark.tables import Table


def added_rows(lake: Lake, table: Table, since: int, files_per_batch: int) -> DataFrame:
    """The rows of the files that a table gains from a version on, as a stream: that version's own files come first.

    Where a commit rewrote files, all their rows come again; of rows that were deleted nothing is told.

    Args:
        lake: of the table.
        table: that exists.
        since: a version that is still in the log.
        files_per_batch: that a micro-batch reads at most.
    """
    reader = lake.spark.readStream.format("delta").options(
        startingVersion=since, ignoreChanges=True, maxFilesPerTrigger=files_per_batch
    )
    return reader.load(lake.location(table)) if lake.workspace.root else reader.table(lake.identifier(table))


@dataclass
class Following:
    """A stream that hands each micro-batch to a function, until it is told to stop or the function fails.

    A micro-batch is handed over in a session of its own, of which all that is done with it must be done. Spark's own
    checkpoint lives as long as this does: where to go on after a restart is told by segspark's tables.

    Attributes:
        rows: of the stream.
        each: gets a micro-batch.
        idle: is called about every second while there is none; never at the same time as `each`.
        every_seconds: from the beginning of a micro-batch to that of the next.
        to_the_end: whether to end when all that there is now has been handed over.
    """

    rows: DataFrame
    each: Callable[[DataFrame], None]
    every_seconds: float
    to_the_end: bool = False
    idle: Callable[[], None] = lambda: None
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _failure: list[Exception] = field(default_factory=list)
    _query: StreamingQuery | None = None
    _asked: bool = False

    def run(self) -> None:
        """Follow until the end, a failure, or `stop`.

        Raises:
            Exception: whatever the function raised.
            SegsparkError: the stream itself failed.
        """
        place = tempfile.mkdtemp(prefix="segspark-stream-")
        writer = self.rows.writeStream.foreachBatch(self._handed).option("checkpointLocation", place)
        timed = (
            writer.trigger(availableNow=True)
            if self.to_the_end
            else writer.trigger(processingTime=f"{self.every_seconds} seconds")
        )
        try:
            self._query = timed.start()
            while self._query.isActive and not self._asked:
                self._query.awaitTermination(1)
                if self._query.lastProgress is not None:  # whoever begins waits for what there is first
                    self._look()
            if self.to_the_end:
                self._look()
            self._end()
        except PySparkException as error:
            if self._failure:
                raise self._failure[0] from None
            raise SegsparkError(f"the stream failed: {str(error).splitlines()[0]}") from error
        finally:
            if self._query is not None and self._query.isActive:
                self._query.stop()
            shutil.rmtree(place, ignore_errors=True)
        if self._failure:
            raise self._failure[0]

    def stop(self) -> None:
        """End when the micro-batch that is being worked on is done."""
        self._asked = True

    def _look(self) -> None:
        """Use the time between micro-batches; while one is worked on nothing is done."""
        if not self._turn.acquire(blocking=False):
            return
        try:
            if not self._failure:
                self.idle()
        except Exception as error:
            self._failure.append(error)
            self._asked = True
        finally:
            self._turn.release()

    def _end(self) -> None:
        query = self._query
        while self._asked and query is not None and query.isActive and query.status["isTriggerActive"]:
            time.sleep(0.1)

    def _handed(self, batch: DataFrame, _number: int) -> None:
        if self._asked:  # what is not handed over is found again by where segspark's tables say that it ended
            return
        try:
            with self._turn:
                self.each(batch)
        except Exception as error:
            self._failure.append(error)
            raise
