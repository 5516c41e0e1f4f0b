"""Contract of the port Store: schedules, revisions, the change log, and object identity."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from operator import methodcaller

import pytest

from slotmcp.domain.attention import Attention, AttentionCause
from slotmcp.domain.booking import BookingStatus
from slotmcp.domain.schedule import Schedule
from slotmcp.ports import Store, Transaction
from support.clock import HandClock
from support.schedules import (
    AIRPORT,
    ANA,
    BEN,
    CHECK,
    CLEO,
    DOWNTOWN,
    PROJECT,
    REPAIR,
    booking,
    busy,
    hold,
    ids_of,
    receipt,
    technician,
    wait,
)
from support.stores import OpenStore

SHOP = PROJECT.id

Change = Callable[[Transaction], Awaitable[None]]


async def prepare(transaction: Transaction) -> None:
    """Add a hold and a busy time of Ana, and a booking of Ben; both claims have a location."""
    await transaction.add_hold(hold("h", "ana", at=60, location=DOWNTOWN))
    await transaction.add_booking(replace(booking("b", "ben", at=60, location=DOWNTOWN), contact_keys=("lee",)))
    await transaction.add_busy([busy("ana", at=300)])


async def forget(transaction: Transaction, contact_key: str) -> None:
    """Forget a customer."""
    await transaction.erase_customer(contact_key)


CHANGES: dict[str, tuple[Change, str]] = {
    "add_hold": (lambda transaction: transaction.add_hold(hold("new", "cleo")), "cleo"),
    "move_hold": (lambda transaction: transaction.move_hold("h", "cleo"), "ana cleo"),
    "release_hold": (lambda transaction: transaction.release_hold("h"), "ana"),
    "withdraw_hold": (lambda transaction: transaction.withdraw_hold("h"), "ana"),
    "save_booking": (lambda transaction: transaction.save_booking(booking("b", "ben", at=90)), "ben"),
    "save_booking elsewhere": (lambda transaction: transaction.save_booking(booking("b", "cleo", at=90)), "ben cleo"),
    "save_booking another place": (
        lambda transaction: transaction.save_booking(booking("b", "ben", at=60, location=AIRPORT)),
        "ben",
    ),
    "save_booking cancelled": (
        lambda transaction: transaction.save_booking(replace(booking("b", "ben"), status=BookingStatus.CANCELLED)),
        "ben",
    ),
    "forget a hold": (lambda transaction: forget(transaction, "kim"), "ana"),
    "forget a booking": (lambda transaction: forget(transaction, "lee"), "ben"),
    "add_booking": (lambda transaction: transaction.add_booking(booking("new", "cleo")), "cleo"),
    "confirm_hold": (lambda transaction: transaction.confirm_hold(booking("h", "ana")), "ana"),
    "confirm_hold elsewhere": (lambda transaction: transaction.confirm_hold(booking("h", "cleo")), "ana cleo"),
    "save_project": (lambda transaction: transaction.save_project(replace(PROJECT, name="New")), ""),
    "save_services": (lambda transaction: transaction.save_services([replace(CHECK, name="New")]), ""),
    "save_technicians": (lambda transaction: transaction.save_technicians([ANA, replace(BEN, name="New")]), "ben"),
    "new technician": (lambda transaction: transaction.save_technicians([technician("dan")]), "dan"),
    "new order": (lambda transaction: transaction.save_technicians([CLEO, BEN]), ""),
    "remove_services": (lambda transaction: transaction.remove_services(["check"]), ""),
    "remove_technicians": (lambda transaction: transaction.remove_technicians(["ben"]), "ben"),
    "add_busy": (lambda transaction: transaction.add_busy([busy("cleo"), busy("ben")]), "ben cleo"),
    "remove_busy": (lambda transaction: transaction.remove_busy([busy("ana", at=300)]), "ana"),
}
"""Changes, and the technicians whose schedules they change."""

each_change = pytest.mark.parametrize(("change", "changed"), CHANGES.values(), ids=CHANGES)


def same_objects(before: Schedule, after: Schedule, changed: Sequence[str]) -> None:
    """Assert that only these technicians' schedules are new objects."""
    replaced = [
        technician_id
        for technician_id in after.technician_schedules
        if before.technician_schedules.get(technician_id) is not after.technician_schedules[technician_id]
    ]
    assert sorted(replaced) == [name for name in changed if name in after.technician_schedules]


@each_change
async def test_a_change_moves_the_revision_by_one_and_only_its_parts_are_read(
    store: Store, other: Store, open_store: OpenStore, change: Change, changed: str
) -> None:
    await store.write(SHOP, prepare)
    known = await other.schedule(SHOP)
    await store.write(SHOP, change)
    schedule = await other.schedule(SHOP, known)
    assert schedule.revision == known.revision + 1
    same_objects(known, schedule, changed.split())
    for name in known.technician_schedules.keys() & schedule.technician_schedules.keys():
        before, after = known.technician_schedules[name].technician, schedule.technician_schedules[name].technician
        assert (before is after) == (before == after), "an unchanged technician is the same object"
    async with open_store() as fresh:
        assert await fresh.schedule(SHOP) == schedule
        assert list((await fresh.schedule(SHOP)).technician_schedules) == list(schedule.technician_schedules)
        assert list((await fresh.schedule(SHOP)).services) == list(schedule.services)


@each_change
async def test_a_transaction_sees_its_own_changes(store: Store, change: Change, changed: str) -> None:
    async def unit(transaction: Transaction) -> tuple[Schedule, Schedule, Schedule]:
        before = await transaction.schedule()
        await change(transaction)
        return before, await transaction.schedule(), await transaction.schedule()

    await store.write(SHOP, prepare)
    before, after, again = await store.write(SHOP, unit)
    assert again is after
    same_objects(before, after, changed.split())
    assert await store.schedule(SHOP) == after


@each_change
async def test_a_rollback_leaves_no_trace_in_later_schedules(store: Store, change: Change, changed: str) -> None:
    async def unit(transaction: Transaction) -> None:
        await change(transaction)
        assert (await transaction.schedule()).revision == 3
        raise TimeoutError(changed)

    async def another(transaction: Transaction) -> Schedule:
        await transaction.save_project(replace(PROJECT, name="Another revision 3"))
        return await transaction.schedule()

    await store.write(SHOP, prepare)
    before = await store.schedule(SHOP)
    with pytest.raises(TimeoutError):
        await store.write(SHOP, unit)
    after = await store.write(SHOP, another)
    assert after.revision == 3
    assert after.technician_schedules == before.technician_schedules
    assert after.services == before.services
    assert after == await store.schedule(SHOP)


async def test_a_transaction_moves_the_revision_once(store: Store) -> None:
    async def unit(transaction: Transaction) -> None:
        await prepare(transaction)
        await transaction.save_project(replace(PROJECT, name="New"))
        await transaction.remove_technicians(["cleo"])

    await store.write(SHOP, unit)
    assert (await store.head(SHOP)).revision == 2


async def test_a_write_that_changes_neither_time_nor_catalog_does_not_move_the_revision(
    store: Store, clock: HandClock
) -> None:
    async def unit(transaction: Transaction) -> None:
        await transaction.schedule()
        await transaction.lapse_holds()
        await transaction.add_receipt(receipt())
        await transaction.save_project(PROJECT)
        await transaction.save_services([REPAIR, CHECK])
        await transaction.save_technicians([ANA, BEN])
        await transaction.add_busy([busy("ana", at=300)])
        await transaction.remove_busy([busy("ana", at=900)])
        await transaction.remove_services(["gone"])
        await transaction.remove_technicians(["gone"])
        await transaction.save_booking(
            replace(booking("b", "ben", location=DOWNTOWN), attention=Attention.of(AttentionCause.BUSY))
        )
        await transaction.add_waitlist_entry(wait("w"))
        await transaction.save_waitlist_entry(wait("w", hold_token="token"))  # noqa: S106  a test's own
        await transaction.add_event("waitlist.offered", "w")
        await transaction.erase_customer("unknown")

    await store.write(SHOP, prepare)
    before = await store.schedule(SHOP)
    clock.advance(seconds=100)
    await store.write(SHOP, unit)
    assert (await store.head(SHOP)).revision == before.revision
    assert await store.schedule(SHOP, before) is before


async def test_a_change_after_reading_the_schedule_is_in_the_next_schedule(store: Store) -> None:
    async def unit(transaction: Transaction) -> Schedule:
        await transaction.add_hold(hold("h-1", "ana"))
        read = await transaction.schedule()
        await transaction.add_hold(hold("h-2", "ben"))
        return read

    read = await store.write(SHOP, unit)
    assert read.technician_schedules["ben"].claims == ()
    after = await store.schedule(SHOP)
    assert [len(technician_schedule.claims) for technician_schedule in after.technician_schedules.values()] == [1, 1, 0]
    assert await store.write(SHOP, lambda transaction: transaction.schedule()) == after


async def test_a_transaction_reuses_the_schedule_that_a_reader_has_read(store: Store) -> None:
    read = await store.schedule(SHOP)
    assert await store.write(SHOP, lambda transaction: transaction.schedule()) is read


async def test_unchanged_technician_schedules_are_the_same_objects_in_the_next_transaction(
    store: Store, other: Store
) -> None:
    async def read(transaction: Transaction) -> Schedule:
        return await transaction.schedule()

    first = await store.write(SHOP, read)
    await other.write(SHOP, lambda transaction: transaction.add_hold(hold("h", "ben")))
    second = await store.write(SHOP, read)
    same_objects(first, second, ["ben"])
    assert second.technician_schedules["ben"].technician is first.technician_schedules["ben"].technician


async def test_a_reader_that_missed_many_revisions_reads_all_changes(store: Store, other: Store) -> None:
    known = await other.schedule(SHOP)
    await store.write(SHOP, lambda transaction: transaction.add_hold(hold("h")))
    projects = [replace(PROJECT, name=str(number)) for number in range(1100)]
    await asyncio.gather(*(store.write(SHOP, methodcaller("save_project", project)) for project in projects))
    schedule = await other.schedule(SHOP, known)
    assert schedule.revision == 1102
    assert schedule.project.name == "1099"
    assert schedule.technician_schedules["ana"].claims == (hold("h").claim,)


async def test_a_known_schedule_of_a_later_revision_is_ignored(store: Store) -> None:
    schedule = await store.schedule(SHOP)
    assert await store.schedule(SHOP, replace(schedule, revision=99, technician_schedules={})) == schedule


async def test_a_technicians_schedule_contains_claims_since_the_day_before(
    open_store: OpenStore, clock: HandClock
) -> None:
    days = {"long ago": -4, "yesterday": -1, "today": 0, "next month": 31}
    async with open_store() as store:
        await store.write(SHOP, prepare_shop, create=True)

        async def unit(transaction: Transaction) -> None:
            for name, day in days.items():
                await transaction.add_booking(booking(name, at=day * 1440))
                await transaction.add_busy([busy("ana", at=day * 1440)])

        await store.write(SHOP, unit)
    async with open_store() as store:
        technician_schedule = (await store.schedule(SHOP)).technician_schedules["ana"]
        assert ids_of(technician_schedule.claims) == ["yesterday", "today", "next month"]
        assert len(technician_schedule.busy) == len(days)
        clock.advance(days=2)
        await store.write(SHOP, lambda transaction: transaction.add_hold(hold("h", at=20_000)))
        assert ids_of((await store.schedule(SHOP)).technician_schedules["ana"].claims) == [
            "today",
            "h",
            "next month",
        ]


async def test_expired_holds_leave_the_schedule(store: Store, clock: HandClock) -> None:
    for number in range(5):
        await store.write(SHOP, partial(take_a_hold, claim_id=f"h-{number}"))
        await store.schedule(SHOP)
        clock.advance(seconds=600)
    assert ids_of((await store.schedule(SHOP)).technician_schedules["ana"].claims) == ["h-4"]


async def prepare_shop(transaction: Transaction) -> None:
    """Save a shop with Ana only."""
    await transaction.save_project(PROJECT)
    await transaction.save_technicians([ANA])


async def take_a_hold(transaction: Transaction, claim_id: str) -> None:
    """Add a hold on the time of the expired hold before it."""
    await transaction.lapse_holds()
    await transaction.add_hold(hold(claim_id, expires_at_ms=transaction.now_ms + 90_000))
