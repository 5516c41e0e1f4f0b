"""What is in Redis while a business is open: for how long, where, and what an operator can read."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.crc import key_slot

from slotmcp.bootstrap import join_fleet
from slotmcp.ports import ChangeNotice, Rate
from slotmcp.redis_layer.channel import Channel
from slotmcp.redis_layer.fleet import RedisFleet
from slotmcp.redis_layer.holds import RedisHolds
from slotmcp.redis_layer.link import RedisLink
from slotmcp.redis_layer.names import Names
from slotmcp.redis_layer.rates import RedisRateLimiter
from slotmcp.redis_layer.scripts import RAISE_REVISION
from slotmcp.redis_layer.snapshots import ScheduleCodec
from slotmcp.services.app import App
from slotmcp.services.holds import HoldRequest
from slotmcp.services.slots import SlotQuery
from support.clock import NOW_MS
from support.fleets import PREFIX, Member, redis_members, until
from support.redis_server import RedisServer, running
from support.schedules import hold
from support.shop import at, open_shop, plan, technician
from unit.redis_layer.schedules import SHOP, book_at

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


async def test_every_key_of_a_business_has_its_tag_and_its_end(redis: RedisServer, app: App) -> None:
    await app.slots.get_slots(SlotQuery())
    held = await app.holds.create_hold(HoldRequest(start=at("09:00"), customer_reference="kim"))
    token = hashlib.sha256(held.hold.token.encode()).hexdigest()

    async def is_kept() -> bool:
        return len(redis.names("*:snapshot:*")) == 1

    await until(is_kept)
    keys = {key: redis.client.pttl(key) for key in redis.names()}
    assert set(keys) >= {"slotmcp:{shop}:revision", f"slotmcp:{{shop}}:hold:{token}"}
    assert {key_slot(key.encode()) for key in keys} == {key_slot(b"shop")}
    assert all(0 < lives_ms <= LONGEST_MS for lives_ms in keys.values())
    assert keys[f"slotmcp:{{shop}}:hold:{token}"] <= 90_000


async def test_an_operator_sees_what_is_held_and_not_by_whom(redis: RedisServer, app: App) -> None:
    held = await app.holds.create_hold(HoldRequest(start=at("09:00"), customer_reference="kim"))
    (key,) = redis.names("slotmcp:{shop}:hold:*")
    told = redis.client.get(key)
    assert json.loads(told) == {
        "claimId": held.hold.claim.id,
        "technicianId": "ana",
        "serviceId": "visit",
        "startMinute": at("09:00"),
        "endMinute": at("10:00"),
        "expiresAtMs": held.hold.claim.expires_at_ms,
    }
    assert held.hold.token not in key + told
    assert held.hold.customer_pseudonym not in told


async def test_a_hold_leaves_when_it_is_given_back(redis: RedisServer, app: App) -> None:
    held = await app.holds.create_hold(HoldRequest(start=at("09:00"), customer_reference="kim"))
    await app.holds.release_hold(None, held.hold.token)
    assert redis.names("*:hold:*") == []


async def test_of_a_business_that_changes_all_the_time_few_snapshots_are_kept(
    redis: RedisServer, member: Member
) -> None:
    for revision in range(1, 6):
        redis.client.delete(Names(PREFIX).keeping(SHOP, SCHEMA))
        await member.fleet.save_snapshot(book_at(revision))
    lives = {int(key.rpartition(":")[2]): redis.client.pttl(key) for key in redis.names("*:snapshot:*")}
    assert sorted(lives) == [1, 2, 3, 4, 5]
    assert all(lives[revision] <= 5_000 for revision in range(1, 5))
    assert lives[5] > 5_000


async def test_of_many_servers_that_read_the_same_book_one_keeps_it(redis: RedisServer, member: Member) -> None:
    await member.fleet.save_snapshot(book_at(1))
    await member.fleet.save_snapshot(book_at(2))
    assert [key.rpartition(":")[2] for key in redis.names("*:snapshot:*")] == ["1"]


@pytest.mark.parametrize("garbage", ["", "x", "12.5", "-3", "\x00\xff" * 50])
async def test_what_somebody_else_wrote_is_not_known(redis: RedisServer, member: Member, garbage: str) -> None:
    names = Names(PREFIX)
    redis.client.set(names.revision(SHOP), garbage, px=10_000)
    redis.client.set(names.snapshot(SHOP, 7, SCHEMA), garbage, px=10_000)
    heard: list[ChangeNotice] = []
    member.fleet.subscribe(heard.append)
    redis.client.publish(names.news, garbage)
    assert await member.fleet.revision(SHOP) is None
    assert await member.fleet.snapshot(SHOP, 7) is None
    await member.fleet.publish(ChangeNotice(project_id=SHOP, revision=1))

    async def is_told() -> bool:
        return heard == [ChangeNotice(project_id=SHOP, revision=1)]

    await until(is_told)


async def test_installations_with_prefixes_of_their_own_do_not_meet(redis: RedisServer, member: Member) -> None:
    await member.fleet.publish(ChangeNotice(project_id=SHOP, revision=5))
    await member.fleet.save_snapshot(book_at(5))
    async with RedisLink.open(redis.url, prefix="another") as link, Channel.open(link) as channel:
        other = RedisFleet(link, channel)
        assert await other.revision(SHOP) is None
        assert await other.snapshot(SHOP, 5) is None


async def test_a_script_that_the_server_forgot_is_told_again(redis: RedisServer, member: Member) -> None:
    await member.fleet.report_revision(SHOP, 1, age_ms=0)
    redis.client.script_flush()
    await member.fleet.report_revision(SHOP, 2, age_ms=0)
    assert await member.fleet.revision(SHOP) == 2


async def test_a_script_is_given_what_it_declares(link: RedisLink) -> None:
    with pytest.raises(TypeError, match="raise_revision takes 1 keys and 4 arguments"):
        await RAISE_REVISION.run(link.client, keys=("a", "b"), arguments=())


async def test_the_channel_is_heard_again_after_the_server_was_away(redis: RedisServer, member: Member) -> None:
    heard: list[ChangeNotice] = []
    member.fleet.subscribe(heard.append)
    redis.stop()
    redis.start()
    news = ChangeNotice(project_id=SHOP, revision=3)

    async def is_heard() -> bool:
        await member.fleet.publish(news)
        return news in heard

    await until(is_heard)


async def test_listening_ends_at_whatever_step_it_is(redis: RedisServer) -> None:
    """The client swallows a cancellation at some of them."""
    for steps in range(40):
        async with RedisLink.open(redis.url, prefix=PREFIX) as link, Channel.open(link):
            for _ in range(steps):
                await asyncio.sleep(0)


async def test_a_server_that_falls_silent_is_not_listened_to_for_ever(redis: RedisServer, link: RedisLink) -> None:
    async with Channel.open(link, silence_seconds=0.1) as channel:

        async def is_heard() -> bool:
            return channel.is_heard.is_set()

        async def is_given_up() -> bool:
            return not channel.is_heard.is_set()

        await until(is_heard)
        redis.freeze()
        await until(is_given_up)
        redis.thaw()
        await until(is_heard)


class Marked:
    """Rate limits that say who was asked."""

    async def acquire(self, name: str, rate: Rate) -> int:
        """So long."""
        return len(name) + rate.per_minute


async def test_while_redis_is_away_each_server_counts_for_itself(redis: RedisServer, link: RedisLink) -> None:
    limits = RedisRateLimiter(link, otherwise=Marked())
    assert await limits.acquire("kim", Rate(per_minute=1)) == 0
    (key,) = redis.names("slotmcp:rate:*")
    assert "kim" not in key
    assert 0 < redis.client.pttl(key) <= 60_000
    redis.stop()
    assert await limits.acquire("kim", Rate(per_minute=1)) == 4


async def test_a_cluster_takes_it_all(tmp_path: Path) -> None:
    with running(tmp_path, cluster=True) as redis:
        async with redis_members(redis.url)() as member:
            await member.fleet.publish(ChangeNotice(project_id=SHOP, revision=5))
            await member.fleet.save_snapshot(book_at(5))
            await member.holds.add(SHOP, hold("h"), now_ms=NOW_MS)
            assert await member.fleet.revision(SHOP) == 5
            assert await member.fleet.snapshot(SHOP, 5) == book_at(5)
            assert await member.holds.contains(SHOP, "token-h")
            assert isinstance(member.holds, RedisHolds)
            assert not member.is_away()
