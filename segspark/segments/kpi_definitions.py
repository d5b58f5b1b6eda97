"""KPIs: each is declared here once; what is computed, the table's comment and docs/kpis.md all follow from it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from segspark.tables import SEGMENT_KPIS, Table

EVERYONE = "1"  # of every customer of the segment who was known by the end of the period
ALL = "all"  # stands for all segments; a segment's id has a prefix and a hyphen, so none is called so

Kind = Literal["count", "sum", "share", "quotient"]
KINDS: Mapping[Kind, str] = {
    "count": "none: all customers are counted",
    "sum": "t, by the variance between customers: standard error √n·s",
    "share": "Wilson",
    "quotient": "t, linearised by customer (delta method)",
}

# What a customer did in a period; each is zero for who did nothing. Money is in the reporting currency.
SUMS: Mapping[str, str] = {
    "activities": "events other than contacts by the company, on which nobody need act: `features.exposure_types`, "
    "`email_sent`, `push_sent`, `ad_impression`",
    "orders": "orders with a purchase, each on the day of its first line; a return is none",
    "previous_orders": "the same of the period before",
    "net": "amounts of purchases and returns, each on its own day",
    "gross": "amounts of purchases",
    "saved": "discounts on purchases",
    "costed": "amounts of the lines, bought or returned, whose `properties['cost']` is known",
    "cost": "costs of these lines",
    "acquired": "1 in the period of the first order ever, else 0",
    "reached": "campaigns that contacted the customer in the period (`features.exposure_types`)",
    "answered": "those of them that the customer answered on the day of the contact or later, before as_of "
    "(`features.response_types`): the last periods may still rise",
    "campaign_cost": "share of the costs of campaigns: each is spread evenly over all its contacts before as_of",
    "campaign_net": "amounts of purchases and returns that name a campaign whose cost is known",
    "campaign_margin": "amounts less costs of these lines, where `properties['cost']` is known",
}


@dataclass(frozen=True)
class KpiDefinition:
    """A KPI.

    Attributes:
        name: in the table.
        label: for people.
        unit: share, customers, orders, times or currency.
        formula: in words.
        numerator: Spark SQL over a customer's `SUMS` of a period, zero for who did nothing; or `EVERYONE`.
        denominator: likewise; empty where nothing is divided.
        kind: how its interval is made; of a share, both are conditions.
        needs: conditions over the sums; where one holds of nobody, the KPI is left out rather than zero.
        only_all: whether it is told of all customers together alone.
        moment: whether it is not of periods: numerator is then the column that holds what is known of a customer.
    """

    name: str
    label: str
    unit: str
    formula: str
    numerator: str
    denominator: str
    kind: Kind
    needs: tuple[str, ...] = ()
    only_all: bool = False
    moment: bool = False


_COSTED, _CAMPAIGN_COST = "costed <> 0 OR cost <> 0", "campaign_cost > 0"
_MARGIN, _BOUGHT, _BEFORE = "costed - cost", "orders >= 1", "previous_orders >= 1"

PERIODIC = (
    KpiDefinition("customers", "customers", "customers", "customers first seen before the period's end; those without "
                  "any event, too", EVERYONE, "", "count"),
    KpiDefinition("active_customers", "active customers", "customers", "customers with an activity", "activities > 0",
                  "", "sum"),
    KpiDefinition("engagement_rate", "engagement rate", "share", "active customers over customers", "activities > 0",
                  EVERYONE, "share"),
    KpiDefinition("conversion_rate", "conversion rate", "share", "active customers with an order over active customers",
                  f"{_BOUGHT} AND activities > 0", "activities > 0", "share"),
    KpiDefinition("orders", "orders", "orders", "orders", "orders", "", "sum"),
    KpiDefinition("average_order_value", "average order value", "currency", "revenue over orders", "net", "orders",
                  "quotient"),
    KpiDefinition("revenue", "revenue", "currency", "amounts of purchases and returns", "net", "", "sum"),
    KpiDefinition("margin", "margin", "currency", "amounts less costs, of the lines whose cost is known", _MARGIN, "",
                  "sum", (_COSTED,)),
    KpiDefinition("margin_share", "margin share", "share", "margin over the amounts of the lines whose cost is known",
                  _MARGIN, "costed", "quotient", (_COSTED,)),
    KpiDefinition("discount_share", "discount share", "share", "discounts over the price of purchases before discount",
                  "saved", "gross + saved", "quotient"),
    KpiDefinition("repeat_rate", "repeat rate", "share", "customers with two orders or more over customers with an "
                  "order, within the period", "orders >= 2", _BOUGHT, "share"),
    KpiDefinition("retention_rate", "retention rate", "share", "customers with an order in the period before and in "
                  "this one over customers with an order in the period before", f"{_BEFORE} AND {_BOUGHT}", _BEFORE,
                  "share"),
    KpiDefinition("churn_rate", "churn rate", "share", "customers with an order in the period before and none in this "
                  "one over customers with an order in the period before: 1 less the retention rate",
                  f"{_BEFORE} AND orders = 0", _BEFORE, "share"),
    KpiDefinition("response_rate", "response rate", "share", "campaigns answered over campaigns that reached a "
                  "customer, summed over customers", "answered", "reached", "quotient", ("reached > 0",)),
    KpiDefinition("cac", "customer acquisition cost", "currency", "costs of campaigns over customers with their first "
                  "order in the period; of all customers alone, as those who were contacted in vain are in other "
                  "segments", "campaign_cost", "acquired", "quotient", (_CAMPAIGN_COST,), only_all=True),
    KpiDefinition("roas", "return on campaign spend", "times", "amounts that name a campaign over costs of campaigns",
                  "campaign_net", "campaign_cost", "quotient", (_CAMPAIGN_COST, "campaign_net <> 0")),
    KpiDefinition("campaign_roi", "campaign ROI", "times", "margin of the lines that name a campaign less costs of "
                  "campaigns, over costs of campaigns", "campaign_margin - campaign_cost", "campaign_cost", "quotient",
                  (_CAMPAIGN_COST, "campaign_margin <> 0")),
)  # fmt: skip

CLV = KpiDefinition("clv_mean", "mean customer lifetime value", "currency", "mean of `clv` in customer_value, at "
                    "as_of", "clv", EVERYONE, "quotient", moment=True)  # fmt: skip
OBJECTIVE = KpiDefinition("objective", "objective", "as given", "mean of `objective.kpi` over the customers of whom it "
                          "is known, in the last period of `objective.horizon_days`; a share, with its Wilson "
                          "interval, where it is 0 or 1 of everyone; `objective.target` is its goal", "kpi", EVERYONE,
                          "quotient", moment=True)  # fmt: skip

KPIS = (*PERIODIC, CLV, OBJECTIVE)


def segment_kpis() -> Table:
    """The contract of segment_kpis, with all KPIs in the comment of their column.

    Examples:
        >>> print(segment_kpis().columns[1].comment.partition("; ")[0])
        customers: customers first seen before the period's end
    """
    told = "; ".join(f"{one.name}: {one.formula}" for one in KPIS).replace("`", "")
    columns = [replace(one, comment=f"{told}.") if one.name == "kpi" else one for one in SEGMENT_KPIS.columns]
    return replace(SEGMENT_KPIS, columns=tuple(columns))
