"""Latent classes as a stage of spark.ml: a SQL statement with the model's log-probabilities as literals."""

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from pyspark.ml.feature import SQLTransformer

from segspark.clustering.answer_patterns import Item
from segspark.clustering.latent_classes import LatentClasses
from segspark.columns import quoted
from segspark.errors import BadInputError

_PLAIN = re.compile(r"[A-Za-z0-9 ,.:;/()<>=+&-]*")
_SUBSTITUTED = ("__THIS__", "${")  # by SQLTransformer and by Spark's SQL, inside quotes too
_MARK = re.compile(r"/\* latent classes: (\d+) \*/")


def transformer(model: LatentClasses) -> SQLTransformer:
    """A stage that adds to each row `probability` (array of a double per class) and `prediction` (int) from its items.

    A value that the model does not know contributes nothing, as null does, unless the item has a level for all others.
    `prediction` is the most probable class, of equally probable ones the first. The stage needs nothing but Spark.

    Raises:
        BadInputError: an item's name has a part that Spark would replace in the statement.

    Examples:
        >>> items = (Item("colour", ("red", "blue")),)
        >>> logs = (np.log([[0.75, 0.25], [0.25, 0.75]]),)
        >>> model = LatentClasses(items, np.log([0.5, 0.5]), logs, 0.0, 0.0, 0, True, 1)
        >>> answers = spark.createDataFrame([("red",), ("blue",), ("green",)], ["colour"])
        >>> [(row["prediction"], row["probability"]) for row in transformer(model).transform(answers).collect()]
        [(0, [0.75, 0.25]), (1, [0.25, 0.75]), (0, [0.5, 0.5])]
    """
    problems = [
        f"latent classes: the column name {item.name!r} contains {part!r}, which Spark replaces; rename the column"
        for item in model.items
        for part in _SUBSTITUTED
        if part in item.name
    ]
    if problems:
        raise BadInputError(problems)
    return SQLTransformer(statement=_statement(model))


def class_count(stage: Any) -> int | None:
    """Number of classes of a stage that transformer made, also after loading; None for any other stage.

    Examples:
        >>> class_count(SQLTransformer(statement="SELECT * FROM __THIS__")) is None
        True
    """
    found = _MARK.match(stage.getStatement()) if isinstance(stage, SQLTransformer) else None
    return int(found[1]) if found else None


def _statement(model: LatentClasses) -> str:
    terms = ", ".join(_term(item, logs) for item, logs in zip(model.items, model.log_probabilities, strict=True))
    # The terms are added up from the log-shares on; then 1 / sum(exp(y - x)) over all y is the softmax at x, and
    # overflows to no worse than 0.
    probability = (
        f"AGGREGATE(ARRAY({terms}), {_array(model.log_shares)}, (logs, term) -> ZIP_WITH(logs, term, (x, y) -> x + y), "
        "logs -> TRANSFORM(logs, x -> 1D / AGGREGATE(logs, 0D, (total, y) -> total + EXP(y - x))))"
    )
    prediction = "CAST(ARRAY_POSITION(probability, ARRAY_MAX(probability)) - 1 AS INT)"
    return (
        f"/* latent classes: {model.k} */ SELECT *, {prediction} AS prediction "  # noqa: S608 (quoted names, literals)
        f"FROM (SELECT *, {probability} AS probability FROM __THIS__)"
    )


def _term(item: Item, logs: npt.NDArray[np.float64]) -> str:
    """The log-probabilities of a row's answer to an item, by class."""
    answer = f"NULLIF(CAST({quoted(item.name)} AS STRING), 'NaN')"
    known = " ".join(f"WHEN {_text(level)} THEN {_array(logs[:, at])}" for at, level in enumerate(item.levels))
    silent = _array(np.zeros(len(logs)))
    rest = f"IF({answer} IS NULL, {silent}, {_array(logs[:, -1])})" if item.others else silent
    return f"CASE {answer} {known} ELSE {rest} END"


def _array(values: Iterable[float]) -> str:
    return f"ARRAY({', '.join(f'{float(value)!r}D' for value in values)})"


def _text(level: str) -> str:
    r"""A level as a literal that no setting of Spark's parser reads otherwise and nothing is replaced in.

    Examples:
        >>> _text("mostly true"), _text("it's")
        ("'mostly true'", "CAST(X'69742773' AS STRING)")
    """
    if _PLAIN.fullmatch(level):
        return f"'{level}'"
    return f"CAST(X'{level.encode().hex()}' AS STRING)"
