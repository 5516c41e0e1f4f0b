"""The waitlist is searched only in time that became free, in bounded steps, and outside the writer."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from slotmcp.bootstrap import build_app
from slotmcp.domain.booking import BookingStatus, Customer
from slotmcp.domain.booking_rules import Reserve
from slotmcp.domain.catalog import TechnicianStatus
from slotmcp.domain.errors import SlotsAvailable
from slotmcp.domain.waitlist import WaitlistEntry, WaitlistState
from slotmcp.ports import ProjectEvent, Store, Unit
from slotmcp.services import waitlist_search
from slotmcp.services.status_changes import CancelRequest
from slotmcp.services.waitlist_queue import MAX_CHANGES
from slotmcp.services.waitlist_search import EntrySearch
from slotmcp.services.waitlist_sweep import ENTRIES_PER_TURN
from support.shop import VISIT, Shop, at, booking, open_shop, plan, service, technician
from support.waiting import join, line, release
from support.wrapped_store import WrappedStore
from unit.services.conftest import Open

T = TypeVar("T")

ONE = plan(technician("ana", "09:00-10:00"))
WAITING = MAX_CHANGES + 4
HOURS = range(8, 8 + WAITING)
WINDOW = f"08:00-{HOURS.stop}:00"
FULL_DAY = [booking(f"b-{hour}", "ana", f"{hour:02}:00") for hour in HOURS]
LONG_DAY = plan(
    technician("ana", WINDOW),
    technician("ben", WINDOW, status=TechnicianStatus.OFF),
    bookings=FULL_DAY,
    horizon_days=1,
)


def person(number: int) -> Customer:
    """Return a different customer for each number."""
    return Customer(name=f"Person {number}", phone=f"+1 303 555 {number:04}")


async def offered_to(shop: Shop, project_id: str = "shop") -> list[str]:
    """Return the customers with an offer, in order of joining."""
    entries = await shop.store.waitlist_entries(project_id, WaitlistState.OFFERED)
    return [entry.customer.name for entry in entries]


class Searches:
    """Counts of the searches for an entry, by customer."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.counts: Counter[str] = Counter()
        search = EntrySearch.first_start

        def counted(self_: EntrySearch, entry, *, in_full=False):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
            self.counts[entry.customer.name] += 1
            return search(self_, entry, in_full=in_full)

        monkeypatch.setattr(EntrySearch, "first_start", counted)

    def taken(self) -> Counter[str]:
        """Return the counts since the last call."""
        counts, self.counts = self.counts, Counter()
        return counts


@pytest.fixture
def searches(monkeypatch: pytest.MonkeyPatch) -> Searches:
    return Searches(monkeypatch)


class RecordingStore(WrappedStore):
    """Store that records the project of each write."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.written: list[str] = []

    async def write(self, project_id: str, unit: Unit[T], *, create: bool = False) -> T:
        self.written.append(project_id)
        return await super().write(project_id, unit, create=create)


class ReadStore(WrappedStore):
    """Store that records the projects whose waitlist or events are read."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.read: list[str] = []

    async def waitlist_entries(self, project_id: str, *states: WaitlistState) -> tuple[WaitlistEntry, ...]:
        self.read.append(project_id)
        return await super().waitlist_entries(project_id, *states)

    async def waitlist_entry(self, project_id: str, entry_id: str) -> WaitlistEntry | None:
        self.read.append(project_id)
        return await super().waitlist_entry(project_id, entry_id)

    async def events(self, project_id: str, after: int) -> tuple[ProjectEvent, ...]:
        self.read.append(project_id)
        return await super().events(project_id, after)


@pytest.fixture
async def recorded(tmp_path: Path) -> AsyncIterator[tuple[Shop, RecordingStore]]:
    """Open a shop whose writes are recorded."""
    async with open_shop(tmp_path / "shop.db", LONG_DAY) as shop:
        store = RecordingStore(shop.store)
        yield replace(shop, app=build_app(store)), store


async def test_joining_searches_for_its_own_entry_only(opened: Open, searches: Searches) -> None:
    shop = await opened(ONE)
    await shop.hold("09:00")
    for number in range(5):
        await join(shop, customer=person(number))
        assert set(searches.taken()) == {f"Person {number}"}


async def test_a_sweep_without_freed_time_neither_searches_nor_writes(
    recorded: tuple[Shop, RecordingStore], searches: Searches
) -> None:
    shop, store = recorded
    for number in range(WAITING):
        await join(shop, customer=person(number), window=WINDOW)
    await shop.app.waitlist.sweep()
    assert len(searches.taken()) == WAITING, "a server that has just started searches once"
    store.written.clear()
    for _ in range(3):
        await shop.app.waitlist.sweep()
    assert (searches.taken(), store.written) == (Counter(), [])


async def test_projects_without_open_entries_and_news_are_not_read(opened: Open) -> None:
    shop = await opened(ONE)
    for number in range(3):
        await shop.app.projects.import_project(plan(technician("ana", "09:00-10:00"), id=f"idle-{number}"), prune=False)
    await shop.hold("09:00", project_id="shop")
    wait = await join(shop, project_id="shop")
    store = ReadStore(shop.store)
    waitlist = build_app(store).waitlist
    await waitlist.sweep()
    assert set(store.read) == {"shop"}
    await waitlist.look_up(wait.entry.id)
    shop.clock.advance(seconds=90)
    await waitlist.sweep()
    assert set(await waitlist.events({})) == set(store.read) == {"shop"}
    shop.clock.advance(days=8)
    for _ in range(2):  # the first one records that the entry's window is over
        await waitlist.sweep()
    assert not waitlist._sweeper._searched, "an availability is kept for a waitlist without entries"  # noqa: SLF001
    store.read.clear()
    assert (await waitlist.events(await waitlist.newest_events()), store.read) == ({}, [])


async def test_a_call_makes_a_bounded_number_of_offers_and_the_sweep_the_others(
    recorded: tuple[Shop, RecordingStore],
) -> None:
    shop, store = recorded
    for number in range(WAITING):
        await join(shop, customer=person(number), window=WINDOW)
    await shop.app.technicians.set_technician_status(None, "ben", TechnicianStatus.ACTIVE)
    assert await offered_to(shop) == [f"Person {number}" for number in range(MAX_CHANGES)]
    assert shop.app.waitlist.needs_sweep
    store.written.clear()
    await shop.app.waitlist.sweep()
    assert await offered_to(shop) == [f"Person {number}" for number in range(WAITING)]
    assert len(store.written) == WAITING - MAX_CHANGES, "one transaction for each offer"


async def test_ended_offers_are_recorded_in_batches(recorded: tuple[Shop, RecordingStore]) -> None:
    shop, store = recorded
    for number in range(WAITING):
        await join(shop, customer=person(number), window=WINDOW)
    for hour in HOURS:
        await shop.app.bookings.cancel_booking(CancelRequest(booking_id=f"b-{hour}"))
    assert len(await offered_to(shop)) == WAITING
    shop.at_time("2025-06-03T00:00Z")  # all windows have passed
    store.written.clear()
    await shop.app.waitlist.sweep()
    assert await line(shop) == ""
    assert len(store.written) == -(-WAITING // MAX_CHANGES)


async def test_projects_take_turns(recorded: tuple[Shop, RecordingStore]) -> None:
    shop, store = recorded
    entries = ENTRIES_PER_TURN + 2
    team = [technician(f"t{number}", "09:00-10:00") for number in range(entries)]
    for project_id in ("one", "two"):
        await shop.app.projects.import_project(plan(*team, id=project_id), prune=False)
        for number in range(entries):
            await shop.hold("09:00", project_id=project_id, who=f"caller-{number}")
        for number in range(entries):
            await join(shop, customer=person(number), project_id=project_id)
    await shop.app.waitlist.sweep()
    shop.clock.advance(seconds=90)
    store.written.clear()
    await shop.app.waitlist.sweep()
    turn = ENTRIES_PER_TURN
    assert store.written == [*["one"] * turn, *["two"] * turn, *["one"] * 2, *["two"] * 2]
    for project_id in ("one", "two"):
        assert await offered_to(shop, project_id) == [f"Person {number}" for number in range(entries)]


async def test_an_entry_whose_offer_ended_is_searched_in_all_free_time(opened: Open) -> None:
    """The time at 10:00 did not become free just now; it was left over from the entry's own offer."""
    shop = await opened(plan(technician("ana", "09:00-11:00")))
    tokens = [(await shop.hold(start, who=start)).hold.token for start in ("09:00", "10:00")]
    await join(shop, "kim")
    for token in tokens:
        await release(shop, token)
    assert await line(shop) == "kim:09:00"
    await shop.app.waitlist.sweep()
    (offer,) = [status.hold for status in (await shop.app.waitlist.list_waitlist(None)).entries if status.hold]
    await release(shop, offer.token)
    assert await line(shop) == "kim:10:00"


async def test_time_that_another_process_freed_is_offered(opened: Open) -> None:
    shop = await opened(plan(technician("ana", "09:00-10:00"), bookings=[booking("b", "ana", "09:00")]))
    await join(shop)
    await shop.app.waitlist.sweep()
    canceled = (await shop.store.bookings("shop"))[0].with_status(BookingStatus.CANCELLED)
    other = await opened(clock=shop.clock)
    await other.store.write("shop", lambda transaction: transaction.save_booking(canceled))
    assert await line(shop) == "kim:1"
    await shop.app.waitlist.sweep()
    assert await line(shop) == "kim:09:00"


async def test_offers_that_need_long_searches_are_left_to_the_sweep(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hold moves to the freed technician, which makes room for the entry. In a large business that takes long."""
    monkeypatch.setattr("slotmcp.services.waitlist_queue.QUICK_CHECKS", 0)
    assert waitlist_search.QUICK_CHECKS > 0
    business = plan(
        technician("ana", "09:00-10:00", skills="x"),
        technician("ben", "09:00-10:00", skills="x y"),
        services=(service("x-job", skills="x"), service("y-job", skills="y")),
        bookings=[booking("b", "ana", "09:00", service_id="x-job")],
    )
    shop = await opened(business)
    await shop.hold("09:00", service_id="x-job", ttl_seconds=120)
    await join(shop, service_id="y-job")
    await shop.app.waitlist.sweep()
    await shop.app.bookings.cancel_booking(CancelRequest(booking_id="b"))
    assert (await line(shop), shop.app.waitlist.needs_sweep) == ("kim:1", True)
    await shop.app.waitlist.sweep()
    assert (await line(shop), shop.app.waitlist.needs_sweep) == ("kim:09:00", False)


KEPT = replace(VISIT, reserves=(Reserve(places=1, until_minutes=60),))


async def test_a_start_that_a_reserve_released_is_offered_by_the_next_sweep(opened: Open, searches: Searches) -> None:
    shop = await opened(plan(technician("ana", "09:00-10:00"), services=(KEPT,)))
    await join(shop, "kim", "09:00-10:00")
    await shop.app.waitlist.sweep()
    shop.at_time("07:30")
    await shop.app.waitlist.sweep()
    shop.at_time("07:59")
    searches.taken()
    await shop.app.waitlist.sweep()
    assert (await line(shop), searches.taken()) == ("kim:1", Counter())
    shop.at_time("08:00")
    await shop.app.waitlist.sweep()
    assert await line(shop) == "kim:09:00"


async def test_a_request_that_is_refused_offers_nothing(opened: Open) -> None:
    shop = await opened(plan(technician("ana", "09:00-11:00")))
    with pytest.raises(SlotsAvailable) as refused:
        await join(shop)
    assert refused.value.alternatives is not None
    assert [slot.start for slot in refused.value.alternatives.slots] == [at("09:00"), at("09:30"), at("10:00")]
