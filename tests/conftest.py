"""What every test runs under."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from support.redis_server import RedisServer, running

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
def redis_of_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis that runs as long as the tests do."""
    with running(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def redis(redis_of_session: RedisServer) -> Iterator[RedisServer]:
    """An empty Redis that runs, whatever the last test did to it. What a test leaves in it has to go by itself."""
    server = redis_of_session
    server.thaw()
    if not server.is_running():
        server.start()
    server.flush()
    yield server
    server.thaw()
    if server.is_running():
        assert server.lasting_keys() == []
