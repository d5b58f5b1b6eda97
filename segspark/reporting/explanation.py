"""The page that says by which rule each cluster is recognised, what clusters differ in, and what they did next."""

from collections.abc import Mapping, Sequence

from segspark.reporting.markdown import table
from segspark.reporting.text import number

Told = tuple[str, str, float | None, float | None]  # words, Spark SQL, coverage, precision
Next = tuple[int | None, float | None, float | None, bool | None]  # customers, mean, its error, target reached


def explanation_page(
    rules: Sequence[Told], agreement: float, cost_ratio: float | None, effects: Mapping[str, float]
) -> str:
    """A page in Markdown.

    Args:
        rules: by cluster number.
        agreement: share of customers held out to whom the rules give the model's cluster.
        cost_ratio: of the rules' clusters; None where it is not defined.
        effects: by input.

    Examples:
        >>> page = explanation_page([("age <= 30", "`age` <= 30", 0.9, None)], 0.95, 1.02, {"age": 0.7, "k": 0.1})
        >>> print(page.splitlines()[7])
        | 0 | age <= 30 | 90% | - | `` `age` <= 30 `` |
    """
    price = "" if cost_ratio is None else f" Squared distances to the centres sum to {cost_ratio:.3f} times as much."
    told = [
        (str(number), words, _share(coverage), _share(precision), f"`` {sql} ``")
        for number, (words, sql, coverage, precision) in enumerate(rules)
    ]
    strongest = sorted(effects.items(), key=lambda one: (-one[1], one[0]))
    lines = [
        "# By which rules the clusters can be recognised",
        "",
        f"A tree gives {agreement:.1%} of customers held out the model's cluster.{price} Coverage is the share of the",
        "cluster that meets its rule, precision the share of those who meet it that are in the cluster.",
        "",
        *table(["cluster", "rule", "coverage", "precision", "Spark SQL"], told),
        "",
        "# Which inputs matter",
        "",
        "Share of an input's variance between the clusters (eta squared; of text Cramér's V), customers held out.",
        "These are effect sizes: the clusters were made from these inputs, so a test of them would always reject.",
        "",
        *table(["input", "effect"], [(name, f"{value:.3f}") for name, value in strongest]),
    ]
    return "\n".join(lines) + "\n"


def next_period_section(clusters: Sequence[Next], kpi: str, target: float | None) -> str:
    """What each cluster's customers did in the next period, in Markdown.

    Args:
        clusters: by cluster number; None where customers are too few to be told.
        kpi: in words, or as it was configured.
        target: the least mean aimed at; None where there is none.

    Examples:
        >>> told = next_period_section([(120, 0.5, 0.04, True), (None, None, None, None)], "buys again", 0.4)
        >>> print(told[told.index("| 0"):].strip())
        | 0 | 120 | 0.50 | 0.040 | reached |
        | 1 | <11 | - | - | - |
    """
    heads = ["cluster", "customers", "mean", "standard error", *([] if target is None else [f"target {target:g}"])]
    rows = [_next(place, *one)[: len(heads)] for place, one in enumerate(clusters)]
    lines = [
        "# What they did next",
        "",
        f"Mean of '{' '.join(kpi.split())}' in the next period, of customers held out, by their cluster when it began.",
        "Extremes are in it as they are. Of fewer than 11 customers nothing is told.",
        "",
        *table(heads, rows),
    ]
    return "\n".join(lines) + "\n"


def _next(cluster: int, customers: int | None, mean: float | None, error: float | None, met: bool | None) -> list[str]:
    if customers is None:
        return [str(cluster), "<11", "-", "-", "-"]
    return [str(cluster), f"{customers:,}", number(mean), number(error), "reached" if met else "below"]


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"
