"""The contracts of all tables: their columns with types and comments, their keys, what they are laid out by."""

from segspark.tables.contract import Column, Feature, Table
from segspark.tables.data import (
    CAMPAIGNS,
    CONSENTS,
    CUSTOMER_IDENTIFIERS,
    CUSTOMERS,
    DATA_QUALITY,
    EVENTS,
    FEEDBACK,
    IDENTITIES,
    IDENTITY_LINKS,
    INGEST_POSITIONS,
    PRODUCTS,
    QUARANTINE,
)
from segspark.tables.features import (
    CUSTOMER_DAILY,
    CUSTOMER_DIMENSION,
    CUSTOMER_FEATURES,
    CUSTOMER_STATE,
    PRODUCT_EMBEDDINGS,
)
from segspark.tables.ledger import RUNS
from segspark.tables.segments import (
    SEGMENT_ASSIGNMENTS,
    SEGMENT_MEMBERSHIP_EVENTS,
    SEGMENT_PROFILES,
    SEGMENTS,
    TRAINING_CANDIDATES,
)

TABLES = (
    EVENTS,
    QUARANTINE,
    CUSTOMERS,
    PRODUCTS,
    CAMPAIGNS,
    FEEDBACK,
    CONSENTS,
    CUSTOMER_IDENTIFIERS,
    IDENTITIES,
    DATA_QUALITY,
    INGEST_POSITIONS,
    CUSTOMER_DAILY,
    CUSTOMER_DIMENSION,
    CUSTOMER_STATE,
    CUSTOMER_FEATURES,
    PRODUCT_EMBEDDINGS,
    TRAINING_CANDIDATES,
    SEGMENTS,
    SEGMENT_ASSIGNMENTS,
    SEGMENT_MEMBERSHIP_EVENTS,
    SEGMENT_PROFILES,
    RUNS,
)


__all__ = [
    "CAMPAIGNS",
    "CONSENTS",
    "CUSTOMERS",
    "CUSTOMER_DAILY",
    "CUSTOMER_DIMENSION",
    "CUSTOMER_FEATURES",
    "CUSTOMER_IDENTIFIERS",
    "CUSTOMER_STATE",
    "DATA_QUALITY",
    "EVENTS",
    "FEEDBACK",
    "IDENTITIES",
    "IDENTITY_LINKS",
    "INGEST_POSITIONS",
    "PRODUCTS",
    "PRODUCT_EMBEDDINGS",
    "QUARANTINE",
    "RUNS",
    "SEGMENTS",
    "SEGMENT_ASSIGNMENTS",
    "SEGMENT_MEMBERSHIP_EVENTS",
    "SEGMENT_PROFILES",
    "TABLES",
    "TRAINING_CANDIDATES",
    "Column",
    "Feature",
    "Table",
]
