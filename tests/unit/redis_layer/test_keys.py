"""Keys in Redis: their lifetime, their hash slot, and the data that an operator can read."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.crc import key_slot

from slotmcp.bootstrap import join_fleet
from slotmcp.ports import AttemptLimit, ChangeNotice, Rate
from slotmcp.redis_layer.channel import Channel
from slotmcp.redis_layer.fleet import RedisAttemptLimiter, RedisFleet, RedisRateLimiter
from slotmcp.redis_layer.keys import RedisKeys
from slotmcp.redis_layer.link import RedisLink
from slotmcp.redis_layer.scripts import RAISE_REVISION
from slotmcp.redis_layer.snapshots import ScheduleCodec
from slotmcp.services.app import App
from slotmcp.services.hold_rules import HoldRequest
from slotmcp.services.slots import SlotQuery
from support.fleets import PREFIX, Member, redis_members, until
from support.redis_server import RedisServer
from support.shop import at, open_shop, plan, technician
from unit.redis_layer.schedules import SHOP, schedule_at

LONGEST_MS = 3_600_000
SCHEMA = ScheduleCodec().schema


@pytest.fixture
async def app(tmp_path: Path, link: RedisLink) -> AsyncIterator[App]:
    business = plan(technician("ana", "09:00-12:00"), horizon_days=0)
    async with open_shop(tmp_path / "shop.db", business) as shop, join_fleet(shop.store, link, clock=shop.clock) as app:
        yield app


@pytest.fixture
async def member(redis: RedisServer) -> AsyncIterator[Member]:
    async with redis_members(redis.url)() as opened:
        yield opened


async def test_every_key_of_a_project_has_its_hash_tag_and_a_lifetime(redis: RedisServer, app: App) -> None:
    await app.slots.get_slots(SlotQuery())
    held = await app.holds.create_hold(HoldRequest(start=at("09:00"), customer_reference="kim-c7a1f93e05b24d68"))
    token = hashlib.sha256(held.hold.token.encode()).hexdigest()

    async def is_saved() -> bool:
        return len(redis.names("*:snapshot:*")) == 1

    await until(is_saved)
    keys = {key: redis.client.pttl(key) for key in redis.names()}
    assert set(keys) >= {"slotmcp:{shop}:revision", f"slotmcp:{{shop}}:hold:{token}"}
    assert {key_slot(key.encode()) for key in keys} == {key_slot(b"shop")}
    assert all(0 < lifetime_ms <= LONGEST_MS for lifetime_ms in keys.values())
    assert keys[f"slotmcp:{{shop}}:hold:{token}"] <= 90_000


async def test_an_operator_sees_the_held_time_and_no_customer(redis: RedisServer, app: App) -> None:
    held = await app.holds.create_hold(HoldRequest(start=at("09:00"), customer_reference="kim-c7a1f93e05b24d68"))
    (key,) = redis.names("slotmcp:{shop}:hold:*")
    value = redis.client.get(key)
    assert json.loads(value) == {
        "claimId": held.hold.claim.id,
        "technicianId": "ana",
        "serviceId": "visit",
        "startMinute": at("09:00"),
        "endMinute": at("10:00"),
        "expiresAtMs": held.hold.claim.expires_at_ms,
    }
    assert held.hold.token not in key + value
    assert held.hold.customer_pseudonym not in value


async def test_a_released_hold_is_removed(redis: RedisServer, app: App) -> None:
    held = await app.holds.create_hold(HoldRequest(start=at("09:00"), customer_reference="kim-c7a1f93e05b24d68"))
    await app.holds.release_hold(None, held.hold.token)
    assert redis.names("*:hold:*") == []


async def test_superseded_snapshots_expire_soon(redis: RedisServer, member: Member) -> None:
    for revision in range(1, 6):
        redis.client.delete(RedisKeys(PREFIX).recently_saved(SHOP, SCHEMA))
        await member.fleet.save_snapshot(schedule_at(revision))
    lifetimes = {int(key.rpartition(":")[2]): redis.client.pttl(key) for key in redis.names("*:snapshot:*")}
    assert sorted(lifetimes) == [1, 2, 3, 4, 5]
    assert all(lifetimes[revision] <= 5_000 for revision in range(1, 5))
    assert lifetimes[5] > 5_000


async def test_one_of_many_servers_saves_a_snapshot(redis: RedisServer, member: Member) -> None:
    await member.fleet.save_snapshot(schedule_at(1))
    await member.fleet.save_snapshot(schedule_at(2))
    assert [key.rpartition(":")[2] for key in redis.names("*:snapshot:*")] == ["1"]


@pytest.mark.parametrize("garbage", ["", "x", "12.5", "-3", "\x00\xff" * 50])
async def test_foreign_data_is_ignored(redis: RedisServer, member: Member, garbage: str) -> None:
    keys = RedisKeys(PREFIX)
    redis.client.set(keys.revision(SHOP), garbage, px=10_000)
    redis.client.set(keys.snapshot(SHOP, 7, SCHEMA), garbage, px=10_000)
    received: list[ChangeNotice] = []
    member.fleet.subscribe(received.append)
    redis.client.publish(keys.channel, garbage)
    assert await member.fleet.revision(SHOP) is None
    assert await member.fleet.snapshot(SHOP, 7) is None
    await member.fleet.publish(ChangeNotice(project_id=SHOP, revision=1))

    async def is_received() -> bool:
        return received == [ChangeNotice(project_id=SHOP, revision=1)]

    await until(is_received)


async def test_installations_with_different_prefixes_are_separate(redis: RedisServer, member: Member) -> None:
    await member.fleet.publish(ChangeNotice(project_id=SHOP, revision=5))
    await member.fleet.save_snapshot(schedule_at(5))
    async with RedisLink.open(redis.url, prefix="another") as link, Channel.open(link) as channel:
        other = RedisFleet(link, channel)
        assert await other.revision(SHOP) is None
        assert await other.snapshot(SHOP, 5) is None


async def test_schedules_of_a_replaced_history_are_not_used(link: RedisLink) -> None:
    async with Channel.open(link) as channel:
        lost = RedisFleet(link, channel, incarnation="7-00000001-5-16384")
        restored = RedisFleet(link, channel, incarnation="7-00000002-5-16384")
        await lost.save_snapshot(schedule_at(5))
        assert await lost.snapshot(SHOP, 5) == schedule_at(5)
        assert await restored.snapshot(SHOP, 5) is None
        await restored.save_snapshot(schedule_at(5))
        assert await restored.snapshot(SHOP, 5) == schedule_at(5), "the interval between snapshots is its own"


async def test_a_script_that_the_server_lost_is_sent_again(redis: RedisServer, member: Member) -> None:
    await member.fleet.report_revision(SHOP, 1, age_ms=0)
    redis.client.script_flush()
    await member.fleet.report_revision(SHOP, 2, age_ms=0)
    assert await member.fleet.revision(SHOP) == 2


async def test_a_script_requires_its_declared_keys_and_arguments(link: RedisLink) -> None:
    with pytest.raises(TypeError, match="raise_revision takes 1 keys and 4 arguments"):
        await RAISE_REVISION.run(link.client, keys=("a", "b"), arguments=())


async def test_the_subscription_is_renewed_after_an_outage(redis: RedisServer, member: Member) -> None:
    received: list[ChangeNotice] = []
    member.fleet.subscribe(received.append)
    redis.stop()
    redis.start()
    notice = ChangeNotice(project_id=SHOP, revision=3)

    async def is_subscribed() -> bool:
        await member.fleet.publish(notice)
        return notice in received

    await until(is_subscribed)


async def test_a_subscription_can_be_cancelled_at_every_step(redis: RedisServer) -> None:
    """The client swallows a cancellation at some steps."""
    for steps in range(40):
        async with RedisLink.open(redis.url, prefix=PREFIX) as link, Channel.open(link):
            for _ in range(steps):
                await asyncio.sleep(0)


async def test_a_silent_server_loses_its_subscribers(redis: RedisServer, link: RedisLink) -> None:
    async with Channel.open(link, silence_seconds=0.1) as channel:

        async def is_subscribed() -> bool:
            return channel.is_subscribed.is_set()

        async def is_unsubscribed() -> bool:
            return not channel.is_subscribed.is_set()

        await until(is_subscribed)
        redis.freeze()
        await until(is_unsubscribed)
        redis.thaw()
        await until(is_subscribed)


class ScriptedLimiter:
    """A rate limiter with a recognizable answer."""

    async def acquire(self, name: str, rate: Rate) -> int:
        return len(name) + rate.per_minute


async def test_without_redis_each_server_counts_on_its_own(redis: RedisServer, link: RedisLink) -> None:
    limiter = RedisRateLimiter(link, fallback=ScriptedLimiter())
    assert await limiter.acquire("kim", Rate(per_minute=1)) == 0
    (key,) = redis.names("slotmcp:rate:*")
    assert "kim" not in key
    assert 0 < redis.client.pttl(key) <= 60_000
    redis.stop()
    assert await limiter.acquire("kim", Rate(per_minute=1)) == 4


class ScriptedAttemptLimiter:
    """An attempt limiter with a recognizable answer, which records its refunds."""

    def __init__(self) -> None:
        self.refunded: list[str] = []

    async def acquire(self, name: str, limit: AttemptLimit) -> int:
        return len(name) + limit.count

    async def refund(self, name: str) -> None:
        self.refunded.append(name)


async def test_without_redis_each_server_counts_attempts_on_its_own(redis: RedisServer, link: RedisLink) -> None:
    fallback, limit = ScriptedAttemptLimiter(), AttemptLimit(count=2, period_ms=60_000)
    limiter = RedisAttemptLimiter(link, fallback=fallback)
    assert await limiter.acquire("kim", limit) == 0
    (key,) = redis.names("slotmcp:attempts:*")
    assert "kim" not in key
    assert 0 < redis.client.pttl(key) <= 60_000
    await limiter.refund("kim")
    assert (redis.names("slotmcp:attempts:*"), fallback.refunded) == ([], [])
    redis.stop()
    assert await limiter.acquire("kim", limit) == 5
    await limiter.refund("kim")
    assert fallback.refunded == ["kim"]


async def test_calls_counted_before_redis_set_its_clock_back_do_not_refuse_calls(
    redis: RedisServer, member: Member
) -> None:
    seconds, _ = redis.client.time()
    redis.client.set(RedisKeys(PREFIX).rate("a"), f"{(seconds + 3_600) * 1000}.000", px=LONGEST_MS)
    waits = [await member.limits.acquire("a", Rate(per_minute=3)) for _ in range(4)]
    assert waits[:3] == [0, 0, 0]
    assert 0 < waits[3] <= 20_000
    assert redis.client.pttl(RedisKeys(PREFIX).rate("a")) <= 60_000


async def test_attempts_counted_before_redis_set_its_clock_back_count_as_made_now(
    redis: RedisServer, member: Member
) -> None:
    limit, key = AttemptLimit(count=3, period_ms=60_000), RedisKeys(PREFIX).attempts("a")
    seconds, _ = redis.client.time()
    redis.client.rpush(key, *[f"{(seconds + offset) * 1000}" for offset in (-30, 3_600, 3_601)])
    redis.client.pexpire(key, LONGEST_MS)
    assert 20_000 <= await member.attempts.acquire("a", limit) <= 30_001
    now = redis.client.time()[0]
    times = [int(at) // 1000 for at in redis.client.lrange(key, 0, -1)]
    assert times[0] == seconds - 30
    assert all(seconds <= at <= now for at in times[1:])
    assert redis.client.pttl(key) <= 60_000
