"""Latent classes of prepared customers: inputs that are text as items, and a fitted model as passes and Spark need it.

Who is of none of an input's levels and who is unknown have no indicator set, so that the grid cannot tell them apart:
together they are one more level.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from pyspark.ml import Transformer
from pyspark.sql import DataFrame

from segspark.clustering.answer_patterns import Patterns, answer_patterns
from segspark.clustering.inputs import Coordinate, LevelsInput
from segspark.clustering.latent_classes import LatentClasses
from segspark.clustering.latent_scoring import transformer
from segspark.clustering.preparation import computed
from segspark.columns import quoted
from segspark.errors import BadInputError
from segspark.kernels.classes import Classes

MOST_PATTERNS = 20_000  # fetched to the driver, and the cost of a fit
_FEWEST = 2  # items: with one, classes cannot be told from its levels
_NONE = "none"  # of the levels; those have numbers


def answers(items: Sequence[LevelsInput]) -> Mapping[str, str]:
    """For each item a column with the number of its level, as text: Spark SQL over the prepared columns, by name.

    Examples:
        >>> answers([LevelsInput("plan", {"basic": 0.5, "gold": 0.2}, 1.0)])["plan__answer"]
        "CASE WHEN `plan__is_0` > 0D THEN '0' WHEN `plan__is_1` > 0D THEN '1' ELSE 'none' END"
    """
    return {_name(item): _answer(item) for item in items}


def counted(customers: DataFrame, items: Sequence[LevelsInput]) -> Patterns:
    """The answer patterns of customers.

    Args:
        customers: with the columns of `answers`.
        items: none of whose levels is lost.

    Raises:
        BadInputError: there are fewer than two items, or too many patterns.
    """
    if len(items) < _FEWEST:
        raise BadInputError(
            [f"latent classes need at least {_FEWEST} inputs that are text, and there are {len(items)}"]
        )
    levels = max(len(item.shares) for item in items) + 1
    return answer_patterns(customers, list(answers(items)), max_levels=levels, max_patterns=MOST_PATTERNS)


def stages(items: Sequence[LevelsInput], model: LatentClasses) -> list[Transformer]:
    """The spark.ml stages that give prepared customers `probability` and `prediction`."""
    return [computed(answers(items)), transformer(model)]


def classes(items: Sequence[LevelsInput], model: LatentClasses, coordinates: Sequence[Coordinate]) -> Classes:
    """A model as passes need it.

    Args:
        items: what it was fitted on, in order.
        model: fitted on `answers`.
        coordinates: of a prepared customer.

    Examples:
        >>> from segspark.clustering.answer_patterns import Item
        >>> plan = LevelsInput("plan", {"basic": 0.5, "gold": 0.2}, 1.0)
        >>> logs = (np.log([[0.9, 0.1], [0.2, 0.8]]),)
        >>> model = LatentClasses((Item("plan__answer", ("0", "none")),), np.log([0.6, 0.4]), logs, 0, 0, 9, True, 1)
        >>> found = classes([plan], model, plan.coordinates)
        >>> found.indicators, np.exp(found.log_probabilities[0]).round(1).tolist()
        (((0, 1),), [[0.9, 0.2], [1.0, 1.0], [0.1, 0.8]])
    """
    place = {one.name: position for position, one in enumerate(coordinates)}
    tables = []
    for item, known, logs in zip(items, model.items, model.log_probabilities, strict=True):
        table = np.zeros((len(item.shares) + 1, model.k))
        for position, level in enumerate(known.levels):
            table[len(item.shares) if level == _NONE else int(level)] = logs[:, position]
        tables.append(table)
    indicators = tuple(tuple(place[one.name] for one in item.coordinates) for item in items)
    return Classes(model.log_shares, indicators, tuple(tables))


def _name(item: LevelsInput) -> str:
    return f"{item.feature}__answer"


def _answer(item: LevelsInput) -> str:
    known = " ".join(f"WHEN {quoted(one.name)} > 0D THEN '{at}'" for at, one in enumerate(item.coordinates))
    return f"CASE {known} ELSE '{_NONE}' END"
