"""Triggers: what of a customer somebody is to hear of at once, and who is told."""

from typing import Annotated

from pydantic import Field, model_validator

from segspark.config.base import Identifier, Model
from segspark.config.webhooks import Webhook

Hours = Annotated[float, Field(ge=0)]
ANY = "*"


class Trigger(Model):
    """One thing that a customer does or becomes: give one of entered, left, event and becomes."""

    name: Identifier = Field(description="unique; stands in every message")
    purpose: str | None = Field(
        description="consent that a customer must have given, as the table consents names it; null: none is needed, "
        "as for what fulfils a contract"
    )
    entered: list[str] = Field(
        default_factory=list, description="names or ids of segments that a customer enters; '*': any"
    )
    left: list[str] = Field(default_factory=list, description="names or ids of segments that a customer leaves")
    event: str | None = Field(None, description="condition over the columns of events that an event meets")
    unless: str | None = Field(
        None, description="with event: condition of events after which nothing is told; within_minutes says how long"
    )
    within_minutes: Annotated[float, Field(gt=0, le=10_080)] | None = Field(
        None,
        description="with unless: told when so many minutes pass after an event without another or one of unless",
    )
    becomes: str | None = Field(
        None, description="condition over features that a customer meets, and did not when the day began"
    )
    cooldown_hours: Hours = Field(24, description="after it, the trigger stays silent about the customer for so long")
    expires_hours: Annotated[float, Field(gt=0, le=168)] = Field(
        24, description="what is found later than so long after it happened is not told any more"
    )
    to: list[Identifier] = Field(
        default_factory=list, description="names in destinations; the table triggers has it in any case"
    )

    @model_validator(mode="after")
    def _one_kind(self) -> "Trigger":
        given = [name for name in ("entered", "left", "event", "becomes") if getattr(self, name)]
        if len(given) != 1:
            raise ValueError(f"give one of entered, left, event and becomes; given: {', '.join(given) or 'none'}")
        if (self.unless is None) != (self.within_minutes is None) or (self.unless and not self.event):
            raise ValueError("unless and within_minutes belong together, and to event")
        return self

    @property
    def kind(self) -> str:
        """entered, left, event, absence or becomes."""
        if self.unless:
            return "absence"
        return next(name for name in ("entered", "left", "event", "becomes") if getattr(self, name))


class Topic(Model):
    """A topic of Kafka that triggers are written to: the key is the customer's id, the value JSON."""

    topic: str = Field(min_length=1, description="name of the topic")
    options: dict[str, str] = Field(
        description="Kafka's settings for Spark: kafka.bootstrap.servers and more; ${ENV:NAME} for secrets"
    )


class Destinations(Model):
    """Where triggers are sent, by name."""

    webhooks: dict[Identifier, Webhook] = Field(default_factory=dict, description="HTTP POST, signed")
    topics: dict[Identifier, Topic] = Field(default_factory=dict, description="topics of Kafka")

    @property
    def names(self) -> set[str]:
        """Of all of them."""
        return {*self.webhooks, *self.topics}

    @model_validator(mode="after")
    def _unique(self) -> "Destinations":
        if both := sorted(self.webhooks.keys() & self.topics.keys()):
            raise ValueError(f"a webhook and a topic have the same name: {', '.join(both)}")
        return self
