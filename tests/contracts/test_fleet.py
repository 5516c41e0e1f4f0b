"""The contracts of the ports Fleet, LiveHolds, RateLimiter and AttemptLimiter, for every adapter."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest

from slotmcp.domain.schedule import Schedule, TechnicianSchedule
from slotmcp.ports import AttemptLimit, ChangeNotice, Rate
from support.clock import NOW_MS
from support.fleets import TIMEOUT_SECONDS, Member, OpenMember, memory_members, redis_members, until
from support.redis_groups import emptied
from support.schedules import (
    ANA,
    BEN,
    CHECK,
    FULL_PROJECT,
    FULL_SERVICE,
    FULL_TECHNICIAN,
    PROJECT,
    REPAIR,
    busy,
    claim,
    hold,
)

SHOP = PROJECT.id
SCHEDULE = Schedule(
    project=PROJECT,
    services={"repair": REPAIR, "check": CHECK},
    technician_schedules={
        "ben": TechnicianSchedule(
            technician=BEN, claims=(claim("b", "ben"), claim("h", "ben", expires_at_ms=NOW_MS + 90_000))
        ),
        "ana": TechnicianSchedule(technician=ANA, busy=(busy("ana"),)),
    },
    revision=7,
)


@pytest.fixture(params=["memory", "redis", "tls", "sentinels", "cluster"])
def open_member(request: pytest.FixtureRequest) -> Iterator[OpenMember]:
    match request.param:
        case "memory":
            yield memory_members()
        case "redis":
            yield redis_members(request.getfixturevalue("redis").url)
        case kind:
            with emptied(request.getfixturevalue(f"{kind}_of_session")) as group:
                yield redis_members(group.url)


@pytest.fixture
async def one(open_member: OpenMember) -> AsyncIterator[Member]:
    async with open_member() as member:
        yield member


@pytest.fixture
async def other(open_member: OpenMember, one: Member) -> AsyncIterator[Member]:
    assert not one.is_away()
    async with open_member() as member:
        yield member


async def is_unknown(member: Member, project_id: str) -> bool:
    return await member.fleet.revision(project_id) is None


async def is_removed(member: Member, token: str) -> bool:
    return not await member.holds.contains(SHOP, token)


async def test_everything_is_unknown_at_first(one: Member) -> None:
    assert await one.fleet.revision(SHOP) is None
    assert await one.fleet.snapshot(SHOP, 7) is None
    assert not await one.holds.contains(SHOP, "token-h")


async def test_a_revision_that_one_server_reports_is_known_to_the_other(one: Member, other: Member) -> None:
    await one.fleet.report_revision(SHOP, 7, age_ms=0)
    assert await other.fleet.revision(SHOP) == 7
    assert await other.fleet.revision("another") is None


async def test_an_older_revision_changes_nothing(one: Member, other: Member) -> None:
    await one.fleet.publish(ChangeNotice(project_id=SHOP, revision=10))
    await other.fleet.report_revision(SHOP, 9, age_ms=0)
    await other.fleet.publish(ChangeNotice(project_id=SHOP, revision=8))
    assert await one.fleet.revision(SHOP) == 10


async def test_a_revision_that_is_too_old_is_ignored(one: Member) -> None:
    await one.fleet.report_revision(SHOP, 7, age_ms=1_000)
    assert await one.fleet.revision(SHOP) is None


async def test_a_revision_expires_after_a_second_despite_reads(one: Member) -> None:
    await one.fleet.report_revision(SHOP, 7, age_ms=900)
    await until(lambda: is_unknown(one, SHOP))


async def test_a_revision_that_is_reported_again_lives_longer(one: Member, other: Member) -> None:
    await one.fleet.report_revision(SHOP, 7, age_ms=990)
    await other.fleet.report_revision(SHOP, 7, age_ms=0)
    await one.fleet.report_revision(SHOP, 7, age_ms=999)
    await one.fleet.report_revision("another", 1, age_ms=980)
    await until(lambda: is_unknown(one, "another"))
    assert await one.fleet.revision(SHOP) == 7


async def test_a_snapshot_is_found_by_the_other_server_at_its_revision_only(one: Member, other: Member) -> None:
    await one.fleet.save_snapshot(SCHEDULE)
    saved = await other.fleet.snapshot(SHOP, 7)
    assert saved == SCHEDULE
    assert saved is not None
    assert (list(saved.services), list(saved.technician_schedules)) == (["repair", "check"], ["ben", "ana"])
    assert await other.fleet.snapshot(SHOP, 6) is None
    assert await other.fleet.snapshot(SHOP, 8) is None
    assert await other.fleet.snapshot("another", 7) is None


async def test_a_snapshot_contains_every_field(one: Member, other: Member) -> None:
    schedule = Schedule(
        project=FULL_PROJECT,
        services={"full": FULL_SERVICE},
        technician_schedules={
            "full": TechnicianSchedule(
                technician=FULL_TECHNICIAN, claims=(claim("c", "full", location=FULL_TECHNICIAN.home),)
            )
        },
        revision=2**40,
    )
    await one.fleet.save_snapshot(schedule)
    assert await other.fleet.snapshot("full", 2**40) == schedule


async def test_an_older_snapshot_does_not_replace_a_newer_one(one: Member, other: Member) -> None:
    await one.fleet.save_snapshot(SCHEDULE)
    await other.fleet.save_snapshot(replace(SCHEDULE, revision=6))
    assert await one.fleet.snapshot(SHOP, 7) == SCHEDULE


async def test_every_server_receives_a_notice(one: Member, other: Member) -> None:
    received: asyncio.Queue[tuple[str, ChangeNotice]] = asyncio.Queue()
    one.fleet.subscribe(lambda notice: received.put_nowait(("one", notice)))
    other.fleet.subscribe(lambda notice: received.put_nowait(("other", notice)))
    notice = ChangeNotice(project_id="späti 🛠", revision=3, newest_event=12)
    await one.fleet.publish(notice)
    async with asyncio.timeout(TIMEOUT_SECONDS):
        pairs = [await received.get() for _ in range(2)]
    assert sorted(pairs, key=lambda pair: pair[0]) == [("one", notice), ("other", notice)]
    assert await other.fleet.revision("späti 🛠") == 3


async def test_the_other_server_finds_a_hold_until_it_is_removed(one: Member, other: Member) -> None:
    await one.holds.add(SHOP, hold("h"), now_ms=NOW_MS)
    assert await other.holds.contains(SHOP, "token-h")
    assert not await other.holds.contains("another", "token-h")
    assert not await other.holds.contains(SHOP, "token-x")
    await other.holds.remove(SHOP, "token-h")
    assert not await one.holds.contains(SHOP, "token-h")
    await other.holds.remove(SHOP, "token-h")


async def test_a_hold_is_removed_when_it_expires(one: Member) -> None:
    await one.holds.add(SHOP, hold("h", expires_at_ms=NOW_MS + 100), now_ms=NOW_MS)
    await one.holds.add(SHOP, hold("gone", expires_at_ms=NOW_MS), now_ms=NOW_MS)
    assert not await one.holds.contains(SHOP, "token-gone")
    await until(lambda: is_removed(one, "token-h"))


async def test_one_minute_of_calls_may_come_in_a_burst_to_any_server(one: Member, other: Member) -> None:
    three = Rate(per_minute=3)
    assert [await member.limits.acquire("kim", three) for member in (one, other, one)] == [0, 0, 0]
    waits = [await member.limits.acquire("kim", three) for member in (other, one) * 10]
    assert all(0 < wait_ms <= 20_001 for wait_ms in waits)
    assert await other.limits.acquire("lee", three) == 0


async def test_concurrent_calls_are_allowed_up_to_the_rate(one: Member, other: Member) -> None:
    ten = Rate(per_minute=10)
    waits = await asyncio.gather(*(member.limits.acquire("kim", ten) for member in (one, other) * 20))
    assert waits.count(0) == 10


async def test_a_call_is_allowed_after_its_wait(one: Member) -> None:
    many = Rate(per_minute=600)
    while not await one.limits.acquire("kim", many):
        pass
    assert await one.limits.acquire("kim", many) <= 101

    async def is_allowed() -> bool:
        return await one.limits.acquire("kim", many) == 0

    await until(is_allowed)


async def test_attempts_are_counted_together_and_refunded_by_any_server(one: Member, other: Member) -> None:
    limit = AttemptLimit(count=3, period_ms=60_000)
    assert [await member.attempts.acquire("kim", limit) for member in (one, other, one)] == [0, 0, 0]
    waits = [await member.attempts.acquire("kim", limit) for member in (other, one)]
    assert all(0 < wait_ms <= 60_000 for wait_ms in waits)
    assert await other.attempts.acquire("lee", limit) == 0
    await other.attempts.refund("kim")
    assert [await one.attempts.acquire("kim", limit) > 0 for _ in range(2)] == [False, True]


async def test_concurrent_attempts_are_allowed_up_to_the_limit(one: Member, other: Member) -> None:
    limit = AttemptLimit(count=10, period_ms=60_000)
    waits = await asyncio.gather(*(member.attempts.acquire("kim", limit) for member in (one, other) * 20))
    assert waits.count(0) == 10


async def test_an_attempt_is_allowed_as_soon_as_the_oldest_leaves_the_period(one: Member) -> None:
    limit = AttemptLimit(count=1, period_ms=100)
    assert await one.attempts.acquire("kim", limit) == 0
    assert 0 < await one.attempts.acquire("kim", limit) <= 100

    async def is_allowed() -> bool:
        return await one.attempts.acquire("kim", limit) == 0

    await until(is_allowed)
