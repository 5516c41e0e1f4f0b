"""Contract of the port Transaction: the catalog, busy times, receipts and pseudonyms."""

from dataclasses import MISSING, fields, replace
from typing import Any

import pytest

from slotmcp.domain.errors import NotFound
from slotmcp.domain.schedule import Schedule
from slotmcp.ports import Receipt, Store, Transaction
from support.clock import HandClock
from support.schedules import (
    ANA,
    BEN,
    CHECK,
    CLEO,
    FULL_BOOKING,
    FULL_PROJECT,
    FULL_SERVICE,
    FULL_TECHNICIAN,
    FULL_WAIT,
    PROJECT,
    REPAIR,
    booking,
    busy,
    hold,
    receipt,
    technician,
)

SHOP = PROJECT.id


@pytest.mark.parametrize(
    "full",
    [FULL_PROJECT, FULL_SERVICE, FULL_TECHNICIAN, FULL_BOOKING, FULL_BOOKING.visit, FULL_WAIT],
    ids=["project", "service", "technician", "booking", "visit", "wait"],
)
def test_the_full_examples_have_no_field_with_its_default(full: Any) -> None:  # noqa: ANN401
    defaults = {field.name: field.default for field in fields(full) if field.default is not MISSING}
    assert defaults
    assert [name for name, default in defaults.items() if getattr(full, name) == default] == []


async def test_every_field_is_read_as_it_was_saved(store: Store, other: Store) -> None:
    async def unit(transaction: Transaction) -> Schedule:
        await transaction.save_project(FULL_PROJECT)
        await transaction.save_services([FULL_SERVICE])
        await transaction.save_technicians([FULL_TECHNICIAN])
        return await transaction.schedule()

    saved = await store.write(FULL_PROJECT.id, unit, create=True)
    assert await other.schedule(FULL_PROJECT.id) == saved
    assert saved.project == FULL_PROJECT
    assert saved.services == {"full": FULL_SERVICE}
    assert [technician_schedule.technician for technician_schedule in saved.technician_schedules.values()] == [
        FULL_TECHNICIAN
    ]


async def test_saving_again_replaces(store: Store) -> None:
    changed = (
        replace(FULL_PROJECT, id=SHOP),
        replace(FULL_SERVICE, id="repair"),
        replace(FULL_TECHNICIAN, id="ana"),
    )

    async def unit(transaction: Transaction) -> None:
        await transaction.save_project(changed[0])
        await transaction.save_services([changed[1]])
        await transaction.save_technicians([changed[2]])

    await store.write(SHOP, lambda transaction: transaction.add_hold(hold("h")))
    await store.write(SHOP, unit)
    schedule = await store.schedule(SHOP)
    assert (schedule.project, schedule.services["repair"], schedule.technician_schedules["ana"].technician) == changed
    assert schedule.technician_schedules["ana"].claims == (hold("h").claim,)


async def order(store: Store) -> tuple[str, str]:
    """Return the order of services and technicians."""
    schedule = await store.schedule(SHOP)
    return " ".join(schedule.services), " ".join(schedule.technician_schedules)


async def test_saved_items_come_first_and_the_others_keep_their_order(store: Store) -> None:
    async def unit(transaction: Transaction) -> None:
        await transaction.save_services([FULL_SERVICE, CHECK])
        await transaction.save_technicians([CLEO, technician("dan")])

    assert await order(store) == ("repair check", "ana ben cleo")
    await store.write(SHOP, unit)
    assert await order(store) == ("full check repair", "cleo dan ana ben")


async def test_removed_technicians_leave_the_schedule_and_their_claims_stay(store: Store) -> None:
    async def unit(transaction: Transaction) -> None:
        await transaction.add_booking(booking("b"))
        await transaction.add_hold(hold("h", at=600))
        await transaction.remove_technicians(["ana", "missing"])
        await transaction.remove_services(["repair", "missing"])

    await store.write(SHOP, unit)
    assert await order(store) == ("check", "ben cleo")
    assert await store.bookings(SHOP) == (booking("b"),)
    await store.write(SHOP, lambda transaction: transaction.release_hold("h"))
    assert await order(store) == ("check", "ben cleo")


async def test_restored_technicians_have_their_claims(store: Store) -> None:
    async def remove(transaction: Transaction) -> None:
        await transaction.add_booking(booking("b"))
        await transaction.remove_technicians(["ana"])
        await transaction.remove_services(["repair"])

    async def restore(transaction: Transaction) -> None:
        await transaction.save_technicians([BEN, ANA])
        await transaction.save_services([CHECK, REPAIR])

    await store.write(SHOP, remove)
    await store.write(SHOP, restore)
    assert await order(store) == ("check repair", "ben ana cleo")
    assert (await store.schedule(SHOP)).technician_schedules["ana"].claims == (booking("b").claim,)


async def test_an_id_may_be_used_in_two_projects(store: Store) -> None:
    async def unit(transaction: Transaction) -> None:
        await transaction.save_project(replace(PROJECT, id="other"))
        await transaction.save_technicians([replace(ANA, name="Another Ana")])
        await transaction.save_services([replace(REPAIR, name="Another repair")])

    await store.write("other", unit, create=True)
    shop, other = await store.schedule(SHOP), await store.schedule("other")
    assert (shop.technician_schedules["ana"].technician, shop.services["repair"]) == (ANA, REPAIR)
    assert other.technician_schedules["ana"].technician.name == "Another Ana"
    assert other.services["repair"].name == "Another repair"


async def test_busy_times_may_overlap_and_are_stored_once(store: Store) -> None:
    short, longer, elsewhere = busy(), busy(minutes=90), busy(source="another")
    await store.write(SHOP, lambda transaction: transaction.add_busy([short, longer]))
    await store.write(SHOP, lambda transaction: transaction.add_busy([short, elsewhere, busy("ben")]))
    await store.write(SHOP, lambda transaction: transaction.add_hold(hold("h")))
    schedule = await store.schedule(SHOP)
    assert schedule.technician_schedules["ana"].busy == (elsewhere, short, longer)
    assert schedule.technician_schedules["ben"].busy == (busy("ben"),)
    await store.write(SHOP, lambda transaction: transaction.remove_busy([short, busy("cleo")]))
    assert (await store.schedule(SHOP)).technician_schedules["ana"].busy == (elsewhere, longer)


async def test_a_receipt_belongs_to_its_project_credential_and_use_case(store: Store) -> None:
    async def recall(transaction: Transaction, *scope: str) -> Receipt | None:
        return await transaction.receipt(*scope)

    async def another_project(transaction: Transaction) -> Receipt | None:
        await transaction.save_project(replace(PROJECT, id="other"))
        return await recall(transaction, "book_slot", "local", "key")

    await store.write(SHOP, lambda transaction: transaction.add_receipt(receipt()))
    for scope, expected in (
        (("book_slot", "local", "key"), receipt()),
        (("create_hold", "local", "key"), None),
        (("book_slot", "another", "key"), None),
        (("book_slot", "local", "another"), None),
    ):
        assert await store.write(SHOP, lambda transaction: recall(transaction, *scope)) == expected  # noqa: B023
    assert await store.write("other", another_project, create=True) is None


async def test_a_receipt_under_an_earlier_key_is_found_unless_there_is_one_under_the_current_key(store: Store) -> None:
    async def unit(transaction: Transaction) -> list[Receipt | None]:
        await transaction.add_receipt(receipt("earlier"))
        found = [await transaction.receipt("book_slot", "local", "current", key) for key in ("earlier", "other", "")]
        await transaction.add_receipt(receipt("current"))
        return [*found, await transaction.receipt("book_slot", "local", "current", "earlier")]

    assert await store.write(SHOP, unit) == [receipt("earlier"), None, None, receipt("current")]


async def test_pseudonyms_are_those_of_transactions_and_read_once(store: Store, other: Store) -> None:
    async def unit(transaction: Transaction) -> str:
        return transaction.pseudonym("phone:+13035550142")

    for reader in (store, other):
        pseudonym = await reader.pseudonyms(SHOP)
        assert pseudonym("phone:+13035550142") == await store.write(SHOP, unit)
        assert await reader.pseudonyms(SHOP) is pseudonym
    with pytest.raises(NotFound):
        await store.pseudonyms("missing")


async def test_a_later_receipt_replaces_an_earlier_one(store: Store) -> None:
    async def unit(transaction: Transaction) -> Receipt | None:
        await transaction.add_receipt(receipt(request="first"))
        await transaction.add_receipt(receipt(request="second", answer="{}"))
        return await transaction.receipt("book_slot", "local", "key")

    assert await store.write(SHOP, unit) == receipt(request="second", answer="{}")


async def test_receipts_are_deleted_after_thirty_days(store: Store, clock: HandClock) -> None:
    async def unit(transaction: Transaction) -> Receipt | None:
        await transaction.lapse_holds()
        return await transaction.receipt("book_slot", "local", "key")

    await store.write(SHOP, lambda transaction: transaction.add_receipt(receipt()))
    clock.advance(days=30, seconds=-60)
    assert await store.write(SHOP, unit) == receipt()
    clock.advance(seconds=60)
    assert await store.write(SHOP, unit) is None


async def test_each_project_has_its_own_stable_pseudonyms(store: Store, other: Store) -> None:
    async def unit(transaction: Transaction) -> str:
        return transaction.pseudonym("+1 303 555 0142")

    async def in_a_new_project(transaction: Transaction) -> str:
        await transaction.save_project(replace(PROJECT, id="other"))
        return await unit(transaction)

    async def after_saving(transaction: Transaction) -> str:
        await transaction.save_project(replace(PROJECT, name="New"))
        return await unit(transaction)

    pseudonym = await store.write(SHOP, unit)
    assert len(bytes.fromhex(pseudonym)) == 32
    assert await other.write(SHOP, after_saving) == pseudonym
    assert await other.write(SHOP, unit) == pseudonym
    another = await store.write("other", in_a_new_project, create=True)
    assert another != pseudonym
    assert await other.write("other", unit) == another
