"""Contract of the port CalendarRecords, and of the port Store for calendars."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

import pytest

from slotmcp.domain.attention import Attention, AttentionCause
from slotmcp.domain.booking import BookingStatus, Visit
from slotmcp.domain.calcom import CalcomConnection
from slotmcp.domain.calendar import CalendarBacklog, CalendarEntry, EventStatus, Push, SyncState
from slotmcp.ports import Store, Transaction
from slotmcp.ports.calendar import CalendarRecords
from support.clock import NOW_MS, HandClock
from support.schedules import (
    ANA,
    FULL_DEFERRED,
    FULL_ENTRY,
    FULL_EVENT,
    FULL_PUSH,
    FULL_SYNC,
    NOON,
    PROJECT,
    booking,
    claim,
    event,
    hold,
)

T = TypeVar("T")
SHOP = PROJECT.id
CONNECTED = replace(PROJECT, calcom=CalcomConnection(api_key_env="KEY"))


async def within(store: Store, work: Callable[[CalendarRecords], Awaitable[T]]) -> T:
    """Use the shop's calendar records in a transaction."""
    return await store.write(SHOP, lambda transaction: work(transaction.calendar))


async def keep(store: Store, *entries: CalendarEntry) -> None:
    async def unit(transaction: Transaction) -> None:
        for entry in entries:
            await transaction.calendar.save_entry(entry)

    await store.write(SHOP, unit)


async def connect(store: Store) -> None:
    await store.write(SHOP, lambda transaction: transaction.save_project(CONNECTED))


async def push_of(store: Store, booking_id: str) -> Push | None:
    return await within(store, lambda pages: pages.push(booking_id))


async def test_a_delivery_is_recorded_once(store: Store, other: Store) -> None:
    assert await within(store, lambda pages: pages.record_delivery("a"))
    assert not await within(other, lambda pages: pages.record_delivery("a"))
    assert await within(other, lambda pages: pages.record_delivery("b"))


async def test_deliveries_are_kept_for_thirty_days(store: Store, clock: HandClock) -> None:
    assert await within(store, lambda pages: pages.record_delivery("a"))
    clock.advance(days=30, seconds=-1)
    await within(store, lambda pages: pages.save_sync_state(SyncState()))
    assert not await within(store, lambda pages: pages.record_delivery("a"))
    clock.advance(seconds=1)
    await within(store, lambda pages: pages.save_sync_state(SyncState()))
    assert await within(store, lambda pages: pages.record_delivery("a"))


async def test_an_entry_is_read_as_it_was_saved(store: Store, other: Store) -> None:
    plain = CalendarEntry(event=event("plain"))
    await keep(store, FULL_ENTRY, plain)
    assert await within(other, lambda pages: pages.entry("full")) == FULL_ENTRY
    assert await within(other, lambda pages: pages.entry("plain")) == plain
    assert await within(other, lambda pages: pages.entry("gone")) is None
    later = CalendarEntry(event=replace(plain.event, status=EventStatus.CANCELLED))
    await within(store, lambda pages: pages.save_entry(later))
    assert await within(other, lambda pages: pages.entry("plain")) == later


async def test_entries_are_found_by_series_by_booking_and_by_time(store: Store) -> None:
    await keep(
        store,
        CalendarEntry(event=event("b", at=120, series="s"), booking_id="x"),
        CalendarEntry(event=event("a", at=120, series="s"), booking_id="x"),
        CalendarEntry(event=event("over", at=60, status=EventStatus.REPLACED, series="s"), booking_id="x"),
        CalendarEntry(event=event("early", at=0, status=EventStatus.PENDING, replaces="first")),
    )

    async def uids(work: Callable[[CalendarRecords], Awaitable[tuple[CalendarEntry, ...]]]) -> list[str]:
        return [entry.event.uid for entry in await within(store, work)]

    assert await uids(lambda pages: pages.entries_in_series("s")) == ["a", "b", "over"]
    assert await uids(lambda pages: pages.entries_in_series("")) == []
    assert await uids(lambda pages: pages.entries_of_booking("x")) == ["a", "b", "over"]
    assert await uids(lambda pages: pages.entries_of_booking("")) == []
    assert await uids(lambda pages: pages.successors("first")) == ["early"]
    assert await uids(lambda pages: pages.successors("")) == []
    assert await uids(lambda pages: pages.open_entries(NOON)) == ["early", "a", "b"]
    assert await uids(lambda pages: pages.open_entries(NOON + 60)) == ["a", "b"]


async def test_entries_are_kept_for_sixty_days_after_their_end(store: Store, clock: HandClock) -> None:
    await within(store, lambda pages: pages.save_entry(CalendarEntry(event=event("a", at=0, minutes=30))))
    clock.advance(days=60, seconds=29 * 60)
    await within(store, lambda pages: pages.save_sync_state(SyncState()))
    assert await within(store, lambda pages: pages.entry("a"))
    clock.advance(seconds=60)
    await within(store, lambda pages: pages.save_sync_state(SyncState()))
    assert await within(store, lambda pages: pages.entry("a")) is None


async def test_a_deferred_event_replaces_an_earlier_one_with_its_uid(store: Store) -> None:
    await within(store, lambda pages: pages.defer(replace(FULL_DEFERRED, why="first")))
    await within(store, lambda pages: pages.defer(FULL_DEFERRED))
    another = replace(FULL_DEFERRED, event=event("another"), at_ms=NOW_MS - 1, contact_keys=())
    await within(store, lambda pages: pages.defer(another))
    assert await within(store, lambda pages: pages.deferred_events()) == (another, FULL_DEFERRED)
    assert await within(store, lambda pages: pages.deferred_events("full")) == (FULL_DEFERRED,)
    assert await within(store, lambda pages: pages.remove_deferred("full"))
    assert not await within(store, lambda pages: pages.remove_deferred("full"))
    assert await within(store, lambda pages: pages.deferred_events("full")) == ()


async def test_a_forgotten_customer_is_erased_from_entries_and_deferred_events(store: Store) -> None:
    await within(store, lambda pages: pages.save_entry(FULL_ENTRY))
    await within(store, lambda pages: pages.defer(FULL_DEFERRED))
    await store.write(SHOP, lambda transaction: transaction.erase_customer("another customer"))
    assert await within(store, lambda pages: pages.entry("full")) == FULL_ENTRY
    await store.write(SHOP, lambda transaction: transaction.erase_customer("phone"))
    erased = replace(FULL_EVENT, customer=None, visit=Visit())
    expected = replace(FULL_ENTRY, event=erased, contact_keys=())
    assert await within(store, lambda pages: pages.entry("full")) == expected
    (deferred,) = await within(store, lambda pages: pages.deferred_events())
    assert deferred == replace(FULL_DEFERRED, event=erased, contact_keys=())


async def sell(transaction: Transaction) -> None:
    await transaction.add_booking(booking("direct", at=60))
    await transaction.add_hold(hold("held", at=180))
    await transaction.confirm_hold(booking("held", at=180))


async def test_a_change_of_a_booking_makes_a_push_due_in_a_connected_project(store: Store, clock: HandClock) -> None:
    await connect(store)
    await store.write(SHOP, sell)
    first = Push(booking_id="direct", version=1, since_ms=NOW_MS, due_ms=NOW_MS)
    assert await push_of(store, "direct") == first
    assert await push_of(store, "held") == replace(first, booking_id="held")
    clock.advance(seconds=1)
    moved = booking("direct", at=300)
    await store.write(SHOP, lambda transaction: transaction.save_booking(moved))
    assert await push_of(store, "direct") == replace(first, version=2, due_ms=NOW_MS + 1000)
    cancelled = replace(moved, status=BookingStatus.CANCELLED)
    await store.write(SHOP, lambda transaction: transaction.save_booking(cancelled))
    again = await push_of(store, "direct")
    assert again is not None
    assert again.version == 3


async def test_a_change_that_keeps_the_time_makes_no_push_due(store: Store) -> None:
    await connect(store)
    await store.write(SHOP, sell)
    await within(store, lambda pages: pages.complete_push("direct", 1))
    seen = replace(booking("direct", at=60), attention=Attention.of(AttentionCause.BUSY))
    await store.write(SHOP, lambda transaction: transaction.save_booking(seen))
    assert await push_of(store, "direct") is None


async def test_no_push_is_due_without_a_calendar_or_a_customer(store: Store) -> None:
    await store.write(SHOP, sell)
    assert await push_of(store, "direct") is None
    await connect(store)
    anonymous = replace(booking("anonymous", at=400), customer=None)
    await store.write(SHOP, lambda transaction: transaction.add_booking(anonymous))
    assert await push_of(store, "anonymous") is None


async def test_saving_a_push_keeps_its_version(store: Store) -> None:
    await connect(store)
    await store.write(SHOP, sell)
    tried = replace(FULL_PUSH, booking_id="direct", version=1)
    await within(store, lambda pages: pages.save_push(replace(tried, version=7)))
    assert await push_of(store, "direct") == tried
    assert (await store.calendar_work(SHOP)).due == ("held",), "refused, and not due"
    await within(store, lambda pages: pages.request_push("direct"))
    expected = replace(tried, version=2, due_ms=NOW_MS, attempts=0, refused="")
    assert await push_of(store, "direct") == expected
    assert not await within(store, lambda pages: pages.complete_push("direct", 1)), "it has changed since"
    assert await within(store, lambda pages: pages.complete_push("direct", 2))
    assert await push_of(store, "direct") is None


async def test_a_requested_renewal_lasts_until_it_is_saved_otherwise(store: Store) -> None:
    await connect(store)
    await store.write(SHOP, sell)
    await within(store, lambda pages: pages.request_push("direct", renews=True))
    await within(store, lambda pages: pages.request_push("direct"))
    renewing = await push_of(store, "direct")
    assert renewing is not None
    assert (renewing.renews, renewing.version) == (True, 3)
    await within(store, lambda pages: pages.save_push(replace(renewing, renews=False)))
    assert await push_of(store, "direct") == replace(renewing, renews=False)


async def test_due_pushes_are_listed_by_due_time(store: Store, clock: HandClock) -> None:
    await connect(store)
    await store.write(SHOP, sell)
    await within(
        store, lambda pages: pages.save_push(Push(booking_id="direct", version=1, since_ms=1, due_ms=NOW_MS + 10))
    )
    work = await store.calendar_work(SHOP)
    assert (work.due, work.sync, work.now_ms) == (("held",), SyncState(), NOW_MS)
    clock.advance(seconds=0.01)
    assert (await store.calendar_work(SHOP)).due == ("held", "direct")


async def test_backlogs_are_reported_for_connected_projects(store: Store) -> None:
    assert await store.calendar_backlogs() == {}
    await connect(store)
    up_to_date = CalendarBacklog(due=0, oldest_since_ms=None, refused=0, deferred=0, finished_ms=0)
    assert await store.calendar_backlogs() == {SHOP: up_to_date}
    await store.write(SHOP, sell)
    await within(store, lambda pages: pages.defer(FULL_DEFERRED))
    await within(store, lambda pages: pages.save_sync_state(FULL_SYNC))
    behind = CalendarBacklog(due=2, oldest_since_ms=NOW_MS, refused=0, deferred=1, finished_ms=FULL_SYNC.finished_ms)
    assert await store.calendar_backlogs() == {SHOP: behind}
    refused = Push(booking_id="held", version=1, since_ms=NOW_MS, due_ms=NOW_MS, refused="No such time.")
    await within(store, lambda pages: pages.save_push(refused))
    assert await store.calendar_backlogs() == {SHOP: replace(behind, due=1, refused=1)}


async def test_the_sync_state_is_read_as_it_was_saved(store: Store, other: Store) -> None:
    assert await within(store, lambda pages: pages.sync_state()) == SyncState()
    await within(store, lambda pages: pages.save_sync_state(FULL_SYNC))
    assert await within(other, lambda pages: pages.sync_state()) == FULL_SYNC
    assert (await other.calendar_work(SHOP)).sync == FULL_SYNC


async def test_the_calendar_view_contains_all_records(store: Store) -> None:
    await connect(store)
    await store.write(SHOP, sell)
    await within(store, lambda pages: pages.save_entry(FULL_ENTRY))
    await within(store, lambda pages: pages.defer(FULL_DEFERRED))
    await within(store, lambda pages: pages.save_sync_state(FULL_SYNC))
    view = await store.calendar(SHOP)
    assert view.entries == (FULL_ENTRY,)
    assert view.deferred == (FULL_DEFERRED,)
    assert [push.booking_id for push in view.pushes] == ["direct", "held"]
    assert (view.sync, view.now_ms) == (FULL_SYNC, NOW_MS)


async def test_connected_projects_are_listed(store: Store) -> None:
    assert await store.calendar_projects() == ()
    await connect(store)
    assert await store.calendar_projects() == (SHOP,)


async def test_projects_with_calendar_work_are_found_at_once(store: Store) -> None:
    async def due(*, now_ms: int = NOW_MS, finished_by_ms: int) -> bool:
        projects = await store.due_calendars(now_ms=now_ms, finished_by_ms=finished_by_ms)
        assert set(projects) <= {SHOP}
        return bool(projects)

    async def save_pushes(refused: str = "") -> None:
        push = Push(booking_id="held", version=1, since_ms=NOW_MS, due_ms=NOW_MS, refused=refused)
        await within(store, lambda pages: pages.save_push(push))
        await within(store, lambda pages: pages.save_push(replace(push, booking_id="direct")))

    finished_ms = FULL_SYNC.finished_ms
    assert not await due(finished_by_ms=finished_ms), "no project has a calendar"
    await connect(store)
    assert await due(finished_by_ms=finished_ms), "it was never reconciled"
    await within(store, lambda pages: pages.save_sync_state(FULL_SYNC))
    assert await due(finished_by_ms=finished_ms)
    assert not await due(finished_by_ms=finished_ms - 1)
    await store.write(SHOP, sell)
    await save_pushes()
    assert await due(finished_by_ms=finished_ms - 1)
    assert not await due(now_ms=NOW_MS - 1, finished_by_ms=finished_ms - 1), "the pushes are not due yet"
    await save_pushes(refused="No such time.")
    assert not await due(finished_by_ms=finished_ms - 1), "refused pushes wait for an operator"


async def test_calendar_records_do_not_move_the_revision(store: Store) -> None:
    before = (await store.head(SHOP)).revision

    async def unit(transaction: Transaction) -> None:
        pages = transaction.calendar
        await pages.record_delivery("a")
        await pages.save_entry(FULL_ENTRY)
        await pages.defer(FULL_DEFERRED)
        await pages.save_sync_state(FULL_SYNC)

    await store.write(SHOP, unit)
    assert (await store.head(SHOP)).revision == before


@pytest.mark.parametrize("technician", [ANA.id, "ben"])
async def test_a_change_of_technician_makes_a_push_due(store: Store, technician: str) -> None:
    await connect(store)
    await store.write(SHOP, sell)
    await within(store, lambda pages: pages.complete_push("direct", 1))
    moved = replace(booking("direct"), claim=claim("direct", technician, at=60))
    await store.write(SHOP, lambda transaction: transaction.save_booking(moved))
    assert (await push_of(store, "direct") is not None) == (technician != ANA.id)
