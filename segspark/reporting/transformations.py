"""The page that documents every transformation from raw column to model input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from segspark.reporting.markdown import table
from segspark.tables import Feature


def transformations_page(
    features: Sequence[Feature], preparations: Mapping[str, str], components: Sequence[tuple[str, str]] = ()
) -> str:
    """Markdown: every feature's meaning, and what is done to it before clustering.

    Args:
        features: the declared features.
        preparations: what is done, in words, by feature; the others are no inputs.
        components: names and words of principal components, where customers are clustered on these.

    Examples:
        >>> feature = Feature("frequency", "BIGINT", "Orders.", "orders", "orders", "never null", "never bought")
        >>> print(transformations_page([feature], {"frequency": "log"}).splitlines()[-1])
        | frequency | Orders. | orders | never null | never bought | log |
    """
    rows = [
        (one.name, one.comment, one.unit, one.null_means, one.zero_means, preparations.get(one.name, "not an input"))
        for one in features
    ]
    columns = ["feature", "meaning", "unit", "null means", "zero means", "preparation"]
    lines = ["# From raw column to model input", "", *table(columns, rows)]
    if components:
        lines += ["", "## Principal components of the prepared inputs", "", *table(["component", "is"], components)]
    return "\n".join(lines) + "\n"
