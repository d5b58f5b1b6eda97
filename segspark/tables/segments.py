"""The contracts of what segments are, who is in them, and what becomes of them."""

from segspark.tables.contract import AS_OF, CUSTOMER, MODEL, RUN, SEGMENT, Column, Table

TRAINING_CANDIDATES = Table(
    "training_candidates",
    "One row per candidate of a training run.",
    (
        RUN,
        Column("algorithm", "STRING", "kmeans, bisecting, gmm or lca."),
        Column("k", "INT", "Number of clusters asked for."),
        Column("seed", "BIGINT", "Seed of the fit."),
        Column("clusters", "INT", "Number of clusters that have members."),
        Column("silhouette_euclidean", "DOUBLE", "Mean silhouette, Euclidean distance, on the evaluation sample."),
        Column("silhouette_error", "DOUBLE", "Standard error of that mean over the customers of the sample."),
        Column("silhouette_squared_euclidean", "DOUBLE", "Mean silhouette, squared Euclidean distance, same sample."),
        Column("simplified_silhouette", "DOUBLE", "Mean simplified silhouette, Euclidean, all; null for gmm, lca."),
        Column("calinski_harabasz", "DOUBLE", "Variance ratio, customers trained on; null for gmm, lca."),
        Column("davies_bouldin", "DOUBLE", "Mean likeness of clusters, Euclidean, trained on; null for gmm, lca."),
        Column("cost", "DOUBLE", "Sum of squared distances to the own centre, trained on; null for gmm, lca."),
        Column("holdout_cost", "DOUBLE", "The same of a customer held out, on average; null for gmm, lca."),
        Column("log_likelihood", "DOUBLE", "Log-likelihood of customers trained on, nats; null but for gmm, lca."),
        Column("holdout_log_likelihood", "DOUBLE", "The same of one held out, on average; null but for gmm, lca."),
        Column("bic", "DOUBLE", "Bayesian information criterion, lower is better; null but for gmm, lca."),
        Column("separation", "DOUBLE", "Adjusted share of variance of the next period's KPI, held out."),
        Column("separation_error", "DOUBLE", "Standard error of the separation."),
        Column("stability", "DOUBLE", "Mean Jaccard similarity of the weakest cluster; null if not tried."),
        Column("stability_null", "DOUBLE", "The same where customers have no structure; null if not tried."),
        Column("seed_agreement", "DOUBLE", "Mean adjusted Rand index of fits by other seeds; null if not tried."),
        Column("time_agreement", "DOUBLE", "Adjusted Rand index with a fit of the last period; null if not tried."),
        Column("gap", "DOUBLE", "Gap statistic, squared Euclidean, evaluation sample; null but for kmeans."),
        Column("gap_error", "DOUBLE", "Standard error of the gap."),
        Column("prediction_strength", "DOUBLE", "Prediction strength, evaluation sample; null but for kmeans."),
        Column("smallest_share", "DOUBLE", "Share of the smallest cluster, all customers."),
        Column("cluster_sizes", "ARRAY<BIGINT>", "Customers of each cluster, the largest first."),
        Column("chosen", "BOOLEAN", "Whether this candidate was published."),
        Column("reason", "STRING", "Why it was or was not chosen."),
        Column("duration_seconds", "DOUBLE", "Seconds for fitting and measuring it."),
        Column("mlflow_run_id", "STRING", "Its run in MLflow."),
        AS_OF,
        Column("feature_set", "STRING", "What it clusters: all inputs, a configured set, or components of either."),
    ),
    key=("run_id", "algorithm", "k", "seed", "feature_set"),
    run_columns=("mlflow_run_id", "duration_seconds"),
)

SEGMENTS = Table(
    "segments",
    "The registry: one row per segment that was ever published.",
    (
        SEGMENT,
        Column("name", "STRING", "Plain-language name, unique among the active."),
        Column("description", "STRING", "What distinguishes its customers, in original units."),
        Column("kind", "STRING", "cluster, rule or lifecycle."),
        Column("rule", "STRING", "Condition of a rule or lifecycle segment; null for clusters."),
        Column(
            "status", "STRING", "draft, in_review, approved, active, split (its customers are in its parts) or retired."
        ),
        Column("owner", "STRING", "Who answers for it."),
        Column("author", "STRING", "Who submitted it for review: may not approve it."),
        Column("approver", "STRING", "Who approved it; null where promotion approves."),
        Column("reason", "STRING", "Why it has the status that it has, as who gave it that said."),
        Column("review_at", "DATE", "When somebody is to look at it again; null: never asked for."),
        Column("retrain_days", "INT", "Days after which its model is trained anew; null: as configured."),
        Column("priority", "INT", "Of a rule segment that comes before clusters: the lowest is first; null: none."),
        Column("overlay", "BOOLEAN", "Whether its members are in another segment, too: see segment_overlays."),
        Column("successor_segment_id", "STRING", "Segment that takes its place; null unless it is retired."),
        MODEL,
        Column("cluster", "INT", "Number of the model's cluster; null but for clusters."),
        Column("parent_segment_id", "STRING", "Segment that it is a part of: the one that was split."),
        Column("size", "BIGINT", "Customers in it; of one that is split, in its parts: add up the active ones."),
        Column("share", "DOUBLE", "Its share of all customers."),
        Column("created_at", "DATE", "as_of of its first publication."),
        Column("updated_at", "DATE", "as_of of its last change."),
        Column("retired_at", "DATE", "as_of of its retirement."),
    ),
    key=("segment_id",),
    run_columns=("created_at", "updated_at"),
)

SEGMENT_ASSIGNMENTS = Table(
    "segment_assignments",
    "One row per customer: the current segment.",
    (
        CUSTOMER,
        SEGMENT,
        Column("runner_up_segment_id", "STRING", "Second best segment; null outside the clustered population."),
        Column("membership", "DOUBLE", "Posterior of a mixture; else the share of resampled segmentations that agree."),
        Column("margin", "DOUBLE", "Lead over the runner-up: of posteriors, or of distances (simplified silhouette)."),
        Column("since", "DATE", "as_of at which the customer entered the segment."),
        MODEL,
        Column("pending_segment_id", "STRING", "Nearer than the own one, but not by enough to move; null: none is."),
        Column("pending_since", "DATE", "as_of since which that one has been nearer."),
    ),
    key=("customer_id",),
    run_columns=("since", "model_version"),
    cluster_by=("customer_id",),
    change_feed=True,
)

SEGMENT_OVERLAYS = Table(
    "segment_overlays",
    "One row per customer and overlay segment: what a customer is in beside the own segment.",
    (CUSTOMER, SEGMENT, Column("since", "DATE", "as_of at which the customer entered the segment.")),
    key=("customer_id", "segment_id"),
    run_columns=("since",),
    cluster_by=("customer_id",),
    change_feed=True,
)

SEGMENT_MEMBERSHIP_EVENTS = Table(
    "segment_membership_events",
    "One row per entry, move or exit. The events up to a sequence are the membership after it.",
    (
        CUSTOMER,
        SEGMENT,
        Column("previous_segment_id", "STRING", "Segment before; null for an entry."),
        Column("event_type", "STRING", "entry (none before), move, or exit (none any more; or out of an overlay)."),
        Column("event_ts", "TIMESTAMP", "Instant of as_of's midnight in the business time zone."),
        AS_OF,
        MODEL,
        RUN,
        Column("sequence", "BIGINT", "Number of the publication of assignments that it is of: later ones are higher."),
        Column(
            "cause",
            "STRING",
            "behaviour, model (retrained, split, joined), correction (data or rules) or erasure.",
        ),
        Column("overlay", "BOOLEAN", "Whether it is about an overlay segment, beside the own one."),
    ),
    key=("customer_id", "sequence", "segment_id"),  # and run_id counts: the views tell only those of runs that ended
    cluster_by=("as_of", "customer_id"),
)

SEGMENT_LINEAGE = Table(
    "segment_lineage",
    "One row per model version and segment that it made, continued or ended: which, and by what evidence.",
    (
        MODEL,
        SEGMENT,
        Column("cluster", "INT", "Number of the version's cluster that is the segment; null where it ended."),
        Column("verdict", "STRING", "kept, moved, split, merged, vanished or new."),
        Column("related_segment_id", "STRING", "Where most of it went, or came from; null if it went on as it was."),
        Column("shared", "BIGINT", "Customers that both have: the segment and its cluster, else the related one."),
        Column("share_of_previous", "DOUBLE", "Their share of the earlier one's customers."),
        Column("share_of_new", "DOUBLE", "Their share of the later one's customers."),
        Column("jaccard", "DOUBLE", "Their share of the customers that either has."),
        Column("distance", "DOUBLE", "Between the two means: root mean square, in everybody's standard deviations."),
        AS_OF,
        RUN,
    ),
    key=("model_version", "segment_id"),
    run_columns=("run_id",),
)

SEGMENT_PROFILES = Table(
    "segment_profiles",
    "One row per segment and feature: how its customers differ from all.",
    (
        SEGMENT,
        Column("feature", "STRING", "Column of customer_features."),
        Column("customers", "BIGINT", "Customers of the segment with a known value."),
        Column("mean", "DOUBLE", "Mean over them, in the feature's unit."),
        Column("overall_mean", "DOUBLE", "Mean over all customers with a known value."),
        Column("overall_deviation", "DOUBLE", "Standard deviation over them."),
    ),
    key=("segment_id", "feature"),
)

SEGMENT_MIGRATIONS = Table(
    "segment_migrations",
    "One row per comparison of two dates and pair of segments that customers went between, or stayed in.",
    (
        Column("from_as_of", "DATE", "The earlier date."),
        AS_OF,
        Column("from_segment_id", "STRING", "Segment at the earlier date; empty for who was in none yet."),
        Column("to_segment_id", "STRING", "Segment at the later date; empty for who is in none any more."),
        Column("customers", "BIGINT", "How many went that way."),
        Column("share_of_from", "DOUBLE", "Their share of the earlier segment; null for who was in none."),
        RUN,
    ),
    key=("from_as_of", "as_of", "from_segment_id", "to_segment_id"),
    run_columns=("run_id",),
)

DRIFT = Table(
    "drift",
    "One row per date and thing that may drift, as it was found at an assign or in a comparison of two dates.",
    (
        AS_OF,
        Column("from_as_of", "DATE", "Date that it is held against: of the reference, or of the earlier assign."),
        Column(
            "kind",
            "STRING",
            "At an assign: input, share, kpi or fit. In a comparison: agreement, jaccard, share_shift, profile_shift, "
            "psi or overall.",
        ),
        Column("name", "STRING", "Feature, segment_id or measure; of a profile segment_id, a slash and the feature."),
        Column("value", "DOUBLE", "What was measured."),
        Column("lower", "DOUBLE", "Lower end of its 95% interval; null at an assign."),
        Column("upper", "DOUBLE", "Upper end of its 95% interval; null at an assign."),
        Column("reference", "DOUBLE", "What is usual: at the reference, or in the periods before."),
        Column("threshold", "DOUBLE", "How much may be before it is exceeded: see docs/statistics.md."),
        Column("exceeded", "BOOLEAN", "Whether it is more than that."),
        Column("verdict", "STRING", "steady, blip or shift; null at an assign."),
        MODEL,
        RUN,
    ),
    key=("as_of", "from_as_of", "kind", "name"),
    run_columns=("run_id",),
)

DRIFT_REFERENCE = Table(
    "drift_reference",
    "One row per model version and bin: how things were at the first assign by it. Written once.",
    (
        MODEL,
        Column("kind", "STRING", "input, share, kpi or fit."),
        Column("name", "STRING", "Feature; segment_id of a KPI; segments; distance."),
        Column("bin", "INT", "Number of the bin, from 0 on; -1 is that of unknown values."),
        Column("upper", "DOUBLE", "Highest value in the bin of a number, null in the last; the limit of the distance."),
        Column("level", "STRING", "Value of a text, null where all others are meant; segment_id of a share."),
        Column("value", "DOUBLE", "Customers in the bin; of a KPI the mean, of the distance the share beyond it."),
        Column("error", "DOUBLE", "Standard error of the mean of a KPI; null otherwise."),
        AS_OF,
        RUN,
    ),
    key=("model_version", "kind", "name", "bin"),
    run_columns=("run_id",),
)
