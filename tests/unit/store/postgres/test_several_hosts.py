"""Several hosts in the URL: the first that accepts writes is used, also after it has stopped."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from slotmcp.domain.errors import Unavailable
from slotmcp.store.postgres.address import Address
from slotmcp.store.postgres.store import PostgresStore
from support.postgres_databases import Databases, name_of
from support.postgres_server import PostgresServer, started_server
from support.schedules import PROJECT, booking, ids_of, open_shop
from unit.store.postgres.conftest import DEFAULT_TIMEOUT_MS

SHOP = PROJECT.id


@pytest.mark.parametrize(
    ("url", "shown", "server"),
    [
        ("postgresql://me:s3cret@db/slots", "postgresql://me@db/slots", "db port 5432"),
        ("postgres://[::1]:5433/slots", "postgresql://[::1]:5433/slots", "::1 port 5433"),
        (
            "postgresql://me:s3cret@db1.example.com:5432,db2.example.com:5433/slots?target_session_attrs=primary",
            "postgresql://me@db1.example.com:5432,db2.example.com:5433/slots",
            "db1.example.com port 5432 or db2.example.com port 5433",
        ),
        ("postgresql://db1,db2/slots", "postgresql://db1,db2/slots", "db1 port 5432 or db2 port 5432"),
        ("postgresql://me@/slots?host=db1,db2&port=1,2", "postgresql://me@db1,db2/slots", "db1 port 1 or db2 port 2"),
        ("postgresql:///slots?host=/run/a", "postgresql:///run/a/slots", "/run/a port 5432"),
    ],
)
def test_messages_name_every_host_but_no_password(url: str, shown: str, server: str) -> None:
    address = Address.of(url)
    assert (address.shown, address.server) == (shown, server)


@pytest.fixture
def second_server() -> Iterator[PostgresServer]:
    """Another server on another host, here another socket."""
    with started_server() as server:
        yield server


def host_of(server: PostgresServer) -> str:
    return urlsplit(server.url("x")).query.removeprefix("host=")


async def test_a_stopped_or_read_only_server_is_skipped(
    crashing_url: str, postgres_server: PostgresServer, second_server: PostgresServer
) -> None:
    """The second server is a copy that becomes writable when the first one has stopped, as a promoted standby does."""
    name = name_of(crashing_url)
    others = Databases(second_server.url("postgres"))
    others.execute(f'CREATE DATABASE "{name}"')
    others.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    hosts = f"{host_of(second_server)},{host_of(postgres_server)}"
    url = f"postgresql://slotmcp@/{name}?host={hosts}&target_session_attrs=read-write"
    async with PostgresStore.open(url, timeout_ms=DEFAULT_TIMEOUT_MS) as store:
        await open_shop(store)
        await store.write(SHOP, lambda transaction: transaction.add_booking(booking("first")))
        assert ids_of(await store.bookings(SHOP)) == ["first"]
        postgres_server.stop("fast")
        try:
            with pytest.raises(Unavailable):
                await store.head(SHOP)
            others.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
            async with PostgresStore.open(second_server.url(name), timeout_ms=DEFAULT_TIMEOUT_MS) as promoted:
                await open_shop(promoted)
            await store.write(SHOP, lambda transaction: transaction.add_booking(booking("second")))
            assert ids_of(await store.bookings(SHOP)) == ["second"], "the new server has the data now"
        finally:
            postgres_server.start()
    others.close()
