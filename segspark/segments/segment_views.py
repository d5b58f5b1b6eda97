"""Views of segments: how large they are, what they are worth, who goes where. No row is of a person.

What rests on 1 to 10 customers (or orders) is null or left out. That keeps a count from being read, not from being
worked out as the difference of others: `segspark.reporting.suppression` does more, for pages that go further.
"""

from segspark.segments.member_views import NAME
from segspark.tables import (
    CUSTOMER_VALUE,
    SEGMENT_ASSIGNMENTS,
    SEGMENT_MEMBERSHIP_EVENTS,
    SEGMENT_MIGRATIONS,
    SEGMENTS,
    Column,
    View,
)

WITHHELD = "null: 1 to 10, too few to be told"
_ID = SEGMENTS.picked("segment_id")[0]
_FROM, _TO = (Column(f"{end}_segment_name", "STRING", f"Name of {end}_segment_id.") for end in ("from", "to"))

SEGMENT_VIEWS = (
    View(
        "current_segments",
        "One row per segment that has customers now: its name, its size, who answers for it.",
        (
            *(_ID, NAME, *SEGMENTS.picked("kind", "status", "owner", "description", "overlay")),
            Column("customers", "BIGINT", f"Customers in it; {WITHHELD}."),
            Column(
                "share", "DOUBLE", "Their share of all customers; those of segments that are no overlays add up to 1."
            ),
            *SEGMENTS.picked("parent_segment_id", "updated_at", "review_at"),
        ),
        """\
SELECT segment_id, name AS segment_name, kind, status, owner, description, COALESCE(overlay, FALSE) AS overlay,
  CASE WHEN size > 10 THEN size END AS customers, CASE WHEN size > 10 THEN share END AS share,
  parent_segment_id, updated_at, review_at
FROM {segments}
WHERE status NOT IN ('split', 'retired') AND size > 0""",
        (SEGMENTS,),
    ),
    View(
        "segment_value",
        "One row per segment that has customers now: what is expected of those whose value is known.",
        (
            *(_ID, NAME),
            Column("customers", "BIGINT", f"Customers whose value is known; {WITHHELD}."),
            Column("clv", "DOUBLE", "Sum of their customer lifetime values, in the currency."),
            Column("clv_mean", "DOUBLE", "Mean of them."),
            Column("at_risk_customers", "BIGINT", f"Those of them who are at risk: see value.at_risk; {WITHHELD}."),
            Column("at_risk_clv", "DOUBLE", "Sum of these customers' lifetime values."),
        ),
        """\
SELECT segment_id, segment_name, CASE WHEN known NOT BETWEEN 1 AND 10 THEN known END AS customers,
  CASE WHEN known > 10 THEN clv END AS clv, CASE WHEN known > 10 THEN clv / known END AS clv_mean,
  CASE WHEN at_risk NOT BETWEEN 1 AND 10 THEN at_risk END AS at_risk_customers,
  CASE WHEN at_risk > 10 THEN at_risk_clv END AS at_risk_clv
FROM (
  SELECT a.segment_id, s.name AS segment_name, COUNT(v.clv) AS known, SUM(v.clv) AS clv,
    COUNT(CASE WHEN v.at_risk THEN v.clv END) AS at_risk, SUM(CASE WHEN v.at_risk THEN v.clv END) AS at_risk_clv
  FROM {segment_assignments} AS a
  JOIN {segments} AS s ON s.segment_id = a.segment_id
  LEFT JOIN {customer_value} AS v ON v.customer_id = a.customer_id
  GROUP BY a.segment_id, s.name
) AS sums""",
        (SEGMENT_ASSIGNMENTS, SEGMENTS, CUSTOMER_VALUE),
    ),
    View(
        "segment_flows",
        "One row per comparison of two dates and pair of segments: how many went that way, or stayed.",
        (
            *SEGMENT_MIGRATIONS.picked("from_as_of", "as_of"),
            *(
                SEGMENT_MIGRATIONS.picked("from_segment_id")[0],
                _FROM,
                SEGMENT_MIGRATIONS.picked("to_segment_id")[0],
                _TO,
            ),
            Column("customers", "BIGINT", f"How many went that way; {WITHHELD}."),
            SEGMENT_MIGRATIONS.picked("share_of_from")[0],
        ),
        """\
SELECT m.from_as_of, m.as_of, m.from_segment_id, f.name AS from_segment_name, m.to_segment_id,
  t.name AS to_segment_name, CASE WHEN m.customers > 10 THEN m.customers END AS customers,
  CASE WHEN m.customers > 10 THEN m.share_of_from END AS share_of_from
FROM {segment_migrations} AS m
LEFT JOIN {segments} AS f ON f.segment_id = m.from_segment_id
LEFT JOIN {segments} AS t ON t.segment_id = m.to_segment_id""",
        (SEGMENT_MIGRATIONS, SEGMENTS),
    ),
    View(
        "segment_moves_by_month",
        "One row per month, pair of segments and cause: how many came, moved or left. Overlays are left out.",
        (
            Column("month_start", "DATE", "First day of the month of the assign's as_of."),
            Column("from_segment_id", "STRING", "Segment that they left; null for who was in none."),
            _FROM,
            Column("to_segment_id", "STRING", "Segment that they came to; null for who is in none any more."),
            _TO,
            SEGMENT_MEMBERSHIP_EVENTS.picked("cause")[0],
            Column("customers", "BIGINT", f"Customers who did so in the month; {WITHHELD}."),
        ),
        """\
SELECT c.month_start, c.from_segment_id, f.name AS from_segment_name, c.to_segment_id,
  t.name AS to_segment_name, c.cause, CASE WHEN c.customers > 10 THEN c.customers END AS customers
FROM (
  SELECT CAST(DATE_TRUNC('month', as_of) AS DATE) AS month_start,
    CASE WHEN event_type = 'exit' THEN segment_id ELSE previous_segment_id END AS from_segment_id,
    CASE WHEN event_type <> 'exit' THEN segment_id END AS to_segment_id, cause, COUNT(DISTINCT customer_id) AS customers
  FROM {segment_membership_events}
  WHERE NOT COALESCE(overlay, FALSE)
  GROUP BY 1, 2, 3, 4
) AS c
LEFT JOIN {segments} AS f ON f.segment_id = c.from_segment_id
LEFT JOIN {segments} AS t ON t.segment_id = c.to_segment_id""",
        (SEGMENT_MEMBERSHIP_EVENTS, SEGMENTS),
    ),
)
