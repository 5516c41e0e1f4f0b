"""Contract of the port Store: one database, many processes, atomic writes."""

import asyncio
import threading
from dataclasses import replace
from functools import partial

import pytest

from slotmcp.domain.access import MAX_LISTED_PROJECTS
from slotmcp.domain.booking import Booking, BookingStatus
from slotmcp.domain.claim import Hold
from slotmcp.domain.errors import InvalidArgument, NotFound, Unavailable
from slotmcp.domain.waitlist import WaitlistState
from slotmcp.ports import BookingPages, ClaimConflict, Head, Store, Transaction
from slotmcp.store import bookings
from support.clock import NOW_MS, HandClock
from support.schedules import (
    ANA,
    BEN,
    CHECK,
    CLEO,
    PROJECT,
    REPAIR,
    booking,
    hold,
    ids_of,
    open_shop,
    receipt,
    set_up,
    wait,
)
from support.stores import OpenStore

SHOP = PROJECT.id
CALLERS = 40


async def create_projects(store: Store, *project_ids: str) -> None:
    for project_id in project_ids:

        async def unit(transaction: Transaction, project_id: str = project_id) -> None:
            await transaction.save_project(type(PROJECT)(id=project_id, name="", timezone="UTC"))

        await store.write(project_id, unit, create=True)


async def test_project_ids_and_heads_are_sorted(open_store: OpenStore) -> None:
    async with open_store() as store:
        assert await store.project_ids() == ()
        assert await store.heads() == {}
        await create_projects(store, "b", "a", "c")
        assert await store.project_ids() == ("a", "b", "c")
        assert list(await store.heads()) == ["a", "b", "c"]


async def test_the_only_project_is_refused_unless_there_is_exactly_one(open_store: OpenStore) -> None:
    async with open_store() as store:
        with pytest.raises(InvalidArgument, match="no project has been imported"):
            await store.only_head()
        await create_projects(store, "b")
        assert (await store.only_head())[0] == "b"
        await create_projects(store, "a")
        with pytest.raises(InvalidArgument, match=r"name one of the projects: a, b\."):
            await store.only_head()
        await create_projects(store, *(f"c{number:02}" for number in range(MAX_LISTED_PROJECTS)))
        with pytest.raises(InvalidArgument, match=r"the 22 projects, of which the first are: a, b, c00, .*c17\."):
            await store.only_head()


async def test_a_head_has_the_revision_and_the_current_time(store: Store, clock: HandClock) -> None:
    assert await store.head(SHOP) == Head(revision=1, now_ms=NOW_MS)
    clock.advance(seconds=1.5)
    await store.write(SHOP, lambda transaction: transaction.add_hold(hold("h")))
    assert await store.head(SHOP) == Head(revision=2, now_ms=NOW_MS + 1500)
    assert await store.heads() == {SHOP: Head(revision=2, now_ms=NOW_MS + 1500)}
    assert await store.only_head() == (SHOP, Head(revision=2, now_ms=NOW_MS + 1500))


async def test_an_unknown_project_is_not_found_and_similar_ids_are_listed(store: Store) -> None:
    async def unit(transaction: Transaction) -> None:
        raise AssertionError(transaction)

    for call in (store.head("shpo"), store.schedule("shpo"), store.write("shpo", unit)):
        with pytest.raises(NotFound, match=r"'shpo'.*shop") as refused:
            await call
        assert refused.value.field == "projectId"
        assert refused.value.nearest == (SHOP,)


async def test_the_error_for_a_very_long_project_id_is_short(store: Store) -> None:
    with pytest.raises(NotFound) as refused:
        await store.head("x" * 10_000_000)
    assert len(refused.value.message) < 200


async def test_a_new_schedule_has_the_saved_items_in_order(store: Store) -> None:
    schedule = await store.schedule(SHOP)
    assert schedule.project == PROJECT
    assert list(schedule.services.items()) == [("repair", REPAIR), ("check", CHECK)]
    assert [technician_schedule.technician for technician_schedule in schedule.technician_schedules.values()] == [
        ANA,
        BEN,
        CLEO,
    ]
    assert list(schedule.technician_schedules) == ["ana", "ben", "cleo"]
    assert schedule.revision == 1


async def test_write_returns_what_the_unit_returns(store: Store) -> None:
    async def unit(transaction: Transaction) -> int:
        return transaction.now_ms

    assert await store.write(SHOP, unit) == NOW_MS


async def test_an_error_of_a_unit_is_raised_and_nothing_is_written(store: Store) -> None:
    async def unit(transaction: Transaction) -> None:
        await transaction.save_technicians([BEN])
        await transaction.add_hold(hold("h"))
        await transaction.add_booking(booking("b", "ben"))
        await transaction.add_receipt(receipt())
        await transaction.add_waitlist_entry(wait("w"))
        await transaction.add_event("waitlist.offered", "w")
        raise KeyError("of the unit")

    before = await store.schedule(SHOP)
    with pytest.raises(KeyError, match="of the unit"):
        await store.write(SHOP, unit)
    assert await store.schedule(SHOP) == before
    assert await store.bookings(SHOP) == ()
    assert await store.waitlist_entries(SHOP, *WaitlistState) == ()
    assert await store.events(SHOP, 0) == ()
    assert await store.write(SHOP, lambda transaction: transaction.receipt("book_slot", "local", "key")) is None


async def test_a_project_is_created_only_with_create(open_store: OpenStore) -> None:
    async with open_store() as store:
        with pytest.raises(NotFound, match="none"):
            await store.write(SHOP, set_up)
        assert await store.project_ids() == ()
        await open_shop(store)
        assert await store.project_ids() == (SHOP,)


async def test_a_new_project_has_no_schedule_before_it_is_saved(open_store: OpenStore) -> None:
    async with open_store() as store:
        with pytest.raises(NotFound, match="none"):
            await store.write(SHOP, lambda transaction: transaction.schedule(), create=True)


async def test_creating_an_existing_project_is_an_ordinary_write(store: Store) -> None:
    await store.write(SHOP, lambda transaction: transaction.add_hold(hold("h")))
    await open_shop(store)
    assert (await store.schedule(SHOP)).technician_schedules["ana"].claims == (hold("h").claim,)


async def test_committed_writes_survive_a_restart(open_store: OpenStore) -> None:
    async with open_store() as store:
        await open_shop(store)
        await store.write(SHOP, lambda transaction: transaction.add_hold(hold("h")))
        before = await store.schedule(SHOP)
    async with open_store() as store:
        assert await store.schedule(SHOP) == before


async def test_another_process_sees_committed_writes(store: Store, other: Store) -> None:
    known = await other.schedule(SHOP)
    await store.write(SHOP, lambda transaction: transaction.add_hold(hold("h")))
    assert (await other.head(SHOP)).revision == known.revision + 1
    assert (await other.schedule(SHOP, known)).technician_schedules["ana"].claims == (hold("h").claim,)


async def test_bookings_are_sorted_by_start_and_id_and_include_removed_technicians(store: Store) -> None:
    async def unit(transaction: Transaction) -> None:
        for sold in (booking("b-2", "ben"), booking("b-1"), booking("b-0", "cleo", at=600), booking("b-3", at=0)):
            await transaction.add_booking(sold)
        await transaction.add_hold(hold("h", at=1000))
        await transaction.remove_technicians(["ben"])

    await store.write(SHOP, unit)
    assert ids_of(await store.bookings(SHOP)) == ["b-3", "b-1", "b-2", "b-0"]
    assert await store.bookings("missing") == ()


async def test_one_of_many_callers_in_two_processes_gets_the_time(store: Store, other: Store) -> None:
    async def take(number: int) -> bool:
        process = (store, other)[number % 2]
        try:
            await process.write(SHOP, lambda transaction: transaction.add_booking(booking(f"b-{number}", at=number)))
        except ClaimConflict:
            return False
        return True

    async with asyncio.timeout(30):
        taken = await asyncio.gather(*map(take, range(CALLERS)))
    assert taken.count(True) == 1
    assert len(await store.bookings(SHOP)) == 1
    assert (await store.head(SHOP)).revision == 2


async def test_two_processes_neither_lose_nor_repeat_a_revision(store: Store, other: Store) -> None:
    async def take(number: int) -> int:
        async def unit(transaction: Transaction) -> int:
            await transaction.add_booking(booking(f"b-{number}", at=number * 60))
            return (await transaction.schedule()).revision

        return await (store, other)[number % 2].write(SHOP, unit)

    async with asyncio.timeout(30):
        revisions = await asyncio.gather(*map(take, range(CALLERS)))
    assert sorted(revisions) == list(range(2, CALLERS + 2))
    assert await store.schedule(SHOP) == await other.schedule(SHOP)
    assert len((await store.schedule(SHOP)).technician_schedules["ana"].claims) == CALLERS


async def test_a_write_that_does_not_get_the_lock_in_time_is_unavailable(store: Store, open_store: OpenStore) -> None:
    begun, released = threading.Event(), threading.Event()

    async def hold_the_lock(transaction: Transaction) -> None:
        await transaction.add_booking(booking("b"))
        begun.set()
        released.wait(30)

    async def another_process() -> None:
        async with open_store() as slow:
            await slow.write(SHOP, hold_the_lock, create=True)  # decided under the lock, as the project may be new

    locking = asyncio.create_task(asyncio.to_thread(asyncio.run, another_process()))
    await asyncio.to_thread(begun.wait, 30)
    assert await store.head(SHOP) == Head(revision=1, now_ms=NOW_MS)
    async with open_store(timeout_ms=50) as hasty:
        with pytest.raises(Unavailable, match="busy") as refused:
            await hasty.write(SHOP, lambda transaction: transaction.add_hold(hold("h", "ben")))
        assert refused.value.retryable
        assert refused.value.retry_after_ms > 0
        assert (await hasty.schedule(SHOP)).revision == 1, "readers do not wait"
        released.set()
        await locking
        assert [
            len(technician_schedule.claims)
            for technician_schedule in (await hasty.schedule(SHOP)).technician_schedules.values()
        ] == [1, 0, 0]


async def test_other_units_are_kept_when_one_raises(store: Store) -> None:
    async def take(number: int) -> Hold | None:
        async def unit(transaction: Transaction) -> Hold | None:
            await transaction.add_booking(booking(f"b-{number}", at=number * 60))
            if number % 3 == 0:
                raise ZeroDivisionError
            return await transaction.hold("none")

        return await store.write(SHOP, unit)

    outcomes = await asyncio.gather(*map(take, range(CALLERS)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes[:4]] == [ZeroDivisionError, type(None), type(None), ZeroDivisionError]
    kept = [f"b-{number}" for number in range(CALLERS) if number % 3]
    assert ids_of(await store.bookings(SHOP)) == kept
    assert ids_of((await store.schedule(SHOP)).technician_schedules["ana"].claims) == kept


async def test_a_unit_may_only_await_the_transactions_methods(store: Store) -> None:
    async def unit(transaction: Transaction) -> None:
        await transaction.add_hold(hold("h"))
        try:
            await asyncio.sleep(0)
        finally:
            ended.append(transaction.now_ms)

    ended: list[int] = []
    with pytest.raises(RuntimeError, match="transaction's methods"):
        await store.write(SHOP, unit)
    assert ended == [NOW_MS]
    assert (await store.head(SHOP)).revision == 1


async def test_all_active_bookings_are_scanned_by_id(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bookings, "PAGE_SIZE", 3)
    ids = ["b-7", "b-1", "b-5", "b-2", "b-3", "b-4", "b-6"]
    for number, booking_id in enumerate(ids):
        await store.write(SHOP, partial(_add, booking(booking_id, at=60 * number)))
    canceled = replace(booking("b-4", at=60 * ids.index("b-4")), status=BookingStatus.CANCELLED)
    await store.write(SHOP, lambda transaction: transaction.save_booking(canceled))
    await store.write(SHOP, lambda transaction: transaction.add_hold(hold("h", "cleo", at=1000)))

    async def read(pages: BookingPages) -> list[list[str]]:
        return [[one.id for one in page] async for page in pages]

    assert await store.scan_bookings(SHOP, read) == [["b-1", "b-2", "b-3"], ["b-5", "b-6", "b-7"]]
    assert await store.scan_bookings("nowhere", read) == []


async def test_a_scan_sees_one_snapshot(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bookings, "PAGE_SIZE", 1)
    for number in (1, 3):
        await store.write(SHOP, partial(_add, booking(f"b-{number}", at=60 * number)))
    loop = asyncio.get_running_loop()

    async def read(pages: BookingPages) -> list[str]:
        seen = []
        async for page in pages:
            seen += [one.id for one in page]
            write = store.write(SHOP, partial(_add, booking(f"b-{len(seen)}5", at=600 * len(seen))))
            if threading.current_thread() is threading.main_thread():
                await write
            else:
                asyncio.run_coroutine_threadsafe(write, loop).result(timeout=20)
        return seen

    assert await store.scan_bookings(SHOP, read) == ["b-1", "b-3"]
    assert ids_of([one.claim for one in await store.bookings(SHOP)]) == ["b-1", "b-3", "b-15", "b-25"]


async def _add(added: Booking, transaction: Transaction) -> None:
    await transaction.add_booking(added)
