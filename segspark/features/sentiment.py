"""Sentiment of texts, by VADER's words and rules (Hutto and Gilbert, 2014), for English."""

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.pandas.functions import pandas_udf

from segspark.kernels.sentiment import compound_scores


def heard_in(text: Column) -> Column:
    """Sentiment of a text, -1 to 1; null where there is none.

    Needs vaderSentiment on the executors.
    """
    scored = pandas_udf(compound_scores, "double")  # type: ignore[call-overload]
    return F.when(F.trim(text) != "", scored(text))
