"""Which feature sets a training compares, and what is refused or left out of them."""

from __future__ import annotations

import io
from datetime import date

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from segspark.config.model import Config
from segspark.errors import BadInputError
from segspark.progress import Reporter
from segspark.steps.context import Context
from segspark.steps.planning import plan

INPUTS = ["frequency", "recency_days", "tenure_days"]


@pytest.fixture(scope="module")
def sample(spark):
    """Recency and tenure say the same; nobody ever used a coupon."""
    random = np.random.default_rng(1)
    days = random.permutation(60).astype(float)
    table = pd.DataFrame(
        {
            "customer_id": [f"c{one}" for one in range(60)],
            "frequency": random.normal(10, 2, 60),
            "recency_days": days,
            "tenure_days": days * 2 + 1,
            "monetary_value": random.normal(100, 9, 60),
            "average_order_value": 5.0,
        }
    )
    return spark.createDataFrame(table).coalesce(1)


def planned(sample, sets, components=None, inputs=INPUTS):
    out = io.StringIO()
    config = Config.model_validate(
        {
            "workspace": {"root": "nowhere"},
            "sources": {"events": [{"name": "log", "path": "log", "columns": {}}]},
            "clustering": {"inputs": inputs},
            "search": {"feature_sets": sets, "components": components},
        }
    )
    views = plan(Context(config, date(2026, 1, 1), Reporter(Console(file=out, width=400))), sample)
    return {view.name: view.features for view in views}, out.getvalue()


def test_without_feature_sets_there_are_all_inputs_alone(sample):
    assert planned(sample, {})[0] == {"all": ["frequency", "recency_days"]}


def test_a_feature_set_may_have_features_that_are_no_input_else(sample):
    found, _ = planned(sample, {"money": ["monetary_value", "frequency"]})
    assert found == {"all": ["frequency", "recency_days"], "money": ["monetary_value", "frequency"]}


def test_what_repeats_another_input_is_left_out_only_where_that_is_in_the_same_set(sample):
    found, said = planned(sample, {"long": ["tenure_days", "frequency"]})
    assert found["long"] == ["tenure_days", "frequency"]
    assert said.count("goes with recency_days") == 1


def test_each_set_is_followed_by_its_components(sample):
    found, said = planned(sample, {"money": ["monetary_value", "frequency"]}, components=1)
    assert list(found) == ["all", "all, 1 component", "money", "money, 1 component"]
    assert "money, 1 component: " in said
    assert "% of the variance of 2 coordinates" in said


def test_a_set_is_not_rotated_to_as_many_components_as_it_has_coordinates(sample):
    found, said = planned(sample, {}, components=2)
    assert list(found) == ["all"]
    assert "all is not rotated: all its 2 components would change no distance" in said


def test_features_that_are_none_are_named_with_their_path(sample):
    with pytest.raises(BadInputError) as caught:
        planned(sample, {"a": ["frequency", "zeal"], "b": ["thrift"]}, inputs=[*INPUTS, "ardour"])
    assert [problem.split(" is not a feature; there are recency_days, ")[0] for problem in caught.value.problems] == [
        "clustering.inputs: ardour",
        "search.feature_sets.a: zeal",
        "search.feature_sets.b: thrift",
    ]


def test_a_set_that_is_all_inputs_is_refused(sample):
    with pytest.raises(BadInputError, match=r"search\.feature_sets\.again: these are the inputs of the clustering"):
        planned(sample, {"again": INPUTS[::-1]})


def test_a_set_of_which_the_same_is_left_as_of_another_is_left_out_aloud(sample):
    found, said = planned(sample, {"less": ["frequency", "recency_days"]})
    assert list(found) == ["all"]
    assert "less is left out: it has the same inputs as all" in said


def test_a_feature_of_a_set_that_does_not_vary_is_refused(sample):
    with pytest.raises(BadInputError, match=r"search\.feature_sets\.b: average_order_value is 5 for every customer"):
        planned(sample, {"b": ["average_order_value", "frequency"]})
