"""What customers do besides buying: on the web and in the app, with messages, with support; and how long they stay."""

from collections.abc import Mapping

from segspark.columns import text_literal
from segspark.config.features import Features
from segspark.config.sources import Attribute
from segspark.features.families.sql import NEVER_NULL, count_feature, days_since, rate, rate_feature
from segspark.tables import Feature

_NO_VISIT = "has never visited"
_NO_PAGE = "has viewed no page"
_NO_MESSAGE = "was sent no message"


def web(settings: Features) -> tuple[Feature, ...]:
    """Visits, what happens in them, and when."""
    days = max(settings.windows_days)
    return (
        count_feature("visits_count", "Visits: sessions on the web and in the app.", "visits", "visits", "visits",
                      _NO_VISIT),
        count_feature(f"visits_count_{days}d", f"Visits in the last {days} days.", "visits", f"visits in {days} days",
                      f"visits_{days}d", "no visit then"),
        Feature("days_since_visit", "INT", "Days from the last visit to as_of.", "days", "days since last visit",
                _NO_VISIT, "never zero", sql=days_since("visits_last")),
        rate_feature("pages_per_visit", "Pages viewed per visit.", "pages a visit", "pages", "visits", _NO_VISIT,
                     "visits without a page", "visits", unit="pages"),
        rate_feature("page_depth_mean", "Mean share of a page that was scrolled through.", "page depth", "depth",
                     "depth_pages", "no depth is known", "never scrolled", "pages whose depth is known"),
        rate_feature("page_seconds_mean", "Mean seconds on a page.", "seconds on a page", "duration", "duration_pages",
                     "no duration is known", "no time spent", "pages whose duration is known", unit="seconds"),
        rate_feature("searches_per_visit", "Searches per visit.", "searches a visit", "searches", "visits", _NO_VISIT,
                     "never searched", "visits", unit="searches"),
        rate_feature("cart_adds_per_visit", "Products put into a cart per visit.", "cart additions a visit",
                     "cart_adds", "visits", _NO_VISIT, "nothing put into a cart", "visits", unit="products"),
        rate_feature("view_to_cart_rate", "Funnel: products put into a cart per product viewed.", "view to cart",
                     "cart_adds", "product_views", "has viewed no product", "nothing put into a cart",
                     "products viewed", unit="products"),
        rate_feature("cart_to_purchase_rate", "Funnel: lines bought online per product put into a cart.",
                     "cart to purchase", "online_purchases", "cart_adds", "has put nothing into a cart",
                     "bought nothing online", "products put into a cart", unit="lines"),
        rate_feature("app_share", "Share of pages viewed in the app.", "pages in the app", "app_pages", "pages",
                     _NO_PAGE, "never in the app", "pages viewed"),
        rate_feature("mobile_share", "Share of pages viewed on a phone or tablet.", "pages on mobile devices",
                     "mobile_pages", "device_pages", "no device is known", "never mobile",
                     "pages viewed on a known device"),
        *(rate_feature(f"{name}_share", f"Share of pages viewed {when}, business time.", f"pages at {name}",
                       f"{name}_pages", "pages", _NO_PAGE, f"never at {name}", "pages viewed")
          for name, when in (("night", "from 0 to 6"), ("morning", "from 6 to 12"), ("afternoon", "from 12 to 18"),
                             ("evening", "from 18 to 24"))),
    )  # fmt: skip


def engagement(settings: Features) -> tuple[Feature, ...]:
    """Channels, messages and advertisements; how soon campaigns are answered.

    Rates of messages are drawn to the average of all customers (`features.rate_prior`), as one of two is not a half.
    """
    return (
        count_feature("channels_used", "Distinct channels of events.", "channels", "channels", "channel_values",
                      "no channel known"),
        Feature("top_channel", "STRING", "Channel of most events.", "name", "favourite channel", "no channel is known",
                "never zero", sql="channel_top"),
        rate_feature("top_channel_share", "Share of events in the customer's own top channel.",
                     "events in top channel", "channel_top_events", "channel_events", "no channel is known",
                     "never zero", "events in a known channel"),
        *(rate_feature(f"channel_share_{name}", f"Share of events in the channel {channel}.",
                       f"events in {channel.lower()}", f"channel_events_{name}", "channel_events",
                       "no channel is known", f"nothing in {channel}", "events in a known channel")
          for name, channel in settings.channel_shares.items()),
        _message_rate("open", "opens", "Messages opened", settings),
        _message_rate("click", "clicks", "Clicks in messages", settings),
        _message_rate("unsubscribe", "unsubscribes", "Unsubscriptions", settings),
        rate_feature("ad_click_rate", "Advertisements clicked of those seen.", "clicks on advertisements", "ad_clicks",
                     "ad_impressions", "has seen no advertisement", "never clicked", "advertisements seen"),
        count_feature("campaign_contacts_count", "Contacts with a campaign.", "contacts", "campaign contacts",
                      "exposures", "no contact"),
        rate_feature("days_to_respond_mean", "Mean days from a campaign's first contact to its first answer.",
                     "days to respond", "campaign_days", "campaigns_answered_later", "answered no campaign",
                     "answers at once", "campaigns answered", unit="days"),
    )  # fmt: skip


def _message_rate(name: str, counted: str, words: str, settings: Features) -> Feature:
    prior = f"{settings.rate_prior!r}D"
    pooled = f"pooled_{counted}_per_messages"
    return Feature(
        f"{name}_rate", "DOUBLE", f"{words} of those sent, drawn to the average as if {settings.rate_prior:g} more "
        "had been sent.", "share", f"{name} rate", _NO_MESSAGE, f"nobody had any {name}",
        sql=f"IF(messages > 0, ({counted} + {prior} * {pooled}) / (messages + {prior}), NULL)",
        denominator="messages sent, and the prior's",
    )  # fmt: skip


def support(settings: Features) -> tuple[Feature, ...]:
    """Contacts with support, ratings, and what texts sound like."""
    days = max(settings.windows_days)
    return (
        count_feature("support_contacts_count", "Contacts with support.", "contacts", "support contacts",
                      "support_contacts", "no contact"),
        count_feature(f"support_contacts_count_{days}d", f"Contacts with support in the last {days} days.", "contacts",
                      f"support contacts in {days} days", f"support_contacts_{days}d", "no contact then"),
        rate_feature("rating_mean", "Mean of the ratings given, in their scale.", "rating", "rated", "ratings",
                     "has rated nothing", "rated zero", "ratings given", unit="score"),
        rate_feature("sentiment_mean", "Mean sentiment of texts, -1 to 1.", "sentiment", "sentiment", "sentiments",
                     "has written nothing", "neutral", "texts or scores", unit="score"),
    )  # fmt: skip


def lifecycle(settings: Features) -> tuple[Feature, ...]:
    """How long and how lately a customer is there, and whether more or less so."""
    days = max(settings.windows_days)
    both = f"events_{2 * days}d"
    return (
        Feature("known_days", "INT", "Days from the first event of any type to as_of.", "days",
                "days since first event", "no event", "never zero", sql=days_since("events_first")),
        Feature("days_since_event", "INT", "Days from the last event of any type to as_of.", "days",
                "days since last event", "no event", "never zero", sql=days_since("events_last")),
        Feature(f"activity_trend_{days}d", "DOUBLE",
                f"Events of the last {days} days against the {days} before: difference over sum, -1 to 1.", "score",
                "activity trend", "no event in either", "no change",
                sql=rate(f"2 * events_{days}d - {both}", both), denominator=f"events of {2 * days} days"),
    )  # fmt: skip


def attributes(declared: Mapping[str, Attribute]) -> tuple[Feature, ...]:
    """Declared attributes that are not protected, by their type; and how many of them are not known."""
    usable = {name: one for name, one in declared.items() if not one.protected}
    missing = " + ".join(f"CAST({_known(name, one)} IS NULL AS INT)" for name, one in usable.items()) or "0"
    return (
        *(Feature(f"attribute_{name}", _ATTRIBUTE_TYPES[one.type], _words(name, one), _UNITS[one.type],
                  name.replace("_", " "), "not given, or not of its type", "the value zero", sql=_known(name, one))
          for name, one in usable.items()),
        Feature("attributes_missing", "INT", "Declared attributes that are not given or not of their type.",
                "attributes", "attributes missing", NEVER_NULL, "all are known", sql=missing),
    )  # fmt: skip


_ATTRIBUTE_TYPES = {"numeric": "DOUBLE", "ordinal": "INT", "categorical": "STRING"}
_UNITS = {"numeric": "as given", "ordinal": "rank", "categorical": "name"}


def _known(name: str, one: Attribute) -> str:
    given = f"attributes[{text_literal(name)}]"
    if one.type == "numeric":
        return f"try_cast({given} AS DOUBLE)"
    if one.type == "ordinal":
        order = ", ".join(text_literal(value) for value in one.order or [])
        return f"nullif(array_position(array({order}), {given}), 0)"
    return f"nullif({given}, '')"


def _words(name: str, one: Attribute) -> str:
    rank = f", by its rank: {', '.join(one.order)}" if one.order else ""
    return f"Attribute {name} ({one.kind}, {one.type}){rank}."
