"""What the ports Fleet, LiveHolds and RateLimits promise, whatever they are made of."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from slotmcp.domain.schedule import Schedule, TechnicianSchedule
from slotmcp.ports import ChangeNotice, Rate
from support.clock import NOW_MS
from support.fleets import PATIENCE_SECONDS, Member, OpenMember, memory_members, redis_members, until
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
BOOK = Schedule(
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


@pytest.fixture(params=["memory", "redis"])
def open_member(request: pytest.FixtureRequest) -> OpenMember:
    if request.param == "memory":
        return memory_members()
    return redis_members(request.getfixturevalue("redis").url)


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


async def is_hidden(member: Member, token: str) -> bool:
    return not await member.holds.contains(SHOP, token)


async def test_nothing_is_known_at_first(one: Member) -> None:
    assert await one.fleet.revision(SHOP) is None
    assert await one.fleet.snapshot(SHOP, 7) is None
    assert not await one.holds.contains(SHOP, "token-h")


async def test_a_revision_that_one_found_is_known_to_the_other(one: Member, other: Member) -> None:
    await one.fleet.report_revision(SHOP, 7, age_ms=0)
    assert await other.fleet.revision(SHOP) == 7
    assert await other.fleet.revision("another") is None


async def test_an_older_revision_changes_nothing(one: Member, other: Member) -> None:
    await one.fleet.publish(ChangeNotice(project_id=SHOP, revision=10))
    await other.fleet.report_revision(SHOP, 9, age_ms=0)
    await other.fleet.publish(ChangeNotice(project_id=SHOP, revision=8))
    assert await one.fleet.revision(SHOP) == 10


async def test_what_was_true_too_long_ago_is_not_believed(one: Member) -> None:
    await one.fleet.report_revision(SHOP, 7, age_ms=1_000)
    assert await one.fleet.revision(SHOP) is None


async def test_a_revision_is_forgotten_after_a_second_however_often_it_is_read(one: Member) -> None:
    await one.fleet.report_revision(SHOP, 7, age_ms=900)
    await until(lambda: is_unknown(one, SHOP))


async def test_a_revision_that_was_found_later_once_more_is_believed_for_longer(one: Member, other: Member) -> None:
    await one.fleet.report_revision(SHOP, 7, age_ms=990)
    await other.fleet.report_revision(SHOP, 7, age_ms=0)
    await one.fleet.report_revision(SHOP, 7, age_ms=999)
    await one.fleet.report_revision("another", 1, age_ms=980)
    await until(lambda: is_unknown(one, "another"))
    assert await one.fleet.revision(SHOP) == 7


async def test_a_book_that_one_kept_is_there_for_the_other_at_its_revision_alone(one: Member, other: Member) -> None:
    await one.fleet.save_snapshot(BOOK)
    kept = await other.fleet.snapshot(SHOP, 7)
    assert kept == BOOK
    assert kept is not None
    assert (list(kept.services), list(kept.technician_schedules)) == (["repair", "check"], ["ben", "ana"])
    assert await other.fleet.snapshot(SHOP, 6) is None
    assert await other.fleet.snapshot(SHOP, 8) is None
    assert await other.fleet.snapshot("another", 7) is None


async def test_no_field_is_lost(one: Member, other: Member) -> None:
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


async def test_an_older_book_does_not_push_a_newer_one_out(one: Member, other: Member) -> None:
    await one.fleet.save_snapshot(BOOK)
    await other.fleet.save_snapshot(replace(BOOK, revision=6))
    assert await one.fleet.snapshot(SHOP, 7) == BOOK


async def test_everybody_hears_the_news(one: Member, other: Member) -> None:
    heard: asyncio.Queue[tuple[str, ChangeNotice]] = asyncio.Queue()
    one.fleet.subscribe(lambda news: heard.put_nowait(("one", news)))
    other.fleet.subscribe(lambda news: heard.put_nowait(("other", news)))
    news = ChangeNotice(project_id="späti 🛠", revision=3, newest_event=12)
    await one.fleet.publish(news)
    async with asyncio.timeout(PATIENCE_SECONDS):
        told = [await heard.get() for _ in range(2)]
    assert sorted(told, key=lambda pair: pair[0]) == [("one", news), ("other", news)]
    assert await other.fleet.revision("späti 🛠") == 3


async def test_a_hold_is_shown_to_the_other_until_it_is_hidden(one: Member, other: Member) -> None:
    await one.holds.add(SHOP, hold("h"), now_ms=NOW_MS)
    assert await other.holds.contains(SHOP, "token-h")
    assert not await other.holds.contains("another", "token-h")
    assert not await other.holds.contains(SHOP, "token-x")
    await other.holds.remove(SHOP, "token-h")
    assert not await one.holds.contains(SHOP, "token-h")
    await other.holds.remove(SHOP, "token-h")


async def test_a_hold_is_shown_no_longer_than_it_lives(one: Member) -> None:
    await one.holds.add(SHOP, hold("h", expires_at_ms=NOW_MS + 100), now_ms=NOW_MS)
    await one.holds.add(SHOP, hold("gone", expires_at_ms=NOW_MS), now_ms=NOW_MS)
    assert not await one.holds.contains(SHOP, "token-gone")
    await until(lambda: is_hidden(one, "token-h"))


async def test_a_minutes_worth_may_come_at_once_to_whatever_server(one: Member, other: Member) -> None:
    three = Rate(per_minute=3)
    assert [await member.limits.acquire("kim", three) for member in (one, other, one)] == [0, 0, 0]
    waits = [await member.limits.acquire("kim", three) for member in (other, one) * 10]
    assert all(0 < wait_ms <= 20_001 for wait_ms in waits)
    assert await other.limits.acquire("lee", three) == 0


async def test_of_many_calls_at_once_so_many_are_let_in_as_may_be(one: Member, other: Member) -> None:
    ten = Rate(per_minute=10)
    waits = await asyncio.gather(*(member.limits.acquire("kim", ten) for member in (one, other) * 20))
    assert waits.count(0) == 10


async def test_a_call_may_be_made_when_its_turn_has_come(one: Member) -> None:
    many = Rate(per_minute=600)
    while not await one.limits.acquire("kim", many):
        pass
    assert await one.limits.acquire("kim", many) <= 101

    async def may() -> bool:
        return await one.limits.acquire("kim", many) == 0

    await until(may)
