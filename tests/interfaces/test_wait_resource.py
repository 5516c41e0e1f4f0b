"""Tests of the waitlist resource: reads by its secret id, and notifications about the offers of any process."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from functools import partial
from typing import Any

import anyio
import orjson
import pytest
from mcp import Client
from mcp.client.subscriptions import ResourceUpdated
from mcp.server.subscriptions import InMemorySubscriptionBus, ServerEvent, SubscriptionBus
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, TextResourceContents

from slotmcp.bootstrap import join_fleet
from slotmcp.redis_layer.link import RedisLink
from slotmcp.tools.server import create_server
from slotmcp.tools.subscriptions import WaitlistEntryChanged, WaitlistWatcher, watch_waitlists
from support.denver import PROJECT, SUNDAY_NOON_MS
from support.fleets import PREFIX, until
from support.redis_server import RedisServer
from support.server import Caller, open_caller
from support.sqlite_file import fingerprint

MONDAY_9 = "2026-11-23T16:00:00Z"
WINDOW = {"serviceType": "furnace-check", "from": "2026-11-23T09:00", "to": "2026-11-23T09:15"}
KIM = {"customerName": "Kim Doe", "customerPhone": "+1 303 555 0142"}
TIMEOUT_SECONDS = 20


@pytest.fixture
def bus() -> SubscriptionBus:
    return InMemorySubscriptionBus()


@pytest.fixture
def subscribable(caller: Caller, bus: SubscriptionBus) -> Caller:
    """Return the caller; its server publishes the events of the bus."""
    return replace(caller, server=create_server(caller.app, bus))


@pytest.fixture
async def elsewhere(caller: Caller) -> AsyncIterator[Caller]:
    """Open a second process over the same file."""
    async with open_caller(caller.path, now_ms=SUNDAY_NOON_MS) as opened:
        yield opened


async def hold(caller: Caller) -> str:
    """Hold the only start of the window, and return its token."""
    held = await caller.call("create_hold", start=MONDAY_9, serviceType="furnace-check", customerHash="somebody")
    token: str = held["holdToken"]
    return token


async def join(caller: Caller) -> str:
    """Join the waitlist, and return the entry's URI."""
    joined = await caller.call("join_waitlist", **WINDOW, **KIM)
    uri: str = joined["resource"]
    return uri


async def read(caller: Caller, uri: str) -> dict[str, Any]:
    """Return the content of the resource."""
    async with Client(caller.server) as client:
        (content,) = (await client.read_resource(uri)).contents
    assert isinstance(content, TextResourceContents)
    assert (content.uri, content.mime_type) == (uri, "application/json")
    body: dict[str, Any] = orjson.loads(content.text)
    return body


async def test_the_resource_is_listed_as_a_template_without_ids(caller: Caller) -> None:
    await hold(caller)
    await join(caller)
    async with Client(caller.server) as client:
        templates = (await client.list_resource_templates()).resource_templates
        assert (await client.list_resources()).resources == []
    assert templates[0].uri_template == "slotmcp://waitlist/{waitId}"
    assert {template.mime_type for template in templates} == {"application/json"}


async def test_the_resource_has_the_state_of_the_entry(caller: Caller) -> None:
    token = await hold(caller)
    uri = await join(caller)
    waiting = await read(caller, uri)
    assert waiting == {
        "result": "You're on the waitlist, and next in line. We'll let you know as soon as something opens up.",
        "waitId": uri.rpartition("/")[2],
        "resource": uri,
        "state": "waiting",
        "position": 1,
        "from": MONDAY_9,
        "to": "2026-11-23T16:15:00Z",
    }
    await caller.call("release_hold", holdToken=token)
    offered = await read(caller, uri)
    assert (offered["state"], offered["position"]) == ("offered", 0)
    assert offered["offer"]["start"] == MONDAY_9
    assert offered["offer"]["expiresAt"] == "2026-11-22T19:15:00Z"
    assert offered["result"].startswith("Something opened up: I'm holding tomorrow at 9 in the morning")
    await caller.call("book_slot", holdToken=offered["offer"]["holdToken"], **KIM)
    booked = await read(caller, uri)
    assert (booked["state"], booked["offer"]["expiresAt"]) == ("booked", "")
    assert booked["result"] == "That's already booked for you: tomorrow at 9 in the morning."


async def test_the_resource_reports_a_booking_and_an_expiry(caller: Caller) -> None:
    await hold(caller)
    uri, customer = await join(caller), KIM | {"customerPhone": "+1 303 555 0199"}
    other = (await caller.call("join_waitlist", **WINDOW, **customer))["resource"]
    caller.clock.advance(seconds=90)
    later = {"start": "2026-11-23T20:00:00Z", "serviceType": "furnace-check"}
    await caller.call("book_slot", **later, **KIM)
    assert (await read(caller, uri))["state"] == "waiting", "another time is not what they wait for"
    caller.set_time("2026-11-23T16:30:00Z")
    await caller.app.waitlist.sweep()
    for one in (uri, other):
        content = await read(caller, one)
        assert content["state"] == "expired"
        assert content["result"] == "I'm sorry, nothing opened up in time, so you're no longer on the waitlist."


async def test_the_resource_reports_another_appointment(caller: Caller) -> None:
    await hold(caller)
    afternoon = {"start": "2026-11-23T20:00:00Z", "serviceType": "furnace-check", "customerHash": "another"}
    token = (await caller.call("create_hold", **afternoon))["holdToken"]
    uri = (await caller.call("join_waitlist", **WINDOW | {"to": "2026-11-23T13:15"}, **KIM))["resource"]
    await caller.call("book_slot", holdToken=token, **KIM)
    content = await read(caller, uri)
    assert content["state"] == "booked"
    assert "offer" not in content
    assert content["result"] == "You have an appointment now, so you're off the waitlist."


@pytest.mark.parametrize("wait_id", ["never-joined", "..", "%2e%2e%2fetc", "x" * 10_000, "a%00b"])
async def test_an_unknown_entry_is_not_found(caller: Caller, wait_id: str) -> None:
    async with Client(caller.server) as client:
        with pytest.raises(MCPError) as refused:
            await client.read_resource(f"slotmcp://waitlist/{wait_id}")
    assert refused.value.code == INVALID_PARAMS


async def test_a_client_of_an_older_protocol_can_read_the_resource(caller: Caller) -> None:
    await hold(caller)
    uri = await join(caller)
    async with Client(caller.server, mode="legacy") as client:
        (content,) = (await client.read_resource(uri)).contents
    assert isinstance(content, TextResourceContents)
    assert orjson.loads(content.text)["state"] == "waiting"


async def test_subscribers_are_notified_of_an_offer(subscribable: Caller, bus: SubscriptionBus) -> None:
    token = await hold(subscribable)
    uri = await join(subscribable)
    watch = WaitlistWatcher(subscribable.app.waitlist, bus)
    await watch.skip_past_events()
    async with Client(subscribable.server) as client, client.listen(resource_subscriptions=[uri]) as events:
        await subscribable.call("release_hold", holdToken=token)
        await watch.sweep_and_publish()
        with anyio.fail_after(TIMEOUT_SECONDS):
            assert await anext(events) == ResourceUpdated(uri=uri)
    assert (await read(subscribable, uri))["state"] == "offered"


async def test_subscribers_are_notified_of_another_processs_changes(
    subscribable: Caller, bus: SubscriptionBus, elsewhere: Caller
) -> None:
    await hold(subscribable)
    uri = await join(subscribable)
    watch = WaitlistWatcher(subscribable.app.waitlist, bus)
    await watch.skip_past_events()
    async with Client(subscribable.server) as client, client.listen(resource_subscriptions=[uri]) as events:
        for caller in (subscribable, elsewhere):
            caller.clock.advance(seconds=90)
        await elsewhere.app.waitlist.sweep()
        await watch.sweep_and_publish()
        with anyio.fail_after(TIMEOUT_SECONDS):
            assert await anext(events) == ResourceUpdated(uri=uri)
    assert (await read(subscribable, uri))["state"] == "offered"


async def test_a_read_only_server_publishes_changes_and_makes_none(
    subscribable: Caller, bus: SubscriptionBus, elsewhere: Caller
) -> None:
    received: list[object] = []
    bus.subscribe(received.append)
    await hold(subscribable)
    uri = await join(subscribable)
    watch = WaitlistWatcher(subscribable.app.waitlist, bus, read_only=True)
    for caller in (subscribable, elsewhere):
        caller.clock.advance(seconds=90)
    before = fingerprint(subscribable.path)
    await watch.sweep_and_publish()
    assert (received, fingerprint(subscribable.path)) == ([], before)
    await elsewhere.app.waitlist.sweep()
    await watch.sweep_and_publish()
    assert received == [WaitlistEntryChanged(uri=uri, project_id=PROJECT.id)]


async def test_each_change_is_published_once_to_its_subscribers_only(
    subscribable: Caller, bus: SubscriptionBus
) -> None:
    received: list[object] = []
    bus.subscribe(received.append)
    token = await hold(subscribable)
    uri = await join(subscribable)
    watch = WaitlistWatcher(subscribable.app.waitlist, bus)
    await subscribable.call("release_hold", holdToken=token)
    await watch.skip_past_events()
    await watch.sweep_and_publish()
    assert received == [], "what has happened before is not news"
    offer = (await read(subscribable, uri))["offer"]
    await subscribable.call("release_hold", holdToken=offer["holdToken"])
    for _ in range(2):
        await watch.sweep_and_publish()
    assert received == [WaitlistEntryChanged(uri=uri, project_id=PROJECT.id)]


async def test_a_running_server_sweeps_the_waitlist(subscribable: Caller, bus: SubscriptionBus) -> None:
    await hold(subscribable)
    uri = await join(subscribable)
    async with (
        watch_waitlists(subscribable.app, bus, every_seconds=0.01),
        Client(subscribable.server) as client,
        client.listen(resource_subscriptions=[uri]) as events,
    ):
        subscribable.clock.advance(seconds=90)
        with anyio.fail_after(TIMEOUT_SECONDS):
            assert await anext(events) == ResourceUpdated(uri=uri)
    assert (await read(subscribable, uri))["state"] == "offered"
    running = {task.get_name() for task in asyncio.all_tasks()}
    assert len(running) == 1, "nothing goes on looking"


@asynccontextmanager
async def in_a_fleet(caller: Caller, redis: RedisServer) -> AsyncIterator[Caller]:
    """Open the caller with a server that receives other servers' changes through Redis."""
    async with (
        RedisLink.open(redis.url, prefix=PREFIX) as link,
        join_fleet(caller.store, link, clock=caller.clock) as app,
    ):
        yield replace(caller, app=app)


async def test_in_a_fleet_subscribers_are_notified_immediately_of_another_servers_changes(
    caller: Caller, bus: SubscriptionBus, elsewhere: Caller, redis: RedisServer
) -> None:
    token = await hold(caller)
    uri = await join(caller)
    events = anyio.Event()
    bus.subscribe(lambda _: events.set())
    async with (
        in_a_fleet(caller, redis) as first,
        in_a_fleet(elsewhere, redis) as second,
        watch_waitlists(first.app, bus, every_seconds=3_600),
    ):
        with anyio.fail_after(TIMEOUT_SECONDS):
            await until(partial(is_listening, redis, 2))
            assert (await second.app.holds.release_hold(None, token)).released
            await events.wait()
    assert (await read(caller, uri))["state"] == "offered"


async def is_listening(redis: RedisServer, servers: int) -> bool:
    (counted,) = redis.client.pubsub_numsub(f"{PREFIX}:news")
    return bool(counted[1] == servers)


class Alarm(logging.Handler):
    """Log handler that sets an event when slotmcp logs a record."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.rung = anyio.Event()
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.text += record.getMessage()
        self.rung.set()


@pytest.fixture
def alarm() -> Iterator[Alarm]:
    handler = Alarm()
    logger = logging.getLogger("slotmcp.tools")
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


@pytest.mark.usefixtures("caller")
async def test_a_failed_sweep_is_logged_and_retried(
    impatient_caller: Caller, bus: SubscriptionBus, alarm: Alarm
) -> None:
    await hold(impatient_caller)
    await join(impatient_caller)
    offered = anyio.Event()
    bus.subscribe(lambda _: offered.set())
    with (
        closing(sqlite3.connect(impatient_caller.path, isolation_level=None)) as other,
        anyio.fail_after(TIMEOUT_SECONDS),
    ):
        other.execute("BEGIN IMMEDIATE")
        impatient_caller.clock.advance(seconds=90)
        async with watch_waitlists(impatient_caller.app, bus, every_seconds=0.01):
            await alarm.rung.wait()
            other.execute("ROLLBACK")
            await offered.wait()
    assert "sweep_waitlist" in alarm.text
    assert "unavailable" in alarm.text
    assert "Traceback" not in alarm.text


class BurningBus(InMemorySubscriptionBus):
    """Bus whose first publication fails."""

    def __init__(self) -> None:
        super().__init__()
        self.received = anyio.Event()
        self._is_on_fire = True

    async def publish(self, event: ServerEvent) -> None:
        if self._is_on_fire:
            self._is_on_fire = False
            raise OSError("on fire")
        await super().publish(event)
        self.received.set()


async def test_an_unexpected_exception_does_not_end_the_sweeps(caller: Caller, alarm: Alarm) -> None:
    bus, token = BurningBus(), await hold(caller)
    uri = await join(caller)
    async with watch_waitlists(caller.app, bus, every_seconds=0.01):
        with anyio.fail_after(TIMEOUT_SECONDS):
            await caller.call("release_hold", holdToken=token)
            await alarm.rung.wait()
            await caller.call("release_hold", holdToken=(await read(caller, uri))["offer"]["holdToken"])
            await bus.received.wait()
    assert "on fire" in alarm.text
    assert uri.rpartition("/")[2] not in alarm.text
