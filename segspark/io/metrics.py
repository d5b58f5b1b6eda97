"""What a stream does, in the words of Prometheus: in a file for its node exporter, or at a port."""

from collections.abc import Mapping
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server, write_to_textfile

from segspark.errors import BadInputError

_PREFIX = "segspark_stream_"


class Metrics:
    """Numbers of one process: counters that only grow, and gauges.

    Args:
        counters: names and what they count.
        gauges: names and what they say.
        file: that is renewed at each `tell`; None: none.
        port: at which they can be read; None: none.
        address: of the port.

    Raises:
        BadInputError: the port is taken, or the file's folder is missing.
    """

    def __init__(
        self,
        counters: Mapping[str, str],
        gauges: Mapping[str, str],
        file: str | None = None,
        port: int | None = None,
        address: str = "127.0.0.1",
    ) -> None:
        self._registry = CollectorRegistry()
        self._counters = {
            name: Counter(_PREFIX + name, text, registry=self._registry) for name, text in counters.items()
        }
        self._gauges = {name: Gauge(_PREFIX + name, text, registry=self._registry) for name, text in gauges.items()}
        self._file = file
        if file is not None and not Path(file).parent.is_dir():
            raise BadInputError([f"stream.metrics_file: no such folder: {Path(file).parent}"])
        self._server = None
        if port is not None:
            try:
                self._server, _ = start_http_server(port, address, self._registry)
            except OSError as error:
                raise BadInputError([f"stream.metrics_port: {address}:{port} cannot be used: {error}"]) from None

    def tell(self, counts: Mapping[str, float], levels: Mapping[str, float | None]) -> None:
        """Add to the counters, and set the gauges that are known."""
        for name, counter in self._counters.items():
            counter.inc(counts.get(name, 0))
        for name, gauge in self._gauges.items():
            if (level := levels.get(name)) is not None:
                gauge.set(level)
        if self._file is not None:
            write_to_textfile(self._file, self._registry)

    def close(self) -> None:
        """Give the port back; the file stays as it was told last."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
