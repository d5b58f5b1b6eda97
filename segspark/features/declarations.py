"""The features that a configuration asks for, and where their expressions find what they need."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from segspark.config.features import Family, Features
from segspark.config.sources import Attribute
from segspark.errors import BadInputError
from segspark.features.families import behaviour, purchases, tastes, worth
from segspark.features.families.own import own
from segspark.features.plan import names_in_use
from segspark.tables import Feature

# Where no inputs are named these are: what the other families say is often the same in other words.
AUTOMATIC = ("rfm", "rhythm", "breadth", "recent", "campaigns")


def declared_features(
    settings: Features, currency: str, attributes: Mapping[str, Attribute] | None = None
) -> tuple[Feature, ...]:
    """The features of the configured families, in the order of their columns, but for those that are switched off.

    Examples:
        >>> [feature.name for feature in declared_features(Features(), "USD")][:3]
        ['recency_days', 'frequency', 'monetary_value']
        >>> [feature.name for feature in declared_features(Features(families=["campaigns"]), "USD")]
        ['campaign_response_rate']
    """
    made: dict[Family, Callable[[], tuple[Feature, ...]]] = {
        "rfm": lambda: purchases.rfm(currency),
        "rhythm": purchases.rhythm,
        "breadth": lambda: purchases.breadth(settings),
        "recent": lambda: purchases.recent(settings, currency),
        "campaigns": purchases.campaigns,
        "scores": worth.scores,
        "value": lambda: worth.value(currency),
        "price": worth.price,
        "preference": worth.preference,
        "web": lambda: behaviour.web(settings),
        "engagement": lambda: behaviour.engagement(settings),
        "support": lambda: behaviour.support(settings),
        "lifecycle": lambda: behaviour.lifecycle(settings),
        "attributes": lambda: behaviour.attributes(attributes or {}),
        "embeddings": lambda: tastes.embeddings(settings.embeddings),
    }
    found = tuple(
        replace(one, family=family, automatic=family in AUTOMATIC and one.type != "STRING")
        for family, features in made.items()
        if family in settings.families
        for one in features()
        if one.name not in settings.off
    )
    found += tuple(replace(one, family="own") for one in own(settings.own) if one.name not in settings.off)
    names = [one.name for one in found]
    problems = [
        f"features.own: there is a feature {name} already; choose another name"
        for name in sorted({name for name in names if names.count(name) > 1})
    ]
    # A measure of such a name would take the place of the one that other features are made of.
    problems += [
        f"features.own: {name} is what other features are made of; choose another name"
        for name in sorted({one.name for one in settings.own} & names_in_use(settings))
    ]
    if problems:
        raise BadInputError(problems)
    return found
