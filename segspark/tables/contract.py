"""What a table's contract says of it, and the columns that many tables have."""

from collections.abc import Iterable
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Column:
    """A column: its name, its Spark SQL type and what it means.

    Examples:
        >>> Column("amount", "DECIMAL(18,4)", "Paid, in the reporting currency.").name
        'amount'
    """

    name: str
    type: str
    comment: str


@dataclass(frozen=True)
class Feature(Column):
    """A column of `customer_features`: how it is computed, and what a person needs to read it.

    Attributes:
        unit: of the value: days, orders, products, categories, currency, share, nats or score.
        label: its name in a figure.
        null_means: what a null says (unknown).
        zero_means: what a zero says (none).
        high: adjective for a customer far above the average; empty if it tells a person nothing.
        low: adjective for a customer far below the average.
        sentence: how to say a segment's mean in words; {ratio}, {value}, {average} are filled in.
        sql: Spark SQL expression over what is kept of a customer (`segspark.features.plan.Plan`).
        family: what it belongs to.
        automatic: whether it is a model input where none are named.
        denominator: of a rate: what it is a share of, or divided by.
    """

    unit: str
    label: str
    null_means: str
    zero_means: str
    high: str = ""
    low: str = ""
    sentence: str = ""
    sql: str = ""
    family: str = ""
    automatic: bool = False
    denominator: str = ""


@dataclass(frozen=True)
class Table:
    """A Delta table's contract.

    Attributes:
        key: columns that identify a row; what is written is unique by them.
        run_columns: columns that say which run wrote a row; a change in them alone is no change.
        cluster_by: columns for liquid clustering.
        internal: whether only segspark reads it; then rows may be changed by deletion vectors, files left alone.
        change_feed: whether Delta keeps what each version changed, for whoever follows the table; where
            workspace.deletion_vectors says so, rows may be changed by these.
        append_only: whether Delta itself refuses to change or delete a row.
    """

    name: str
    comment: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    run_columns: tuple[str, ...] = ()
    cluster_by: tuple[str, ...] = ()
    internal: bool = False
    change_feed: bool = False
    append_only: bool = False

    @property
    def column_names(self) -> list[str]:
        """The columns' names in order.

        Examples:
            >>> from segspark.tables import PRODUCTS
            >>> PRODUCTS.column_names[:2]
            ['product_id', 'category']
        """
        return [column.name for column in self.columns]

    @property
    def compared(self) -> list[str]:
        """The columns in which a difference means that a row changed.

        Examples:
            >>> from segspark.tables import PRODUCTS
            >>> PRODUCTS.compared
            ['category', 'brand', 'name', 'attributes', 'updated_at']
        """
        return [name for name in self.column_names if name not in (*self.key, *self.run_columns)]

    def picked(self, *names: str) -> tuple[Column, ...]:
        """Some of its columns in another order, for a view that has them as they are.

        Examples:
            >>> from segspark.tables import PRODUCTS
            >>> [one.name for one in PRODUCTS.picked("brand", "product_id")]
            ['brand', 'product_id']
        """
        by_name = {column.name: column for column in self.columns}
        return tuple(by_name[name] for name in names)

    def with_columns(self, columns: Iterable[Column]) -> "Table":
        """The same contract with more columns, as `customer_features` gets from the declared features."""
        return replace(self, columns=(*self.columns, *columns))


CUSTOMER = Column("customer_id", "STRING", "The customer.")
GIVEN = Column("source_customer_id", "STRING", "The customer's id as the source gave it.")
CURRENT_SEGMENT = Column("segment_id", "STRING", "Segment that its customers are in now.")
CURRENT_OR_ALL = Column("segment_id", "STRING", "Segment that its customers are in now; all: everyone who is in one.")
AS_OF = Column("as_of", "DATE", "Date in the business time zone; nothing at or after its midnight was read.")
RUN = Column("run_id", "STRING", "Run that wrote the row: a hash of command, configuration, as_of and inputs.")
SOURCE = Column("source", "STRING", "Source in the configuration.")
UPDATED = Column(
    "updated_at", "TIMESTAMP", "When the source last changed the row: of several with one key the latest wins."
)
SEGMENT = Column("segment_id", "STRING", "Segment; opaque, never reused.")
MODEL = Column("model_version", "STRING", "Registered model and version, as name/version; empty for rules.")
