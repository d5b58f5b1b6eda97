"""Latent classes against published results, and against likelihoods and EM steps written out here.

The tables: carcinoma, Agresti (2002), Categorical Data Analysis, table 13.1; values, Stouffer & Toby (1951) as in
Goodman (1974), Biometrika 61; gss82, McCutcheon (1987), Latent Class Analysis, table 3.1 (all three are data sets of
R's poLCA); pleural thickening, Dayton (1998), Latent Class Scaling Analysis, table 3.1.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import product
from math import exp, log, prod

import numpy as np
import pytest

from segspark.clustering.answer_patterns import Item, Patterns
from segspark.clustering.latent_classes import LatentClasses, posteriors
from segspark.clustering.latent_fitting import candidates, fit, too_many_classes
from segspark.errors import BadInputError

CARCINOMA = """
    0000000 34  0000100 2  0100000 6  0100001 1  0100100 4  0100101 5  1000000 2  1010101 1  1100000 2  1100001 1
    1100100 2  1100101 7  1100111 1  1101001 1  1101101 2  1101111 3  1110101 13  1110111 5  1111101 10  1111111 16
"""
VALUES = [42, 23, 6, 25, 6, 24, 7, 38, 1, 4, 1, 6, 2, 9, 2, 20]  # all combinations of four answers, the last runs first
PLEURAL = [1513, 23, 59, 12, 21, 19, 11, 34]  # likewise of three
# Purpose (3 levels), accuracy (2), understanding (2); the three numbers are by cooperation.
GSS82 = {
    "000": (419, 35, 2), "001": (71, 25, 5), "010": (270, 25, 4), "011": (42, 16, 5),
    "100": (23, 4, 1), "101": (6, 2, 0), "110": (43, 9, 2), "111": (9, 3, 2),
    "200": (26, 3, 0), "201": (1, 2, 0), "210": (85, 23, 6), "211": (13, 12, 8),
}  # fmt: skip


def table(counts: Mapping[str, int]) -> Patterns:
    """Counted patterns from strings of digits, `.` for not answered."""
    codes = np.array([[-1 if one == "." else int(one) for one in answers] for answers in counts])
    items = tuple(Item(f"q{at}", tuple(map(str, range(top + 1)))) for at, top in enumerate(codes.max(axis=0)))
    return Patterns(items, codes, np.array(list(counts.values())))


def binary(counts: list[int]) -> Patterns:
    answers = product("01", repeat=len(counts).bit_length() - 1)
    return table({"".join(one): n for one, n in zip(answers, counts, strict=True)})


def published(name: str) -> Patterns:
    if name == "carcinoma":
        words = CARCINOMA.split()
        return table(dict(zip(words[::2], map(int, words[1::2]), strict=True)))
    if name == "gss82":
        rows = {answers + str(at): n for answers, by in GSS82.items() for at, n in enumerate(by) if n}
        return table(rows)
    return binary({"values": VALUES, "pleural": PLEURAL}[name])


@cache
def fitted(name: str, k: int) -> LatentClasses:
    return fit(published(name), k, seeds=range(1, 9 if k < 4 else 17), tolerance=1e-9)


@pytest.mark.parametrize(
    ("name", "customers", "patterns"),
    [("carcinoma", 118, 20), ("values", 216, 16), ("gss82", 1202, 33), ("pleural", 1692, 8)],
)
def test_the_published_tables_have_their_published_sizes(name: str, customers: int, patterns: int) -> None:
    found = published(name)

    assert (found.customers, len(found.counts)) == (customers, patterns)


@pytest.mark.parametrize(
    ("name", "k", "log_likelihood"),
    [
        # The examples in poLCA's carcinoma.Rd, values.Rd and gss82.Rd; the first from the AIC it prints, 1062.93.
        ("carcinoma", 1, 7 - 1062.93 / 2),
        ("carcinoma", 2, -317.2568),
        ("carcinoma", 3, -293.705),
        ("carcinoma", 4, -289.2858),
        ("values", 1, -543.6498),
        ("values", 2, -504.4677),
        ("gss82", 2, -2783.268),
        ("gss82", 3, -2754.545),
        # Mplus and LEM, UCLA's textbook examples of McCutcheon (1987), p. 33, and Dayton (1998), p. 28.
        ("gss82", 1, -2872.230),
        ("pleural", 2, -891.1428),
    ],
)
def test_the_likelihood_is_at_least_the_published_one(name: str, k: int, log_likelihood: float) -> None:
    model = fitted(name, k)

    assert model.log_likelihood >= log_likelihood - 1e-3
    assert model.log_likelihood == pytest.approx(likelihood_written_out(model, published(name)), abs=1e-6)
    assert model.shares.sum() == pytest.approx(1)
    assert all(np.exp(logs).sum(axis=1) == pytest.approx(1) for logs in model.log_probabilities)


def chances(model: LatentClasses) -> np.ndarray:
    """Of binary items, the probability of the second level: classes x items."""
    return np.exp([logs[:, 1] for logs in model.log_probabilities]).T


def joint_written_out(model: LatentClasses, answers: Sequence[int]) -> list[float]:
    """P(class and answers) for each class, from the probabilities of what was answered."""
    given = [(at, level) for at, level in enumerate(answers) if level >= 0]
    return [
        exp(model.log_shares[one]) * prod(exp(model.log_probabilities[at][one, level]) for at, level in given)
        for one in range(model.k)
    ]


def likelihood_written_out(model: LatentClasses, patterns: Patterns) -> float:
    rows = zip(patterns.codes.tolist(), patterns.counts.tolist(), strict=True)
    return sum(count * log(sum(joint_written_out(model, answers))) for answers, count in rows)


@pytest.mark.parametrize(
    ("name", "k", "parameters", "aic", "bic"),
    [
        # poLCA's output: Linzer & Lewis (2011), Journal of Statistical Software 42(10), for carcinoma.
        ("carcinoma", 2, 15, 664.5137, 706.0739),
        ("carcinoma", 3, 23, 633.41, 697.1357),
        ("values", 2, 9, 1026.935, 1057.313),
        ("pleural", 2, 7, 1796.2856, 1834.3213),  # LEM
    ],
)
def test_the_criteria_are_the_published_ones(name: str, k: int, parameters: int, aic: float, bic: float) -> None:
    model = fitted(name, k)

    assert model.parameters == parameters
    assert (model.aic, model.bic) == pytest.approx((aic, bic), abs=2e-3)


def test_three_classes_of_carcinoma_have_the_published_shares_and_probabilities() -> None:
    model = fitted("carcinoma", 3)

    # Linzer & Lewis (2011), section 5.1: share of slides, and probability that each pathologist sees carcinoma.
    assert model.shares == pytest.approx([0.4447, 0.3736, 0.1817], abs=1e-4)
    assert chances(model) == pytest.approx(
        np.array(
            [
                [1.0000, 0.9809, 0.8575, 0.5862, 1.0000, 0.4764, 1.0000],
                [0.0573, 0.1379, 0.0000, 0.0000, 0.0551, 0.0000, 0.0000],
                [0.5128, 1.0000, 0.0000, 0.0576, 0.7506, 0.0000, 0.6307],
            ]
        ),
        abs=1e-4,
    )


def test_three_classes_of_carcinoma_take_the_slides_that_are_published() -> None:
    patterns = published("carcinoma")

    modal = posteriors(fitted("carcinoma", 3), patterns.codes).argmax(axis=1)

    # Linzer & Lewis (2011): 0.4322, 0.3729 and 0.1949 of 118 slides.
    assert np.bincount(modal, weights=patterns.counts).tolist() == [51, 44, 23]


def test_the_entropy_is_that_of_mplus() -> None:
    # UCLA's textbook examples in Mplus, Dayton (1998), table 3.2: entropy 0.949.
    assert fitted("pleural", 2).entropy_r2 == pytest.approx(0.949, abs=5e-4)


def test_bic_prefers_three_classes_of_carcinoma_among_one_to_four() -> None:
    found = [fitted("carcinoma", k) for k in (1, 2, 3, 4)]

    assert min(found, key=lambda one: one.bic).k == 3


def test_one_class_is_independent_items_of_the_observed_shares() -> None:
    model = fit(published("values"), 1, seeds=[1])

    yes = sum(n for at, n in enumerate(VALUES) if at & 1) / 216
    assert np.exp(model.log_probabilities[3]).tolist() == [pytest.approx([1 - yes, yes])]
    assert (model.shares.tolist(), model.entropy_r2) == ([1.0], 1.0)


def test_weights_equal_repeats() -> None:
    counted = binary([9, 2, 3, 1, 2, 1, 4, 12])
    repeated = Patterns(counted.items, np.repeat(counted.codes, counted.counts, axis=0), np.ones(34, dtype=np.int64))

    one, other = fit(counted, 2, seeds=[1, 2, 3]), fit(repeated, 2, seeds=[1, 2, 3])

    assert one.log_likelihood == pytest.approx(other.log_likelihood, abs=1e-6)
    assert (one.customers, one.parameters) == (other.customers, other.parameters)
    assert one.shares == pytest.approx(other.shares, abs=1e-3)


def test_the_order_of_the_table_changes_nothing() -> None:
    patterns = published("carcinoma")
    turned = Patterns(patterns.items, patterns.codes[::-1], patterns.counts[::-1])

    one, other = fit(patterns, 3, seeds=[4, 5]), fit(turned, 3, seeds=[4, 5])

    assert one.log_likelihood == other.log_likelihood
    assert one.log_shares.tolist() == other.log_shares.tolist()
    assert all(a.tolist() == b.tolist() for a, b in zip(one.log_probabilities, other.log_probabilities, strict=True))


def test_labels_do_not_depend_on_the_start() -> None:
    found = [fit(published("carcinoma"), 3, seeds=[seed]) for seed in range(1, 7)]

    reached = [one for one in found if one.log_likelihood > -293.706]
    assert len(reached) >= 4
    assert all(one.shares == pytest.approx(reached[0].shares, abs=1e-3) for one in reached)


def test_classes_of_one_share_are_ordered_by_their_probabilities() -> None:
    # Two mirror images: 45 customers say no to nearly everything, 45 yes.
    mirrored = binary([30, 5, 5, 5, 5, 5, 5, 30])

    found = [fit(mirrored, 2, seeds=[seed]) for seed in range(1, 6)]

    assert all(one.shares == pytest.approx([0.5, 0.5], abs=1e-5) for one in found)
    assert all(one.log_probabilities[0][0, 0] > one.log_probabilities[0][1, 0] for one in found)


def test_replications_count_the_seeds_that_came_to_the_likelihood() -> None:
    seeds = range(1, 9)
    single = [fit(published("carcinoma"), 4, seeds=[seed], tolerance=1e-8).log_likelihood for seed in seeds]

    together = fit(published("carcinoma"), 4, seeds=seeds, tolerance=1e-8)

    assert together.log_likelihood == max(single)
    assert together.replications == sum(one >= max(single) - 118e-6 for one in single) < len(seeds)


def test_a_fit_that_ran_out_of_iterations_says_so() -> None:
    assert not fit(published("gss82"), 3, seeds=[1], max_iterations=20).converged
    assert fitted("gss82", 2).converged


def with_gaps() -> Patterns:
    """Two kinds of customers, and answers that are left out more often by one kind."""
    return table(
        {
            "0000": 40, "0001": 8, "0010": 7, "0100": 6, "000.": 20, "00.0": 9, "0..0": 5, "0...": 4, "1000": 6,
            "1111": 30, "1110": 6, "1101": 5, "1011": 7, ".111": 12, "111.": 3, "..11": 2, "0111": 4, ".0.1": 3,
            "10.0": 2, "1.0.": 2,
        }
    )  # fmt: skip


def test_what_was_not_answered_contributes_nothing_to_the_likelihood() -> None:
    patterns = with_gaps()

    model = fit(patterns, 2, seeds=[1, 2, 3])

    assert model.log_likelihood == pytest.approx(likelihood_written_out(model, patterns), abs=1e-6)
    # One class by hand: of each item the shares among those who answered it.
    by_hand = 0.0
    for at in range(4):
        yes, no = (int(patterns.counts[patterns.codes[:, at] == level].sum()) for level in (1, 0))
        by_hand += yes * log(yes / (yes + no)) + no * log(no / (yes + no))
    assert fit(patterns, 1, seeds=[1]).log_likelihood == pytest.approx(by_hand, abs=1e-6)


def test_a_fit_with_missing_answers_is_where_an_em_step_stands_still() -> None:
    patterns = with_gaps()
    model = fit(patterns, 2, seeds=[1, 2, 3])

    shares = np.zeros(2)
    answered, yes = np.zeros((4, 2)), np.zeros((4, 2))
    for answers, count in zip(patterns.codes.tolist(), patterns.counts.tolist(), strict=True):
        joint = np.array(joint_written_out(model, answers))
        weights = count * joint / joint.sum()
        shares += weights
        for at, level in enumerate(answers):
            answered[at] += weights * (level >= 0)
            yes[at] += weights * (level == 1)

    assert shares / patterns.customers == pytest.approx(model.shares, abs=1e-4)
    assert yes / answered == pytest.approx(chances(model).T, abs=1e-4)


@pytest.mark.parametrize("unasked", [0, 1], ids=["all asked", "half not asked the last question"])
def test_a_table_made_by_a_model_gives_the_model_back(unasked: int) -> None:
    shares, yes = (0.6, 0.4), ((0.9, 0.8, 0.7, 0.9), (0.2, 0.1, 0.3, 0.2))
    counts: Counter[str] = Counter()
    for answers in product((0, 1), repeat=4):
        by_class = zip(shares, yes, strict=True)
        probability = sum(
            share * prod(p if one else 1 - p for p, one in zip(ps, answers, strict=True)) for share, ps in by_class
        )
        text = "".join(map(str, answers))
        counts[text] += round(1e5 * probability)  # five decimals, so exact
        counts[text[:3] + "." if unasked else text] += round(1e5 * probability)

    model = fit(table(counts), 2, seeds=[1, 2, 3])

    assert model.customers == 200_000
    assert model.shares == pytest.approx(shares, abs=1e-4)
    assert chances(model) == pytest.approx(np.array(yes), abs=1e-4)


def test_whoever_answered_nothing_has_the_shares_as_posteriors() -> None:
    model = fitted("carcinoma", 3)

    assert posteriors(model, np.full((1, 7), -1))[0] == pytest.approx(model.shares)


def test_posteriors_are_bayes_theorem() -> None:
    model = fitted("values", 2)

    joint = joint_written_out(model, (0, 1, 1, 0))
    found = posteriors(model, np.array([[0, 1, 1, 0]]))[0]

    assert found.tolist() == pytest.approx([joint[0] / sum(joint), joint[1] / sum(joint)])


def test_more_classes_than_the_table_can_tell_are_refused() -> None:
    with pytest.raises(
        BadInputError, match=r"19 free parameters, and the answers of 216 .* to 4 items tell at most 15"
    ):
        fit(published("values"), 4, seeds=[1])


def test_more_classes_than_patterns_are_refused() -> None:
    assert too_many_classes(table({"0000000": 50, "1111111": 60}), 3) == "3 classes, but only 2 answer patterns"


def test_candidates_are_those_that_the_table_can_tell() -> None:
    found = candidates(published("values"), range(1, 6), seeds=[1], tolerance=1e-6)

    assert [one.k for one in found] == [1, 2, 3]
    likelihoods = [one.log_likelihood for one in found]
    assert likelihoods == sorted(likelihoods)
