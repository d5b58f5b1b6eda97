"""Whether two peers computed the same."""

import duckdb


def unequal(ours: duckdb.DuckDBPyRelation, theirs: duckdb.DuckDBPyRelation) -> list[str]:
    """The columns of `theirs` that differ, doubles by more than 1e-9 of their size or of 1; with how many customers."""
    both = ours.set_alias("o").join(theirs.set_alias("p"), "o.customer_id = p.customer_id", how="outer")
    found = []
    for name, type_ in zip(theirs.columns, theirs.types, strict=True):
        same = f"o.{name} = p.{name}"
        if type_ == "DOUBLE":
            same = f"abs(o.{name} - p.{name}) <= 1e-9 * greatest(abs(o.{name}), abs(p.{name}), 1)"
        different = both.filter(f"NOT coalesce({same}, FALSE) AND NOT (o.{name} IS NULL AND p.{name} IS NULL)")
        count = different.shape[0]
        found += [f"{name}: {count:,}"] if count else []
    return found
