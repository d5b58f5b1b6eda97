"""What the page's script reads: names, periods and KPIs as compact JSON that cannot end the element it stands in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from segspark.reporting.charts import DEPTH, extent
from segspark.reporting.directory import EVERYBODY_NAME, Directory
from segspark.reporting.kpis import KpiRow, KpiSeries
from segspark.reporting.labels import clean
from segspark.reporting.text import is_currency, known

_FIELDS = {"v": "value", "l": "low", "h": "high", "t": "target"}
_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


def embedded(found: Directory, charts: Sequence[KpiSeries]) -> Markup:
    """The JSON of a report's charts, for an element script of type application/json."""
    return in_script(
        {
            "names": list(found.names),
            "everybody": EVERYBODY_NAME,
            "periods": [
                {"label": one.label, "tick": one.tick, "start": clean(one.start), "end": clean(one.end)}
                for one in found.periods
            ],
            "depth": DEPTH,
            "charts": [_chart(one, len(found.periods)) for one in charts],
        }
    )


def in_script(value: Any) -> Markup:
    r"""JSON in which no character means anything to HTML; numbers that are not finite are refused.

    >>> print(in_script(["</script><!--"]))
    ["\u003c/script\u003e\u003c!--"]
    """
    # What HTML could take for markup is written as JSON's own escapes.
    return Markup(json.dumps(value, separators=(",", ":"), allow_nan=False).translate(_ESCAPES))  # noqa: S704


def _chart(series: KpiSeries, periods: int) -> dict[str, Any]:
    low, high = extent(series.rows)
    unit = clean(series.definition.unit)
    return {
        "label": clean(series.definition.label),
        "unit": unit,
        "money": is_currency(unit),
        "low": low,
        "high": high,
        "lines": {str(at): _line(series.of(at), periods) for at in series.places},
    }


def _line(rows: Sequence[KpiRow], periods: int) -> dict[str, list[float | None]]:
    """Values by period, null where there is none; what a line does not have at all is left out."""
    found: dict[str, list[float | None]] = {}
    for key, name in _FIELDS.items():
        values: list[float | None] = [None] * periods
        for row in rows:
            value = getattr(row.point, name)
            values[row.period] = float(f"{value:.6g}") if known(value) else None
        if any(value is not None for value in values):
            found[key] = values
    return found
