"""Views for BI and campaign tools, in SQL that Spark, DuckDB, Trino and their like understand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from segspark.tables import SEGMENT_ASSIGNMENTS, SEGMENT_MEMBERSHIP_EVENTS, SEGMENT_OVERLAYS, SEGMENTS, Table


@dataclass(frozen=True)
class View:
    """A view over published tables.

    Attributes:
        name: of the view.
        comment: what a row is.
        query: a SELECT, with {table} where a table's name goes.
        tables: that it reads.
    """

    name: str
    comment: str
    query: str
    tables: tuple[Table, ...]

    def statement(self, identifier: str, named: Callable[[Table], str]) -> str:
        """CREATE OR REPLACE VIEW, with the names that an engine knows the view and its tables by.

        Examples:
            >>> VIEWS[0].statement(VIEWS[0].name, lambda table: table.name).splitlines()[0]
            'CREATE OR REPLACE VIEW segment_memberships AS'
        """
        names: Mapping[str, str] = {table.name: named(table) for table in self.tables}
        return f"CREATE OR REPLACE VIEW {identifier} AS\n{self.query.format_map(names)}\n"


VIEWS = (
    View(
        "segment_memberships",
        "One row per person and segment that the person is in now: the own segment, and overlays.",
        """\
SELECT customer_id AS person_id, segment_id FROM {segment_assignments}
UNION ALL
SELECT customer_id AS person_id, segment_id FROM {segment_overlays}""",
        (SEGMENT_ASSIGNMENTS, SEGMENT_OVERLAYS),
    ),
    View(
        "active_segment_memberships",
        "The same, of active segments only: those that may be used in campaigns.",
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
        """\
SELECT a.customer_id, a.segment_id, s.name AS segment_name, s.kind, s.status, s.owner, a.since, a.membership, a.margin,
  a.runner_up_segment_id, a.pending_segment_id, a.model_version
FROM {segment_assignments} AS a
JOIN {segments} AS s ON s.segment_id = a.segment_id""",
        (SEGMENT_ASSIGNMENTS, SEGMENTS),
    ),
    View(
        "segment_membership_history",
        "One row per customer and time in a segment; at d: valid_from <= d AND (valid_to IS NULL OR d < valid_to).",
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
