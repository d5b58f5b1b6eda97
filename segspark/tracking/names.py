"""What things are called in MLflow: aliases, tags, metrics, versions of the model."""

import re
from dataclasses import dataclass

CHAMPION = "champion"
CHALLENGER = "challenger"

# Tags of runs and versions.
RUN_ID = "segspark.run_id"
KIND = "segspark.kind"
SEGMENT = "segspark.segment_id"
VERSION = "segspark.model_version"
EMBEDDINGS = "segspark.embedding_version"
DIGEST = "segspark.model_digest"
MEMBERSHIP = "segspark.membership"
SIZES = "segspark.cluster_sizes"
VERDICT = "segspark.verdict"
WARNING = "segspark.warning"
PROMOTED = "segspark.promoted"
DECIDED = "segspark.decided"

POSTERIOR = "posterior"  # a membership that needs no temperature

_PART = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class ModelVersion:
    """A registered model that can be applied.

    Attributes:
        run_id: segspark's id of the training that made it.
        embedding_version: of the product embeddings that its inputs were made with; empty if none of them was.
        temperature: of its memberships by distance; None where they are posteriors.
    """

    name: str
    version: str
    run_id: str
    embedding_version: str = ""
    temperature: float | None = None

    @property
    def label(self) -> str:
        """As it stands in tables.

        Examples:
            >>> ModelVersion("segspark", "3", "r1").label
            'segspark/3'
        """
        return f"{self.name}/{self.version}"


def metric_name(index: str, *, population: str, distance: str = "") -> str:
    """The name of a metric, so that the same measure has the same name in every run.

    Args:
        index: what is measured: silhouette, cost, smallest_share.
        population: on whom: sample, holdout, full.
        distance: by which distance or likelihood: euclidean, squared_euclidean, mixture; empty where none is used.

    Raises:
        ValueError: a part is no word of small letters, digits and underscores.

    Examples:
        >>> metric_name("silhouette", distance="squared_euclidean", population="holdout")
        'silhouette.squared_euclidean.holdout'
        >>> metric_name("smallest_share", population="sample")
        'smallest_share.sample'
        >>> metric_name("cost.full", population="sample")
        Traceback (most recent call last):
        ValueError: 'cost.full' is no part of a metric's name: small letters, digits and _ make one
    """
    parts = [index, distance, population] if distance else [index, population]
    for part in parts:
        if not _PART.fullmatch(part):
            raise ValueError(f"{part!r} is no part of a metric's name: small letters, digits and _ make one")
    return ".".join(parts)
