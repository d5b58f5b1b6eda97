"""A realistic log of events with planted segments, in Parquet, with the columns of `events`; in the order of time.

Customers differ in how often they come (a few come very often) and in what they do: each belongs to a planted segment,
which says how often they come, by which kinds of visit, how dear they buy and how much at a discount. A visit is a few
events in a row: a basket in the store, a look around in the app, a campaign's mail that is opened or not. More visits
fall on Saturdays, in December, towards the evening.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

CHUNK = 1_000_000
AS_OF = "2024-12-31"  # the day after the last event
DAYS = 730  # before it
ZONE = "America/New_York"  # where the customers live
CATEGORIES = 24
PRODUCTS = 20_000
CAMPAIGNS = 40


@dataclass(frozen=True)
class Visit:
    """A kind of visit: its channel, what happens in it, in turn, and which of that repeats.

    Attributes:
        repeats: mean number of repetitions of the last event, as in a basket of several lines.
    """

    channel: str
    events: tuple[str, ...]
    repeats: float = 1.0


VISITS = (
    Visit("store", ("purchase",), 6),
    Visit("web", ("page_view", "product_view", "cart_add", "purchase"), 2),
    Visit("web", ("page_view", "search", "product_view"), 3),
    Visit("app", ("page_view", "product_view"), 4),
    Visit("email", ("email_sent",)),
    Visit("email", ("email_sent", "email_open", "email_click")),
    Visit("email", ("campaign_sent",)),
    Visit("store", ("coupon_redemption", "purchase"), 3),
    Visit("call_centre", ("support_contact",)),
    Visit("web", ("review",)),
    Visit("store", ("return",)),
)


@dataclass(frozen=True)
class Segment:
    """A planted segment: its share of customers, visits in a year, visits by kind, the price level, the discount."""

    name: str
    share: float
    visits: float
    kinds: tuple[float, ...]
    price: float
    discounted: float


SEGMENTS = (
    Segment("loyal", 0.10, 60, (9, 2, 1, 1, 1, 2, 1, 2, 0.2, 0.3, 0.3), 1.0, 0.15),
    Segment("bargain", 0.20, 25, (3, 2, 2, 1, 2, 3, 1, 5, 0.2, 0.1, 0.3), 0.6, 0.80),
    Segment("digital", 0.20, 30, (0.3, 6, 5, 9, 1, 2, 1, 0.2, 0.3, 0.6, 0.2), 1.2, 0.25),
    Segment("dear", 0.05, 12, (2, 4, 2, 1, 1, 1, 1, 0.1, 0.3, 0.3, 0.5), 4.0, 0.05),
    Segment("looking", 0.25, 10, (0.2, 0.3, 6, 5, 4, 1, 2, 0.1, 0.1, 0.1, 0.05), 1.0, 0.30),
    Segment("seldom", 0.20, 3, (3, 1, 1, 0.3, 4, 0.3, 2, 0.2, 0.2, 0.1, 0.1), 1.0, 0.20),
)
_HOURS = np.array([1, 1, 1, 1, 1, 2, 4, 7, 9, 10, 11, 12, 13, 12, 11, 11, 13, 16, 17, 15, 11, 7, 4, 2], dtype=float)


@dataclass(frozen=True)
class Crowd:
    """Every customer's segment, the running sum of weights by which visits are drawn, and the days of the log."""

    segment: np.ndarray
    drawn_by: np.ndarray
    days: int

    @property
    def start(self) -> np.datetime64:
        """The first day."""
        return np.datetime64(AS_OF, "D") - self.days


def generate(folder: Path, events: int, customers: int, seed: int, hot: float = 0.0, days: int = DAYS) -> list[Path]:
    """Write so many events; the same arguments give the same files.

    Args:
        folder: gets part-NNN.parquet, each of later events than the one before.
        events: exact number.
        customers: number of customers who may have events.
        seed: decides everything.
        hot: share of all events that one customer has.
        days: that the log covers, up to AS_OF.
    """
    folder.mkdir(parents=True, exist_ok=True)
    crowd = gathered(customers, seed, days)
    paths = []
    chunks = -(-events // CHUNK)
    for number in range(chunks):
        count = min(CHUNK, events - number * CHUNK)
        paths.append(folder / f"part-{number:03}.parquet")
        table = chunk(crowd, number * CHUNK, count, (number / chunks, (number + 1) / chunks), seed, hot)
        pq.write_table(table, paths[-1], compression="zstd", row_group_size=CHUNK // 4)
    return paths


def gathered(customers: int, seed: int, days: int = DAYS) -> Crowd:
    """Customers with their planted segment; weights are log-normal within a segment."""
    random = np.random.default_rng([seed, 0])
    segment = random.choice(len(SEGMENTS), customers, p=[one.share for one in SEGMENTS])
    weight = np.array([one.visits for one in SEGMENTS])[segment] * random.lognormal(0, 0.8, customers)
    return Crowd(segment, np.cumsum(weight) / weight.sum(), days)


def chunk(crowd: Crowd, first: int, count: int, span: tuple[float, float], seed: int, hot: float) -> pa.Table:
    """So many events of a part of the time, the first with this number, in the order of time."""
    random = np.random.default_rng([seed, 1, first])
    visits = count // 2 + 1_000  # more events than are wanted; what is over is cut off below
    customer = np.searchsorted(crowd.drawn_by, random.random(visits))
    customer[random.random(visits) < hot] = 0
    segment = crowd.segment[customer]
    kind = _kinds(segment, random)
    length = _lengths(kind, random)
    wanted = np.searchsorted(np.cumsum(length), count) + 1
    if wanted > visits:
        raise ValueError("too few visits were drawn: a visit has two events or more on average")
    customer, segment, kind, length = (array[:wanted] for array in (customer, segment, kind, length))
    start = np.sort(_moments(crowd, span, wanted, random))
    visit = np.repeat(np.arange(wanted), length)[:count]
    place = np.arange(len(visit)) - np.repeat(np.cumsum(length) - length, length)[:count]
    return _columns(crowd.start, first, visit, place, customer, segment, kind, start, random)


def _kinds(segment: np.ndarray, random: np.random.Generator) -> np.ndarray:
    shares = np.array([one.kinds for one in SEGMENTS])
    by = np.cumsum(shares / shares.sum(axis=1, keepdims=True), axis=1)
    return (random.random(len(segment))[:, None] > by[segment]).sum(axis=1)


def _lengths(kind: np.ndarray, random: np.random.Generator) -> np.ndarray:
    fixed = np.array([len(one.events) for one in VISITS])[kind]
    more = np.array([one.repeats - 1 for one in VISITS])[kind]
    return fixed + random.poisson(more)


def _moments(crowd: Crowd, span: tuple[float, float], count: int, random: np.random.Generator) -> np.ndarray:
    """Seconds since the start: days by season and weekday, hours by the habits of a day."""
    first, last = (int(part * crowd.days) for part in span)
    days = np.arange(first, max(last, first + 1))
    date = crowd.start + days
    weekday = (date.astype(int) + 3) % 7  # 1970-01-01 was a Thursday
    month = date.astype("datetime64[M]").astype(int) % 12
    weight = np.where(weekday == 5, 1.6, 1.0) * np.where(month == 11, 1.7, 1.0)
    day = random.choice(days, count, p=weight / weight.sum())
    hour = random.choice(24, count, p=_HOURS / _HOURS.sum())
    return day * 86_400 + hour * 3_600 + random.integers(0, 3_000, count)


def _columns(
    first_day: np.datetime64, first: int, visit: np.ndarray, place: np.ndarray, customer: np.ndarray,
    segment: np.ndarray, kind: np.ndarray, start: np.ndarray, random: np.random.Generator,
) -> pa.Table:  # fmt: skip
    count = len(visit)
    event = np.minimum(place, np.array([len(one.events) for one in VISITS])[kind][visit] - 1)
    names, by_kind = _event_types()
    type_ = by_kind[kind[visit], event]
    channels = [one.channel for one in VISITS]
    seconds = start[visit] + place * 20
    is_type = {name: type_ == names.index(name) for name in names}
    bought, returned = is_type["purchase"], is_type["return"]
    money = bought | returned
    browsed = is_type["page_view"] | is_type["product_view"]
    product = (PRODUCTS * random.random(count) ** 2).astype(int)
    named = money | is_type["product_view"] | is_type["cart_add"] | is_type["review"]
    price = np.round(random.lognormal(1.8, 0.8, count) * np.array([one.price for one in SEGMENTS])[segment][visit], 2)
    saved = random.random(count) < np.array([one.discounted for one in SEGMENTS])[segment][visit]
    discount = np.where(bought & saved, np.round(price * 0.2, 2), 0.0)
    about = is_type["campaign_sent"] | is_type["coupon_redemption"]
    who = customer[visit]
    moment = pa.array(first_day.astype("datetime64[us]") + (seconds * 1_000_000).astype("timedelta64[us]"))
    instant = moment.cast(pa.timestamp("us", tz="UTC"))
    local = pc.local_timestamp(instant.cast(pa.timestamp("us", tz=ZONE)))
    given = {
        "event_id": ids("e", np.arange(first, first + count)), "customer_id": ids("c", who),
        "source_customer_id": ids("c", who), "event_ts": instant,
        "event_date": local.cast(pa.timestamp("s"), safe=False).cast(pa.date32(), safe=False),
        "event_type": pa.DictionaryArray.from_arrays(type_, names),
        "channel": pa.DictionaryArray.from_arrays(kind[visit], channels),
        "session_id": ids("v", first + visit, ~money & ~about), "order_id": ids("o", first + visit, money),
        "product_id": ids("p", product, named), "category": ids("k", product % CATEGORIES, named),
        "quantity": _decimal(random.integers(1, 4, count).astype(float), bought),
        "amount": _decimal(np.where(returned, -price, price), money), "discount": _decimal(discount, bought),
        "campaign_id": ids("m", random.integers(0, CAMPAIGNS, count), about),
        "page_depth": pa.array(np.round(random.random(count), 3), mask=~browsed),
        "duration_seconds": pa.array(np.round(random.exponential(40, count), 1), mask=~browsed),
        "rating": pa.array(random.integers(1, 6, count).astype(float), mask=~is_type["review"]),
    }  # fmt: skip
    return pa.table(given)


def _event_types() -> tuple[list[str], np.ndarray]:
    names = sorted({name for one in VISITS for name in one.events})
    longest = max(len(one.events) for one in VISITS)
    table = [[names.index(one.events[min(at, len(one.events) - 1)]) for at in range(longest)] for one in VISITS]
    return names, np.array(table, dtype=np.int8)


def _decimal(values: np.ndarray, given: np.ndarray) -> pa.Array:
    """DECIMAL(18,4) straight from its 128 bits, low half first: a cast would go by way of text."""
    low = np.round(values * 100).astype(np.int64) * 100
    halves = np.stack([low, low >> 63], axis=1)
    known = np.packbits(given, bitorder="little")
    return pa.Array.from_buffers(pa.decimal128(18, 4), len(low), [pa.py_buffer(known), pa.py_buffer(halves)])


def ids(prefix: str, numbers: np.ndarray, given: np.ndarray | None = None) -> pa.Array:
    """Ids of nine digits after a letter; null where none is given."""
    text = pc.utf8_lpad(pa.array(numbers, mask=None if given is None else ~given).cast("string"), 9, "0")
    return pc.binary_join_element_wise(prefix, text, "")
