"""How `segspark stream` follows the events."""

from typing import Annotated

from pydantic import Field

from segspark.config.base import Model, PositiveInt


class Stream(Model):
    """Micro-batches: how often, how large, and when it is too slow."""

    every_seconds: Annotated[float, Field(ge=0)] = Field(
        2, description="from the beginning of one micro-batch to that of the next, if there is anything new"
    )
    events_per_batch: PositiveInt = Field(
        10_000,
        description="messages of a Kafka source that a micro-batch reads at most: a backlog is taken in such bites",
    )
    files_per_batch: PositiveInt = Field(
        100, description="data files of the table events that a micro-batch reads at most"
    )
    progress_seconds: PositiveInt = Field(30, description="a row of stream_progress is written every so many seconds")
    lag_alarm_seconds: PositiveInt = Field(
        60,
        description="a warning is printed when events wait longer than this to be taken in, and wait longer and longer",
    )
    late_seconds: Annotated[float, Field(ge=0)] = Field(
        30, description="how late an event may come and still end the wait of a trigger with unless"
    )
    metrics_file: str | None = Field(
        None, description="file that is renewed with each row of stream_progress, as Prometheus' node exporter reads it"
    )
    metrics_port: Annotated[int, Field(gt=0, lt=65_536)] | None = Field(
        None, description="port of this machine where Prometheus can read the same"
    )
    metrics_address: str = Field("127.0.0.1", description="address of that port; 0.0.0.0: other machines, too")
