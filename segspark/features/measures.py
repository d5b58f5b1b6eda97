"""Measures: what is counted or summed of a customer's events. Each adds up over events, days and periods."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from pyspark.sql import Column as SparkColumn
from pyspark.sql import functions as F

from segspark.columns import amount, exact_sum, quoted, text_literal, units
from segspark.config.features import Features
from segspark.features.families.own import argument
from segspark.tables import Column

Kind = Literal["count", "money", "number"]
_TYPES: Mapping[Kind, str] = {"count": "BIGINT", "money": "DOUBLE", "number": "DOUBLE"}


@dataclass(frozen=True)
class Measure:
    """A sum over events.

    Attributes:
        name: of its column in `customer_daily` and `customer_state`.
        kind: count (of events), money (kept in whole ten-thousandths) or number (summed to 18 digits after the point).
        comment: what it counts or sums.
        when: Spark SQL condition over an event.
        value: Spark SQL expression over an event; not for counts.
    """

    name: str
    kind: Kind
    comment: str
    when: str = "TRUE"
    value: str = ""

    @property
    def column(self) -> Column:
        """The column that holds it."""
        in_units = " In ten-thousandths." if self.kind == "money" else ""
        return Column(self.name, _TYPES[self.kind], self.comment + in_units)

    def read(self, kept: SparkColumn) -> SparkColumn:
        """What is kept, as features read it: money as a decimal."""
        return amount(kept) if self.kind == "money" else kept

    def total(self) -> SparkColumn:
        """The sum over events, as an aggregate; zero where there is nothing.

        Examples:
            >>> events = spark.sql("SELECT explode(array('purchase', 'return')) AS event_type, 2.5 AS amount")
            >>> known = measures(Features())
            >>> events.agg(known["purchases"].total(), known["net"].total()).first()[:]
            (1, 50000.0)
        """
        condition = F.expr(self.when)
        if self.kind == "count":
            return F.count_if(condition)
        value = F.when(condition, F.expr(self.value))
        return total_of(units(value)) if self.kind == "money" else _number(value.cast("double"))

    def again(self, condition: SparkColumn | None = None) -> SparkColumn:
        """The sum of the measure's column over days, or over those that meet a condition, as an aggregate.

        Examples:
            >>> days = spark.sql("SELECT explode(array(12500D, 25000D)) AS net")
            >>> days.agg(measures(Features())["net"].again(F.col("net") > 20000)).first()[0]
            25000.0
        """
        value = F.col(quoted(self.name))
        value = value if condition is None else F.when(condition, value)
        if self.kind == "count":
            return F.coalesce(F.sum(value), F.lit(0))
        return total_of(value) if self.kind == "money" else _number(value)

    def plus(self, one: str, other: str) -> SparkColumn:
        """The sum of the measure's columns in two structs, either of which may be null."""
        zero = F.lit(0).cast(self.column.type)
        parts = [F.coalesce(F.col(f"{place}.{quoted(self.name)}"), zero) for place in (one, other)]
        return (parts[0] + parts[1]).cast(self.column.type)


def total_of(value: SparkColumn) -> SparkColumn:
    """A sum of doubles that are whole numbers, as an aggregate; zero where there is none."""
    return F.coalesce(F.sum(value), F.lit(0.0))


def _number(value: SparkColumn) -> SparkColumn:
    return F.coalesce(exact_sum(value), F.lit(0.0))


def is_one_of(types: Iterable[str]) -> str:
    r"""Spark SQL condition: the event is of one of these types.

    Examples:
        >>> print(is_one_of(["it's"]))
        event_type IN ('it\'s')
    """
    return f"event_type IN ({', '.join(map(text_literal, types))})" if types else "FALSE"


_BOUGHT = "event_type = 'purchase'"
_PAGES = "event_type IN ('page_view', 'product_view')"
_DISCOUNTED = f"{_BOUGHT} AND discount > 0"


def measures(settings: Features) -> dict[str, Measure]:
    """Everything that can be counted or summed, by name; only what features ask for is kept."""
    found = (
        Measure("events", "count", "Events of any type."),
        *_money(),
        *_digital(),
        *_contacts(settings),
        *_tastes(settings),
        *_own(settings),
    )
    return {one.name: one for one in found}


def _money() -> tuple[Measure, ...]:
    returned = "event_type = 'return'"
    return (
        Measure("purchases", "count", "Lines bought.", _BOUGHT),
        Measure("returns", "count", "Lines returned.", returned),
        Measure("net", "money", "Amounts of purchases and returns.", f"{_BOUGHT} OR {returned}", "amount"),
        Measure("gross", "money", "Amounts of purchases.", _BOUGHT, "amount"),
        Measure("returned", "money", "Amounts returned, positive.", returned, "-amount"),
        Measure("saved", "money", "Discounts on purchases.", _BOUGHT, "discount"),
        Measure("cost", "money", "Cost of lines bought less that of lines returned: their properties['cost'].",
                f"{_BOUGHT} OR {returned}",
                "try_cast(properties['cost'] AS DECIMAL(18,4)) * IF(event_type = 'return', -1, 1)"),
        Measure("costed", "money", "Amounts of the lines whose cost is known.",
                f"({_BOUGHT} OR {returned}) AND try_cast(properties['cost'] AS DECIMAL(18,4)) IS NOT NULL", "amount"),
        Measure("discounted_lines", "count", "Lines bought at a discount.", _DISCOUNTED),
        Measure("discounted_gross", "money", "Amounts of the lines bought at a discount.", _DISCOUNTED, "amount"),
        Measure("discounted_saved", "money", "Their discounts.", _DISCOUNTED, "discount"),
        Measure("coupons", "count", "Coupons redeemed.", "event_type = 'coupon_redemption'"),
    )  # fmt: skip


def _digital() -> tuple[Measure, ...]:
    deep, long = f"{_PAGES} AND page_depth IS NOT NULL", f"{_PAGES} AND duration_seconds IS NOT NULL"
    hours = {"night": "event_hour < 6", "morning": "event_hour >= 6 AND event_hour < 12",
             "afternoon": "event_hour >= 12 AND event_hour < 18", "evening": "event_hour >= 18"}  # fmt: skip
    return (
        Measure("pages", "count", "Pages and products viewed.", _PAGES),
        Measure("product_views", "count", "Products viewed.", "event_type = 'product_view'"),
        Measure("searches", "count", "Searches.", "event_type = 'search'"),
        Measure("cart_adds", "count", "Products put into a cart.", "event_type = 'cart_add'"),
        Measure("online_purchases", "count", "Lines bought on the web or in the app.",
                f"{_BOUGHT} AND channel IN ('web', 'app')"),
        Measure("app_pages", "count", "Pages and products viewed in the app.", f"{_PAGES} AND channel = 'app'"),
        Measure("mobile_pages", "count", "Pages viewed on a phone or tablet: properties['device'].",
                f"{_PAGES} AND lower(properties['device']) IN ('mobile', 'phone', 'smartphone', 'tablet')"),
        Measure("device_pages", "count", "Pages viewed on a device that is known.",
                f"{_PAGES} AND properties['device'] IS NOT NULL"),
        Measure("depth", "number", "Sum of page depths.", deep, "page_depth"),
        Measure("depth_pages", "count", "Pages whose depth is known.", deep),
        Measure("duration", "number", "Seconds on pages.", long, "duration_seconds"),
        Measure("duration_pages", "count", "Pages whose duration is known.", long),
        *(Measure(f"{name}_pages", "count", f"Pages viewed at {name}.", f"{_PAGES} AND {when}")
          for name, when in hours.items()),
    )  # fmt: skip


def _own(settings: Features) -> Iterable[Measure]:
    """Those of a team's own that add up over days."""
    for one in settings.own:
        found = argument(one)
        if found is None:
            continue
        function, inner = found
        if function == "sum":
            kind: Kind = "money" if one.type == "money" else "number"
            yield Measure(one.name, kind, one.description, f"({inner}) IS NOT NULL", inner)
        else:
            when = inner if function == "count_if" else "TRUE" if inner in ("*", "1") else f"({inner}) IS NOT NULL"
            yield Measure(one.name, "count", one.description, when)


def _tastes(settings: Features) -> tuple[Measure, ...]:
    placed = f"{_BOUGHT} AND taste IS NOT NULL"
    return (
        Measure("taste_lines", "count", "Lines bought of a product that has a vector.", placed),
        *(Measure(f"taste_{at + 1}", "number", f"Sum of component {at + 1} of the products of these lines.", placed,
                  f"taste[{at}]")
          for at in range(settings.embeddings.components)),
    )  # fmt: skip


def _contacts(settings: Features) -> tuple[Measure, ...]:
    return (
        Measure("messages", "count", "E-mails and push messages sent.", is_one_of(["email_sent", "push_sent"])),
        Measure("opens", "count", "E-mails and push messages opened.", is_one_of(["email_open", "push_open"])),
        Measure("clicks", "count", "Clicks in e-mails and push messages.", is_one_of(["email_click", "push_click"])),
        Measure("unsubscribes", "count", "Unsubscriptions.", is_one_of(["unsubscribe"])),
        Measure("ad_impressions", "count", "Advertisements seen.", is_one_of(["ad_impression"])),
        Measure("ad_clicks", "count", "Advertisements clicked.", is_one_of(["ad_click"])),
        Measure("exposures", "count", "Contacts with a campaign.", is_one_of(settings.exposure_types)),
        Measure("support_contacts", "count", "Contacts with support.", is_one_of(settings.support_types)),
        Measure("ratings", "count", "Ratings given.", "rating IS NOT NULL"),
        Measure("rated", "number", "Sum of the ratings.", "rating IS NOT NULL", "rating"),
        Measure("sentiments", "count", "Texts or scores of a known sentiment.", "sentiment IS NOT NULL"),
        Measure("sentiment", "number", "Sum of the sentiments, each -1 to 1.", "sentiment IS NOT NULL", "sentiment"),
    )
