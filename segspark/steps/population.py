"""Population: who is clustered at as_of, checked before anything relies on it."""

from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.errors import BadInputError
from segspark.steps.context import Context


def features_at(context: Context) -> DataFrame:
    """The features of every customer at as_of.

    Raises:
        BadInputError: there are none.
    """
    rows = context.lake.read(context.features_table).where(F.col("as_of") == F.lit(context.as_of))
    if rows.isEmpty():
        raise BadInputError(
            [f"--as-of {context.as_of}: customer_features has no rows for it; run segspark features first"]
        )
    return rows


def eligible(context: Context, features: DataFrame) -> DataFrame:
    """The customers that are clustered; in a training within a segment, those in it.

    Raises:
        BadInputError: population.eligible is not a condition over the features.
    """
    condition = context.config.population.eligible
    try:
        found = features.where(F.expr(condition))
    except PySparkException as error:
        reason = str(error).strip().splitlines()[0]
        raise BadInputError(
            [f"population.eligible: '{condition}' is not a condition over the features: {reason}"]
        ) from error
    return found if context.part is None else context.part.of(found)
