"""Configuration files: overlays, overrides, paths, secrets, and problems told all at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segspark.config import load_config
from segspark.config.load import config_hash, merge, reveal
from segspark.errors import BadInputError

SOURCES = """
sources:
  events:
    - name: purchases
      path: data/events.parquet
      columns: {event_id: id, customer_id: c, event_ts: t, event_type: "'purchase'"}
"""
MINIMAL = "workspace: {root: lake}\n" + SOURCES


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def problems_of(path: Path, overrides: list[str] | None = None) -> tuple[str, ...]:
    with pytest.raises(BadInputError) as caught:
        load_config(path, overrides or [])
    return caught.value.problems


def test_an_overlay_merges_maps_and_keeps_what_it_does_not_name(tmp_path):
    write(tmp_path / "base.yaml", MINIMAL + "clustering: {seed: 7, k: {min: 2, max: 9}}\n")
    config = load_config(write(tmp_path / "top.yaml", "extends: base.yaml\nclustering: {k: {max: 5}}\n"))
    assert (config.clustering.seed, config.clustering.k.min, config.clustering.k.max) == (7, 2, 5)


def test_an_overlay_replaces_lists(tmp_path):
    write(tmp_path / "base.yaml", MINIMAL + "clustering: {algorithms: [kmeans, gmm]}\n")
    config = load_config(write(tmp_path / "top.yaml", "extends: base.yaml\nclustering: {algorithms: [bisecting]}\n"))
    assert config.clustering.algorithms == ["bisecting"]


def test_overlays_may_extend_overlays(tmp_path):
    write(tmp_path / "a.yaml", MINIMAL + "clustering: {seed: 1}\nmoney: {currency: EUR}\n")
    write(tmp_path / "b.yaml", "extends: a.yaml\nclustering: {seed: 2}\n")
    config = load_config(write(tmp_path / "c.yaml", "extends: b.yaml\nclustering: {sample_rows: 300}\n"))
    assert (config.clustering.seed, config.clustering.sample_rows, config.money.currency) == (2, 300, "EUR")


def test_an_override_wins_over_every_file(tmp_path):
    path = write(tmp_path / "c.yaml", MINIMAL + "clustering: {seed: 7}\n")
    config = load_config(path, ["clustering.seed=8", "clustering.algorithms=[gmm]", "clustering.seed=9"])
    assert (config.clustering.seed, config.clustering.algorithms) == (9, ["gmm"])


@pytest.mark.parametrize("override", ["clustering.seed", "=1", "clustering..seed=1", ".seed=1"])
def test_an_override_without_key_or_value_is_told_the_right_form(tmp_path, override):
    (problem,) = problems_of(write(tmp_path / "c.yaml", MINIMAL), [override])
    assert problem.startswith(f"--set {override}: expected section.key=value")


def test_an_override_that_is_not_yaml_is_refused(tmp_path):
    (problem,) = problems_of(write(tmp_path / "c.yaml", MINIMAL), ["clustering.algorithms=[kmeans"])
    assert problem.startswith("--set clustering.algorithms=[kmeans: the value is not valid YAML")


def test_a_section_overridden_by_a_plain_value_is_reported(tmp_path):
    problems = problems_of(write(tmp_path / "c.yaml", MINIMAL), ["clustering=3"])
    assert [problem.split(": ")[1] for problem in problems] == ["clustering"]


def test_relative_paths_are_relative_to_the_file_that_names_them(tmp_path):
    write(
        tmp_path / "shared" / "base.yaml",
        MINIMAL + "report: {path: out/page.html}\ntracking: {uri: sqlite:///ml/flow.db, artifacts: ml/artifacts}\n"
        "spark: {jars_folder: jars}\n",
    )
    config = load_config(write(tmp_path / "mine" / "top.yaml", "extends: ../shared/base.yaml\n"))
    shared = tmp_path / "shared"
    assert [
        config.workspace.root,
        config.sources.events[0].path,
        config.report.path,
        config.tracking.uri,
        config.tracking.artifacts,
        config.spark.jars_folder,
    ] == [
        f"{shared}/lake",
        f"{shared}/data/events.parquet",
        f"{shared}/out/page.html",
        f"sqlite:///{shared}/ml/flow.db",
        f"{shared}/ml/artifacts",
        f"{shared}/jars",
    ]


def test_a_path_that_an_overlay_replaces_is_relative_to_the_overlay(tmp_path):
    write(tmp_path / "shared" / "base.yaml", MINIMAL)
    config = load_config(
        write(tmp_path / "mine" / "top.yaml", "extends: ../shared/base.yaml\nworkspace: {root: lake}\n")
    )
    assert config.workspace.root == str(tmp_path / "mine" / "lake")


def test_a_join_s_path_is_relative_to_the_file_that_names_it(tmp_path):
    text = MINIMAL.replace("path: data/events.parquet", "path: e\n      joins: [{path: p, keys: [id], columns: [x]}]")
    config = load_config(write(tmp_path / "conf" / "c.yaml", text))
    assert config.sources.events[0].joins[0].path == str(tmp_path / "conf" / "p")


def test_an_override_s_relative_path_is_relative_to_the_current_folder(tmp_path, monkeypatch):
    path = write(tmp_path / "conf" / "c.yaml", MINIMAL)
    monkeypatch.chdir(tmp_path)
    assert load_config(path, ["workspace.root=here"]).workspace.root == str(tmp_path / "here")


@pytest.mark.parametrize("place", ["/data/x.parquet", "s3a://bucket/x", "dbfs:/x", "${ENV:DATA}/x"])
def test_paths_that_are_not_relative_stay_as_they_are(tmp_path, place):
    text = MINIMAL.replace("data/events.parquet", place)
    assert load_config(write(tmp_path / "c.yaml", text)).sources.events[0].path == place


def test_a_tracking_server_s_address_stays_as_it_is(tmp_path):
    config = load_config(write(tmp_path / "c.yaml", MINIMAL + "tracking: {uri: 'https://mlflow.example/x'}\n"))
    assert config.tracking.uri == "https://mlflow.example/x"


def test_an_absolute_sqlite_store_stays_as_it_is(tmp_path):
    config = load_config(write(tmp_path / "c.yaml", MINIMAL + "tracking: {uri: 'sqlite:////srv/ml.db'}\n"))
    assert config.tracking.uri == "sqlite:////srv/ml.db"


def test_an_unknown_key_is_refused_with_a_suggestion(tmp_path):
    (problem,) = problems_of(write(tmp_path / "c.yaml", MINIMAL + "clustering: {max_iteration: 3}\n"))
    assert problem.endswith("clustering.max_iteration: unknown key; did you mean 'max_iterations'?")


def test_an_unknown_key_like_no_other_is_refused_with_the_known_ones(tmp_path):
    (problem,) = problems_of(write(tmp_path / "c.yaml", MINIMAL + "time: {zzz: 3}\n"))
    assert problem.endswith(
        "time.zzz: unknown key; known keys here: business_timezone, input_timezone, earliest, latest"
    )


def test_an_unknown_key_of_a_source_is_suggested_from_a_source_s_keys(tmp_path):
    text = MINIMAL.replace("path: data", "input_timezones: UTC\n      path: data")
    (problem,) = problems_of(write(tmp_path / "c.yaml", text))
    assert problem.endswith("sources.events.0.input_timezones: unknown key; did you mean 'input_timezone'?")


def test_a_mistyped_key_inside_a_join_is_suggested_from_a_join_s_keys(tmp_path):
    text = MINIMAL.replace("path: data", "joins: [{path: p, keyz: [id], keys: [id], columns: [x]}]\n      path: data")
    (problem,) = problems_of(write(tmp_path / "c.yaml", text))
    assert problem.endswith("sources.events.0.joins.0.keyz: unknown key; did you mean 'keys'?")


def test_every_problem_is_reported_at_once_with_its_path(tmp_path):
    text = (
        "workspace: {root: lake}\ntime: {business_timezone: Mars}\nmoney: {currency: dollar}\n"
        "clustering: {k: {min: 5, max: 3}, sead: 1}\nsources: {events: []}\n"
    )
    problems = problems_of(write(tmp_path / "c.yaml", text))
    places = {problem.split(": ")[1] for problem in problems}
    assert places == {
        "time.business_timezone",
        "money.currency",
        "clustering.k",
        "clustering.sead",
        "sources.events",
    }


def test_a_missing_section_is_named(tmp_path):
    problems = problems_of(write(tmp_path / "c.yaml", "time: {business_timezone: UTC}\n"))
    assert sorted(problem.split(": ", 1)[1] for problem in problems) == [
        "sources: missing; it must be given",
        "workspace: missing; it must be given",
    ]


def test_a_smallest_k_above_the_largest_is_refused(tmp_path):
    (problem,) = problems_of(write(tmp_path / "c.yaml", MINIMAL + "clustering: {k: {min: 6, max: 4}}\n"))
    assert problem.endswith("clustering.k: min 6 is above max 4")


def test_one_cluster_is_not_a_clustering(tmp_path):
    (problem,) = problems_of(write(tmp_path / "c.yaml", MINIMAL + "clustering: {k: {min: 1, max: 4}}\n"))
    assert "clustering.k.min: " in problem


def test_winsorising_quantiles_in_the_wrong_order_are_refused(tmp_path):
    problems = problems_of(write(tmp_path / "c.yaml", MINIMAL + "clustering: {winsorise: [0.99, 0.01]}\n"))
    assert len(problems) == 1
    assert "clustering.winsorise" in problems[0]


def test_iterations_given_for_one_algorithm_leave_the_others_at_their_default(tmp_path):
    config = load_config(write(tmp_path / "c.yaml", MINIMAL + "clustering: {max_iterations: {kmeans: 100}}\n"))
    assert config.clustering.max_iterations == {"kmeans": 100, "bisecting": 20, "gmm": 50, "lca": 2000}


def test_the_same_window_given_twice_is_refused(tmp_path):
    problems = problems_of(write(tmp_path / "c.yaml", MINIMAL + "features: {windows_days: [30, 30]}\n"))
    assert len(problems) == 1  # its columns would stand twice in customer_features
    assert "features.windows_days" in problems[0]


@pytest.mark.parametrize(
    "workspace",
    ["{root: lake, catalog: main, schema: s}", "{catalog: main}", "{schema: s}", "{}", "{root: lake, schema: s}"],
)
def test_a_workspace_is_either_a_folder_or_a_schema_of_a_catalog(tmp_path, workspace):
    (problem,) = problems_of(write(tmp_path / "c.yaml", f"workspace: {workspace}\n{SOURCES}"))
    assert problem.endswith("workspace: give either root, or both catalog and schema")


def test_embeddings_have_no_more_components_than_their_vectors_have_numbers(tmp_path):
    text = MINIMAL + "features: {embeddings: {components: 9, vector_size: 8}}\n"
    (problem,) = problems_of(write(tmp_path / "c.yaml", text))
    assert problem.endswith("features.embeddings: components 9 is above vector_size 8")


def test_a_workspace_may_be_a_schema_of_a_catalog(tmp_path):
    config = load_config(write(tmp_path / "c.yaml", "workspace: {catalog: main, schema: seg}\n" + SOURCES))
    assert (config.workspace.root, config.workspace.catalog, config.workspace.schema_) == (None, "main", "seg")


def test_two_sources_of_one_name_are_refused(tmp_path):
    again = SOURCES + "  customers:\n    - {name: purchases, path: x, columns: {customer_id: id}}\n"
    (problem,) = problems_of(write(tmp_path / "c.yaml", "workspace: {root: lake}\n" + again))
    assert "given more than once: purchases" in problem


def test_a_key_given_twice_is_refused_with_its_line(tmp_path):
    path = write(tmp_path / "c.yaml", "time: {}\nclustering:\n  seed: 1\n  seed: 2\n" + MINIMAL)
    (problem,) = problems_of(path)
    assert problem == f"{path}, line 3: key 'seed' given twice"


def test_files_that_extend_each_other_in_a_circle_are_refused(tmp_path):
    write(tmp_path / "a.yaml", "extends: b.yaml\n")
    (problem,) = problems_of(write(tmp_path / "b.yaml", "extends: a.yaml\n"))
    assert "extends itself" in problem
    assert "a.yaml" in problem


@pytest.mark.parametrize(
    ("text", "found"),
    [("a: [1", "not valid YAML"), ("- a\n- b\n", "expected sections"), ("just words", "expected sections")],
)
def test_a_file_that_is_no_configuration_is_named(tmp_path, text, found):
    path = write(tmp_path / "c.yaml", text)
    (problem,) = problems_of(path)
    assert problem.startswith(f"{path}: {found}")


def test_a_file_that_is_not_utf8_is_named(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_bytes(b"workspace: \xff\xfe\n")
    (problem,) = problems_of(path)
    assert problem.startswith(f"{path}: not valid YAML")


def test_a_missing_file_is_named(tmp_path):
    (problem,) = problems_of(tmp_path / "none.yaml")
    assert problem == f"{tmp_path / 'none.yaml'}: no such configuration file; give one with --config"


def test_a_missing_file_that_another_extends_is_named(tmp_path):
    (problem,) = problems_of(write(tmp_path / "c.yaml", "extends: none.yaml\n"))
    assert str(tmp_path / "none.yaml") in problem


def test_an_empty_file_misses_its_sections(tmp_path):
    assert len(problems_of(write(tmp_path / "c.yaml", ""))) == 2  # workspace and sources have no default


def with_token(tmp_path: Path) -> Path:
    return write(tmp_path / "c.yaml", MINIMAL.replace("path:", "options: {token: '${ENV:TOKEN_T}'}\n      path:"))


def test_a_secret_is_not_revealed_by_reading_the_configuration(tmp_path, monkeypatch):
    monkeypatch.setenv("TOKEN_T", "hush")
    config = load_config(with_token(tmp_path))
    assert "hush" not in str(config.model_dump()) + config.model_dump_json() + repr(config)


def test_a_secret_does_not_change_the_configuration_s_hash(tmp_path, monkeypatch):
    path = with_token(tmp_path)
    monkeypatch.setenv("TOKEN_T", "one")
    before = config_hash(load_config(path), ["sources"])
    monkeypatch.setenv("TOKEN_T", "two")
    assert config_hash(load_config(path), ["sources"]) == before


def test_a_secret_is_revealed_when_it_is_asked_for(monkeypatch):
    monkeypatch.setenv("TOKEN_T", "hush")
    monkeypatch.setenv("OTHER_T", "${ENV:TOKEN_T}")
    assert reveal("a ${ENV:TOKEN_T} b ${ENV:OTHER_T}") == "a hush b ${ENV:TOKEN_T}"


def test_a_secret_that_is_not_set_is_named_when_it_is_asked_for(monkeypatch):
    monkeypatch.delenv("TOKEN_T", raising=False)
    with pytest.raises(BadInputError, match="TOKEN_T is not set; export it first"):
        reveal("${ENV:TOKEN_T}")


def test_reading_a_configuration_does_not_need_its_secrets(tmp_path, monkeypatch):
    monkeypatch.delenv("TOKEN_T", raising=False)
    assert load_config(with_token(tmp_path)).sources.events[0].options == {"token": "${ENV:TOKEN_T}"}


def test_the_hash_covers_the_sections_asked_for_and_no_others(tmp_path):
    path = write(tmp_path / "c.yaml", MINIMAL)
    plain, titled = load_config(path), load_config(path, ["report.title=Other"])
    assert config_hash(plain, ["clustering"]) == config_hash(titled, ["clustering"])
    assert config_hash(plain, ["report"]) != config_hash(titled, ["report"])


@pytest.mark.parametrize(
    ("search", "said"),
    [
        ("{feature_sets: {all: [frequency]}}", "search.feature_sets: 'all' is the set of clustering.inputs"),
        ("{feature_sets: {a: [x, y], b: [y, x]}}", "search.feature_sets: b has the same features as a"),
        ("{feature_sets: {a: [x, x]}}", "search.feature_sets: a names a feature twice"),
        ("{feature_sets: {a: []}}", "search.feature_sets.a: List should have at least 1 item"),
        ("{components: 2.5}", "search.components: give a whole number of components, or a share below 1"),
        ("{components: 0}", "search.components: Input should be greater than 0"),
    ],
)
def test_feature_sets_and_components_that_say_nothing_new_are_refused(tmp_path, search, said):
    (problem,) = problems_of(write(tmp_path / "c.yaml", MINIMAL + f"search: {search}\n"))
    assert said in problem


def test_components_are_a_number_or_a_share(tmp_path):
    path = write(tmp_path / "c.yaml", MINIMAL)
    assert [load_config(path, [f"search.components={n}"]).search.components for n in ("3", "0.9", "null")] == [
        3,
        0.9,
        None,
    ]


def test_the_configurations_of_the_repository_are_valid():
    conf = Path(__file__).resolve().parents[3] / "conf"
    assert load_config(conf / "demo.yaml").time.business_timezone == "America/New_York"


trees = st.recursive(
    st.integers() | st.lists(st.integers(), max_size=2),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
maps = st.dictionaries(st.sampled_from("abc"), trees, max_size=3)


@settings(deadline=None, derandomize=True)
@given(maps, maps, maps)
def test_merging_is_associative_where_types_agree_with_their_place(a, b, c):
    # Laying c over (b over a) and (c over b) over a differ only where a plain value meets a map.
    if _same_shape(a, b) and _same_shape(b, c) and _same_shape(a, c):
        assert merge(merge(a, b), c) == merge(a, merge(b, c))


@settings(deadline=None, derandomize=True)
@given(maps, maps)
def test_merging_leaves_its_arguments_alone_and_the_overlay_wins(a, b):
    before = (repr(a), repr(b))
    merged = merge(a, b)
    assert (repr(a), repr(b)) == before
    assert set(merged) == set(a) | set(b)
    assert merge(merged, b) == merged


def _same_shape(a, b):
    if isinstance(a, dict) != isinstance(b, dict):
        return False
    return not isinstance(a, dict) or all(_same_shape(a[key], b[key]) for key in a.keys() & b.keys())
