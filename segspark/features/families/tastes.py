"""Tastes: what customers buy, by where their products lie among those that are bought together."""

from segspark.config.features import Embeddings
from segspark.tables import Feature

# Below this weight of all lines, 40 half-lives, sums keep too few digits for their quotient to be told.
_FAINTEST = "1e-12D"


def embeddings(settings: Embeddings) -> tuple[Feature, ...]:
    """The decayed mean of the components of the products bought: one feature per component.

    Examples:
        >>> [one.name for one in embeddings(Embeddings(components=2))]
        ['taste_1', 'taste_2']
        >>> embeddings(Embeddings(half_life_days=30))[0].sql
        'IF(taste_lines_decayed_30d > 1e-12D, taste_1_decayed_30d / taste_lines_decayed_30d, NULL)'
    """
    days = settings.half_life_days
    lines = f"taste_lines_decayed_{days}d"
    return tuple(
        Feature(
            f"taste_{number}", "DOUBLE",
            f"Component {number} of the products bought, mean of lines that each count half every {days} days of their "
            "age; customers of like values buy like things, and the sign says nothing.", "score", f"taste {number}",
            f"has bought no product with a vector, or none in {40 * days:,} days", "the average taste",
            sql=f"IF({lines} > {_FAINTEST}, taste_{number}_decayed_{days}d / {lines}, NULL)",
            denominator="lines of products with a vector, decayed",
        )
        for number in range(1, settings.components + 1)
    )  # fmt: skip
