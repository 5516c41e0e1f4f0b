"""The link to Redis: what is asked of it while it is away, and how it comes back."""

import asyncio
import logging
from typing import Any

import pytest

from slotmcp.domain.errors import Unavailable
from slotmcp.redis_layer.link import CONNECTIONS, RedisLink
from support.fleets import PREFIX, until
from support.redis_server import RedisServer


async def write(client: Any) -> str:  # noqa: ANN401  the client's own type is not for tests
    return str(await client.set("slotmcp:test", 1, px=1_000))


async def never(_client: Any) -> str:  # noqa: ANN401  as above
    raise AssertionError("asked although it is away")


async def is_back(link: RedisLink) -> bool:
    return not link.is_away


async def test_what_is_asked_is_answered(link: RedisLink) -> None:
    assert await link.ask(write) == "True"
    assert not link.is_away
    assert await link.check() == ""


async def test_a_server_that_is_not_there_is_asked_once(redis: RedisServer, link: RedisLink) -> None:
    redis.stop()
    assert await link.ask(write) is None
    assert link.is_away
    assert await link.ask(never) is None
    assert "Connect" in await link.check()


async def test_a_server_that_does_not_answer_is_asked_once(redis: RedisServer, link: RedisLink) -> None:
    assert await link.ask(write) == "True"
    redis.freeze()
    assert await link.ask(write) is None
    assert await link.ask(never) is None
    redis.thaw()
    await until(lambda: is_back(link))
    assert await link.ask(write) == "True"


async def test_a_server_that_comes_back_is_asked_again(redis: RedisServer, link: RedisLink) -> None:
    redis.stop()
    assert await link.ask(write) is None
    redis.start()
    await until(lambda: is_back(link))
    assert await link.ask(write) == "True"


async def test_a_server_that_is_there_later_than_its_link_is_found(redis: RedisServer) -> None:
    redis.stop()
    async with RedisLink.open(redis.url, prefix=PREFIX) as link:
        assert await link.ask(write) is None
        redis.start()
        await until(lambda: is_back(link))


async def test_connections_that_the_server_closed_are_opened_again(redis: RedisServer, link: RedisLink) -> None:
    assert await asyncio.gather(*(link.ask(write) for _ in range(5))) == ["True"] * 5
    redis.cut()
    assert await asyncio.gather(*(link.ask(write) for _ in range(5))) == ["True"] * 5
    assert not link.is_away


async def test_more_callers_than_connections_wait_for_one_and_none_is_refused(link: RedisLink) -> None:
    answers = await asyncio.gather(*(link.ask(write) for _ in range(20 * CONNECTIONS)))
    assert answers == ["True"] * (20 * CONNECTIONS)


async def test_a_server_that_can_only_be_read_is_away_until_it_can_be_written(
    redis: RedisServer, link: RedisLink
) -> None:
    redis.client.execute_command("REPLICAOF", "127.0.0.1", "1")
    assert await link.ask(write) is None
    assert "replica" in await link.check()
    redis.client.execute_command("REPLICAOF", "NO", "ONE")
    await until(lambda: is_back(link))
    assert await link.ask(write) == "True"


async def test_whoever_needs_to_know_is_told_whether_it_is_there(redis: RedisServer, link: RedisLink) -> None:
    await link.require()
    redis.stop()
    for _ in range(2):
        with pytest.raises(Unavailable, match="Redis is away"):
            await link.require()
        assert await link.ask(write) is None
    redis.start()
    await until(lambda: is_back(link))
    await link.require()


async def test_that_it_went_and_came_is_logged_once_without_the_password(
    redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    url = redis.url.replace("//", "//me:secret@")
    redis.stop()
    with caplog.at_level(logging.WARNING, "slotmcp.redis"):
        async with RedisLink.open(url, prefix=PREFIX) as link:
            assert await asyncio.gather(*(link.ask(write) for _ in range(5))) == [None] * 5
    (said,) = [record.getMessage() for record in caplog.records if record.name == "slotmcp.redis"]
    assert said.startswith("Redis is away (ConnectionError")
    assert "secret" not in said
