"""Servers for the tests that need them, each started once, when first asked for."""

from collections.abc import Iterator

import pytest

from tests.integration.servers import Broker, Elsewhere, Postgres, running_broker, running_postgres


@pytest.fixture(scope="session")
def there() -> Iterator[Elsewhere]:
    elsewhere = Elsewhere()
    yield elsewhere
    elsewhere.stop()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def broker() -> Iterator[Broker]:
    with running_broker() as server:
        yield server
