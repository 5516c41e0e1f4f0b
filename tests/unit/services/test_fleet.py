"""A server in a fleet asks other servers before the database, and trusts none of them with a write."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from slotmcp.bootstrap import build_app
from slotmcp.domain.claim import ClaimState
from slotmcp.domain.errors import InvalidArgument, NotFound, SlotUnavailable
from slotmcp.domain.schedule import Schedule, TechnicianSchedule
from slotmcp.ports import ChangeNotice, Store, Transaction
from slotmcp.services.availability_cache import AvailabilityCache
from slotmcp.services.fleet import MAX_KNOWN_REVISIONS, FleetScheduleReader, KnownRevisions
from slotmcp.store.sqlite import SqliteStore
from support.clock import HandClock
from support.counted_store import CountedStore
from support.fleets import TIMEOUT_SECONDS, JoinedStore, until
from support.memory_fleet import MemoryFleet
from support.schedules import ANA, PROJECT, booking, hold, open_shop
from support.shop import Shop, plan, technician
from support.shop import open_shop as open_business
from support.wrapped_store import WrappedStore

SHOP = PROJECT.id


@dataclass(frozen=True, slots=True)
class Server:
    """A server of the fleet, its database, and the fleet."""

    store: JoinedStore
    database: CountedStore
    fleet: MemoryFleet


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "books.db"


@pytest.fixture
async def outsider(path: Path) -> AsyncIterator[Store]:
    """A store on the same file that is not in the fleet; it set up the shop."""
    async with SqliteStore.open(path, clock=HandClock()) as store:
        await open_shop(store)
        yield store


@pytest.fixture
async def servers(path: Path, outsider: Store) -> AsyncIterator[tuple[Server, Server]]:
    """Two servers of one fleet. Neither has read anything yet."""
    assert await outsider.project_ids()
    fleet = MemoryFleet()
    async with AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(_server(path, fleet)) for _ in range(2)]
        yield opened[0], opened[1]


@asynccontextmanager
async def _server(path: Path, fleet: MemoryFleet) -> AsyncIterator[Server]:
    clock = HandClock()
    async with SqliteStore.open(path, clock=clock) as store:
        database = CountedStore(store)
        async with JoinedStore.open(database, fleet, clock=clock) as joined:
            yield Server(joined, database, fleet)


async def book(store: Store, claim_id: str, at: int = 60) -> None:
    await store.write(SHOP, lambda transaction: transaction.add_booking(booking(claim_id, at=at)))


async def test_a_revision_that_another_server_published_needs_no_query(servers: tuple[Server, Server]) -> None:
    one, other = servers
    await one.store.head(SHOP)
    await other.store.head(SHOP)
    await book(other.store, "b")
    before = one.database.calls.copy()
    assert (await one.store.head(SHOP)).revision == 2
    assert one.database.calls == before


async def test_concurrent_reads_are_one_query(servers: tuple[Server, Server]) -> None:
    one, _ = servers
    heads = await asyncio.gather(*(one.store.head(SHOP) for _ in range(20)))
    assert {head.revision for head in heads} == {1}
    schedules = await asyncio.gather(*(one.store.schedule(SHOP) for _ in range(20)))
    assert len({id(schedule) for schedule in schedules}) == 1
    assert (one.database.calls["head"], one.database.calls["schedule"]) == (1, 1)


class SlowStore(WrappedStore):
    """Store that returns schedules late: after they were read, and the gate was opened."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.has_read, self.gate = asyncio.Event(), asyncio.Event()

    async def schedule(self, project_id: str, known: Schedule | None = None) -> Schedule:
        schedule = await super().schedule(project_id, known)
        self.has_read.set()
        await self.gate.wait()
        return schedule


async def test_a_call_after_a_write_is_not_served_by_an_earlier_read(outsider: Store) -> None:
    slow = SlowStore(outsider)
    async with JoinedStore.open(slow, MemoryFleet(), clock=HandClock()) as store:
        cache = AvailabilityCache(store)
        slow.gate.set()
        await cache.availability(SHOP)
        slow.gate.clear()
        slow.has_read.clear()
        await book(store, "a")
        earlier = asyncio.create_task(cache.availability(SHOP))
        await slow.has_read.wait()
        await book(store, "b", at=120)
        later = asyncio.create_task(cache.availability(SHOP))
        slow.gate.set()
        assert [(await one).schedule.revision for one in (earlier, later)] == [2, 3]


async def test_a_server_that_starts_takes_the_snapshot_of_another(servers: tuple[Server, Server]) -> None:
    one, other = servers
    await book(one.store, "b")
    saved = await one.store.schedule(SHOP)
    await one.store.schedule(SHOP)
    assert await other.store.schedule(SHOP) == saved
    assert other.database.calls["schedule"] == 0


async def test_a_server_with_a_schedule_reads_the_changes_from_the_database(servers: tuple[Server, Server]) -> None:
    one, other = servers
    known = await one.store.schedule(SHOP)
    await book(other.store, "b", at=120)
    read = await one.store.schedule(SHOP, known)
    assert read.revision == 2
    assert read.technician_schedules["ben"] is known.technician_schedules["ben"]
    assert one.database.calls["schedule"] == 2


async def test_a_borrowed_schedule_is_followed_by_one_of_the_servers_own(servers: tuple[Server, Server]) -> None:
    one, other = servers
    await one.store.schedule(SHOP)
    borrowed = await other.store.schedule(SHOP)
    assert await other.store.schedule(SHOP, borrowed) is borrowed
    await book(one.store, "b")
    own = await other.store.schedule(SHOP, borrowed)
    assert [claim.id for claim in own.technician_schedules["ana"].claims] == ["b"]
    assert other.database.calls["schedule"] == 1


async def test_a_wrong_snapshot_sells_nothing_and_breaks_no_hold(
    servers: tuple[Server, Server], outsider: Store
) -> None:
    one, other = servers
    await one.store.write(SHOP, lambda transaction: transaction.add_hold(hold("h", "ana", at=60)))
    schedule = await outsider.schedule(SHOP)
    await other.store.head(SHOP)
    fleet = MemoryFleet()
    empty = {"ana": TechnicianSchedule(technician=ANA)}
    await fleet.save_snapshot(replace(schedule, technician_schedules=empty))
    async with JoinedStore.open(other.database, fleet, clock=HandClock()) as misled:
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
            await outsider.schedule(SHOP)
        ).technician_schedules


class ForgetfulFleet(MemoryFleet):
    """A fleet that loses notices, and keeps the revisions from before them."""

    async def publish(self, notice: ChangeNotice) -> None:
        """Lose the notice."""


def test_the_revisions_recorded_longest_ago_are_forgotten() -> None:
    known = KnownRevisions(lambda: 1.0)
    for number in range(MAX_KNOWN_REVISIONS):
        known.raise_to(f"p-{number}", 7)
    known.raise_to("p-0", 8)
    known.record_read("p-1", 9, sent_at=2.0)
    known.raise_to("new", 1)
    assert known.raise_to("p-2", 3) == 3, "forgotten, so that a lower revision is the newest known one"
    assert [known.raise_to(name, 1) for name in ("p-0", "p-1", "p-4", "new")] == [8, 9, 7, 1]


async def test_a_server_knows_its_own_write_although_the_fleet_lost_it(outsider: Store, path: Path) -> None:
    assert await outsider.project_ids()
    forgetful = ForgetfulFleet()
    async with _server(path, forgetful) as server:
        await server.store.head(SHOP)
        await forgetful.report_revision(SHOP, 1, age_ms=0)
        await book(server.store, "b")
        assert (await server.store.head(SHOP)).revision == 2


async def test_a_write_that_was_never_published_is_known_after_a_second(
    servers: tuple[Server, Server], outsider: Store
) -> None:
    one, other = servers
    await one.store.head(SHOP)
    await book(outsider, "b")

    async def is_known() -> bool:
        return (await other.store.head(SHOP)).revision == 2

    await until(is_known)
    assert len((await other.store.schedule(SHOP)).technician_schedules["ana"].claims) == 1


async def test_a_notice_of_another_database_is_soon_corrected(servers: tuple[Server, Server]) -> None:
    one, _ = servers
    await one.store.head(SHOP)
    one.store.reader._receive(ChangeNotice(project_id=SHOP, revision=1_000))  # noqa: SLF001  as over the channel

    async def is_right() -> bool:
        return (await one.store.head(SHOP)).revision == 1

    await until(is_right)


async def test_a_write_that_changes_nothing_or_fails_publishes_nothing(servers: tuple[Server, Server]) -> None:
    one, other = servers
    notices: list[ChangeNotice] = []
    other.fleet.subscribe(notices.append)

    async def failing(transaction: Transaction) -> None:
        await transaction.add_booking(booking("b"))
        raise KeyError

    with pytest.raises(KeyError):
        await one.store.write(SHOP, failing)
    await one.store.write(SHOP, lambda transaction: transaction.schedule())
    assert notices == []
    await book(one.store, "b")
    assert notices == [ChangeNotice(project_id=SHOP, revision=2)]


async def test_an_event_notifies_every_server(servers: tuple[Server, Server]) -> None:
    waiting = [asyncio.create_task(server.store.reader.notifier.wait(0, TIMEOUT_SECONDS)) for server in servers]
    await book(servers[0].store, "b")
    await servers[0].store.write(SHOP, lambda transaction: transaction.add_event("waitlist.offered", "w"))
    assert all(await asyncio.gather(*waiting))


async def test_an_unknown_project_is_not_found(servers: tuple[Server, Server]) -> None:
    one, _ = servers
    for read in (one.store.head("shpo"), one.store.schedule("shpo")):
        with pytest.raises(NotFound, match="shop"):
            await read


async def test_the_only_project_is_cached_until_this_server_creates_another(servers: tuple[Server, Server]) -> None:
    one, _ = servers
    assert [(await one.store.only_head())[0] for _ in range(2)] == [SHOP, SHOP]
    assert one.database.calls["only_head"] == 1

    async def unit(transaction: Transaction) -> None:
        await transaction.save_project(replace(PROJECT, id="second"))

    await one.store.write("second", unit, create=True)
    with pytest.raises(InvalidArgument, match=f"second, {SHOP}"):
        await one.store.only_head()


async def test_two_servers_of_a_fleet_sell_each_start_once(tmp_path: Path) -> None:
    business = plan(technician("ana", "09:00-11:00"), horizon_days=0)
    async with open_business(tmp_path / "shop.db", business) as shop, AsyncExitStack() as stack:
        fleet, clock = MemoryFleet(), shop.clock
        shops: list[Shop] = []
        for _ in range(2):
            store = await stack.enter_async_context(SqliteStore.open(shop.path, clock=clock))
            reader = await stack.enter_async_context(FleetScheduleReader.open(store, fleet, clock=clock))
            shops.append(replace(shop, app=build_app(store, fleet=reader)))
        one, other = shops
        assert (await one.offered(), await other.offered()) == ("09:00 09:30 10:00", "09:00 09:30 10:00")
        held = await one.hold("09:00")
        assert await other.offered() == "10:00"
        with pytest.raises(SlotUnavailable):
            await other.hold("09:00", who="another")
        await other.book_hold(held)
        assert await one.offered() == "10:00"
        clock.advance(seconds=5 * 3600)
        assert await one.offered() == await other.offered() == ""
