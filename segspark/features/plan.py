"""What has to be kept so that the declared features can be computed: found in their expressions."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from segspark.config.features import Features
from segspark.features.dimensions import Dimension, Summary, dimensions, summaries
from segspark.features.families.own import other_name
from segspark.features.measures import Measure, measures
from segspark.features.occasions import OCCASIONS, Occasion
from segspark.tables import CUSTOMER_DAILY, CUSTOMER_STATE, Column, Feature, Table

WEEKENDS = Measure("weekend_orders", "count", "Orders on Saturday or Sunday, business time.")


_BY_DAY = {one.name: one for occasion in OCCASIONS for one in occasion.measures} | {WEEKENDS.name: WEEKENDS}


def names_in_use(settings: Features) -> set[str]:
    """What expressions know by name, but for a team's own measures.

    Examples:
        >>> {"net", "orders", "weekend_orders", "category_top"} <= names_in_use(Features())
        True
    """
    built_in = measures(settings.model_copy(update={"own": []}))
    return {*built_in, *_BY_DAY, *summaries(settings), "order_gap_squares", "attributes", "customer_id", "as_of"}


@dataclass(frozen=True)
class Plan:
    """The columns of the state tables, and what is computed from them.

    An expression of a feature may name any measure `m` (over all time), `m_30d` (over the last 30 days),
    `m_decayed_90d` (each halved every 90 days of its age), `m_first` and `m_last` (days on which it was not zero), any
    summary of a dimension, `order_gap_squares` (squared days between days with orders, summed), `pooled_m_per_n` (over
    all customers), `cut_recency`, `cut_orders`, `cut_net` (quintiles of those who bought), `attributes` and `as_of`.

    Attributes:
        measures: that are summed over events.
        others: (column, aggregate) of those that do not add up over days.
        occasions: that are counted by day.
        daily: all measures of a customer's day.
        dated: names of those whose first and last day are kept.
        decayed: (name, half-life in days).
        windows: (name, days).
        pooled: (numerator, denominator).
        gaps: whether gaps between orders are kept.
        quintiles: whether customers are ranked against each other.
        span_days: pause after which an occasion counts again.
    """

    settings: Features
    measures: tuple[Measure, ...]
    others: tuple[tuple[str, str], ...]
    occasions: tuple[Occasion, ...]
    dimensions: tuple[Dimension, ...]
    summaries: tuple[Summary, ...]
    dated: tuple[str, ...]
    decayed: tuple[tuple[str, int], ...]
    windows: tuple[tuple[str, int], ...]
    pooled: tuple[tuple[str, str], ...]
    gaps: bool
    quintiles: bool
    span_days: int
    _by_name: dict[str, Measure] = field(compare=False, hash=False, repr=False)

    @property
    def daily(self) -> tuple[Measure, ...]:
        """Every measure of a day, in the order of its columns."""
        counted = [one for occasion in self.occasions for one in occasion.measures]
        weekends = (WEEKENDS,) if WEEKENDS.name in self._by_name else ()
        return (*self.measures, *counted, *weekends)

    @property
    def by_brand(self) -> bool:
        """Whether any summary needs the products' brands."""
        return any(one.name.startswith(("brand_", "private_label_")) for one in self.summaries)

    @property
    def longest_window(self) -> int:
        """Days before as_of that windows reach back to."""
        return max((days for _, days in self.windows), default=0)

    @property
    def daily_table(self) -> Table:
        """The contract of customer_daily under this plan."""
        return CUSTOMER_DAILY.with_columns(one.column for one in self.daily)

    @property
    def state_columns(self) -> tuple[Column, ...]:
        """The columns of customer_state besides the customer's, but for summaries."""
        dates = [
            Column(f"{name}_{end}", "DATE", f"{end.capitalize()} day with {name}.")
            for name in self.dated
            for end in ("first", "last")
        ]
        decayed = [
            Column(decayed_name(name, days), "DOUBLE", f"{name}, halved every {days} days before events_last.")
            for name, days in self.decayed
        ]
        squares = [Column("order_gap_squares", "BIGINT", "Squared days between consecutive days with orders, summed.")]
        return (*(one.column for one in self.daily), *dates, *decayed, *(squares if self.gaps else []))

    @property
    def state_table(self) -> Table:
        """The contract of customer_state under this plan."""
        summarised = [Column(one.name, one.type, one.comment) for one in self.summaries]
        return CUSTOMER_STATE.with_columns([*self.state_columns, *summarised])

    def measure(self, name: str) -> Measure:
        """A measure of a day."""
        return self._by_name[name]

    @property
    def fingerprint(self) -> str:
        """Identifies what is kept: state that was kept by another plan is computed anew."""
        said = [repr(part) for part in (self.measures, self.occasions, self.dimensions, self.summaries, self.span_days)]
        said += [repr(part) for part in (self.dated, self.decayed, self.gaps, self.settings.private_label)]
        said += [json.dumps(self.settings.category_shares, sort_keys=True)]
        said += [json.dumps(self.settings.channel_shares, sort_keys=True)]
        return hashlib.sha256("\n".join(said).encode()).hexdigest()[:16]


def decayed_name(name: str, days: int) -> str:
    """The column of a decayed sum.

    Examples:
        >>> decayed_name("net", 90)
        'net_decayed_90d'
    """
    return f"{name}_decayed_{days}d"


def plan_of(features: Iterable[Feature], settings: Features) -> Plan:
    """What the features need.

    Examples:
        >>> from segspark.features.declarations import declared_features
        >>> plan = plan_of(declared_features(Features(), "USD"), Features())
        >>> [one.name for one in plan.occasions], plan.decayed
        (['orders'], (('net', 90), ('orders', 90)))
    """
    words = sorted(words_of(features))
    known = measures(settings)
    every = known | _BY_DAY
    pooled = _pairs(words, r"pooled_([a-z_]+)_per_([a-z_]+)", every)
    decayed = [(name, int(days)) for name, days in _pairs(words, r"(.+)_decayed_(\d+)d", every)]
    windows = [(name, int(days)) for name, days in _pairs(words, r"(.+)_(\d+)d", every)]
    dated = sorted({name for name, _ in _pairs(words, r"(.+)_(first|last)", every)} | {"events"})
    gaps = "order_gap_squares" in words
    needed = {word for word in words if word in every} | {"events", "purchases"} | set(dated)
    needed |= {name for name, _ in [*windows, *decayed]} | {name for pair in pooled for name in pair}
    quintiles = any(word.startswith("cut_") for word in words)
    needed |= {"orders"} if gaps or quintiles or WEEKENDS.name in needed else set()
    needed |= {"net"} if quintiles else set()
    dated += ["orders"] if (gaps or quintiles) and "orders" not in dated else []
    told = [one for name, one in summaries(settings).items() if name in words]
    spread = {source for one in told for source in one.sources}
    return Plan(
        settings=settings,
        measures=tuple(one for name, one in known.items() if name in needed),
        others=tuple((other_name(one), one.aggregate) for one in settings.own if other_name(one) in words),
        occasions=tuple(one for one in OCCASIONS if needed & {measure.name for measure in one.measures}),
        dimensions=tuple(one for name, one in dimensions(settings).items() if name in spread),
        summaries=tuple(told),
        dated=tuple(dated),
        decayed=tuple(decayed),
        windows=tuple(windows),
        pooled=tuple(pooled),
        gaps=gaps,
        quintiles=quintiles,
        span_days=settings.occasion_span_days,
        _by_name={name: every[name] for name in needed},
    )


def words_of(features: Iterable[Feature]) -> set[str]:
    """The names in the expressions of features.

    Examples:
        >>> sorted(words_of([Feature("a", "DOUBLE", "A.", "", "a", "", "", sql="net_30d / orders")]))
        ['net_30d', 'orders']
    """
    return {word for one in features for word in re.findall(r"[a-z_][a-z0-9_]*", one.sql)}


def _pairs(words: Iterable[str], pattern: str, known: Mapping[str, Measure]) -> list[tuple[str, str]]:
    """What a pattern's two groups match in each word whose first one is a measure."""
    matches = [re.fullmatch(pattern, word) for word in words]
    return [(match[1], match[2]) for match in matches if match and match[1] in known]
