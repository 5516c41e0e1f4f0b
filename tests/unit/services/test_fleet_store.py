"""A store in a fleet: what it asks whom, and what it believes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from slotmcp.bootstrap import build_app
from slotmcp.domain.claim import ClaimState
from slotmcp.domain.errors import NotFound, SlotUnavailable
from slotmcp.domain.schedule import TechnicianSchedule
from slotmcp.ports import ChangeNotice, Transaction
from slotmcp.services.fleet_store import FleetStore
from slotmcp.services.memory_fleet import MemoryFleet
from slotmcp.services.notifier import Notifier
from slotmcp.store.sqlite import SqliteStore
from support.clock import HandClock
from support.counted_store import CountedStore
from support.fleets import PATIENCE_SECONDS, until
from support.schedules import ANA, PROJECT, booking, hold, open_shop
from support.shop import Shop, plan, technician
from support.shop import open_shop as open_business

SHOP = PROJECT.id


@dataclass(frozen=True, slots=True)
class Server:
    """A store in the fleet, the database under it, and what rings."""

    store: FleetStore
    database: CountedStore
    notifier: Notifier


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "books.db"


@pytest.fixture
async def servers(path: Path) -> AsyncIterator[list[Server]]:
    """Three servers of one fleet on one file, the shop in it; none of them has asked anything yet."""
    fleet, clock = MemoryFleet(), HandClock()
    async with AsyncExitStack() as stack:
        found = []
        for _ in range(3):
            database = CountedStore(await stack.enter_async_context(SqliteStore.open(path, clock=clock)))
            notifier = Notifier()
            store = await stack.enter_async_context(FleetStore.open(database, fleet, clock=clock, notifier=notifier))
            found.append(Server(store, database, notifier))
        await open_shop(found[2].database)
        for server in found:
            server.database.asked.clear()
        yield found


async def take(server: Server, claim_id: str, at: int = 60) -> None:
    await server.store.write(SHOP, lambda transaction: transaction.add_booking(booking(claim_id, at=at)))


async def test_a_head_that_another_server_told_is_not_asked_of_the_database(servers: list[Server]) -> None:
    one, other, _ = servers
    await one.store.head(SHOP)
    await other.store.head(SHOP)
    await take(other, "b")
    before = one.database.asked.copy()
    assert (await one.store.head(SHOP)).revision == 2
    assert one.database.asked == before


async def test_many_who_ask_at_once_are_one_question_to_the_database(servers: list[Server]) -> None:
    one = servers[0]
    heads = await asyncio.gather(*(one.store.head(SHOP) for _ in range(20)))
    assert {head.revision for head in heads} == {1}
    schedules = await asyncio.gather(*(one.store.schedule(SHOP) for _ in range(20)))
    assert len({id(schedule) for schedule in schedules}) == 1
    assert (one.database.asked["head"], one.database.asked["schedule"]) == (1, 1)


async def test_a_server_that_starts_takes_the_book_that_another_has_kept(servers: list[Server]) -> None:
    one, other, _ = servers
    await take(one, "b")
    kept = await one.store.schedule(SHOP)
    await one.store.schedule(SHOP)
    assert await other.store.schedule(SHOP) == kept
    assert other.database.asked["schedule"] == 0


async def test_a_server_that_knows_a_book_reads_what_changed_from_the_database(servers: list[Server]) -> None:
    one, other, _ = servers
    known = await one.store.schedule(SHOP)
    await take(other, "b", at=120)
    read = await one.store.schedule(SHOP, known)
    assert read.revision == 2
    assert read.technician_schedules["ben"] is known.technician_schedules["ben"]
    assert one.database.asked["schedule"] == 2


async def test_a_lent_book_is_followed_by_one_of_the_servers_own(servers: list[Server]) -> None:
    one, other, _ = servers
    await one.store.schedule(SHOP)
    lent = await other.store.schedule(SHOP)
    assert await other.store.schedule(SHOP, lent) is lent
    await take(one, "b")
    own = await other.store.schedule(SHOP, lent)
    assert [claim.id for claim in own.technician_schedules["ana"].claims] == ["b"]
    assert other.database.asked["schedule"] == 1


async def test_a_wrong_book_in_the_fleet_sells_nothing_and_breaks_no_promise(servers: list[Server]) -> None:
    one, other, third = servers
    await one.store.write(SHOP, lambda transaction: transaction.add_hold(hold("h", "ana", at=60)))
    schedule = await third.database.schedule(SHOP)
    await other.store.head(SHOP)
    fleet = MemoryFleet()
    empty = {"ana": TechnicianSchedule(technician=ANA)}
    await fleet.save_snapshot(replace(schedule, technician_schedules=empty))
    async with FleetStore.open(other.database, fleet, clock=HandClock(), notifier=Notifier()) as misled:
        wrong = await misled.schedule(SHOP)
        assert wrong.technician_schedules == empty

        async def unit(transaction: Transaction) -> tuple[ClaimState, int]:
            held = await transaction.hold("token-h")
            assert held is not None
            return held.state, len((await transaction.schedule()).technician_schedules["ana"].claims)

        assert await misled.write(SHOP, unit) == (ClaimState.HELD, 1)
        assert (await misled.schedule(SHOP, wrong)).technician_schedules == empty
        await misled.write(SHOP, lambda transaction: transaction.add_booking(booking("b", "ben")))
        assert (await misled.schedule(SHOP, wrong)).technician_schedules == (
            await third.database.schedule(SHOP)
        ).technician_schedules


class ForgetfulFleet(MemoryFleet):
    """Loses the news, and goes on to believe what was before."""

    async def publish(self, news: ChangeNotice) -> None:
        """Lose it."""


async def test_what_a_server_wrote_it_knows_although_the_fleet_forgot(servers: list[Server], path: Path) -> None:
    assert servers
    clock = HandClock()
    async with SqliteStore.open(path, clock=clock) as database:
        forgetful = ForgetfulFleet()
        async with FleetStore.open(database, forgetful, clock=clock, notifier=Notifier()) as store:
            await store.head(SHOP)
            await forgetful.report_revision(SHOP, 1, age_ms=0)
            await store.write(SHOP, lambda transaction: transaction.add_booking(booking("b")))
            assert (await store.head(SHOP)).revision == 2


async def test_a_writer_that_died_before_it_told_anybody_leaves_nobody_behind_for_long(servers: list[Server]) -> None:
    one, other, dead = servers
    await one.store.head(SHOP)
    await dead.database.write(SHOP, lambda transaction: transaction.add_booking(booking("b")))

    async def knows() -> bool:
        return (await other.store.head(SHOP)).revision == 2

    await until(knows)
    assert len((await other.store.schedule(SHOP)).technician_schedules["ana"].claims) == 1


async def test_news_of_another_database_is_not_believed_for_long(servers: list[Server]) -> None:
    one = servers[0]
    await one.store.head(SHOP)
    one.store._hear(ChangeNotice(project_id=SHOP, revision=1_000))  # noqa: SLF001  what a stranger on the same channel says

    async def is_right() -> bool:
        return (await one.store.head(SHOP)).revision == 1

    await until(is_right)


async def test_a_unit_that_changes_nothing_or_raises_tells_nothing(servers: list[Server]) -> None:
    one, other, _ = servers
    heard: list[ChangeNotice] = []
    other.store._fleet.subscribe(heard.append)  # noqa: SLF001  what the others hear

    async def raising(transaction: Transaction) -> None:
        await transaction.add_booking(booking("b"))
        raise KeyError

    with pytest.raises(KeyError):
        await one.store.write(SHOP, raising)
    await one.store.write(SHOP, lambda transaction: transaction.schedule())
    assert heard == []
    await take(one, "b")
    assert heard == [ChangeNotice(project_id=SHOP, revision=2)]


async def test_what_happens_to_a_wait_rings_everywhere(servers: list[Server]) -> None:
    one, other, _ = servers
    listening = [asyncio.create_task(server.notifier.wait(0, PATIENCE_SECONDS)) for server in (one, other)]
    await take(one, "b")
    await one.store.write(SHOP, lambda transaction: transaction.add_event("waitlist.offered", "w"))
    assert all(await asyncio.gather(*listening))


async def test_a_project_that_is_not_there_is_not_found(servers: list[Server]) -> None:
    one = servers[0]
    for asked in (one.store.head("shpo"), one.store.schedule("shpo")):
        with pytest.raises(NotFound, match="shop"):
            await asked


async def test_the_only_project_is_believed_to_be_the_only_one_until_another_is_made_here(
    servers: list[Server],
) -> None:
    one = servers[0]
    assert list(await one.store.heads()) == [SHOP]
    assert list(await one.store.heads()) == [SHOP]
    assert one.database.asked["heads"] == 1

    async def unit(transaction: Transaction) -> None:
        await transaction.save_project(replace(PROJECT, id="second"))

    await one.store.write("second", unit, create=True)
    assert list(await one.store.heads()) == ["second", SHOP]


async def test_two_servers_of_a_fleet_sell_each_start_once(tmp_path: Path) -> None:
    fleet, clock = MemoryFleet(), HandClock(0)
    business = plan(technician("ana", "09:00-11:00"), horizon_days=0)
    async with open_business(tmp_path / "shop.db", business) as shop, AsyncExitStack() as stack:
        clock = shop.clock
        shops: list[Shop] = []
        for _ in range(2):
            opened = SqliteStore.open(shop.path, clock=clock)
            store = FleetStore.open(await stack.enter_async_context(opened), fleet, clock=clock, notifier=Notifier())
            shops.append(replace(shop, app=build_app(await stack.enter_async_context(store))))
        one, other = shops
        assert (await one.offered(), await other.offered()) == ("09:00 09:30 10:00", "09:00 09:30 10:00")
        held = await one.hold("09:00")
        assert await other.offered() == "10:00"
        with pytest.raises(SlotUnavailable):
            await other.hold("09:00")
        await other.book_hold(held)
        assert await one.offered() == "10:00"
        clock.advance(seconds=5 * 3600)
        assert await one.offered() == await other.offered() == ""
