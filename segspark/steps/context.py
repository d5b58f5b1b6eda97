"""What every step works with, and how a step's run is identified and recorded."""

import hashlib
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from rich.console import Console

from segspark import __version__
from segspark.config import Config
from segspark.config.load import config_hash, read_yaml, reveal
from segspark.features.declarations import declared_features
from segspark.io.commits import Writer
from segspark.io.jars import needed_packages
from segspark.io.lake import Lake
from segspark.io.session import open_session
from segspark.progress import Reporter
from segspark.segments.vocabulary import Vocabulary, as_yaml, built_in
from segspark.segments.wordlists import with_words
from segspark.tables import CUSTOMER_FEATURES, RUNS, Feature, Table

if TYPE_CHECKING:
    from segspark.steps.levels import Part
    from segspark.tracking import Tracker

# The parts of the configuration that a phase's result depends on: a new report title is no reason to train again, and
# the same training in another MLflow store gives the same segments.
SECTIONS = {
    "ingest": ("time", "money", "sources"),
    "features": ("time", "money", "features", "attributes"),
    "train": ("time", "money", "features", "attributes", "population", "objective", "clustering", "search"),
    "assign": (
        *("time", "money", "features", "attributes", "population", "objective"),
        *("assignment", "continuity", "governance", "drift", "naming"),
    ),
    "profile": (
        *("time", "money", "features", "attributes", "objective", "clustering", "search"),
        *("value", "kpis", "baskets", "signals", "opportunities"),
    ),
    "stream": (
        *("time", "money", "sources", "features", "attributes", "population", "objective"),
        *("assignment", "continuity", "stream", "triggers", "destinations"),
    ),
    "compare": ("time", "money", "features", "attributes", "clustering"),
    "report": ("time", "money", "features", "attributes", "signals", "report"),
}


@dataclass(frozen=True)
class Outcome:
    """What a phase did, for the ledger; one per source for ingest.

    Attributes:
        rows_read: accepted + quarantined + deduplicated.
    """

    source: str = ""
    rows_read: int = 0
    rows_accepted: int = 0
    rows_quarantined: int = 0
    rows_deduplicated: int = 0
    inputs: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    message: str = ""


@dataclass
class Context:
    """A job's surroundings: configuration, as_of, session, tables, tracking, progress.

    Attributes:
        embedding_version: of the product embeddings that activity is seen with: `segspark.steps.embeddings.use`.
        part: the segment within which is trained; None: everyone who is clustered.
    """

    config: Config
    as_of: date
    reporter: Reporter
    verbose: bool = False
    attempt_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    embedding_version: str = ""
    part: "Part | None" = None

    @cached_property
    def spark(self) -> SparkSession:
        """The session, started when first needed."""
        sources = [source for _, source in self.config.sources.all()]
        return open_session(
            self.config.spark, self.verbose, needed_packages(sources, kafka=bool(self.config.destinations.topics))
        )

    @property
    def lake_root(self) -> str | None:
        """The workspace's folder; None where tables are named in a catalog."""
        root = self.config.workspace.root
        return None if root is None else reveal(root)

    @cached_property
    def lake(self) -> Lake:
        """The workspace's tables."""
        return Lake(self.spark, self.config.workspace.model_copy(update={"root": self.lake_root}))

    @cached_property
    def tracker(self) -> "Tracker":
        """The MLflow experiment."""
        from segspark.tracking import Tracker  # only now: importing MLflow takes seconds

        return Tracker(self.config.tracking, self.verbose)

    @cached_property
    def features(self) -> tuple[Feature, ...]:
        """The declared features."""
        return declared_features(self.config.features, self.config.money.currency, self.config.attributes)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The words that segments are named in: those of naming.vocabulary over the declarations'."""
        asked, words = self.config.naming.vocabulary, built_in(self.features)
        if asked is None:
            return words
        path = Path(reveal(asked))
        return with_words(words, read_yaml(path, "no such file; segspark vocabulary --output writes one"), path.name)

    @property
    def naming_inputs(self) -> dict[str, str]:
        """A hash of the words of a team's own: the file's name alone would not tell that it was edited."""
        if self.config.naming.vocabulary is None:
            return {}
        return {"vocabulary": hashlib.sha256(as_yaml(self.vocabulary).encode()).hexdigest()[:16]}

    def feature(self, name: str) -> Feature:
        """A declared feature by its name."""
        return next(one for one in self.features if one.name == name)

    @property
    def numeric_features(self) -> tuple[Feature, ...]:
        """Those that have a mean."""
        return tuple(one for one in self.features if one.type != "STRING")

    @property
    def told_features(self) -> tuple[Feature, ...]:
        """Those that segments are told apart by: what may be an input of the clustering."""
        return tuple(one for one in self.numeric_features if one.automatic or one.name in self.named_inputs)

    @property
    def named_inputs(self) -> set[str]:
        """What the configuration names as inputs of the clustering."""
        inputs, sets = self.config.clustering.inputs, self.config.search.feature_sets
        return {name for some in sets.values() for name in some} | (set(inputs) if isinstance(inputs, list) else set())

    @cached_property
    def features_table(self) -> Table:
        """The contract of customer_features under this configuration."""
        return CUSTOMER_FEATURES.with_columns(self.features)

    def within(self, part: "Part") -> "Context":
        """The same for a training within a segment: its customers, and a registered model of its own.

        Two sub-segments are enough, whatever number of segments is manageable, and the command approves of them.
        """
        asked, model = self.config, f"{self.config.tracking.model}-{part.segment_id}"
        fewest = asked.clustering.manageable.model_copy(update={"min": 2})
        changed = {
            "clustering": asked.clustering.model_copy(update={"manageable": fewest}),
            "promotion": asked.promotion.model_copy(update={"approval": False}),
            "tracking": asked.tracking.model_copy(update={"model": model}),
        }
        config = asked.model_copy(update=changed)
        found = Context(config, self.as_of, self.reporter, self.verbose, self.attempt_id, part=part)
        vars(found).update(spark=self.spark, lake=self.lake)  # which are open
        return found

    def at(self, as_of: date) -> "Context":
        """The same at another date, in the same session."""
        found = Context(self.config, as_of, self.reporter, self.verbose)
        vars(found).update({name: vars(self)[name] for name in ("spark", "lake", "tracker") if name in vars(self)})
        return found

    def in_session(self, spark: SparkSession) -> "Context":
        """The same in another session, as a stream's micro-batches have one of their own."""
        found = Context(self.config, self.as_of, self.reporter, self.verbose)
        vars(found).update(spark=spark, tracker=self.tracker)
        return found

    def in_silence(self) -> "Context":
        """The same, but nothing is said: for what is done every few seconds."""
        found = self.at(self.as_of)
        found.reporter = Reporter(Console(quiet=True))
        return found

    def run_id(self, phase: str, inputs: Mapping[str, str]) -> str:
        """Identify the work of a phase: the same work has the same id, at every attempt."""
        parts = {
            "command": phase,
            "config": config_hash(self.config, SECTIONS[phase]),
            "as_of": self.as_of.isoformat(),
            "inputs": dict(inputs),
            "version": __version__,
        } | ({"segment": self.part.segment_id} if self.part else {})
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]

    def finished(self, phase: str) -> DataFrame:
        """The attempts of a phase that came to their end: rows of the ledger."""
        return self.lake.read(RUNS).where((F.col("phase") == phase) & (F.col("status") == "done"))

    def writer(self, run_id: str) -> Writer:
        """What writes tables in the name of a run."""
        return Writer(self.lake, run_id, self.attempt_id, self.config.commits.lock_timeout_seconds)

    def versions(self, *tables: Table) -> dict[str, str]:
        """The tables' current versions, by name."""
        return {table.name: str(self.lake.version(table)) for table in tables}


Step = Callable[[Context], Sequence[Outcome]]


def run_phase(context: Context, phase: str, step: Step) -> None:
    """Run a step, show its progress, and record the attempt in `runs`, whether it succeeds or fails."""
    started = datetime.now(UTC)
    with context.reporter.phase(phase):
        try:
            if "lake" in vars(context):
                context.lake.look_again()
            outcomes = step(context)
        except Exception as error:
            _record_failure(context, phase, started, error)
            raise
        _record(context, phase, started, outcomes, "done")


def _record_failure(context: Context, phase: str, started: datetime, error: Exception) -> None:
    """Failures are recorded only where a ledger exists: bad input must not leave half a workspace behind."""
    if "spark" not in vars(context) or not context.lake.exists(RUNS):
        return
    _record(context, phase, started, [Outcome(message=f"{type(error).__name__}: {error}"[:2000])], "failed")


def _record(context: Context, phase: str, started: datetime, outcomes: Sequence[Outcome], status: str) -> None:
    now = datetime.now(UTC)
    rows = [
        (
            context.run_id(phase, outcome.inputs),
            context.attempt_id,
            phase,
            outcome.source,
            context.as_of,
            status,
            outcome.rows_read,
            outcome.rows_accepted,
            outcome.rows_quarantined,
            outcome.rows_deduplicated,
            config_hash(context.config, SECTIONS[phase]),
            dict(outcome.inputs),
            dict(outcome.outputs),
            started,
            now,
            outcome.message,
        )
        for outcome in outcomes
    ]
    context.writer(context.attempt_id).append(RUNS, context.lake.frame(RUNS, rows))
