"""The contract of the ledger of runs."""

from segspark.tables.contract import AS_OF, RUN, Column, Table

RUNS = Table(
    "runs",
    "One row per attempt, phase and source, written when it ends; append-only.",
    (
        RUN,
        Column("attempt_id", "STRING", "New at each try."),
        Column("phase", "STRING", "ingest, features, train, assign or report."),
        Column("source", "STRING", "Source, for ingest; empty otherwise."),
        AS_OF,
        Column("status", "STRING", "done or failed."),
        Column("rows_read", "BIGINT", "Rows read: accepted + quarantined + deduplicated."),
        Column("rows_accepted", "BIGINT", "Rows accepted."),
        Column("rows_quarantined", "BIGINT", "Rows rejected."),
        Column("rows_deduplicated", "BIGINT", "Rows that were there already, or twice in the input."),
        Column("config_hash", "STRING", "Hash of the configuration that the phase depends on."),
        Column("inputs", "MAP<STRING,STRING>", "Inputs with their versions."),
        Column("outputs", "MAP<STRING,STRING>", "Tables with the version after the phase."),
        Column("started_at", "TIMESTAMP", "Start of the phase."),
        Column("finished_at", "TIMESTAMP", "Its end."),
        Column("message", "STRING", "What a person should know."),
    ),
    key=("run_id", "attempt_id", "phase", "source"),
)
