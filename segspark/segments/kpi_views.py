"""Views of how segments did: KPIs by period, the last full period beside the one before, cohorts, the back-test.

What rests on 1 to 10 customers is null or left out, as in `segspark.segments.segment_views`.
"""

from dataclasses import replace

from segspark.segments.member_views import NAME
from segspark.segments.segment_views import WITHHELD
from segspark.tables import (
    SEGMENT_COHORTS,
    SEGMENT_KPIS,
    SEGMENTS,
    VALUE_CALIBRATION,
    VALUE_MODELS,
    Column,
    View,
)

_OF = SEGMENT_KPIS.picked("segment_id")[0]
_KPI = replace(SEGMENT_KPIS.picked("kpi")[0], comment="What is measured: see docs/kpis.md.")
_PERIOD = SEGMENT_KPIS.picked("period_start", "period_end")
_CUSTOMERS = replace(SEGMENT_KPIS.picked("customers")[0], comment=f"Customers whom the value rests on; {WITHHELD}.")
_GOAL = SEGMENT_KPIS.picked("target", "goal_state")

KPI_VIEWS = (
    View(
        "segment_kpi_history",
        "One row per segment, KPI and period, with the segment's name.",
        (*(_OF, NAME, _KPI), *_PERIOD, *SEGMENT_KPIS.picked("value", "low", "high", "unit"), _CUSTOMERS, *_GOAL),
        """\
SELECT k.segment_id, CASE WHEN k.segment_id = 'all' THEN 'All customers' ELSE s.name END AS segment_name,
  k.kpi, k.period_start, k.period_end,
  CASE WHEN k.customers NOT BETWEEN 1 AND 10 THEN k.value END AS value,
  CASE WHEN k.customers NOT BETWEEN 1 AND 10 THEN k.low END AS low,
  CASE WHEN k.customers NOT BETWEEN 1 AND 10 THEN k.high END AS high, k.unit,
  CASE WHEN k.customers NOT BETWEEN 1 AND 10 THEN k.customers END AS customers, k.target,
  CASE WHEN k.customers NOT BETWEEN 1 AND 10 THEN k.goal_state END AS goal_state
FROM {segment_kpis} AS k
LEFT JOIN {segments} AS s ON s.segment_id = k.segment_id""",
        (SEGMENT_KPIS, SEGMENTS),
    ),
    View(
        "segment_kpi_latest",
        "One row per segment and KPI: the last full period beside the one before, and the goal.",
        (
            *(*(_OF, NAME, _KPI), *_PERIOD, *SEGMENT_KPIS.picked("value", "low", "high")),
            Column("previous_value", "DOUBLE", "The KPI in the period before; null where there is none."),
            Column(
                "change", "DOUBLE", "value less previous_value, in the unit: no test whether it is more than chance."
            ),
            *(*SEGMENT_KPIS.picked("unit"), _CUSTOMERS, *_GOAL),
        ),
        """\
WITH told AS (
  SELECT segment_id, kpi, period_start, period_end, unit, target,
    MAX(period_end) OVER (PARTITION BY kpi) AS last_end,
    CASE WHEN customers NOT BETWEEN 1 AND 10 THEN value END AS value,
    CASE WHEN customers NOT BETWEEN 1 AND 10 THEN low END AS low,
    CASE WHEN customers NOT BETWEEN 1 AND 10 THEN high END AS high,
    CASE WHEN customers NOT BETWEEN 1 AND 10 THEN customers END AS customers,
    CASE WHEN customers NOT BETWEEN 1 AND 10 THEN goal_state END AS goal_state
  FROM {segment_kpis}
)
SELECT k.segment_id, CASE WHEN k.segment_id = 'all' THEN 'All customers' ELSE s.name END AS segment_name,
  k.kpi, k.period_start, k.period_end, k.value, k.low, k.high, b.value AS previous_value, k.value - b.value AS change,
  k.unit, k.customers, k.target, k.goal_state
FROM told AS k
LEFT JOIN told AS b ON b.segment_id = k.segment_id AND b.kpi = k.kpi AND b.period_end = k.period_start
  AND b.period_start < b.period_end
LEFT JOIN {segments} AS s ON s.segment_id = k.segment_id
WHERE k.period_end = k.last_end""",
        (SEGMENT_KPIS, SEGMENTS),
    ),
    View(
        "segment_cohort_retention",
        "One row per segment, month of first orders and month since: who ordered again. Cohorts below 11 are left out.",
        (
            *(_OF, NAME, *SEGMENT_COHORTS.picked("cohort_start", "months_since", "customers")),
            Column("active", "BIGINT", f"Those of them with an order months_since later; {WITHHELD}."),
            *SEGMENT_COHORTS.picked("share", "low", "high", "as_of"),
        ),
        """\
SELECT c.segment_id, CASE WHEN c.segment_id = 'all' THEN 'All customers' ELSE s.name END AS segment_name,
  c.cohort_start, c.months_since, c.customers, CASE WHEN c.active NOT BETWEEN 1 AND 10 THEN c.active END AS active,
  CASE WHEN c.active NOT BETWEEN 1 AND 10 THEN c.share END AS share,
  CASE WHEN c.active NOT BETWEEN 1 AND 10 THEN c.low END AS low,
  CASE WHEN c.active NOT BETWEEN 1 AND 10 THEN c.high END AS high, c.as_of
FROM {segment_cohorts} AS c
LEFT JOIN {segments} AS s ON s.segment_id = c.segment_id
WHERE c.customers > 10""",
        (SEGMENT_COHORTS, SEGMENTS),
    ),
    View(
        "value_back_test",
        "One row per model and group of the last back-test: orders predicted and made. Groups of 1 to 10 are left out.",
        (
            *VALUE_CALIBRATION.picked("as_of", "from_as_of", "model"),
            VALUE_MODELS.picked("chosen")[0],
            *VALUE_CALIBRATION.picked("grouping", "bin", "customers", "predicted_mean", "actual_mean"),
            *VALUE_CALIBRATION.picked("actual_lower", "actual_upper"),
        ),
        """\
SELECT c.as_of, c.from_as_of, c.model, m.chosen, c.grouping, c.bin, c.customers, c.predicted_mean, c.actual_mean,
  c.actual_lower, c.actual_upper
FROM {value_calibration} AS c
LEFT JOIN {value_models} AS m ON m.as_of = c.as_of AND m.model = c.model
WHERE c.customers > 10 AND c.as_of = (SELECT MAX(as_of) FROM {value_calibration})""",
        (VALUE_CALIBRATION, VALUE_MODELS),
    ),
)
