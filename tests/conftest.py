"""Fixtures and settings of all tests."""

import gc
import logging
import os
from collections.abc import Iterator
from functools import cache

import httpcore2
import pytest
from hypothesis import HealthCheck, settings

from support.postgres_databases import SERVER_URL_VARIABLE, Databases
from support.postgres_server import PostgresServer, started_server
from support.preloaded import executing, preloading
from support.redis_groups import ClusterGroup, RedisGroup, SentinelGroup, TlsServer, emptied, opened
from support.redis_server import RedisServer, running

os.environ["SLOTMCP_DRAIN_SECONDS"] = "0"  # servers of the tests stop at once
httpcore2.default_ssl_context = cache(httpcore2.default_ssl_context)  # each HTTP client would read all certificates

settings.register_profile(
    "ci",
    max_examples=100,
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("dev", settings.get_profile("ci"), max_examples=50, derandomize=False)
THOROUGH_EXAMPLES = int(os.environ.get("HYPOTHESIS_EXAMPLES", "2000"))
settings.register_profile("thorough", settings.get_profile("ci"), max_examples=THOROUGH_EXAMPLES, derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


gc.disable()  # until all tests are imported, because nearly all objects of an import live on


def pytest_collection_finish() -> None:
    """Let the garbage collector skip all objects that exist before the first test."""
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def preloaded() -> Iterator[None]:
    """Fork the processes of slotmcp that the tests start."""
    with preloading():
        yield


@pytest.fixture
def executed() -> Iterator[None]:
    """Start processes of slotmcp as users do, with a new interpreter."""
    with executing():
        yield


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """PostgreSQL server of this process, which tests may stop and start."""
    with started_server() as server:
        yield server


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> Iterator[Databases]:
    """Databases of an existing PostgreSQL server, or of this process's own."""
    url = os.environ.get(SERVER_URL_VARIABLE)
    databases = Databases(url or request.getfixturevalue("postgres_server").url("postgres"))
    yield databases
    databases.close()


@pytest.fixture
def postgres_url(postgres: Databases) -> Iterator[str]:
    """Database of the test with the current schema."""
    with postgres.clone() as url:
        yield url


@pytest.fixture(scope="session")
def redis_of_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """Redis server of the test session."""
    with running(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def redis(redis_of_session: RedisServer) -> Iterator[RedisServer]:
    """Empty, running Redis server. Keys that a test leaves must expire."""
    server = redis_of_session
    server.thaw()
    if not server.is_running():
        server.start()
    server.flush()
    yield server
    server.thaw()
    if server.is_running():
        assert server.lasting_keys() == []


@pytest.fixture(scope="session")
def tls_of_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisGroup]:
    """Redis over TLS of the test session."""
    with opened(TlsServer(tmp_path_factory.mktemp("tls"))) as group:
        yield group


@pytest.fixture(scope="session")
def sentinels_of_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisGroup]:
    """Primary, replica and Sentinels of the test session."""
    with opened(SentinelGroup(tmp_path_factory.mktemp("sentinels"))) as group:
        yield group


@pytest.fixture(scope="session")
def cluster_of_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisGroup]:
    """Redis Cluster of the test session."""
    with opened(ClusterGroup(tmp_path_factory.mktemp("cluster"))) as group:
        yield group


@pytest.fixture
def redis_group(request: pytest.FixtureRequest) -> Iterator[RedisGroup]:
    """Empty installation of the kind that the test's parameter names, all of whose servers run."""
    with emptied(request.getfixturevalue(f"{request.param}_of_session")) as group:
        yield group


@pytest.fixture
def quiet_logging() -> Iterator[None]:
    """Restore the logging after a server has configured it in this process."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:], root.level = handlers, level
