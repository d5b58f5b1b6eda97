"""Made-up KPIs, migrations and values of a report's segments, few or as many as there may be."""

from __future__ import annotations

import math
import random
from itertools import pairwise

from segspark.reporting.outcomes import EVERYBODY, KpiDefinition, KpiPoint, Migration, ValueSummary
from segspark.reporting.signal_model import AttributeShare, ExampleValue, Signals, Term, Trigger

DEFINITIONS = (
    # name, label, unit, formula, denominator, level, whether more is better
    ("repeat_rate", "Repeat rate", "rate", "customers with a second order / customers with an order", "buyers", 0.42),
    ("average_order_value", "Average order value", "USD", "amount of orders / orders", "orders", 36.9),
    ("active_share", "Active customers", "share", "customers with an order / customers", "customers", 0.61),
    ("orders_per_customer", "Orders per customer", "orders", "orders / customers with an order", "buyers", 4.2),
    ("churn_rate", "Churn rate", "rate", "customers who stopped / customers active before", "active before", 0.07),
    ("revenue", "Revenue per customer", "USD", "amount, net of returns / customers", "customers", 154.0),
)


def months(count: int, last: tuple[int, int] = (2017, 12)) -> list[tuple[str, str]]:
    """Calendar months up to one, which is not in it."""
    end = 12 * last[0] + last[1] - 1
    days = [f"{at // 12}-{at % 12 + 1:02}-01" for at in range(end - count, end + 1)]
    return list(pairwise(days))


def definitions(count: int = 6) -> tuple[KpiDefinition, ...]:
    made = [KpiDefinition(*row[:5]) for row in DEFINITIONS]
    more = [KpiDefinition(f"kpi_{n}", f"KPI {n}", "share", "some / all", "all") for n in range(len(made), count)]
    return tuple([*made, *more][:count])


def kpis(sizes: dict[str, int], periods: int = 11, count: int = 6, seed: int = 3) -> tuple[KpiPoint, ...]:
    """Points of all segments and of everybody; targets for some, of which some are missed."""
    source = random.Random(seed)
    made = []
    levels = [row[5] for row in DEFINITIONS] + [0.3] * count
    for definition, level in zip(definitions(count), levels, strict=False):
        for at, segment in enumerate([EVERYBODY, *sizes]):
            own = level * (1.0 if segment == EVERYBODY else 0.55 + 0.9 * source.random())
            target = 1.02 * level if definition.name in ("repeat_rate", "revenue") and at < 3 else None
            for number, (start, end) in enumerate(months(periods)):
                value = own * (1 + 0.06 * math.sin(number / 2 + at) + 0.01 * number + source.gauss(0, 0.015))
                width = value * (0.02 if segment == EVERYBODY else 0.06)
                customers = sum(sizes.values()) if segment == EVERYBODY else sizes[segment]
                shown = round(customers * (0.8 + 0.2 * number / periods))
                state = "" if target is None else "met" if value >= target else "missed"
                made.append(
                    KpiPoint(definition.name, segment, start, end, value, value - width, value + width, shown, target,
                             state)
                )  # fmt: skip
    return tuple(made)


def migrations(sizes: dict[str, int], count: int = 2, seed: int = 5) -> tuple[Migration, ...]:
    source = random.Random(seed)
    ids = list(sizes)
    made = []
    for before, after in months(count):
        flows = [(one, one, round(0.8 * size)) for one, size in sizes.items()]
        flows += [(one, other, source.randrange(0, 40)) for one in ids for other in ids if one != other]
        flows += [("", one, source.randrange(1, 30)) for one in ids]
        flows += [(one, "", source.randrange(1, 20)) for one in ids]
        made.append(
            Migration(
                before, after, tuple(flow for flow in flows if flow[2]), (), "blip",
                (f"From {before} to {after}: blip: something changed by more than resamples explain.",
                 "12.4% of the customers of both dates changed their segment."),
                (("Agreement (ARI)", "0.71 (0.69 to 0.73)"), ("Agreement (AMI)", "0.66 (0.64 to 0.68)")),
            )
        )  # fmt: skip
    return tuple(made)


def values(sizes: dict[str, int]) -> tuple[ValueSummary, ...]:
    return tuple(
        ValueSummary(segment, size, 0.95 - 0.13 * (at % 5), 820.0 / (1 + at % 5), 0.05 + 0.12 * (at % 5))
        for at, (segment, size) in enumerate(sizes.items())
    )


def signals(name: str = "mailing", other: str = "late") -> Signals:
    return Signals(
        (Term(other, 30, 2.5, -0.41), Term(name, 20, 1.5, None)),
        (Trigger("sequence", name, other, 40, 20, 2.0, 1.1, 3.6, 0.01),
         Trigger("channel", name, "", 33, 0, None, 9.5, None, 0.02)),
        (AttributeShare(name, other, 60, 100, 0.6, 0.4, 1.5, 1.3, 1.7, 0.001),),
        (ExampleValue("A", "frequency", 12.0), ExampleValue("B", "frequency", None)),
    )  # fmt: skip
