from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import DataFrame, SparkSession

from segspark.config.sources import Identity
from segspark.ingest.identity import identifier_rows, identities, resolved, touched

Held = tuple[str, str, str]  # customer, identifier type, identifier
Key = tuple[str, date]  # source_customer_id, valid_from
Row = tuple[str, date | None, str]  # customer_id, valid_to, status

HELD = "source_customer_id string, identifier_type string, identifier string"
IDENTITIES = "source_customer_id string, customer_id string, valid_from date, valid_to date, status string"
DAYS = [date(2024, 6, day) for day in (1, 2, 2, 3)]  # two runs have the same as_of
FIRST, SECOND = DAYS[0], DAYS[1]


def cut(frame: DataFrame) -> DataFrame:
    return frame.localCheckpoint(eager=True)


@dataclass
class Lake:
    """The tables as plain values, and a run over them: what is touched, what changes, publish by key."""

    spark: SparkSession
    seen: Mapping[str, int]
    settings: Identity
    stored: list[Held] = field(default_factory=list)
    identities: dict[Key, Row] = field(default_factory=dict)

    def run(self, new: Iterable[Held], as_of: date, arrange: Callable[[DataFrame], DataFrame] = lambda x: x) -> int:
        """Number of rows written."""
        fresh = arrange(self.spark.createDataFrame(list(new), HELD))
        stored = arrange(self.spark.createDataFrame(self.stored, HELD))
        past = arrange(self.spark.createDataFrame(self.rows(), IDENTITIES))
        rows = touched(fresh, stored, past, self.settings, cut)
        moments = [
            (customer, datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=d)) for customer, d in self.seen.items()
        ]
        seen = arrange(self.spark.createDataFrame(moments, "source_customer_id string, first_seen timestamp"))
        changed = identities(rows, past, seen, as_of, self.settings, cut).collect()
        written = {
            (r["source_customer_id"], r["valid_from"]): (r["customer_id"], r["valid_to"], r["status"]) for r in changed
        }
        assert len(written) == len(changed), "two rows with one key"
        self.identities |= written
        self.stored = sorted({*self.stored, *new})
        return len(written)

    def rows(self) -> list[tuple[str, str, date, date | None, str]]:
        return [(s, c, start, end, status) for (s, start), (c, end, status) in self.identities.items()]

    def persons(self, customers: Iterable[str]) -> dict[str, str]:
        current = {s: c for s, c, _, end, _ in self.rows() if end is None}
        return {customer: current.get(customer, customer) for customer in customers}

    def of(self, scenario: str) -> dict[Key, Row]:
        return {key: row for key, row in self.identities.items() if key[0].startswith(scenario + "-")}


def pairs(scenario: str, customers: str) -> list[Held]:
    """A chain: neighbours share an identifier."""
    return [(f"{scenario}-{one}", "email", f"{scenario}-{a}{b}") for a, b in pairwise(customers) for one in (a, b)]


def shared(scenario: str, customers: str, kind: str = "card") -> list[Held]:
    return [(f"{scenario}-{one}", kind, scenario) for one in customers]


# What each run finds, several stories side by side in one job; more than 4 customers are too many.
RUNS: list[list[Held]] = [
    [
        *shared("oldest", "abc"),
        *shared("tie", "bac"),
        *pairs("through", "abc"),
        *shared("single", "a"),
        *shared("ignored", "ab", "wifi"),
        *shared("till", "abcde"),
        *pairs("till", "ab"),
        *pairs("large", "abcde"),
        *pairs("grown", "ab"),
        *shared("joined", "ab"),
        *shared("joined", "cd", "device"),
        *shared("stays", "bc"),
        *shared("freed", "abcde"),
        *pairs("sameday", "ab"),
        *shared("crowded", "abcd"),
    ],
    [
        *pairs("large", "ez"),
        *pairs("grown", "bcde"),
        *pairs("joined", "bd"),
        *pairs("stays", "ba"),
        *pairs("freed", "ab"),
        *shared("sameday", "cdefg", "till"),
        *shared("crowded", "e"),
    ],
    [*pairs("sameday", "bc"), *pairs("sameday", "dx")],
    [],
]
SEEN = {
    "oldest-a": 5, "oldest-b": 1, "oldest-c": 3,
    "tie-a": 2, "tie-b": 2, "tie-c": 2,
    "joined-a": 2, "joined-b": 1, "joined-c": 1, "joined-d": 0,
    "stays-a": 1, "stays-b": 3, "stays-c": 2,
    "freed-a": 2, "freed-b": 1,
    "sameday-a": 4, "sameday-b": 3, "sameday-c": 2, "sameday-d": 1, "sameday-x": 2,
}  # fmt: skip


@pytest.fixture(scope="module")
def states(spark: SparkSession) -> list[Lake]:
    """The tables after each run."""
    after = []
    lake = Lake(spark, SEEN, Identity(max_component=4, ignore=["wifi"]))
    for new, as_of in zip(RUNS, DAYS, strict=True):
        lake.run(new, as_of)
        after.append(Lake(spark, SEEN, lake.settings, lake.stored, dict(lake.identities)))
    return after


def test_customers_who_share_an_identifier_get_the_id_first_seen_earliest(states: list[Lake]) -> None:
    assert states[0].of("oldest") == {
        ("oldest-a", FIRST): ("oldest-b", None, "merged"),
        ("oldest-c", FIRST): ("oldest-b", None, "merged"),
    }


def test_of_ids_seen_at_the_same_time_the_smallest_stays(states: list[Lake]) -> None:
    assert states[0].persons(["tie-a", "tie-b", "tie-c"]) == dict.fromkeys(["tie-a", "tie-b", "tie-c"], "tie-a")


def test_customers_connected_through_another_are_one_person(states: list[Lake]) -> None:
    assert set(states[0].persons(["through-a", "through-b", "through-c"]).values()) == {"through-a"}


def test_a_customer_who_shares_nothing_has_no_row(states: list[Lake]) -> None:
    assert states[-1].of("single") == {}


def test_an_ignored_type_merges_nobody(states: list[Lake]) -> None:
    assert states[-1].of("ignored") == {}


def test_an_identifier_shared_by_too_many_merges_nobody_but_does_not_stop_honest_links(states: list[Lake]) -> None:
    assert states[0].of("till") == {
        ("till-b", FIRST): ("till-a", None, "merged"),
        ("till-c", FIRST): ("till-c", None, "suspicious"),
        ("till-d", FIRST): ("till-d", None, "suspicious"),
        ("till-e", FIRST): ("till-e", None, "suspicious"),
    }


def test_nobody_in_a_component_that_is_too_large_is_merged(states: list[Lake]) -> None:
    assert states[0].of("large") == {(f"large-{x}", FIRST): (f"large-{x}", None, "suspicious") for x in "abcde"}


def test_whoever_is_linked_to_a_suspicious_component_is_kept_apart_too(states: list[Lake]) -> None:
    assert states[1].of("large") == states[0].of("large") | {("large-z", SECOND): ("large-z", None, "suspicious")}


def test_what_was_merged_stays_so_when_its_component_becomes_too_large(states: list[Lake]) -> None:
    assert states[0].of("grown") == {("grown-b", FIRST): ("grown-a", None, "merged")}
    assert states[1].of("grown") == {
        ("grown-a", SECOND): ("grown-a", None, "suspicious"),
        ("grown-b", FIRST): ("grown-a", None, "suspicious"),
        ("grown-c", SECOND): ("grown-c", None, "suspicious"),
        ("grown-d", SECOND): ("grown-d", None, "suspicious"),
        ("grown-e", SECOND): ("grown-e", None, "suspicious"),
    }


def test_what_was_merged_stays_so_when_its_identifier_becomes_shared_by_too_many(states: list[Lake]) -> None:
    assert states[1].of("crowded") == {
        **{(f"crowded-{x}", FIRST): ("crowded-a", None, "merged") for x in "bcd"},
        ("crowded-e", SECOND): ("crowded-e", None, "suspicious"),
    }


def test_of_two_persons_that_are_joined_the_id_seen_earlier_stays(states: list[Lake]) -> None:
    # Persons b (seen on day 1, of a and b) and d (day 0, of c and d).
    assert states[1].of("joined") == {
        ("joined-a", FIRST): ("joined-b", SECOND, "merged"),
        ("joined-a", SECOND): ("joined-d", None, "merged"),
        ("joined-b", SECOND): ("joined-d", None, "merged"),
        ("joined-c", FIRST): ("joined-d", None, "merged"),
    }


def test_a_persons_id_stays_when_a_customer_seen_earlier_joins(states: list[Lake]) -> None:
    assert states[1].persons(["stays-a", "stays-b", "stays-c"]) == dict.fromkeys(
        ["stays-a", "stays-b", "stays-c"], "stays-c"
    )


def test_a_suspicious_customer_is_merged_once_an_honest_link_is_found(states: list[Lake]) -> None:
    assert states[1].of("freed") == {
        **{(f"freed-{x}", FIRST): (f"freed-{x}", None, "suspicious") for x in "cde"},
        ("freed-a", FIRST): ("freed-a", SECOND, "suspicious"),
        ("freed-a", SECOND): ("freed-b", None, "merged"),
        ("freed-b", FIRST): ("freed-b", SECOND, "suspicious"),
    }


def test_a_second_run_with_the_same_as_of_replaces_the_rows_of_the_first(states: list[Lake]) -> None:
    # a and b were one person (b, the elder) from the first day on; c to g became suspicious on the second.
    assert states[2].of("sameday") == {
        ("sameday-a", FIRST): ("sameday-b", None, "merged"),
        ("sameday-c", SECOND): ("sameday-b", None, "merged"),
        ("sameday-d", SECOND): ("sameday-d", SECOND, "suspicious"),
        ("sameday-x", SECOND): ("sameday-d", None, "merged"),
        **{(f"sameday-{x}", SECOND): (f"sameday-{x}", None, "suspicious") for x in "efg"},
    }


def test_a_run_with_nothing_new_changes_nothing(states: list[Lake]) -> None:
    assert states[3].identities == states[2].identities


def test_judging_everything_again_changes_nothing(states: list[Lake], spark: SparkSession) -> None:
    again = Lake(spark, SEEN, states[3].settings, states[3].stored, dict(states[3].identities))
    assert again.run(again.stored, date(2024, 6, 9)) == 0


def test_judging_everything_with_a_larger_limit_merges_what_was_kept_apart(
    states: list[Lake], spark: SparkSession
) -> None:
    later, everyone = date(2024, 6, 9), [f"large-{x}" for x in "abcdez"]
    again = Lake(spark, SEEN, Identity(max_component=9, ignore=["wifi"]), states[3].stored, dict(states[3].identities))
    again.run(again.stored, later)
    assert again.persons(everyone) == dict.fromkeys(everyone, "large-a")
    assert again.identities["large-a", FIRST] == ("large-a", later, "suspicious")


def test_neither_order_nor_partitions_have_a_say(states: list[Lake], spark: SparkSession) -> None:
    other = Lake(spark, SEEN, states[0].settings)
    for new, as_of in zip(RUNS[:2], DAYS, strict=False):
        other.run(new[::-1], as_of, lambda frame: frame.repartition(3))
    assert other.identities == states[1].identities


def root(parent: dict[str, str], node: str) -> str:
    while parent.setdefault(node, node) != node:
        node = parent[node]
    return node


def groups(held: Iterable[Held]) -> list[set[str]]:
    """Who is connected through shared identifiers, by union-find."""
    parent: dict[str, str] = {}
    holder: dict[tuple[str, str], str] = {}
    for customer, kind, identifier in held:
        first = holder.setdefault((kind, identifier), customer)
        parent[root(parent, customer)] = root(parent, first)
    found: dict[str, set[str]] = {}
    for node in list(parent):
        found.setdefault(root(parent, node), set()).add(node)
    return list(found.values())


def expected(held: list[Held], seen: Mapping[str, int], limit: int) -> dict[str, tuple[str, str]]:
    """The rule for one run over everything: customer to person and status; whoever is absent has no row."""
    held = sorted(set(held))
    holders = [key for _, *key in held]
    honest = [row for row, key in zip(held, holders, strict=True) if holders.count(key) <= limit]
    rows = {c: (c, "suspicious") for (c, *_), key in zip(held, holders, strict=True) if holders.count(key) > limit}
    for group in groups(honest):
        oldest = min(group, key=lambda one: (seen[one], one))
        if len(group) > limit:
            rows |= {one: (one, "suspicious") for one in group}
        elif len(group) > 1:
            rows |= dict.fromkeys(group, (oldest, "merged"))
            del rows[oldest]
    return rows


CUSTOMERS = "abcdefghij"
one_row = st.tuples(st.sampled_from(CUSTOMERS), st.sampled_from(["card", "email"]), st.sampled_from("123456"))
one_world = st.lists(
    st.tuples(one_row, st.integers(0, 2)), min_size=6, max_size=16
)  # identifiers, each with the run that finds it
some_worlds = st.lists(one_world, min_size=25, max_size=40)
ages = st.fixed_dictionaries({customer: st.integers(0, 4) for customer in CUSTOMERS})
few = settings(  # the first example is the plainest one: the same row everywhere
    max_examples=2,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)

Worlds = list[list[tuple[Held, int]]]


def in_run(worlds: Worlds, runs: Iterable[int]) -> list[Held]:
    """What the runs find, in all worlds side by side: names begin with the world's number."""
    rows = [(world, held) for world, found in enumerate(worlds) for held, run in found if run in runs]
    return sorted({(f"{w:02d}{customer}", kind, f"{w:02d}{i}") for w, (customer, kind, i) in rows})


def side_by_side(seen: Mapping[str, int]) -> dict[str, int]:
    return {f"{world:02d}{customer}": day for world in range(40) for customer, day in seen.items()}


def partition(persons: Mapping[str, str]) -> set[frozenset[str]]:
    members: dict[str, set[str]] = {}
    for customer, person in persons.items():
        members.setdefault(person, set()).add(customer)
    return {frozenset(each) for each in members.values()}


@pytest.mark.slow
@given(worlds=some_worlds, seen=ages)
@few
def test_the_persons_are_those_of_union_find_however_identifiers_are_split_into_runs(
    spark: SparkSession, worlds: Worlds, seen: dict[str, int]
) -> None:
    lake = Lake(spark, side_by_side(seen), Identity(max_component=len(CUSTOMERS)))
    for run, as_of in enumerate((date(2024, 6, 1), date(2024, 6, 2), date(2024, 6, 3))):
        lake.run(in_run(worlds, [run]), as_of)
    everything = in_run(worlds, range(3))
    found = partition(lake.persons({customer for customer, *_ in everything}))
    assert found == {frozenset(group) for group in groups(everything)}


@pytest.mark.slow
@given(worlds=some_worlds, seen=ages)
@few
def test_one_run_over_everything_obeys_the_rule(spark: SparkSession, worlds: Worlds, seen: dict[str, int]) -> None:
    lake = Lake(spark, side_by_side(seen), Identity(max_component=3))
    everything = in_run(worlds, range(3))
    lake.run(everything, date(2024, 6, 1))
    found = {source: (customer, status) for source, customer, _, _, status in lake.rows()}
    assert found == expected(everything, lake.seen, 3)


@pytest.mark.slow
@given(worlds=some_worlds, seen=ages)
@few
def test_merges_are_never_undone_and_no_person_is_too_large(
    spark: SparkSession, worlds: Worlds, seen: dict[str, int]
) -> None:
    lake = Lake(spark, side_by_side(seen), Identity(max_component=3))
    before: set[frozenset[str]] = set()
    for run, as_of in enumerate((date(2024, 6, 1), date(2024, 6, 2), date(2024, 6, 2))):
        lake.run(in_run(worlds, [run]), as_of)
        after = partition(lake.persons(lake.seen))
        assert max(map(len, after)) <= 3
        assert all(any(old <= new for new in after) for old in before)
        before = after


def chosen(spark: SparkSession, new: list[Held], stored: list[Held], past: list[tuple[str, str]]) -> list[Held]:
    rows = [(source, customer, FIRST, None, "suspicious") for source, customer in past]
    found = touched(
        spark.createDataFrame(new, HELD),
        spark.createDataFrame(stored, HELD),
        spark.createDataFrame(rows, IDENTITIES),
        Identity(max_component=3),
        cut,
    )
    return sorted(tuple(row) for row in found.collect())


def test_only_stored_rows_with_an_identifier_of_the_new_ones_are_touched(spark: SparkSession) -> None:
    stored = [("a", "card", "1"), ("a", "email", "2"), ("b", "card", "3")]
    assert chosen(spark, [("c", "card", "1")], stored, []) == [("a", "card", "1"), ("c", "card", "1")]


def test_of_an_identifier_shared_by_too_many_only_a_few_rows_are_touched(spark: SparkSession) -> None:
    stored = [(f"{i:02d}", "till", "1") for i in range(20)]
    rows = chosen(spark, [("new", "till", "1")], stored, [])
    assert rows == [*stored[:4], ("new", "till", "1")]  # 4 are enough to be more than 3


def test_all_of_a_suspicious_component_is_touched_and_none_of_another(spark: SparkSession) -> None:
    one, other = pairs("one", "abcd"), pairs("other", "abcd")
    past = [(customer, customer) for customer in {row[0] for row in one + other}]
    new = [("new", "email", "one-ab")]
    assert chosen(spark, new, one + other, past) == sorted(one + new)


def test_of_a_long_suspicious_chain_no_more_is_touched_than_shows_that_it_is_too_large(spark: SparkSession) -> None:
    # Three steps from a and b: to c, to d, to e; that is more than 3 customers.
    stored, new = pairs("x", "abcdefgh"), [("new", "email", "x-ab")]
    past = [(customer, customer) for customer in {row[0] for row in stored}]
    assert chosen(spark, new, stored, past) == sorted(pairs("x", "abcde") + new)


def test_a_suspicious_component_is_followed_through_the_ids_of_one_person(spark: SparkSession) -> None:
    # b is a's, and only b's identifier leads on.
    stored = [("a", "card", "1"), ("b", "card", "2"), ("c", "card", "2"), *pairs("x", "ab")]
    past = [("a", "a"), ("b", "a"), ("c", "c")]
    assert chosen(spark, [("a", "email", "9")], stored, past) == sorted([("a", "email", "9"), *stored[:3]])


def test_resolved_rows_have_the_persons_id_and_keep_the_sources(spark: SparkSession) -> None:
    past = [
        ("merged", "person", FIRST, None, "merged"),
        ("moved", "old", FIRST, SECOND, "merged"),
        ("moved", "new", SECOND, None, "merged"),
        ("left", "person", FIRST, SECOND, "merged"),
        ("suspicious", "suspicious", FIRST, None, "suspicious"),
        ("doubtful", "person", FIRST, None, "suspicious"),
    ]
    given_ids = ["merged", "moved", "left", "suspicious", "doubtful", "person", None]
    rows = spark.createDataFrame(
        [(one, one, 1) for one in given_ids], "customer_id string, source_customer_id string, x int"
    )
    found = resolved(rows, spark.createDataFrame(past, IDENTITIES))
    assert found.columns == ["customer_id", "source_customer_id", "x"]
    assert {row["source_customer_id"]: row["customer_id"] for row in found.collect()} == {
        "merged": "person",
        "moved": "new",
        "left": "left",
        "suspicious": "suspicious",
        "doubtful": "person",
        "person": "person",
        None: None,
    }


def test_identifiers_are_trimmed_and_dated_by_their_earliest_row_and_blank_ones_dropped(spark: SparkSession) -> None:
    def at(day: int) -> datetime:
        return datetime(2024, 5, day)  # noqa: DTZ001 (as Spark collects the session's UTC)

    rows = spark.createDataFrame(
        [
            ("a", {"card": " 7\u00a0", "email_hash": "AbC"}, at(3)),
            ("a", {"card": "7", "device": " ", "crm_id": None, " ": "8"}, at(2)),
            ("b", {"card": "7"}, at(4)),
            ("c", None, at(1)),
            (None, {"card": "7"}, at(1)),
        ],
        "customer_id string, identifiers map<string,string>, seen timestamp",
    )
    found = identifier_rows(rows, "seen")
    assert found.columns == ["source_customer_id", "identifier_type", "identifier", "first_seen"]
    assert sorted(tuple(row) for row in found.collect()) == [
        ("a", "card", "7", at(2)),
        ("a", "email_hash", "AbC", at(3)),
        ("b", "card", "7", at(4)),
    ]
