"""The page that says by which rule each cluster can be recognised, and what the clusters differ in."""

from collections.abc import Mapping, Sequence

from segspark.reporting.markdown import table

Told = tuple[str, str, float | None, float | None]  # words, Spark SQL, coverage, precision


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


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"
