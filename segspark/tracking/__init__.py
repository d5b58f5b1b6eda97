"""MLflow, touched nowhere else: a training's runs, the registered model, its aliases `champion` and `challenger`."""

from segspark.tracking.datasets import TrainingTable
from segspark.tracking.names import CHALLENGER, CHAMPION, EMBEDDINGS, ModelVersion, metric_name
from segspark.tracking.tracker import Tracker
from segspark.tracking.training import CandidateRun, Training

__all__ = [
    "CHALLENGER",
    "CHAMPION",
    "EMBEDDINGS",
    "CandidateRun",
    "ModelVersion",
    "Tracker",
    "Training",
    "TrainingTable",
    "metric_name",
]
