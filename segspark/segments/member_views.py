"""Views of who is in which segment: now, since when, and on past dates."""

from dataclasses import replace

from segspark.tables import (
    CUSTOMER_VALUE,
    SEGMENT_ASSIGNMENTS,
    SEGMENT_MEMBERSHIP_EVENTS,
    SEGMENT_OVERLAYS,
    SEGMENTS,
    Column,
    View,
)

NAME = replace(SEGMENTS.picked("name")[0], name="segment_name")
_OWN = SEGMENT_ASSIGNMENTS.picked("customer_id", "segment_id")
_PERSON = (Column("person_id", "STRING", "The customer, as campaign tools call it."), _OWN[1])
_STATE = SEGMENTS.picked("kind", "status", "owner")
_HELD = ("since", "membership", "margin", "runner_up_segment_id", "pending_segment_id", "model_version")
_WORTH = (
    *("probability_alive", "expected_purchases", "expected_spend", "clv", "churn_risk", "at_risk"),
    "horizon_days",
)

MEMBER_VIEWS = (
    View(
        "segment_memberships",
        "One row per person and segment that the person is in now: the own segment, and overlays.",
        _PERSON,
        """\
SELECT customer_id AS person_id, segment_id FROM {segment_assignments}
UNION ALL
SELECT customer_id AS person_id, segment_id FROM {segment_overlays}""",
        (SEGMENT_ASSIGNMENTS, SEGMENT_OVERLAYS),
    ),
    View(
        "active_segment_memberships",
        "The same, of active segments only: those that may be used in campaigns.",
        _PERSON,
        """\
SELECT person_id, segment_id
FROM (
  SELECT customer_id AS person_id, segment_id FROM {segment_assignments}
  UNION ALL
  SELECT customer_id AS person_id, segment_id FROM {segment_overlays}
) AS members
WHERE segment_id IN (SELECT segment_id FROM {segments} WHERE status = 'active')""",
        (SEGMENT_ASSIGNMENTS, SEGMENT_OVERLAYS, SEGMENTS),
    ),
    View(
        "current_segment_members",
        "One row per customer: the own segment with its name, and how firmly the customer is in it.",
        (*_OWN, NAME, *_STATE, *SEGMENT_ASSIGNMENTS.picked(*_HELD)),
        """\
SELECT a.customer_id, a.segment_id, s.name AS segment_name, s.kind, s.status, s.owner, a.since, a.membership, a.margin,
  a.runner_up_segment_id, a.pending_segment_id, a.model_version
FROM {segment_assignments} AS a
JOIN {segments} AS s ON s.segment_id = a.segment_id""",
        (SEGMENT_ASSIGNMENTS, SEGMENTS),
    ),
    View(
        "current_customer_value",
        "One row per customer: the own segment with its name, and what is expected of the customer.",
        (
            *(*_OWN, NAME, SEGMENTS.picked("status")[0], SEGMENT_ASSIGNMENTS.picked("since")[0]),
            *CUSTOMER_VALUE.picked(*_WORTH),
            replace(CUSTOMER_VALUE.picked("as_of")[0], name="valued_at"),
        ),
        """\
SELECT a.customer_id, a.segment_id, s.name AS segment_name, s.status, a.since, v.probability_alive,
  v.expected_purchases, v.expected_spend, v.clv, v.churn_risk, v.at_risk, v.horizon_days, v.as_of AS valued_at
FROM {segment_assignments} AS a
JOIN {segments} AS s ON s.segment_id = a.segment_id
LEFT JOIN {customer_value} AS v ON v.customer_id = a.customer_id""",
        (SEGMENT_ASSIGNMENTS, SEGMENTS, CUSTOMER_VALUE),
    ),
    View(
        "segment_membership_history",
        "One row per customer and time in a segment; at d: valid_from <= d AND (valid_to IS NULL OR d < valid_to).",
        (
            *SEGMENT_MEMBERSHIP_EVENTS.picked("customer_id", "segment_id", "overlay"),
            Column("valid_from", "DATE", "as_of at which the customer came."),
            Column("valid_to", "DATE", "as_of at which the customer was gone; null: still there."),
            replace(
                SEGMENT_MEMBERSHIP_EVENTS.picked("cause")[0], comment="Why the customer came: see docs/segments.md."
            ),
        ),
        """\
WITH told AS (
  SELECT e.customer_id, e.segment_id, e.event_type, e.cause, e.as_of, COALESCE(e.overlay, FALSE) AS overlay,
    CASE WHEN e.overlay THEN e.segment_id ELSE '' END AS place, COALESCE(e.sequence, 0) AS sequence
  FROM {segment_membership_events} AS e
),
last_of_the_date AS (
  SELECT told.*, ROW_NUMBER() OVER (PARTITION BY customer_id, place, as_of ORDER BY sequence DESC) AS latest FROM told
),
lasting AS (
  SELECT customer_id, segment_id, event_type, cause, overlay, as_of AS valid_from,
    LEAD(as_of) OVER (PARTITION BY customer_id, place ORDER BY as_of) AS valid_to
  FROM last_of_the_date
  WHERE latest = 1
)
SELECT customer_id, segment_id, overlay, valid_from, valid_to, cause FROM lasting WHERE event_type <> 'exit'""",
        (SEGMENT_MEMBERSHIP_EVENTS,),
    ),
)
