"""A server that reads what other servers have changed, in one trip, has the same schedule as one that reads it all."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from random import Random

import pytest

from contracts.test_patched_schedules import NO_SCHEDULE, Operations, live
from slotmcp.ports import Transaction
from slotmcp.store.postgres.store import PostgresStore
from support.clock import HandClock
from support.schedules import PROJECT, booking, open_shop
from unit.store.postgres.conftest import DEFAULT_TIMEOUT_MS

SHOP = PROJECT.id
ROUNDS = 25
MOST_UNITS = 4


@pytest.fixture
async def servers(postgres_url: str) -> AsyncIterator[tuple[list[PostgresStore], HandClock]]:
    """Stores of three servers on one database, and their clock."""
    clock = HandClock()
    async with AsyncExitStack() as stack:
        opened = [PostgresStore.open(postgres_url, clock=clock, timeout_ms=DEFAULT_TIMEOUT_MS) for _ in range(3)]
        stores = [await stack.enter_async_context(each) for each in opened]
        await open_shop(stores[0])
        yield stores, clock


async def test_a_server_catches_up_with_any_operations_of_another(
    servers: tuple[list[PostgresStore], HandClock],
) -> None:
    """The two that write read nothing but what they need to write; the third reads everything each time."""
    (*writers, reader), clock = servers
    random = Random(1)  # noqa: S311  no secret
    operations = Operations(random)

    async def look(transaction: Transaction) -> object:
        return live(await transaction.schedule(), clock.now_ms())

    for _ in range(ROUNDS):
        random.shuffle(writers)
        for _ in range(random.randint(1, MOST_UNITS)):
            await writers[0].write(SHOP, operations.run)
        complete = live(await reader.schedule(SHOP, NO_SCHEDULE), clock.now_ms())
        assert await writers[1].write(SHOP, look) == complete
        clock.advance(seconds=random.choice([0, 1, 100, 40_000]))


async def test_a_claim_that_moved_is_only_with_its_new_technician(
    servers: tuple[list[PostgresStore], HandClock],
) -> None:
    (one, other, reader), _ = servers
    await one.write(SHOP, lambda transaction: transaction.add_booking(booking("b", "ana")))
    await other.write(SHOP, lambda transaction: transaction.schedule())
    await one.write(SHOP, lambda transaction: transaction.save_booking(booking("b", "ben")))
    complete = await reader.schedule(SHOP, NO_SCHEDULE)
    assert await other.write(SHOP, lambda transaction: transaction.schedule()) == complete
