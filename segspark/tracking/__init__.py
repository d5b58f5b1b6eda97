"""MLflow, touched nowhere else: a training's runs, the registered model, its aliases `champion` and `challenger`."""

import os

# Nobody outside learns who trains what, unless a team turns that on; MLflow looks when it is imported.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

from segspark.tracking.datasets import TrainingTable
from segspark.tracking.names import CHALLENGER, CHAMPION, EMBEDDINGS, SEGMENT, ModelVersion, metric_name
from segspark.tracking.tracker import Tracker
from segspark.tracking.training import CandidateRun, Training

__all__ = [
    "CHALLENGER",
    "CHAMPION",
    "EMBEDDINGS",
    "SEGMENT",
    "CandidateRun",
    "ModelVersion",
    "Tracker",
    "Training",
    "TrainingTable",
    "metric_name",
]
