"""Erasure of a customer keeps the history of bookings."""

import pytest

from slotmcp.domain.booking import Customer, Visit
from slotmcp.domain.errors import InvalidArgument, NotFound
from slotmcp.services.status_changes import CancelRequest
from support.shop import customer, plan, secret, technician
from support.sqlite_file import reading, rows
from unit.services.conftest import Open

ANA = technician("ana", "09:00-17:00")
KIM = Customer(name="Kîm Döe", phone="+1 303 555 0142", email="kim@example.com")
HASH = secret("caller-1")
TRACES = ("Kîm", "Döe", "3035550142", "kim@example", "Élan", "Dög", "A cold")


@pytest.mark.parametrize("reference", ["303-555-0142", "KIM@example.com", HASH, f" {HASH} "])
async def test_a_customer_is_erased_everywhere_by_any_reference(opened: Open, reference: str) -> None:
    shop = await opened(plan(ANA))
    visit = Visit(address="1 Élan St", notes="Dög!")
    booked = await shop.book_hold(await shop.hold("10:00", who="caller-1"), customer=KIM, visit=visit)
    gone = await shop.book_hold(await shop.hold("11:00", who="caller-1"), customer=KIM, visit=visit)
    await shop.app.bookings.cancel_booking(CancelRequest(booking_id=gone.booking.id, reason="A cold"))
    await shop.book("12:00", customer=customer(1))
    assert (await shop.app.customers.forget(None, reference)).erased == 2
    stored = await shop.store.booking("shop", booked.booking.id)
    assert stored is not None
    assert (stored.customer, stored.visit, stored.contact_keys) == (None, Visit(), ())
    assert stored.claim.interval == booked.booking.claim.interval
    assert (await shop.app.customers.forget(None, reference)).erased == 0
    with reading(shop.path) as connection:
        whole = "\n".join(connection.iterdump())
    assert [trace for trace in TRACES if trace in whole] == []
    assert "Customer 1" in whole


async def test_an_unknown_reference_erases_nothing(opened: Open) -> None:
    shop = await opened(plan(ANA))
    await shop.book("10:00", customer=KIM)
    assert (await shop.app.customers.forget("shop", "+1 303 555 0143")).erased == 0


async def test_a_number_used_as_an_agents_reference_is_erased_from_holds(opened: Open) -> None:
    shop = await opened(plan(ANA))
    await shop.hold("10:00", who="", customer_reference="+13035550142")
    assert rows(shop.path, "SELECT count(*) FROM claims WHERE hold_terms IS NOT NULL") == [(1,)]
    await shop.app.customers.forget(None, "+13035550142")
    assert rows(shop.path, "SELECT count(*) FROM claims WHERE hold_terms IS NOT NULL") == [(0,)]


async def test_an_empty_reference_and_an_unknown_project_are_rejected(opened: Open) -> None:
    shop = await opened(plan(ANA))
    with pytest.raises(InvalidArgument):
        await shop.app.customers.forget(None, "  ")
    with pytest.raises(NotFound):
        await shop.app.customers.forget("nowhere", "caller-1")
