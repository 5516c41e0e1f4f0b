"""What every test runs under."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from support.postgres_databases import GIVEN_URL, Databases
from support.postgres_server import started_server

settings.register_profile(
    "ci",
    max_examples=300,
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("dev", settings.get_profile("ci"), max_examples=50, derandomize=False)
settings.register_profile("thorough", settings.get_profile("ci"), max_examples=5000, derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Databases]:
    """A real PostgreSQL: a given one, or one of this process's own."""
    given = os.environ.get(GIVEN_URL)
    if given:
        databases = Databases(given)
        yield databases
        databases.close()
        return
    with started_server() as server:
        yield Databases(server.url("postgres"))


@pytest.fixture
def postgres_url(postgres: Databases) -> Iterator[str]:
    """A database as the migrations make it, of the test's own."""
    with postgres.clone() as url:
        yield url
