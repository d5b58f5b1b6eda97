"""The contracts of what was done: runs by machines, changes by people."""

from segspark.tables.contract import AS_OF, RUN, Column, Table

RUNS = Table(
    "runs",
    "One row per attempt, phase and source, written when it ends; append-only.",
    (
        RUN,
        Column("attempt_id", "STRING", "New at each try."),
        Column("phase", "STRING", "ingest, features, train, assign, profile, compare, report or stream."),
        Column("source", "STRING", "Source, for ingest; the part, for profile; empty otherwise."),
        AS_OF,
        Column("status", "STRING", "done or failed."),
        Column("rows_read", "BIGINT", "Rows read: accepted + quarantined + deduplicated."),
        Column("rows_accepted", "BIGINT", "Rows accepted."),
        Column("rows_quarantined", "BIGINT", "Rows rejected."),
        Column("rows_deduplicated", "BIGINT", "Rows that were there already, or twice in the input."),
        Column("config_hash", "STRING", "Hash of the configuration that the phase depends on."),
        Column("inputs", "MAP<STRING,STRING>", "Inputs with their versions."),
        Column("outputs", "MAP<STRING,STRING>", "Tables with the version after the phase, and a hash of their ids."),
        Column("started_at", "TIMESTAMP", "Start of the phase."),
        Column("finished_at", "TIMESTAMP", "Its end."),
        Column("message", "STRING", "What a person should know."),
    ),
    key=("run_id", "attempt_id", "phase", "source"),
)

AUDIT_LOG = Table(
    "audit_log",
    "One row per change of a segment, by a person or a run: append-only, each chained to the one before by its hash.",
    (
        Column("sequence", "BIGINT", "1, 2, 3, ... without a gap."),
        Column("at", "TIMESTAMP", "When it was written."),
        Column("actor", "STRING", "Who did it: the user of the command, or the phase."),
        Column("action", "STRING", "created, renamed, approved, retired, ..."),
        Column("subject", "STRING", "segment_id of what was changed."),
        Column("before", "STRING", "What changed, as it was: JSON; empty for what was created."),
        Column("after", "STRING", "The same as it was then: JSON."),
        Column("reason", "STRING", "Why, as the actor said."),
        RUN,
        Column("previous_hash", "STRING", "hash of the row before; empty for the first."),
        Column("hash", "STRING", "SHA-256 of all other columns."),
    ),
    key=("sequence",),
    cluster_by=("sequence",),
    append_only=True,
)
