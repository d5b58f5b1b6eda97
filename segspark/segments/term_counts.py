"""Terms counted: how many customers of each segment wrote a word, or two in a row."""

from collections.abc import Iterable, Sequence
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from segspark.columns import exact_sum
from segspark.segments.terms import Wrote

_LONGEST = 10_000  # characters of a text that are looked at
_WORD = (2, 30)  # letters
# What is left of contractions, which scikit-learn's stop words lack.
_CONTRACTIONS = (
    "arent didnt doesnt dont hadnt havent hes ill im isnt ive lets shes shouldnt thats theres theyre theyve wasnt were "
    "werent weve whats wont wouldnt youll youre youve"
)


def stop_words(more: Iterable[str]) -> list[str]:
    """Words that are no terms: scikit-learn's English ones, contractions, and those of a team's own; sorted.

    Examples:
        >>> words = stop_words(["Shop"])
        >>> "the" in words, "dont" in words, "shop" in words, "delivery" in words
        (True, True, True, False)
    """
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS  # only now: it takes a second

    return sorted({*ENGLISH_STOP_WORDS, *_CONTRACTIONS.split(), *(one.lower() for one in more)})


def terms_of(text: Column, left_out: Sequence[str]) -> Column:
    """The distinct terms of a text: its words, and pairs of words with nothing but left-out ones in between.

    A word is a run of 2 to 30 letters in lower case, without apostrophes: no number, which might be somebody's, and no
    sign. Of a text the first 10,000 characters are looked at.

    Examples:
        >>> said = spark.sql('''SELECT "The delivery wasn't on time, 30 days LATE!" AS text''')
        >>> said.select(terms_of(F.col("text"), ["the", "wasnt", "on"])).first()[0]
        ['delivery', 'time', 'days', 'late', 'delivery time', 'time days', 'days late']
    """
    plain = F.regexp_replace(F.lower(F.substring(text, 1, _LONGEST)), "['’]", "")
    found = F.regexp_extract_all(plain, F.lit(r"[\p{L}\p{M}]+"), F.lit(0))
    words = F.filter(found, lambda word: F.length(word).between(*_WORD) & ~word.isin(list(left_out)))
    after = F.slice(words, F.lit(2), F.lit(_LONGEST))
    pairs = F.zip_with(words, after, lambda one, other: F.concat(one, F.lit(" "), other))
    return F.array_distinct(F.concat(words, F.array_compact(pairs)))


def term_counts(texts: DataFrame, members: DataFrame, left_out: Sequence[str], fewest: int, most: int) -> DataFrame:
    """Who wrote what: the terms that the most customers wrote, equals by their names; in one aggregation.

    Args:
        texts: customer_id, text, sentiment (null: not known).
        members: customer_id, segment_id.
        left_out: words that are no terms.
        fewest: a term that fewer customers wrote is left out, whatever it is.
        most: terms.

    Returns:
        One row per term: customers, and `own`, an array by segment of segment_id, customers, heard, sentiment. The
        first row, of the term null, is of all who wrote anything.
    """
    said = texts.where("trim(text) <> ''").join(members, on="customer_id", how="inner")
    every = F.array_append(terms_of(F.col("text"), left_out), F.lit(None).cast("string"))
    each = said.select("segment_id", "customer_id", "sentiment", F.explode(every).alias("term"))
    by_customer = each.groupBy("segment_id", "customer_id", "term").agg(
        (exact_sum(F.col("sentiment")) / F.count("sentiment")).alias("mean")
    )
    by_segment = by_customer.groupBy("segment_id", "term").agg(
        F.count("*").alias("customers"), F.count("mean").alias("heard"),
        (exact_sum(F.col("mean")) / F.count("mean")).alias("sentiment"),
    )  # fmt: skip
    one = F.struct("segment_id", "customers", "heard", "sentiment")
    by_term = by_segment.groupBy("term").agg(F.sum("customers").alias("customers"), F.collect_list(one).alias("own"))
    known = by_term.where(F.col("customers") >= fewest)
    return known.orderBy(F.desc("customers"), F.asc_nulls_first("term")).limit(most + 1)


def wrote_of(rows: Iterable[Any]) -> tuple[dict[str, int], dict[str, dict[str, Wrote]]]:
    """Writers by segment, and who wrote what by term and segment, of the rows of `term_counts`.

    Examples:
        >>> own = {"segment_id": "a", "customers": 12, "heard": 0, "sentiment": None}
        >>> wrote_of([{"term": None, "own": [own]}, {"term": "late", "own": [own]}])
        ({'a': 12}, {'late': {'a': Wrote(customers=12, heard=0, sentiment=None)}})
    """
    writers: dict[str, int] = {}
    wrote: dict[str, dict[str, Wrote]] = {}
    for row in rows:
        if row["term"] is None:
            writers = {one["segment_id"]: one["customers"] for one in row["own"]}
        else:
            wrote[row["term"]] = {
                one["segment_id"]: Wrote(one["customers"], one["heard"], one["sentiment"]) for one in row["own"]
            }
    return writers, wrote
