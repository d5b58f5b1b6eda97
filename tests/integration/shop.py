"""A shop whose customers are of three kinds: what they did in a year, and what some of them did on the day after."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

# What maps its events, in files and in messages.
COLUMNS = """{event_id: event, customer_id: customer, event_ts: at, event_type: kind, amount: money,
                          order_id: basket, channel: channel, category: category, product_id: product}"""
SCHEMA = """
        event STRING, customer STRING, at STRING, kind STRING, money DOUBLE, basket STRING, channel STRING,
        category STRING, product STRING"""
KINDS = [(40, 20.0), (15, 60.0), (5, 200.0)]  # orders in a year, and what one is worth


def a_year(customers: int, random: np.random.Generator) -> pd.DataFrame:
    """What customers of three kinds did in 2025."""
    rows = []
    for number in range(customers):
        often, money = KINDS[number % 3]
        for day in sorted(random.choice(364, random.poisson(often) + 1, replace=False)):
            rows.append((number, pd.Timestamp("2025-01-01 17:00") + pd.Timedelta(days=int(day)), "purchase", money))
    return as_log(pd.DataFrame(rows, columns=["number", "at", "kind", "money"]), "old", random)


def a_day(customers: int, events: int, random: np.random.Generator, late: float = 0.05) -> pd.DataFrame:
    """What some of them, and some new ones, did on the first day of 2026: many enough to be in another segment."""
    number = random.integers(0, customers + 20, events)
    at = pd.Timestamp("2026-01-01 05:00") + pd.to_timedelta(random.integers(0, 86_399, events), unit="s")
    kind = random.choice(["purchase", "purchase", "page_view"], events)
    rows = pd.DataFrame({"number": number, "at": at, "kind": kind, "money": random.choice([5.0, 80.0, 500.0], events)})
    behind = random.random(events) < late  # of the last weeks of the year before
    rows["at"] = rows["at"].where(~behind, rows["at"] - pd.to_timedelta(random.integers(1, 20, events), unit="D"))
    return as_log(rows, "new", random)


def as_log(rows: pd.DataFrame, name: str, random: np.random.Generator) -> pd.DataFrame:
    at = rows.index.astype(str)
    bought = rows["kind"] == "purchase"
    return pd.DataFrame(
        {
            "event": f"{name}-" + at,
            "customer": "customer " + rows["number"].astype(str),
            "at": rows["at"].astype("datetime64[us]"),
            "kind": rows["kind"],
            "money": (rows["money"] * random.lognormal(0, 0.1, len(rows))).round(2).where(bought),
            "basket": pd.Series(f"{name}-basket-" + at, index=rows.index).where(bought),
            "channel": np.where(bought, "store", "web"),
            "category": pd.Series(random.choice(["tea", "pots", "cups"], len(rows)), index=rows.index).where(bought),
            "product": pd.Series(random.choice([f"p{n}" for n in range(9)], len(rows)), index=rows.index).where(bought),
        }
    )


def pieces(rows: pd.DataFrame, number: int, random: np.random.Generator) -> Sequence[pd.DataFrame]:
    """The rows in any order, some of them twice, in so many pieces."""
    shuffled = rows.sample(frac=1, random_state=int(random.integers(1 << 30)))
    again = shuffled.sample(frac=0.1, random_state=int(random.integers(1 << 30)))
    together = pd.concat([shuffled, again]).reset_index(drop=True)
    return [together.iloc[list(some)] for some in np.array_split(np.arange(len(together)), number)]


def as_messages(rows: pd.DataFrame) -> list[str]:
    return str(rows.to_json(orient="records", lines=True, date_format="iso", date_unit="us")).splitlines()
