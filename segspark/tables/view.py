"""What a view's contract says of it: what a row is, what its columns mean, how they follow from tables."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from segspark.tables.contract import Column, Table


@dataclass(frozen=True)
class View:
    """A view over published tables.

    Attributes:
        name: of the view.
        comment: what a row is.
        columns: of the view in their order, as the query gives them.
        query: a SELECT, with {table} where a table's name goes; in SQL that Spark, DuckDB, Trino and
            their like understand.
        tables: that it reads.
    """

    name: str
    comment: str
    columns: tuple[Column, ...]
    query: str
    tables: tuple[Table, ...]

    def select(self, named: Callable[[Table], str]) -> str:
        """The query, with the names that an engine knows the tables by.

        Examples:
            >>> from segspark.tables import PRODUCTS
            >>> View("brands", "One row per brand.", (), "SELECT DISTINCT brand FROM {products}", (PRODUCTS,)).select(
            ...     lambda table: f"main.{table.name}"
            ... )
            'SELECT DISTINCT brand FROM main.products'
        """
        names: Mapping[str, str] = {table.name: named(table) for table in self.tables}
        return self.query.format_map(names)
