"""Which columns are taken for personal data."""

from __future__ import annotations

import pytest

from segspark.ingest.proposal.looks import Seen
from segspark.ingest.proposal.personal import is_personal


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("E-Mail", ["x"]),
        ("contact", ["ada@example.com", "bob@example.com"]),
        ("Telefonnummer", ["1"]),
        ("erreichbar", ["+49 711 123456", "0711 - 98765"]),
        ("last_name", ["x"]),
        ("Straße", ["x"]),
        ("payment", ["4111 1111 1111 1111", "5500000000000004"]),
        ("konto", ["DE89 3704 0044 0532 0130 00"]),
    ],
)
def test_personal_columns_are_recognised(name: str, values: list[str]) -> None:
    assert is_personal(Seen(name, "string", tuple(values)))


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("mailing", ["N1"]),
        ("product_name", ["Espresso"]),
        ("city", ["Ulm"]),
        ("order_no", ["0001-234567"]),
        ("created_at", ["01/02/2025"]),
        ("visits", ["4111111111111112"]),
    ],
)
def test_other_columns_are_not_called_personal(name: str, values: list[str]) -> None:
    assert not is_personal(Seen(name, "string", tuple(values)))
