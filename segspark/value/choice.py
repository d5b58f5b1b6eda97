"""Which of the models of purchases customers are valued by."""

from dataclasses import dataclass

from segspark.value.purchases import BGNBD, PARETO

_CERTAIN = 2.0  # standard errors by which another model must be better


@dataclass(frozen=True)
class Choice:
    """A model, and why it was taken.

    Attributes:
        name: bgnbd or pareto_nbd.
        reason: for people.
    """

    name: str
    reason: str


def choose(asked: str, incumbent: str, lead: float | None) -> Choice:
    """The model that is asked for, or, with auto, the one before, unless the other was better beyond doubt.

    Args:
        asked: value.model.
        incumbent: the model taken at the date before; the first time BG/NBD.
        lead: by how many standard errors the squared errors of Pareto/NBD were below those of BG/NBD; None without a
            back-test.

    Examples:
        >>> choose("auto", "bgnbd", 3.14)
        Choice(name='pareto_nbd', reason='its squared errors in the back-test are lower by 3.1 standard errors')
        >>> choose("auto", "pareto_nbd", 1.2).reason
        'as before: the squared errors of the other in the back-test are not lower by 2 standard errors'
        >>> choose("auto", "bgnbd", None).reason
        'as before, or the first time; there is no back-test'
    """
    if asked != "auto":
        return Choice(asked, "value.model asks for it")
    if lead is None:
        return Choice(incumbent, "as before, or the first time; there is no back-test")
    ahead = lead if incumbent == BGNBD else -lead
    if ahead > _CERTAIN:
        other = PARETO if incumbent == BGNBD else BGNBD
        return Choice(other, f"its squared errors in the back-test are lower by {ahead:.1f} standard errors")
    return Choice(
        incumbent,
        f"as before: the squared errors of the other in the back-test are not lower by {_CERTAIN:g} standard errors",
    )
