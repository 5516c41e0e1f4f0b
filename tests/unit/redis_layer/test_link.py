"""The link to Redis skips commands while Redis is unavailable, and recovers by itself."""

import asyncio
import logging
from contextlib import aclosing, suppress
from typing import Any

import pytest
from redis.asyncio import Redis, RedisCluster

from slotmcp.domain.errors import Unavailable
from slotmcp.redis_layer.address import MAX_TIMEOUT_SECONDS, RedisAddress
from slotmcp.redis_layer.channel import Channel
from slotmcp.redis_layer.clients import ERRORS, MAX_CONNECTIONS, OneServer
from slotmcp.redis_layer.keys import RedisKeys
from slotmcp.redis_layer.link import PROBE_SECONDS, SCAN_SECONDS, RedisLink
from support.fleets import PREFIX, until
from support.redis_server import RedisServer


async def write(client: Any) -> str:  # noqa: ANN401  the client's type is private to the link
    return str(await client.set("slotmcp:test", 1, px=1_000))


async def never(_client: Any) -> str:  # noqa: ANN401  as above
    raise AssertionError("ran although Redis is unavailable")


async def is_available(link: RedisLink) -> bool:
    return not link.is_unavailable


async def test_a_command_returns_its_result(link: RedisLink) -> None:
    assert await link.run(write) == "True"
    assert not link.is_unavailable
    assert await link.find_problem() == ""


async def test_a_missing_server_is_tried_once(redis: RedisServer, link: RedisLink) -> None:
    redis.stop()
    assert await link.run(write) is None
    assert link.is_unavailable
    assert await link.run(never) is None
    assert "Connect" in await link.find_problem()


async def test_a_server_that_hangs_is_tried_once(redis: RedisServer, link: RedisLink) -> None:
    assert await link.run(write) == "True"
    redis.freeze()
    assert await link.run(write) is None
    assert await link.run(never) is None
    redis.thaw()
    await until(lambda: is_available(link))
    assert await link.run(write) == "True"


async def test_a_server_that_recovers_is_used_again(redis: RedisServer, link: RedisLink) -> None:
    redis.stop()
    assert await link.run(write) is None
    redis.start()
    await until(lambda: is_available(link))
    assert await link.run(write) == "True"


async def test_a_link_may_open_before_its_server_starts(redis: RedisServer) -> None:
    redis.stop()
    async with RedisLink.open(redis.url, prefix=PREFIX) as link:
        assert await link.run(write) is None
        redis.start()
        await until(lambda: is_available(link))


async def test_connections_that_the_server_closed_are_reopened(redis: RedisServer, link: RedisLink) -> None:
    assert await asyncio.gather(*(link.run(write) for _ in range(5))) == ["True"] * 5
    redis.cut()
    assert await asyncio.gather(*(link.run(write) for _ in range(5))) == ["True"] * 5
    assert not link.is_unavailable


async def test_callers_beyond_the_pool_size_wait_and_succeed(link: RedisLink) -> None:
    answers = await asyncio.gather(*(link.run(write) for _ in range(20 * MAX_CONNECTIONS)))
    assert answers == ["True"] * (20 * MAX_CONNECTIONS)


async def test_a_read_only_server_is_unavailable_until_it_accepts_writes(redis: RedisServer, link: RedisLink) -> None:
    redis.client.execute_command("REPLICAOF", "127.0.0.1", "1")
    assert await link.run(write) is None
    assert "replica" in await link.find_problem()
    redis.client.execute_command("REPLICAOF", "NO", "ONE")
    await until(lambda: is_available(link))
    assert await link.run(write) == "True"


async def test_require_raises_while_redis_is_unavailable(redis: RedisServer, link: RedisLink) -> None:
    await link.require()
    redis.stop()
    for _ in range(2):
        with pytest.raises(Unavailable, match="Redis is unavailable"):
            await link.require()
        assert await link.run(write) is None
    redis.start()
    await until(lambda: is_available(link))
    await link.require()


async def test_an_outage_is_logged_once_without_the_password(
    redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    url = redis.url.replace("//", "//me:secret@")
    redis.stop()
    with caplog.at_level(logging.WARNING, "slotmcp.redis"):
        async with RedisLink.open(url, prefix=PREFIX) as link:
            assert await asyncio.gather(*(link.run(write) for _ in range(5))) == [None] * 5
    (message,) = [record.getMessage() for record in caplog.records if record.name == "slotmcp.redis"]
    assert message.startswith("Redis is unavailable (ConnectionError")
    assert "secret" not in message


class RunningCommand:
    """Command that runs until it is told to end, and is then written to a log."""

    def __init__(self, log: list[str]) -> None:
        self._log = log
        self.has_begun = asyncio.Event()
        self.may_end = asyncio.Event()

    async def __call__(self, client: Any) -> str:  # noqa: ANN401  as above
        self.has_begun.set()
        await self.may_end.wait()
        result = await write(client)
        self._log.append("ended")
        return result


async def test_a_reconnection_waits_for_the_commands_that_run(redis: RedisServer) -> None:
    log: list[str] = []
    command = RunningCommand(log)

    class LoggedServer(OneServer):
        async def reconnect(self) -> None:
            log.append("reconnected")
            command.may_end.set()
            await super().reconnect()

    async def fail(_client: Any) -> str:  # noqa: ANN401  as above
        raise ERRORS[0]

    async with aclosing(LoggedServer(RedisAddress.parse(redis.url))) as servers:
        link = RedisLink(servers, RedisKeys(PREFIX), ERRORS, max_commands=2, timeout_seconds=MAX_TIMEOUT_SECONDS)
        running = asyncio.create_task(link.run(command))
        await command.has_begun.wait()
        assert await link.run(fail) is None
        with suppress(TimeoutError):
            await asyncio.wait_for(command.may_end.wait(), 2 * PROBE_SECONDS)
        command.may_end.set()
        assert await running == "True"
        await until(lambda: is_available(link))
    assert log == ["ended", "reconnected"]


async def test_a_reconnection_does_not_wait_for_a_long_scan(redis: RedisServer, link: RedisLink) -> None:
    command = RunningCommand([])
    scan = asyncio.create_task(link.run(command, timeout_seconds=SCAN_SECONDS))
    await command.has_begun.wait()
    redis.stop()
    assert await link.run(write) is None
    redis.start()
    await until(lambda: is_available(link), seconds=SCAN_SECONDS / 2)
    assert await link.run(write) == "True"
    command.may_end.set()
    assert await scan == "True"


async def test_closing_waits_for_the_commands_that_run(redis: RedisServer) -> None:
    log: list[str] = []
    command = RunningCommand(log)
    async with RedisLink.open(redis.url, prefix=PREFIX) as link:
        running = asyncio.create_task(link.run(command))
        await command.has_begun.wait()
        closing = asyncio.create_task(link.aclose())
        await asyncio.sleep(0)
        command.may_end.set()
        await closing
        assert log == ["ended"]
    assert await running == "True"


async def test_a_command_that_fails_while_the_link_closes_starts_no_probes(redis: RedisServer) -> None:
    command = RunningCommand([])
    async with RedisLink.open(redis.url, prefix=PREFIX) as link:
        running = asyncio.create_task(link.run(command))
        await command.has_begun.wait()
        closing = asyncio.create_task(link.aclose())
        await asyncio.sleep(0)
        redis.stop()
        command.may_end.set()
        await closing
        assert await running is None
        assert not link.is_unavailable  # a probe would wait for the connections that closing waits for


@pytest.mark.parametrize("error", [AttributeError, KeyError, RuntimeError])
async def test_a_fault_of_a_command_is_no_outage(link: RedisLink, error: type[Exception]) -> None:
    async def fail(client: Any) -> str:  # noqa: ANN401  as above
        await write(client)
        raise error

    with pytest.raises(error):
        await link.run(fail)
    assert not link.is_unavailable


async def test_a_fault_of_a_handler_is_logged_and_later_messages_arrive(
    redis: RedisServer, link: RedisLink, caplog: pytest.LogCaptureFixture
) -> None:
    received: list[bytes] = []

    def receive(message: bytes) -> None:
        received.append(message)
        if len(received) == 1:
            raise AttributeError("a fault")

    async with Channel.open(link) as channel:
        channel.subscribe(receive)

        async def is_received_again() -> bool:
            redis.client.publish(link.keys.channel, b"x")
            return len(received) > 1

        await until(is_received_again)
    assert "a fault" in caplog.text


@pytest.mark.parametrize("error", [AttributeError, KeyError, RuntimeError])
@pytest.mark.parametrize(
    ("scheme", "method"), [("redis", "execute_command"), ("redis+cluster", "initialize")], ids=["server", "cluster"]
)
async def test_a_race_within_the_library_is_an_outage(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch, scheme: str, method: str, error: type[Exception]
) -> None:
    async def fail(*_arguments: object, **_options: object) -> None:
        raise error

    monkeypatch.setattr(Redis if scheme == "redis" else RedisCluster, method, fail)
    async with RedisLink.open(redis.url.replace("redis", scheme, 1), prefix=PREFIX) as link:
        assert await link.run(write) is None
        assert link.is_unavailable
