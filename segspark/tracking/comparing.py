"""The run of a comparison of two dates: its metrics, its verdict and its page."""

import time
from collections.abc import Mapping

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, Run, RunTag
from mlflow.utils.mlflow_tags import MLFLOW_RUN_NOTE

from segspark.tracking.names import VERDICT

_METRICS = 1000  # what MLflow takes in one request


class Comparison:
    """A run of the kind `comparison`; once finished it is left as it is."""

    def __init__(self, client: MlflowClient, run: Run) -> None:
        self._client = client
        self.mlflow_run_id = str(run.info.run_id)
        self.finished = run.info.status == "FINISHED"

    def log(self, params: Mapping[str, str], metrics: Mapping[str, float], verdict: str, words: str, page: str) -> None:
        """Log all that is known of the comparison, and end the run; nothing where an attempt before did so.

        Args:
            params: which dates.
            metrics: such as ari.memberships, psi.frequency, share_shift.SEGMENT_ID.
            verdict: steady, blip or shift.
            words: the verdict in sentences.
            page: the HTML page.
        """
        if self.finished:
            return
        at, rows = time.time_ns() // 1_000_000, list(metrics.items())
        tags = [RunTag(VERDICT, verdict), RunTag(MLFLOW_RUN_NOTE, words)]
        self._client.log_batch(self.mlflow_run_id, params=[Param(*one) for one in params.items()], tags=tags)
        for start in range(0, len(rows), _METRICS):
            batch = [Metric(name, value, at, 0) for name, value in rows[start : start + _METRICS]]
            self._client.log_batch(self.mlflow_run_id, metrics=batch)
        self._client.log_text(self.mlflow_run_id, page, "comparison.html")
        self._client.set_terminated(self.mlflow_run_id)
        self.finished = True
