"""Whom to cluster, for what, by which inputs and algorithms, and when a model is good enough."""

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from segspark.config.base import Identifier, Model, PositiveInt, Share

Goal = Literal["retention", "cross_sell", "acquisition_cost", "media_spend", "satisfaction"]
Weight = Annotated[float, Field(gt=0, le=100)]
Algorithm = Literal["kmeans", "bisecting", "gmm", "lca"]
ALL = "all"  # the set of all inputs of the clustering
Transform = Literal["none", "log", "yeo-johnson"]


def _iterations() -> dict[Algorithm, int]:
    return {"kmeans": 50, "bisecting": 20, "gmm": 50, "lca": 2000}


def _algorithms() -> list[Algorithm]:
    return ["kmeans", "bisecting", "gmm"]


class Population(Model):
    """Who is clustered; everyone else gets a lifecycle segment by rule."""

    eligible: str = Field("frequency >= 1", description="Spark SQL condition over the features")
    new_days: PositiveInt = Field(30, description="outside the clustered: new until this tenure, dormant after it")


class Objective(Model):
    """What the segmentation is for."""

    goal: Goal = Field("retention", description="what it is to improve")
    kpi: str | None = Field(
        None,
        description="what segments are to tell apart in the next period: repeat_rate, orders, revenue, margin, "
        "new_categories, visits, response_rate, rating, or Spark SQL over `then` and `now`, the features at the start "
        "and the end of the period; default: the goal's own",
    )
    target: float | None = Field(
        None, description="mean of the KPI that is aimed at; a segment reaches it with at least so much"
    )
    horizon_days: PositiveInt = Field(90, description="length of the next period")


class Bounds(Model):
    """A closed range of k."""

    min: Annotated[int, Field(ge=2)]
    max: Annotated[int, Field(ge=2)]

    @model_validator(mode="after")
    def _ordered(self) -> "Bounds":
        if self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}")
        return self


class Tried(Bounds):
    """The numbers of clusters that are tried."""

    min: Annotated[int, Field(ge=2)] = 2
    max: Annotated[int, Field(ge=2)] = 10


class Manageable(Bounds):
    """The numbers of clusters that may be chosen."""

    min: Annotated[int, Field(ge=2)] = 3
    max: Annotated[int, Field(ge=2)] = 7


class Clustering(Model):
    """The model search."""

    @field_validator("max_iterations")
    @classmethod
    def _complete(cls, given: dict[Algorithm, int]) -> dict[Algorithm, int]:
        return _iterations() | given

    @field_validator("winsorise")
    @classmethod
    def _ordered(cls, given: tuple[float, float]) -> tuple[float, float]:
        if given[0] >= given[1]:
            raise ValueError("the lower quantile must be below the upper one")
        return given

    algorithms: list[Algorithm] = Field(default_factory=_algorithms, min_length=1)
    k: Tried = Field(default_factory=Tried, description="numbers of clusters tried")
    manageable: Manageable = Field(default_factory=Manageable, description="numbers that a team can act on")
    inputs: list[Identifier] | Literal["auto", "objective"] = Field(
        "auto",
        description="features; auto: every one of the families rfm, rhythm, breadth, recent, campaigns that varies; "
        "objective: those that go with objective.goal, with their weights",
    )
    seed: int = 42
    max_iterations: dict[Algorithm, PositiveInt] = Field(
        default_factory=_iterations, description="of each fit; bisecting makes all of them at each of its levels"
    )
    fit_timeout_seconds: PositiveInt = Field(3600, description="a candidate that takes longer stops the run, aloud")
    parallel_fits: PositiveInt = Field(4, description="candidates fitted at a time; each uses one core")
    tolerance: Annotated[float, Field(gt=0)] = 1e-4
    winsorise: tuple[Share, Share] = Field((0.01, 0.99), description="quantiles beyond which values are pulled in")
    log_skewness: float = Field(1.0, description="skewness beyond which a feature is transformed")
    transform: Transform = Field("log", description="what features more skewed than log_skewness go through")
    scale: Literal["standard", "robust"] = Field(
        "standard", description="what inputs are divided by: standard deviation, or interquartile range over 1.349"
    )
    weights: dict[Identifier, Weight] = Field(
        default_factory=dict, description="input: weight; 1 is that of a number with standard deviation 1"
    )
    unknown_weight: Annotated[float, Field(ge=0, le=10)] = Field(
        0, description="weight of a coordinate that tells who is unknown, for inputs that have some; 0: there is none"
    )
    levels: Annotated[int, Field(ge=1, le=100)] = Field(
        10, description="of an input that is text: the most frequent so many become indicators"
    )
    correlation_limit: Share = Field(
        0.95, description="an input whose rank correlation with one before it is above this is left out; 1: none is"
    )
    sample_rows: Annotated[int, Field(ge=100)] = Field(
        100_000, description="customers by whom the preparation of inputs is decided"
    )
    evaluation_rows: Annotated[int, Field(ge=50, le=20_000)] = Field(5_000, description="customers for the silhouette")
    smallest_share: Share = Field(0.03, description="a candidate with a smaller cluster is not chosen")


class Search(Model):
    """How candidates are fitted."""

    @field_validator("feature_sets")
    @classmethod
    def _apart(cls, given: dict[str, list[str]]) -> dict[str, list[str]]:
        if ALL in given:
            raise ValueError(f"'{ALL}' is the set of clustering.inputs, which is always there; choose another name")
        names = list(given)
        for position, name in enumerate(names):
            if len(set(given[name])) < len(given[name]):
                raise ValueError(f"{name} names a feature twice")
            same = [other for other in names[:position] if set(given[other]) == set(given[name])]
            if same:
                raise ValueError(f"{name} has the same features as {same[0]}; remove one of the two")
        return given

    @field_validator("components")
    @classmethod
    def _counted(cls, given: float | None) -> float | None:
        if given is not None and given >= 1 and not given.is_integer():
            raise ValueError("give a whole number of components, or a share below 1")
        return given

    exact: bool = Field(
        False, description="fit each candidate on all customers, as spark.ml does, instead of on a coreset of them"
    )
    coreset_rows: Annotated[int, Field(ge=1_000, le=1_000_000)] = Field(
        20_000, description="customers that candidates are fitted on, each standing for many; all, if there are fewer"
    )
    restarts: PositiveInt = Field(5, description="seeds of each KMeans; the one of lowest cost goes on")
    passes: PositiveInt = Field(10, description="over all customers, at most, in which KMeans candidates are refined")
    tolerance: Annotated[float, Field(gt=0)] = Field(
        1e-4, description="a candidate whose cost a pass lowers by a smaller share is refined no further"
    )
    holdout_share: Annotated[float, Field(ge=0, le=0.5)] = Field(
        0.2, description="customers by whom candidates are judged and that none is fitted on; by a hash of their id"
    )
    force: bool = Field(False, description="publish segments even where customers form nothing that could be segmented")
    yardstick_rows: Annotated[int, Field(ge=100, le=1_000_000)] = Field(
        20_000, description="customers held out by whom candidates are compared in the next period, at most"
    )
    resamples: Annotated[int, Field(ge=2, le=1_000)] = Field(
        20, description="of the evaluation sample, in which the clusters of a candidate must come back"
    )
    stability: Share = Field(
        0.6, description="a candidate with a cluster whose mean Jaccard similarity in them is below this is not chosen"
    )
    feature_sets: dict[Identifier, Annotated[list[Identifier], Field(min_length=1)]] = Field(
        default_factory=dict,
        description="name: features; candidates are fitted on these, too, besides on clustering.inputs, which are "
        "called all",
    )
    components: Annotated[float, Field(gt=0)] | None = Field(
        None,
        description="candidates are also fitted on so many principal components of each feature set; below 1: on as "
        "many as have this share of its variance",
    )
    slices: list[str] = Field(
        default_factory=list,
        description="features or attributes that are text, such as top_channel: the chosen clusters are held against "
        "those that the customers of each value have alone",
    )


class Promotion(Model):
    """When a newly trained model becomes the champion that customers are assigned by."""

    margin: Annotated[float, Field(ge=0, le=1)] = Field(
        0, description="by so much more of the KPI's variance it must explain in the next period, among those held out"
    )
    approval: bool = Field(False, description="it waits as challenger until someone runs segspark train --approve")
