"""Firmness as Spark SQL: cluster, runner-up, memberships and margin from a column for each cluster.

The JVM computes it as it reads: handing the same numbers to Python and back takes several times as long. What they
mean: `segspark.clustering.scoring`. Columns whose name starts with two underscores are of the steps between.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from pyspark.sql import DataFrame

from segspark.columns import quoted
from segspark.kernels.mixtures import Mixture

Floats = npt.NDArray[np.float64]
FIRMNESS = ("cluster", "runner_up", "membership", "runner_up_membership", "margin")
_SPARK_ADDS = 2.0**-52  # spark.ml adds it to every density


def with_distances(rows: DataFrame, inputs: Sequence[str], centres: Floats, keep: Sequence[str]) -> DataFrame:
    """The squared distance to each centre and the least of these: __value_0, __value_1, ... and __best.

    All are NaN where an input is unknown.

    Args:
        rows: with the inputs, columns of numbers.
        inputs: in the order of the centres' coordinates.
        centres: shape (k, inputs).
        keep: columns that stay.

    Examples:
        >>> points = spark.sql("SELECT 3D AS x, 4 AS y UNION ALL SELECT 0D, NULL")
        >>> found = with_distances(points, ["x", "y"], np.array([[0.0, 0.0], [3.0, 3.0]]), ["x"])
        >>> [tuple(row) for row in found.collect()]
        [(3.0, 25.0, 1.0, 1.0), (0.0, nan, nan, nan)]
    """
    known, names = _known(rows, inputs, keep)
    squared = [
        _sum([f"({name} - ({value!r}D)) * ({name} - ({value!r}D))" for name, value in zip(names, one, strict=True)])
        for one in centres.tolist()
    ]
    # What is named twice in one step Spark computes once, in a method of its own: a single method for all would be too
    # long for the JVM to compile unless it is told to.
    return known.selectExpr(*map(quoted, keep), *_values(squared), f"LEAST({', '.join(squared)}) AS __best")


def with_posteriors(rows: DataFrame, inputs: Sequence[str], mixture: Mixture, keep: Sequence[str]) -> DataFrame:
    """The posterior of each component and the greatest of these: __value_0, __value_1, ... and __best.

    As spark.ml computes it: with 2**-52 added to every density, and in the space that a singular covariance spans. All
    are NaN where an input is unknown.

    Args:
        rows: with the inputs, columns of numbers.
        inputs: in the order of the means' coordinates.
        mixture: of Gaussians.
        keep: columns that stay.

    Examples:
        >>> two = Mixture(np.full(2, 0.5), np.array([[0.0], [4.0]]), np.ones((2, 1, 1)))
        >>> with_posteriors(spark.sql("SELECT 2D AS x"), ["x"], two, []).first()[:]
        (0.5, 0.5, 0.5)
    """
    known, names = _known(rows, inputs, keep)
    parts = zip(mixture.shares.tolist(), mixture.means, mixture.covariances, strict=True)
    densities, kept = [_density(names, *one) for one in parts], [quoted(one) for one in keep]
    weighed = known.selectExpr(*kept, *_values(densities, "__density"), f"{_sum(densities)} AS __total")
    posteriors = [f"__density_{one} / __total" for one in range(mixture.k)]
    return weighed.selectExpr(*kept, *_values(posteriors), f"GREATEST({', '.join(posteriors)}) AS __best")


def with_array(rows: DataFrame, name: str, k: int, keep: Sequence[str]) -> DataFrame:
    """The k numbers of an array and the greatest of these: __value_0, __value_1, ... and __best.

    Examples:
        >>> with_array(spark.sql("SELECT ARRAY(0.25D, 0.75D) AS x"), "x", 2, []).first()[:]
        (0.25, 0.75, 0.75)
    """
    places = [f"GET({quoted(name)}, {one})" for one in range(k)]
    return rows.selectExpr(*map(quoted, keep), *_values(places), f"ARRAY_MAX({quoted(name)}) AS __best")


def with_cluster(rows: DataFrame, k: int, name: str = "cluster") -> DataFrame:
    """Rows with the first cluster whose __value is __best.

    An unknown value stops the query, as spark.ml's assembler does.
    """
    first = " ".join(f"WHEN __value_{one} = __best THEN {one}" for one in range(k - 1))
    unknown = "CAST(RAISE_ERROR('a model input is null or NaN after its preparation') AS INT)"
    found = f"CASE WHEN ISNAN(__best) THEN {unknown} {first} ELSE {k - 1} END AS {quoted(name)}"
    return rows.selectExpr("*", found)


def by_distance(rows: DataFrame, k: int, temperature: float) -> DataFrame:
    """customer_id and FIRMNESS from squared distances (`with_distances`) and `cluster`, whose own need not be least.

    Examples:
        >>> rows = spark.sql("SELECT 'a' AS customer_id, 1D AS __value_0, 4D AS __value_1, 1D AS __best, 0 AS cluster")
        >>> by_distance(rows, 2, 3 / np.log(3)).first()[1:]
        (0, 1, 0.75, 0.25, 0.5)
    """
    shares = [f"EXP((__best - __value_{one}) / {float(temperature)!r}D)" for one in range(k)]
    own = " ".join(f"WHEN {one} THEN __value_{one}" for one in range(k - 1))
    second = _without_own("LEAST", k, "DOUBLE('Infinity')")
    measured = rows.selectExpr(
        "customer_id", "cluster", *_given(k), "__best", f"CASE cluster {own} ELSE __value_{k - 1} END AS __own",
        f"{second} AS __second", f"{_sum(shares)} AS __total",
    )  # fmt: skip
    larger = "GREATEST(__own, __second)"
    return measured.selectExpr(
        "customer_id",
        "cluster",
        f"{_runner_up(k)} AS runner_up",
        f"EXP((__best - __own) / {float(temperature)!r}D) / __total AS membership",
        f"EXP((__best - __second) / {float(temperature)!r}D) / __total AS runner_up_membership",
        f"IF({larger} > 0D, (SQRT(__second) - SQRT(__own)) / SQRT({larger}), 0D) AS margin",
    )


def by_probability(rows: DataFrame, k: int) -> DataFrame:
    """customer_id and FIRMNESS from posteriors (`with_posteriors`, `with_array`) and `cluster`.

    Examples:
        >>> rows = spark.sql("SELECT 'a' AS customer_id, 0.25D AS __value_0, 0.75D AS __value_1, 0.75D AS __best")
        >>> by_probability(with_cluster(rows, 2), 2).first()[1:]
        (1, 0, 0.75, 0.25, 0.5)
    """
    second = _without_own("GREATEST", k, "-1D")
    measured = rows.selectExpr("customer_id", "cluster", *_given(k), "__best", f"{second} AS __second")
    return measured.selectExpr(
        "customer_id",
        "cluster",
        f"{_runner_up(k)} AS runner_up",
        "__best AS membership",
        "__second AS runner_up_membership",
        "__best - __second AS margin",
    )


def _known(rows: DataFrame, inputs: Sequence[str], keep: Sequence[str]) -> tuple[DataFrame, list[str]]:
    """The inputs as doubles without nulls, for which each term of a sum would have a branch; and their names."""
    names = [f"__at_{place}" for place in range(len(inputs))]
    doubles = [f"COALESCE(CAST({quoted(one)} AS DOUBLE), DOUBLE('NaN'))" for one in inputs]
    named = [f"{sql} AS {name}" for sql, name in zip(doubles, names, strict=True)]
    return rows.selectExpr(*map(quoted, keep), *named), names


def _density(names: Sequence[str], share: float, mean: Floats, covariance: Floats) -> str:
    """The density of a component times its share, and what spark.ml adds."""
    root, volume = _whitening(covariance)
    moved = -mean @ root
    away = [
        _sum([f"{name} * ({float(weight)!r}D)" for name, weight in zip(names, column, strict=True) if weight])
        + f" + ({float(start)!r}D)"
        for column, start in zip(root.T, moved, strict=True)
    ]
    with np.errstate(divide="ignore"):  # a component of share 0 explains nobody
        constant = float(np.log(share) + volume - len(mean) / 2 * np.log(2 * np.pi))
    constant = max(constant, -1e300)  # there is no literal of minus infinity
    return f"(EXP({constant!r}D - 0.5D * {_sum([f'({one}) * ({one})' for one in away])}) + {_SPARK_ADDS!r}D)"


def _whitening(covariance: Floats) -> tuple[Floats, float]:
    """What turns away-from-mean into standard deviations, shape (inputs, rank), and the log of its volume.

    The directions without variance are left out as spark.ml's MultivariateGaussian does. Of a regular covariance it is
    the inverse Cholesky factor, half of which is 0.
    """
    values, vectors = np.linalg.eigh(covariance)
    kept = values > np.finfo(float).eps * values.max() * len(values)
    volume = -0.5 * float(np.log(values[kept]).sum())
    if kept.all():
        return np.asarray(np.linalg.inv(np.linalg.cholesky(covariance)).T), volume
    return np.asarray(vectors[:, kept] / np.sqrt(values[kept])), volume


def _sum(terms: Sequence[str]) -> str:
    """Terms added up in pairs: Spark walks through a statement by recursion, and a chain would be as deep as long.

    Examples:
        >>> _sum(["a", "b", "c"])
        '((a + b) + c)'
    """
    if len(terms) == 1:
        return terms[0]
    middle = (len(terms) + 1) // 2
    return f"({_sum(terms[:middle])} + {_sum(terms[middle:])})"


def _values(expressions: Sequence[str], name: str = "__value") -> list[str]:
    return [f"{sql} AS {name}_{one}" for one, sql in enumerate(expressions)]


def _given(k: int) -> list[str]:
    return [f"__value_{one}" for one in range(k)]


def _without_own(function: str, k: int, instead: str) -> str:
    return f"{function}({', '.join(f'IF(cluster = {one}, {instead}, __value_{one})' for one in range(k))})"


def _runner_up(k: int) -> str:
    first = " ".join(f"WHEN __value_{one} = __second AND cluster <> {one} THEN {one}" for one in range(k - 1))
    return f"CASE {first} ELSE {k - 1} END"
