"""Makes examples/shop: a year of a small coffee roaster in Berlin. Everything in it is invented.

Run once, from any folder: python examples/make_shop.py. The same seed gives the same files, byte for byte.
The customers follow five habits, so that there is something to find; a few rows are bad on purpose, as in real exports.
"""

import csv
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

SHOP = Path(__file__).resolve().parent / "shop"
START = datetime(2025, 1, 1)  # noqa: DTZ001 (local time in Berlin, written without a zone like most exports)
CITIES = ["Berlin", "Köln", "München", "Düsseldorf", "Saarbrücken", "Potsdam", "Görlitz"]
ARTICLES = {
    "coffee": [
        ("C1", 'Mischung "Omas Liebling", 500 g', 9.9),
        ("C2", "Espresso Süden, 1 kg", 21.5),
        ("C3", "Filter Äthiopien, 250 g", 8.4),
    ],
    "tea": [("T1", "Assam, 100 g", 6.2), ("T2", "Kräuter für die Nacht, 80 g", 5.4)],
    "equipment": [("E1", "Handmühle", 89.0), ("E2", 'Kanne "Größe 4", Glas', 34.5), ("E3", "Waage, 2 kg", 24.9)],
    "gifts": [("G1", "Geschenkkorb, groß", 64.0), ("G2", "Gutschein, 25 EUR", 25.0)],
}  # fmt: skip


@dataclass(frozen=True)
class Habit:
    """How one kind of customer buys: days between orders, active days of the year, weights of categories."""

    customers: int
    every_days: float
    first_day: tuple[int, int]
    last_day: tuple[int, int]
    weights: tuple[float, float, float, float]
    lines: tuple[int, int]
    discount: float
    web: float
    clicks: float


HABITS = [
    Habit(60, 28, (0, 40), (345, 365), (8, 1, 0.2, 0), (1, 2), 0.03, 0.8, 0.30),  # regulars
    Habit(45, 50, (0, 60), (320, 365), (4, 3, 0.3, 0), (1, 4), 0.75, 0.9, 0.65),  # bargain hunters
    Habit(45, 30, (300, 320), (345, 357), (1, 0.5, 3, 4), (1, 3), 0.05, 0.3, 0.10),  # gifts in December
    Habit(50, 30, (0, 30), (100, 190), (5, 3, 0.5, 0), (1, 3), 0.10, 0.5, 0.05),  # gone since summer
    Habit(25, 12, (325, 345), (366, 372), (5, 2, 1, 0), (1, 2), 0.25, 1.0, 0.40),  # new; some orders lie in 2026
]
PROSPECTS = 12  # get the newsletter, have never bought

Row = list[object]


def customers(rng: random.Random) -> Iterator[tuple[str, Habit | None]]:
    """Customer numbers with their habits, in the order in which the shop met them."""
    habits: list[Habit | None] = [habit for habit in HABITS for _ in range(habit.customers)] + [None] * PROSPECTS
    rng.shuffle(habits)
    return ((f"K{1001 + number}", habit) for number, habit in enumerate(habits))


def order_days(rng: random.Random, habit: Habit) -> Iterator[float]:
    """Days on which one customer orders."""
    day, end = rng.uniform(*habit.first_day), rng.uniform(*habit.last_day)
    while day <= end:
        yield day
        day += rng.gammavariate(4.0, habit.every_days / 4.0)


def order_time(rng: random.Random, day: float) -> str:
    """A time during opening hours, Berlin's clock, no zone written."""
    at = START + timedelta(days=int(day), hours=rng.choice([9, 11, 12, 17, 18, 19, 20, 23]), minutes=rng.randrange(60))
    return f"{at:%Y-%m-%d %H:%M:00}"


def line(rng: random.Random, order: str, number: int, habit: Habit) -> Row:
    """One line of an order; one in forty is brought back, with a negative amount."""
    category = rng.choices(list(ARTICLES), habit.weights)[0]
    article, name, price = rng.choice(ARTICLES[category])
    quantity = rng.choice([1, 1, 1, 2, 3]) if category in ("coffee", "tea") else 1
    full = price * quantity
    discount = round(full * rng.choice([0.1, 0.2, 0.3]), 2) if rng.random() < habit.discount else 0.0
    paid = round(full - discount, 2)
    if rng.random() < 0.025:
        paid, discount = -paid, 0.0
    return [order, number, article, name, category, quantity, f"{paid:.2f}", f"{discount:.2f}"]


def bought(rng: random.Random, known: Sequence[tuple[str, Habit | None]]) -> tuple[list[Row], list[Row]]:
    """Orders and their lines, day by day."""
    visits = [(day, who, habit) for who, habit in known if habit for day in order_days(rng, habit)]
    orders, lines = [], []
    for number, (day, who, habit) in enumerate(sorted(visits, key=lambda visit: visit[:2]), start=50_001):
        order = f"B{number}"
        orders.append([order, who, order_time(rng, day), "web" if rng.random() < habit.web else "store"])
        lines += [line(rng, order, position, habit) for position in range(1, rng.randint(*habit.lines) + 1)]
    return orders, lines


def newsletter(rng: random.Random, known: Sequence[tuple[str, Habit | None]]) -> Iterator[Row]:
    """Six mailings with their clicks; this tool exports UTC."""
    for number, month in enumerate((2, 4, 6, 8, 10, 12), start=1):
        sent = datetime(2025, month, 5, 6, 30)  # noqa: DTZ001 (the same: UTC, written without a zone)
        for who, habit in known:
            if rng.random() < 0.8:
                yield [f"N{number}", who, "sent", f"{sent:%Y-%m-%dT%H:%M:%S}"]
                if rng.random() < (habit.clicks if habit else 0.1):
                    clicked = sent + timedelta(minutes=rng.randrange(5, 3000))
                    yield [f"N{number}", who, "clicked", f"{clicked:%Y-%m-%dT%H:%M:%S}"]


def described(rng: random.Random, known: Sequence[tuple[str, Habit | None]]) -> Iterator[Row]:
    """What the shop knows about its customers."""
    notes = ["", "", "", "", 'wants "Omas Liebling", ground', "Firma, Rechnung per Post", "grüßt immer freundlich"]
    for who, _ in known:
        yield [who, rng.choice(CITIES), rng.choice(["person", "person", "person", "company"]), rng.choice(notes)]


def spoil(orders: list[Row], lines: list[Row], people: list[Row]) -> None:
    """The bad rows, all of them named in docs/bring-your-own-data.md."""
    orders[100][1] = ""  # whose order?
    orders[200][2] = "2025-02-30 10:15:00"  # there is no such day
    first = next(row for row in lines if row[0] == orders[300][0])
    lines.append(list(first))  # exported twice
    second = next(row for row in lines if row[0] == orders[400][0])
    lines.append([*second[:6], "1.00", "0.00"])  # the same line with another amount
    unpriced = next(row for row in lines if row[0] == orders[500][0])
    unpriced[6] = "n/a"
    lines.append(["B99999", 1, "C1", ARTICLES["coffee"][0][1], "coffee", 1, "9.90", "0.00"])  # no such order
    people.append(["", "Köln", "person", 'number was lost, "Müller" or "Möller"'])
    people.append(list(people[10]))


def write(name: str, header: Sequence[str], rows: Iterable[Row], delimiter: str = ",") -> None:
    """A CSV file, UTF-8, quoted where needed, quotes doubled."""
    with (SHOP / name).open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def main() -> None:
    """Write the four files."""
    rng = random.Random(2025)  # noqa: S311 (no secret is made)
    known = list(customers(rng))
    orders, lines = bought(rng, known)
    people = list(described(rng, known))
    mails = list(newsletter(rng, known))
    spoil(orders, lines, people)
    SHOP.mkdir(exist_ok=True)
    write("customers.csv", ["customer_no", "city", "kind", "note"], people)
    write("orders.csv", ["order_no", "customer_no", "ordered_at", "shop"], orders)
    columns = ["order_no", "line", "article_no", "article", "category", "pieces", "paid", "discount"]
    write("order_lines.csv", columns, lines)
    write("newsletter.csv", ["mailing", "customer_no", "what", "at"], mails, delimiter=";")


if __name__ == "__main__":
    main()
