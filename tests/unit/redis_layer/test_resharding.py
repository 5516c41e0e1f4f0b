"""A slot moves to another node of a cluster: commands for its keys are skipped or succeed, and no outage begins."""

import asyncio
import logging

import pytest
from redis.crc import key_slot

from slotmcp.redis_layer.address import RedisAddress
from slotmcp.redis_layer.clients import Cluster, servers_at
from slotmcp.redis_layer.link import RedisLink
from support.fleets import PREFIX, until
from support.redis_groups import RedisGroup
from support.redis_server import RedisServer

SHOP = "shop"
SLOT = key_slot(SHOP.encode())
CONCURRENT = 5
KEYS = [f"slotmcp:{{shop}}:{number}" for number in range(CONCURRENT)]

pytestmark = pytest.mark.parametrize("redis_group", ["cluster"], indirect=True)


async def results(link: RedisLink) -> list[bool]:
    """Return which of several commands at the same time succeeded."""
    return await asyncio.gather(*(_write(link, key) for key in KEYS))


async def _write(link: RedisLink, key: str) -> bool:
    return bool(await link.run(lambda client: client.set(key, 1, px=1)))


def begin(source: RedisServer, target: RedisServer) -> None:
    """Begin to move the slot: the source redirects commands for keys that it does not have."""
    source_id, target_id = (server.client.cluster("myid") for server in (source, target))
    target.client.execute_command("CLUSTER SETSLOT", SLOT, "IMPORTING", source_id)
    source.client.execute_command("CLUSTER SETSLOT", SLOT, "MIGRATING", target_id)


def end(source: RedisServer, target: RedisServer) -> None:
    """Give the slot to the target, which is refused while the source has keys of it."""
    source.flush()
    target_id = target.client.cluster("myid")
    for server in (target, source):
        server.client.execute_command("CLUSTER SETSLOT", SLOT, "NODE", target_id)


async def test_a_moving_slot_is_skipped_and_then_found_on_its_new_node(
    redis_group: RedisGroup, caplog: pytest.LogCaptureFixture
) -> None:
    source, target = redis_group.primary_of(SHOP), redis_group.primary_of("another")
    assert source is not target
    with caplog.at_level(logging.WARNING, "slotmcp.redis"):
        async with RedisLink.open(redis_group.url, prefix=PREFIX) as link:
            assert await results(link) == [True] * CONCURRENT

            async def is_skipped() -> bool:
                return await results(link) == [False] * CONCURRENT

            async def is_found() -> bool:
                return await results(link) == [True] * CONCURRENT

            begin(source, target)
            await until(is_skipped)
            end(source, target)
            await until(is_found)
            assert redis_group.primary_of(SHOP) is target
            begin(target, source)
            end(target, source)
            await until(is_found)
    assert caplog.records == []


async def test_a_reconnection_through_the_address_leaves_no_connection_open(redis_group: RedisGroup) -> None:
    servers = servers_at(RedisAddress.parse(redis_group.url))
    assert isinstance(servers, Cluster)
    await servers.describe()
    await servers.aclose()
    servers.client.nodes_manager.startup_nodes.clear()  # as if none that was found last responded
    await servers.reconnect()
    await servers.aclose()
    users = [client["user"] for server in redis_group.servers for client in server.client.client_list()]
    assert "slotmcp" not in users
