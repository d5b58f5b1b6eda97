from collections.abc import Iterable
from itertools import combinations, pairwise

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import DataFrame, SparkSession

from segspark.ingest.components import connected_components, links

Edge = tuple[str | None, str | None]

CHAIN = [f"chain-{i:04d}" for i in range(1000)]
MIXED = [f"mixed-{i * 7919 % 1000:04d}" for i in range(1000)]  # 7919 and 1000 have no common factor: every name once
GRAPHS: list[Edge] = [
    *pairwise(CHAIN),
    *pairwise(MIXED),
    *[("star-5", f"star-{i}") for i in range(1, 10) if i != 5],
    *combinations([f"clique-{i}" for i in range(12)], 2),
    *[(f"hub-{i:04d}", "hub-z") for i in range(1500)],
    ("loop-a", "loop-a"),
    ("looped-b", "looped-a"),
    ("looped-b", "looped-b"),
    ("twice-b", "twice-a"),
    ("twice-a", "twice-b"),
    ("twice-b", "twice-a"),
    ("null-a", None),
    (None, "null-b"),
    ("upper-b", "upper-B"),
    ("upper-B", "upper-é"),
]


class Counted:
    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, frame: DataFrame) -> DataFrame:
        self.calls += 1
        return frame.localCheckpoint(eager=True)


def union_find(edges: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Each node's smallest connected node."""
    parent: dict[str, str] = {}

    def root(node: str) -> str:
        parent.setdefault(node, node)
        while parent[node] != node:
            node = parent[node]
        return node

    for a, b in edges:
        first, second = sorted((root(a), root(b)))
        parent[second] = first
    return {node: root(node) for node in parent}


def components(spark: SparkSession, edges: Iterable[Edge], checkpoint: Counted | None = None) -> dict[str, str]:
    frame = spark.createDataFrame(list(edges), "a string, b string")
    rows = connected_components(frame, checkpoint or Counted()).collect()
    assert len({row["node"] for row in rows}) == len(rows)
    return {row["node"]: row["component"] for row in rows}


@pytest.fixture(scope="module")
def rounds() -> Counted:
    return Counted()


@pytest.fixture(scope="module")
def found(spark: SparkSession, rounds: Counted) -> dict[str, str]:
    return components(spark, GRAPHS, rounds)


def of(found: dict[str, str], name: str) -> dict[str, str]:
    return {node: component for node, component in found.items() if node.startswith(name + "-")}


def test_a_chain_of_a_thousand_is_one_component(found: dict[str, str]) -> None:
    assert of(found, "chain") == dict.fromkeys(CHAIN, "chain-0000")


def test_a_chain_in_mixed_order_is_one_component(found: dict[str, str]) -> None:
    assert of(found, "mixed") == dict.fromkeys(MIXED, "mixed-0000")


def test_a_chain_of_a_thousand_takes_about_as_many_rounds_as_its_length_halves(
    found: dict[str, str], rounds: Counted
) -> None:
    assert rounds.calls <= 12  # log2(1000) = 10, the first call before the rounds and one round to see the end


def test_a_star_around_a_middle_node_gets_its_smallest_leaf(found: dict[str, str]) -> None:
    assert of(found, "star") == {f"star-{i}": "star-1" for i in range(1, 10)}


def test_a_clique_is_one_component(found: dict[str, str]) -> None:
    assert of(found, "clique") == {f"clique-{i}": "clique-0" for i in range(12)}


def test_a_hub_with_many_neighbours_is_one_component(found: dict[str, str]) -> None:
    hub = of(found, "hub")
    assert len(hub) == 1501
    assert set(hub.values()) == {"hub-0000"}


def test_a_node_with_only_a_loop_is_a_component_of_its_own(found: dict[str, str]) -> None:
    assert of(found, "loop") == {"loop-a": "loop-a"}


def test_a_loop_does_not_cut_a_node_off(found: dict[str, str]) -> None:
    assert of(found, "looped") == {"looped-a": "looped-a", "looped-b": "looped-a"}


def test_edges_given_several_times_and_in_both_directions_count_once(found: dict[str, str]) -> None:
    assert of(found, "twice") == {"twice-a": "twice-a", "twice-b": "twice-a"}


def test_an_edge_with_a_null_is_left_out(found: dict[str, str]) -> None:
    assert of(found, "null") == {}


def test_the_smallest_node_is_so_by_its_bytes(found: dict[str, str]) -> None:
    assert of(found, "upper") == {"upper-b": "upper-B", "upper-B": "upper-B", "upper-é": "upper-B"}


def test_no_edges_give_no_nodes(spark: SparkSession) -> None:
    assert components(spark, []) == {}


small_graphs = st.lists(st.tuples(st.sampled_from("abcdefghij"), st.sampled_from("abcdefghij")), max_size=14)


@given(graphs=st.lists(small_graphs, min_size=30, max_size=60))
@settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_random_graphs_have_the_components_that_union_find_gives(
    spark: SparkSession, graphs: list[list[tuple[str, str]]]
) -> None:
    edges = [(f"{i:02d}{a}", f"{i:02d}{b}") for i, graph in enumerate(graphs) for a, b in graph]
    assert components(spark, edges) == union_find(edges)


def linked(spark: SparkSession, rows: list[tuple[str | None, ...]], ignore: list[str]) -> list[tuple[str, str]]:
    frame = spark.createDataFrame(rows, "source_customer_id string, identifier_type string, identifier string")
    return sorted((row["a"], row["b"]) for row in links(frame, ignore).collect())


def test_customers_with_one_identifier_are_linked_as_a_star(spark: SparkSession) -> None:
    rows = [(customer, "card", "1") for customer in "dbac"]
    assert linked(spark, rows, []) == [("a", "b"), ("a", "c"), ("a", "d")]


def test_equal_identifiers_of_different_types_link_nobody(spark: SparkSession) -> None:
    assert linked(spark, [("a", "card", "1"), ("b", "device", "1")], []) == []


def test_null_and_blank_identifiers_ignored_types_and_unknown_customers_link_nobody(spark: SparkSession) -> None:
    unusable = [
        *[("a", "card", None), ("b", "card", None)],
        *[("a", "email_hash", ""), ("b", "email_hash", "")],
        *[("a", "device", " \t\u00a0"), ("b", "device", " \t\u00a0")],
        *[("a", None, "1"), ("b", None, "1")],
        *[("a", "till", "1"), ("b", "till", "1")],
        *[(None, "crm_id", "1"), ("b", "crm_id", "1")],
    ]
    assert linked(spark, unusable, ["till"]) == []
