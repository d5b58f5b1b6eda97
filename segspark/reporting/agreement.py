"""The page that says how far other criteria, other seeds, other times and slices of the customers agree."""

from collections.abc import Mapping, Sequence

from segspark.reporting.markdown import table
from segspark.reporting.text import score

Criterion = tuple[int, float | None, float | None, float | None]  # k, gap, its standard error, prediction strength
Cut = tuple[str | None, int, float | None]  # value, customers, adjusted Rand index
NOT_KNOWN = "(not known)"


def agreement_page(
    criteria: Sequence[Criterion],
    conclusion: str,
    lasting: Mapping[str, tuple[float | None, float | None]],
    slices: Mapping[str, Sequence[Cut]],
) -> str:
    """A page in Markdown.

    Args:
        criteria: by k, of KMeans.
        conclusion: which k they would take; empty where there are no criteria.
        lasting: of the chosen candidate, by what was measured: the figure, and the same of structureless customers.
        slices: by feature.

    Examples:
        >>> lasting, slices = {"other seeds": (0.9, None)}, {"region": [("N", 300, 1.0)]}
        >>> page = agreement_page([(1, 0.5, 0.1, 1.0)], "One.", lasting, slices)
        >>> [line for line in page.splitlines() if line.startswith("| ")]
        ['| k | gap | standard error | prediction strength |', '| 1 | 0.500 | 0.100 | 1.000 |',
         '| measure | chosen | structureless |', '| other seeds | 0.900 | - |',
         '| slice | customers | adjusted Rand index |', '| N | 300 | 1.000 |']
    """
    return "\n".join([*_criteria(criteria, conclusion), *_lasting(lasting), *_slices(slices)]).strip() + "\n"


def _criteria(criteria: Sequence[Criterion], conclusion: str) -> list[str]:
    if not criteria:
        return []
    rows = [(str(k), *map(_score, values)) for k, *values in criteria]
    return [
        "# How many clusters",
        "",
        f"{conclusion} The gap statistic takes the smallest k whose gap is at least the next one's less its standard",
        "error, prediction strength the largest k above 0.8.",
        "",
        *table(["k", "gap", "standard error", "prediction strength"], rows),
        "",
    ]


def _lasting(lasting: Mapping[str, tuple[float | None, float | None]]) -> list[str]:
    rows = [(name, *map(_score, figures)) for name, figures in lasting.items()]
    return [
        "# Whether the chosen clusters come back",
        "",
        "Each figure is 1 where they come back as they were. Agreement is the adjusted Rand index, 0 for what chance",
        "gives.",
        "",
        *table(["measure", "chosen", "structureless"], rows),
        "",
    ]


def _slices(slices: Mapping[str, Sequence[Cut]]) -> list[str]:
    lines = []
    for feature, cuts in slices.items():
        rows = [(NOT_KNOWN if value is None else value, f"{n:,}", _score(agreed)) for value, n, agreed in cuts]
        lines += [
            f"# Whether each {' '.join(feature.split())} alone would be cut alike",
            "",
            "A low figure says that the clusters are not those of the slice. Small slices are not told.",
            "",
            *table(["slice", "customers", "adjusted Rand index"], rows),
            "",
        ]
    return lines


def _score(value: float | None) -> str:
    return "-" if value is None else score(value)
