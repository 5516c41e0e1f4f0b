"""find_bookings: a customer's own bookings by any of their contacts, and no other customer's."""

from typing import Any

import pytest

from slotmcp.domain.booking import BookingStatus, Customer
from slotmcp.domain.errors import InvalidArgument, NotFound
from slotmcp.services.lookups import MAX_PAST_BOOKINGS, FindRequest
from slotmcp.services.status_changes import CancelRequest
from support.shop import Shop, clock_text, customer, plan, service, technician
from unit.services.conftest import Open

ANA = technician("ana", "09:00-17:00")
KIM = Customer(name="Kim Doe", phone="+1 303 555 0142", email="Kim@Example.com")


async def found(shop: Shop, **facts: Any) -> list[str]:  # noqa: ANN401  a FindRequest's fields
    """Return the times of the found bookings, in their order."""
    answer = await shop.app.bookings.find_bookings(FindRequest(**facts))
    return [clock_text(one.booking.claim.start) for one in answer.found]


@pytest.mark.parametrize(
    "facts",
    [
        {"phone": "(303) 555-0142"},
        {"phone": "+13035550142"},
        {"phone": "303 555 0142 ext. 9"},
        {"email": "kim@example.com"},
        {"email": " KIM@example.com"},
        {"customer_reference": "c7a1f93e05b24d68"},
    ],
)
async def test_bookings_are_found_by_any_contact_in_any_notation(opened: Open, facts: dict[str, str]) -> None:
    shop = await opened(plan(ANA))
    await shop.book_hold(await shop.hold("10:00", customer_reference="c7a1f93e05b24d68"), customer=KIM)
    await shop.book_hold(await shop.hold("11:00", who="d7a1f93e05b24d68"), customer=customer(2))
    assert await found(shop, **facts) == ["10:00"]


async def test_a_booking_is_found_by_its_id(opened: Open) -> None:
    shop = await opened(plan(ANA))
    booked = await shop.book("10:00", customer=KIM)
    await shop.book("11:00", customer=KIM)
    assert await found(shop, booking_id=booked.booking.id) == ["10:00"]


@pytest.mark.parametrize(
    "facts",
    [
        {"phone": "+1 303 555 0199"},
        {"email": "lee@example.com"},
        {"customer_reference": "nobody"},
        {"customer_reference": "phone:+13035550143"},
        {"booking_id": "b-9"},
    ],
)
async def test_an_unknown_customer_has_no_bookings(opened: Open, facts: dict[str, str]) -> None:
    shop = await opened(plan(ANA))
    await shop.book("10:00", customer=KIM)
    assert await found(shop, **facts) == []


async def test_upcoming_bookings_come_first_then_the_others_latest_first(opened: Open) -> None:
    shop = await opened(plan(ANA))
    ids = {start: (await shop.book(start, customer=KIM)).booking.id for start in ("15:00", "09:00", "13:00", "11:00")}
    await shop.app.bookings.cancel_booking(CancelRequest(booking_id=ids["13:00"]))
    shop.at_time("11:59")
    assert await found(shop, phone=KIM.phone) == ["11:00", "15:00", "13:00", "09:00"]
    shop.at_time("12:00")
    assert await found(shop, phone=KIM.phone) == ["15:00", "13:00", "11:00", "09:00"]
    await shop.app.bookings.set_booking_status(None, ids["11:00"], BookingStatus.NO_SHOW)
    answer = await shop.app.bookings.find_bookings(FindRequest(phone=KIM.phone))
    assert [one.is_upcoming for one in answer.found] == [True, False, False, False]
    assert answer.found[2].booking.status is BookingStatus.NO_SHOW


async def test_a_long_history_is_limited_to_the_latest(opened: Open) -> None:
    shop = await opened(plan(technician("ana", "07:00-24:00"), services=(service("visit", 30),)))
    for number in range(MAX_PAST_BOOKINGS + 2):
        booked = await shop.book(f"{7 + number:02}:00", customer=KIM)
        await shop.app.bookings.cancel_booking(CancelRequest(booking_id=booked.booking.id))
    await shop.book("22:00", customer=KIM)
    times = await found(shop, phone=KIM.phone)
    assert len(times) == MAX_PAST_BOOKINGS + 1
    assert (times[0], times[1], times[-1]) == ("22:00", "18:00", "09:00")


async def test_removed_services_and_technicians_are_named_by_id(opened: Open) -> None:
    ben = technician("ben", "09:00-10:00", skills="gas")
    shop = await opened(plan(ANA, ben, services=(service("visit"), service("boiler", skills="gas"))))
    await shop.book("09:00", service_id="boiler", customer=KIM)
    shop.at_time("2025-06-05T10:00")
    await shop.app.projects.import_project(plan(ANA), prune=True)
    answer = await shop.app.bookings.find_bookings(FindRequest(email=KIM.email))
    assert [(one.service.name, one.technician.name) for one in answer.found] == [("boiler", "ben")]


@pytest.mark.parametrize(
    ("facts", "fields"),
    [
        ({}, ["phone"]),
        ({"phone": "+1 303 555 0142", "email": "kim@example.com"}, ["phone", "email"]),
        ({"booking_id": "b-1", "customer_reference": "x"}, ["bookingId", "customerHash"]),
        ({"phone": "555 0142"}, ["phone"]),
    ],
)
async def test_exactly_one_valid_reference_is_required(opened: Open, facts: dict[str, str], fields: list[str]) -> None:
    shop = await opened(plan(ANA))
    with pytest.raises(InvalidArgument) as refused:
        await found(shop, **facts)
    assert [one.field for one in refused.value.fields] == fields


async def test_an_unknown_project_is_not_found(opened: Open) -> None:
    shop = await opened(plan(ANA))
    with pytest.raises(NotFound):
        await found(shop, project_id="nowhere", booking_id="b-1")
