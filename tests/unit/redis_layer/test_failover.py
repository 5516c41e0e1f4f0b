"""Another server becomes the primary: commands are skipped meanwhile, and go to the new primary afterwards."""

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, suppress

import pytest

from slotmcp.ports import ChangeNotice
from slotmcp.redis_layer.address import RedisAddress
from slotmcp.redis_layer.clients import ERRORS, MAX_CONNECTIONS, servers_at
from slotmcp.redis_layer.keys import RedisKeys
from slotmcp.redis_layer.link import RedisLink
from support.fleets import PREFIX, redis_members, until
from support.redis_groups import PASSWORD, SENTINEL_PASSWORD, RedisGroup
from support.redis_server import RedisServer

SHOP = "shop"
KEY = "slotmcp:{shop}:test"

pytestmark = [
    pytest.mark.parametrize("redis_group", ["sentinels", "cluster"], indirect=True),
    # redis-py forgets a connection that is closed while it opens, and leaves its socket to the garbage collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(autouse=True)
def forgotten_connections() -> Iterator[None]:
    """Collect these connections before the warnings appear in another test."""
    yield
    gc.collect()


@pytest.fixture
async def group_link(redis_group: RedisGroup) -> AsyncIterator[RedisLink]:
    async with RedisLink.open(redis_group.url, prefix=PREFIX) as opened:
        assert await write(opened)
        yield opened


async def write(link: RedisLink) -> bool:
    return bool(await link.run(lambda client: client.set(KEY, 1, px=60_000)))


async def is_moved(link: RedisLink, group: RedisGroup, former: RedisServer) -> bool:
    """Write until the key is on another server than before."""
    others = [server for server in group.servers if server is not former and server.is_running()]
    return await write(link) and any(KEY in server.names() for server in others)


async def test_commands_go_to_the_replica_that_replaces_a_killed_primary(
    redis_group: RedisGroup, group_link: RedisLink, caplog: pytest.LogCaptureFixture
) -> None:
    former = redis_group.primary_of(SHOP)
    with caplog.at_level(logging.WARNING, "slotmcp.redis"):
        former.stop()
        assert not await write(group_link)
        assert group_link.is_unavailable
        await until(lambda: is_moved(group_link, redis_group, former))
    assert redis_group.primary_of(SHOP) is not former
    begun, ended = [record.getMessage() for record in caplog.records if record.name == "slotmcp.redis"]
    assert begun.startswith("Redis is unavailable (")
    assert ended == "Redis is available again"
    assert PASSWORD not in begun
    assert SENTINEL_PASSWORD not in begun


async def test_commands_go_to_the_replica_that_replaces_a_frozen_primary(
    redis_group: RedisGroup, group_link: RedisLink
) -> None:
    former = redis_group.primary_of(SHOP)
    former.freeze()
    assert not await write(group_link)
    assert group_link.is_unavailable

    async def is_written() -> bool:
        return await write(group_link)

    await until(is_written)
    former.thaw()
    assert redis_group.primary_of(SHOP) is not former


async def test_the_subscription_is_renewed_after_a_failover(redis_group: RedisGroup) -> None:
    async with redis_members(redis_group.url)() as member, redis_members(redis_group.url)() as other:
        received: list[ChangeNotice] = []
        other.fleet.subscribe(received.append)
        redis_group.primary_of(SHOP).stop()
        notice = ChangeNotice(project_id=SHOP, revision=3)

        async def is_received() -> bool:
            await member.fleet.publish(notice)
            return notice in received

        await until(is_received)


async def test_a_link_opens_while_the_first_address_of_its_url_is_unreachable(redis_group: RedisGroup) -> None:
    first = redis_group.entries[0]
    first.stop()
    async with RedisLink.open(redis_group.url, prefix=PREFIX) as link:

        async def is_written() -> bool:
            return await write(link)

        await until(is_written)


async def test_connections_that_are_closed_while_they_are_used_fail_no_command(redis_group: RedisGroup) -> None:
    """The library then fails with an AttributeError at some steps."""
    servers = servers_at(RedisAddress.parse(redis_group.url))
    async with aclosing(servers):
        for steps in range(20):
            link = RedisLink(servers, RedisKeys(PREFIX), ERRORS, max_commands=MAX_CONNECTIONS)
            writes = [asyncio.create_task(write(link)) for _ in range(10)]
            for _ in range(steps):
                await asyncio.sleep(0)
            with suppress(*ERRORS):
                await servers.reconnect()
            await asyncio.gather(*writes)
            await link.aclose()
