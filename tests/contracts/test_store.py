"""What the Store port promises: one database, many processes, all or nothing."""

import asyncio
import threading

import pytest

from slotmcp.domain.claim import Hold
from slotmcp.domain.errors import NotFound, Unavailable
from slotmcp.domain.waitlist import WaitlistState
from slotmcp.ports import ClaimConflict, Head, Store, Transaction
from support.clock import NOW_MS, HandClock
from support.schedules import ANA, BEN, CHECK, CLEO, PROJECT, REPAIR, booking, hold, open_shop, receipt, set_up, wait
from support.stores import OpenStore

SHOP = PROJECT.id
CALLERS = 40


async def test_project_ids_and_heads_are_sorted(open_store: OpenStore) -> None:
    async with open_store() as store:
        assert await store.project_ids() == ()
        assert await store.heads() == {}
        for project_id in ("b", "a", "c"):

            async def unit(transaction: Transaction, project_id: str = project_id) -> None:
                await transaction.save_project(type(PROJECT)(id=project_id, name="", timezone="UTC"))

            await store.write(project_id, unit, create=True)
        assert await store.project_ids() == ("a", "b", "c")
        assert list(await store.heads()) == ["a", "b", "c"]


async def test_head_gives_the_revision_and_the_stores_now(store: Store, clock: HandClock) -> None:
    assert await store.head(SHOP) == Head(revision=1, now_ms=NOW_MS)
    clock.advance(seconds=1.5)
    await store.write(SHOP, lambda transaction: transaction.add_hold(hold("h")))
    assert await store.head(SHOP) == Head(revision=2, now_ms=NOW_MS + 1500)
    assert await store.heads() == {SHOP: Head(revision=2, now_ms=NOW_MS + 1500)}


async def test_an_unknown_project_is_not_found_and_those_like_it_are_named(store: Store) -> None:
    async def unit(transaction: Transaction) -> None:
        raise AssertionError(transaction)

    for asked in (store.head("shpo"), store.schedule("shpo"), store.write("shpo", unit)):
        with pytest.raises(NotFound, match=r"'shpo'.*shop") as refused:
            await asked
        assert refused.value.field == "projectId"
        assert refused.value.nearest == (SHOP,)


async def test_an_absurd_project_id_is_refused_briefly(store: Store) -> None:
    with pytest.raises(NotFound) as refused:
        await store.head("x" * 10_000_000)
    assert len(refused.value.message) < 200


async def test_a_new_book_has_what_was_saved_in_its_order(store: Store) -> None:
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


async def test_what_a_unit_raises_is_raised_and_nothing_is_kept(store: Store) -> None:
    async def unit(transaction: Transaction) -> None:
        await transaction.save_technicians([BEN])
        await transaction.add_hold(hold("h"))
        await transaction.add_booking(booking("b", "ben"))
        await transaction.add_receipt(receipt())
        await transaction.add_wait(wait("w"))
        await transaction.add_event("waitlist.offered", "w")
        raise KeyError("of the unit")

    before = await store.schedule(SHOP)
    with pytest.raises(KeyError, match="of the unit"):
        await store.write(SHOP, unit)
    assert await store.schedule(SHOP) == before
    assert await store.bookings(SHOP) == ()
    assert await store.waits(SHOP, *WaitlistState) == ()
    assert await store.events(SHOP, 0) == ()
    assert await store.write(SHOP, lambda transaction: transaction.receipt("book_slot", "local", "key")) is None


async def test_a_project_is_created_only_when_asked_for(open_store: OpenStore) -> None:
    async with open_store() as store:
        with pytest.raises(NotFound, match="none"):
            await store.write(SHOP, set_up)
        assert await store.project_ids() == ()
        await open_shop(store)
        assert await store.project_ids() == (SHOP,)


async def test_a_project_that_is_being_created_has_no_book_before_it_is_saved(open_store: OpenStore) -> None:
    async with open_store() as store:
        with pytest.raises(NotFound, match="none"):
            await store.write(SHOP, lambda transaction: transaction.schedule(), create=True)


async def test_creating_what_is_there_is_an_ordinary_write(store: Store) -> None:
    await store.write(SHOP, lambda transaction: transaction.add_hold(hold("h")))
    await open_shop(store)
    assert (await store.schedule(SHOP)).technician_schedules["ana"].claims == (hold("h").claim,)


async def test_what_is_committed_is_there_after_a_restart(open_store: OpenStore) -> None:
    async with open_store() as store:
        await open_shop(store)
        await store.write(SHOP, lambda transaction: transaction.add_hold(hold("h")))
        before = await store.schedule(SHOP)
    async with open_store() as store:
        assert await store.schedule(SHOP) == before


async def test_another_process_sees_what_was_committed(store: Store, other: Store) -> None:
    known = await other.schedule(SHOP)
    await store.write(SHOP, lambda transaction: transaction.add_hold(hold("h")))
    assert (await other.head(SHOP)).revision == known.revision + 1
    assert (await other.schedule(SHOP, known)).technician_schedules["ana"].claims == (hold("h").claim,)


async def test_bookings_come_by_start_and_id_with_those_of_removed_technicians(store: Store) -> None:
    async def unit(transaction: Transaction) -> None:
        for one in (booking("b-2", "ben"), booking("b-1", "ana"), booking("b-0", "cleo", at=600), booking("b-3", at=0)):
            await transaction.add_booking(one)
        await transaction.add_hold(hold("h", at=1000))
        await transaction.remove_technicians(["ben"])

    await store.write(SHOP, unit)
    assert [one.id for one in await store.bookings(SHOP)] == ["b-3", "b-1", "b-2", "b-0"]
    assert await store.bookings("nobody") == ()


async def test_of_many_callers_in_two_processes_one_gets_the_time(store: Store, other: Store) -> None:
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


async def test_no_revision_is_lost_or_given_twice_between_two_processes(store: Store, other: Store) -> None:
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


async def test_who_does_not_get_the_lock_in_time_is_told_so_and_nothing_is_written(
    store: Store, open_store: OpenStore
) -> None:
    begun, released = threading.Event(), threading.Event()

    async def hold_the_lock(transaction: Transaction) -> None:
        await transaction.add_booking(booking("b"))
        begun.set()
        released.wait(30)

    async def another_process() -> None:
        async with open_store() as slow:
            await slow.write(SHOP, hold_the_lock)

    locking = asyncio.create_task(asyncio.to_thread(asyncio.run, another_process()))
    await asyncio.to_thread(begun.wait, 30)
    assert await store.head(SHOP) == Head(revision=1, now_ms=NOW_MS)
    async with open_store(timeout_ms=50) as hasty:
        with pytest.raises(Unavailable, match="busy") as refused:
            await hasty.write(SHOP, lambda transaction: transaction.add_hold(hold("h", "ben")))
        assert refused.value.retryable
        assert refused.value.retry_after_ms > 0
        assert (await hasty.schedule(SHOP)).revision == 1, "readers wait for nobody"
        released.set()
        await locking
        assert [
            len(technician_schedule.claims)
            for technician_schedule in (await hasty.schedule(SHOP)).technician_schedules.values()
        ] == [1, 0, 0]


async def test_neighbours_of_a_unit_that_raises_are_kept(store: Store) -> None:
    async def take(number: int) -> Hold | None:
        async def unit(transaction: Transaction) -> Hold | None:
            await transaction.add_booking(booking(f"b-{number}", at=number * 60))
            if number % 3 == 0:
                raise ZeroDivisionError
            return await transaction.hold("none")

        return await store.write(SHOP, unit)

    outcomes = await asyncio.gather(*map(take, range(CALLERS)), return_exceptions=True)
    assert [type(one) for one in outcomes[:4]] == [ZeroDivisionError, type(None), type(None), ZeroDivisionError]
    kept = [f"b-{number}" for number in range(CALLERS) if number % 3]
    assert [one.id for one in await store.bookings(SHOP)] == kept
    assert [one.id for one in (await store.schedule(SHOP)).technician_schedules["ana"].claims] == kept


async def test_a_unit_may_await_nothing_but_the_transactions_methods(store: Store) -> None:
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
