"""The section of a webhook: where to, secrets by reference only, and how patiently."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from segspark.config.webhooks import Webhook

GIVEN = {"url": "https://example.com/hook", "secret": "${ENV:HOOK}"}


def refused(**given: object) -> ValidationError:
    with pytest.raises(ValidationError) as caught:
        Webhook.model_validate(GIVEN | given)
    return caught.value


def test_the_defaults_are_five_attempts_of_five_seconds_and_eight_connections():
    hook = Webhook.model_validate(GIVEN)
    assert (hook.timeout_seconds, hook.attempts, hook.parallel) == (5, 5, 8)
    assert (hook.first_pause_seconds, hook.longest_pause_seconds) == (0.5, 30)
    assert (hook.previous_secret, hook.allow_plain_http) == (None, False)


@pytest.mark.parametrize(
    "url", ["http://localhost/", "http://LOCALHOST:80/a?b=c", "http://127.0.0.1:9", "http://[::1]/"]
)
def test_plain_http_goes_to_this_machine(url):
    assert Webhook.model_validate(GIVEN | {"url": url}).url == url


@pytest.mark.parametrize("url", ["http://example.com/", "http://localhost.example.com/", "http://127.0.0.2/"])
def test_plain_http_goes_to_another_machine_only_if_that_is_allowed(url):
    assert "use https://, or set allow_plain_http: true" in str(refused(url=url))
    assert Webhook.model_validate(GIVEN | {"url": url, "allow_plain_http": True}).url == url


@pytest.mark.parametrize(
    "url",
    [
        *("", "example.com", "ftp://example.com/", "https://", "https:///hook", "https://a b.example.com/"),
        *("https://[::1/", "https://example.com:port/", "https://example.com:99999/"),
        *("https://example.com\n/", "https://good\\.example.com/"),
    ],
)
def test_what_is_no_address_is_refused(url):
    assert "not an address; expected one such as https://example.com/hook" in str(refused(url=url))


def test_a_password_in_the_address_is_refused_and_not_told():
    error = refused(url="https://me:hush@example.com/")
    assert "user and password do not belong there" in str(error)
    assert "hush" not in str(error)


def test_an_address_with_a_reference_is_looked_at_later():
    assert Webhook.model_validate(GIVEN | {"url": "${ENV:HOOK_ADDRESS}"}).url == "${ENV:HOOK_ADDRESS}"


@pytest.mark.parametrize("name", ["secret", "previous_secret"])
@pytest.mark.parametrize("literal", ["whsec_aHVzaA==", 5318008, "", "hush ${ENV:HOOK}", "${ENV:hush-hush}"])
def test_a_literal_secret_is_refused_with_what_to_write(name, literal):
    assert f"write its name: {name}: ${{ENV:WEBHOOK_SECRET}}" in str(refused(**{name: literal}))


@pytest.mark.parametrize("literal", ["whsec_aHVzaA==", 5318008])
def test_a_literal_secret_is_not_told(literal):
    error = refused(secret=literal)
    assert str(literal) not in str(error)
    # load_config tells the input of an error unless it is a whole section.
    assert [type(item["input"]) for item in error.errors()] == [dict]


def test_a_missing_secret_is_named():
    with pytest.raises(ValidationError, match=r"secret\s+Field required"):
        Webhook.model_validate({"url": "https://example.com/hook"})


@pytest.mark.parametrize(
    "wrong", [{"timeout_seconds": 0}, {"timeout_seconds": float("inf")}, {"attempts": 0}, {"parallel": 0}]
)
def test_limits_that_make_no_sense_are_refused(wrong):
    assert next(iter(wrong)) in str(refused(**wrong))


def test_the_first_pause_is_not_longer_than_the_longest():
    assert "longer than longest_pause_seconds" in str(refused(first_pause_seconds=3, longest_pause_seconds=2))
