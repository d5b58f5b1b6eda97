"""Views of what to offer: items to suggest with others, and what a segment likes more than others do.

What rests on 10 orders or customers or fewer is left out.
"""

from dataclasses import replace

from segspark.segments.member_views import NAME
from segspark.tables import BASKET_RULES, SEGMENT_PREFERENCES, SEGMENTS, Column, View

BASKET_VIEWS = (
    View(
        "segment_cross_sell",
        "One row per segment, item bought and item to suggest with it. Rules on 10 orders or fewer are left out.",
        (
            *(BASKET_RULES.picked("segment_id")[0], NAME),
            replace(BASKET_RULES.picked("antecedent")[0], name="bought"),
            replace(BASKET_RULES.picked("consequent")[0], name="suggested"),
            Column(
                "suggestion", "INT", "1 for the suggestion of the highest lower end of the lift, among those of bought."
            ),
            *BASKET_RULES.picked("orders", "confidence", "lift", "low", "high", "as_of"),
        ),
        """\
SELECT r.segment_id, CASE WHEN r.segment_id = 'all' THEN 'All customers' ELSE s.name END AS segment_name,
  r.antecedent AS bought, r.consequent AS suggested, CAST(ROW_NUMBER() OVER (
    PARTITION BY r.segment_id, r.antecedent ORDER BY r.low DESC, r.confidence DESC, r.consequent) AS INT) AS suggestion,
  r.orders, r.confidence, r.lift, r.low, r.high, r.as_of
FROM {basket_rules} AS r
LEFT JOIN {segments} AS s ON s.segment_id = r.segment_id
WHERE r.orders > 10""",
        (BASKET_RULES, SEGMENTS),
    ),
    View(
        "segment_favourites",
        "One row per segment and item that its customers bought; what 10 of them or fewer bought is left out.",
        (
            *(SEGMENT_PREFERENCES.picked("segment_id")[0], NAME),
            *SEGMENT_PREFERENCES.picked("item", "position", "customers", "share", "overall_share", "lift", "as_of"),
        ),
        """\
SELECT p.segment_id, s.name AS segment_name, p.item, p.position, p.customers, p.share, p.overall_share, p.lift, p.as_of
FROM {segment_preferences} AS p
LEFT JOIN {segments} AS s ON s.segment_id = p.segment_id
WHERE p.customers > 10""",
        (SEGMENT_PREFERENCES, SEGMENTS),
    ),
)
