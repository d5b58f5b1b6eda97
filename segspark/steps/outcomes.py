"""What became of segments, read from the published tables as the dashboard and the handbook show it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from segspark.columns import exact_sum
from segspark.reporting.opportunities import DiscountRange, Opportunity
from segspark.reporting.outcomes import EVERYBODY, KpiDefinition, KpiPoint, Migration, ValueSummary
from segspark.reporting.signal_model import Signals
from segspark.reporting.text import percent
from segspark.segments.kpi_definitions import ALL, KPIS, segment_kpis
from segspark.steps.context import Context
from segspark.steps.opportunity_items import discount_depths, discount_ranges, opportunity_items
from segspark.steps.signal_items import signals_by_segment
from segspark.tables import CUSTOMER_VALUE, DRIFT, SEGMENT_ASSIGNMENTS, SEGMENT_MIGRATIONS

_MIGRATIONS = 12  # comparisons that are drawn, the latest
_AGREEMENTS = {"ari": "Adjusted Rand index", "ami": "Adjusted mutual information"}


@dataclass(frozen=True)
class Outcomes:
    """What was measured of segments.

    Attributes:
        definitions: all KPIs in their order, in the reporting currency; the objective's unit is the team's own.
        points: KPIs of segments and of everybody.
        values: what the customers of each segment are worth; nothing where that was not computed.
        signals: what may be told of what is heard and seen of each segment.
        opportunities: of segments, that may be told.
        discounts: the range of discounts that is enough, by segment.
    """

    definitions: tuple[KpiDefinition, ...]
    points: tuple[KpiPoint, ...]
    values: tuple[ValueSummary, ...]
    signals: Mapping[str, Signals]
    opportunities: tuple[Opportunity, ...]
    discounts: Mapping[str, DiscountRange]


def outcomes(context: Context) -> Outcomes:
    """What the tables say now."""
    units = {"currency": context.config.money.currency, "as given": ""}
    definitions = tuple(
        KpiDefinition(one.name, one.label, units.get(one.unit, one.unit), one.formula, "") for one in KPIS
    )
    rows = context.lake.read(segment_kpis()).orderBy("kpi", "segment_id", "period_start")
    points = tuple(map(_point, rows.collect()))  # KPIs x segments x kpis.periods
    depths = discount_depths(context)
    return Outcomes(
        definitions,
        points,
        _values(context),
        signals_by_segment(context),
        opportunity_items(context, depths),
        discount_ranges(depths),
    )


def _point(row: Row) -> KpiPoint:
    return KpiPoint(
        row["kpi"],
        EVERYBODY if row["segment_id"] == ALL else row["segment_id"],
        row["period_start"].isoformat(),
        row["period_end"].isoformat(),
        row["value"],
        row["low"],
        row["high"],
        row["customers"],
        row["target"],
        row["goal_state"] or "",
    )


def _values(context: Context) -> tuple[ValueSummary, ...]:
    known = context.lake.read(CUSTOMER_VALUE).where("clv IS NOT NULL")
    members = context.lake.read(SEGMENT_ASSIGNMENTS).select("customer_id", "segment_id")
    rows = known.join(members, on="customer_id", how="inner").groupBy("segment_id").agg(
        F.count("*").alias("customers"),
        (exact_sum(F.col("probability_alive")) / F.count("*")).alias("alive"),
        (exact_sum(F.col("clv")) / F.count("*")).alias("clv"),
        (F.count_if("at_risk") / F.count("*")).alias("at_risk"),
    )  # fmt: skip
    return tuple(ValueSummary(*row) for row in rows.orderBy("segment_id").collect())  # a row per segment


def migrations(context: Context, names: Mapping[str, str]) -> tuple[Migration, ...]:
    """The latest comparisons until as_of, the earliest first.

    Args:
        context: of the phase.
        names: of all segments, by segment_id.
    """
    if not context.lake.exists(SEGMENT_MIGRATIONS):
        return ()
    told = context.lake.read(SEGMENT_MIGRATIONS).where(F.col("as_of") <= F.lit(context.as_of))
    latest = told.select("as_of", "from_as_of").distinct().orderBy(F.desc("as_of"), F.desc("from_as_of"))
    pairs = latest.limit(_MIGRATIONS)
    order = ("as_of", "from_as_of")
    rows = _of(told, pairs).orderBy(*order, "from_segment_id", "to_segment_id").collect()  # segments² a comparison
    said = context.lake.read(DRIFT).where("kind IN ('overall', 'agreement')")
    judged: dict[tuple[object, ...], list[Row]] = {}
    for row in _of(said, pairs).orderBy("name").collect():  # a handful a comparison
        judged.setdefault((row["as_of"], row["from_as_of"]), []).append(row)
    return tuple(
        _migration(list(flows), judged.get(key, []), names)
        for key, flows in groupby(rows, key=lambda row: (row["as_of"], row["from_as_of"]))
    )


def _of(rows: DataFrame, pairs: DataFrame) -> DataFrame:
    return rows.join(F.broadcast(pairs), on=["as_of", "from_as_of"], how="left_semi")


def _migration(flows: Sequence[Row], judged: Sequence[Row], names: Mapping[str, str]) -> Migration:
    ids = {row[end] for row in flows for end in ("from_segment_id", "to_segment_id")}
    return Migration(
        flows[0]["from_as_of"].isoformat(),
        flows[0]["as_of"].isoformat(),
        tuple((row["from_segment_id"], row["to_segment_id"], row["customers"]) for row in flows),
        tuple((one, names[one]) for one in sorted(ids) if one in names),
        next((row["verdict"] for row in judged if row["kind"] == "overall"), "") or "",
        (f"{percent(_moved(flows))} of the customers of both dates changed their segment.",),
        tuple(_agreement(row) for row in judged if row["name"] in _AGREEMENTS),
    )


def _moved(flows: Sequence[Row]) -> float:
    both = [row for row in flows if row["from_segment_id"] and row["to_segment_id"]]
    moved = sum(row["customers"] for row in both if row["from_segment_id"] != row["to_segment_id"])
    return float(moved / max(sum(row["customers"] for row in both), 1))


def _agreement(row: Row) -> tuple[str, str]:
    ends = "" if row["lower"] is None else f" ({row['lower']:.2f} to {row['upper']:.2f})"
    return _AGREEMENTS[row["name"]], f"{row['value']:.2f}{ends}"
