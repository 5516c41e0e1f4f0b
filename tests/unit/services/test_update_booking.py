"""update_booking: a booking's customer, address, location and notes are corrected, and its time stays."""

from dataclasses import replace
from typing import Any

import pytest

from slotmcp.domain.access import CallId
from slotmcp.domain.attention import AttentionCause
from slotmcp.domain.booking import MAX_FORMER_KEYS, Booking, BookingStatus, Customer, Visit
from slotmcp.domain.catalog import Location, TravelMode, TravelPolicy
from slotmcp.domain.errors import BookingClosed, InvalidArgument, NotFound, VerificationNeeded
from slotmcp.domain.existing_booking import AlreadyBooked
from slotmcp.services.callers import LOCAL_ORIGIN, RequestOrigin
from slotmcp.services.corrections import CORRECTED, UpdateAnswer, UpdateRequest
from slotmcp.services.lookups import FindRequest
from slotmcp.services.status_changes import CancelRequest
from slotmcp.services.verification import GUESSES
from support.shop import Shop, booking, plan, technician
from support.sqlite_file import fingerprint
from unit.services.conftest import Open

CALL = CallId("x-call-id", "7f3a90c1-44de-4b1c-9a55-0d2e8b7c6f10")
AGENT = RequestOrigin(credential="agent", call_ids=(CALL,))
ANOTHER_CALL = RequestOrigin(credential="agent")
KIM = Customer(name="Kim Doe", phone="+1 303 555 0142", email="kim@example.com")
HERE, NEAR, FAR = (Location(latitude, -105.0) for latitude in (39.0, 39.1034, 39.3102))
TRAVEL = TravelPolicy(mode=TravelMode.ESTIMATED, speed_kmh=60, minutes_per_stop=0, road_factor=1.3)
ANA = technician("ana", "09:00-17:00", home=HERE)
STORED = Customer(name="Kim Doe", phone="+13035550142", email="kim@example.com")


async def open_with_booking(opened: Open, **facts: object) -> tuple[Shop, str]:
    """Return a shop with a booking that a caller made, and the booking's id."""
    shop = await opened(plan(ANA, travel=TRAVEL))
    visit = Visit(address="1 Main St", notes="gate 1234")
    booked = await shop.book("10:00", **{"customer": KIM, "visit": visit, "origin": AGENT, "location": HERE, **facts})
    return shop, booked.booking.id


async def update(shop: Shop, booking_id: str, origin: RequestOrigin = AGENT, **facts: Any) -> UpdateAnswer:  # noqa: ANN401  an UpdateRequest's fields
    """Correct a booking."""
    request = UpdateRequest(booking_id=booking_id, origin=origin, **facts)
    return await shop.app.bookings.update_booking(request)


async def stored(shop: Shop, booking_id: str) -> Booking:
    found = await shop.store.booking("shop", booking_id)
    assert found is not None
    return found


async def found(shop: Shop, **facts: str) -> int:
    """Return the number of bookings that a caller finds."""
    return len((await shop.app.bookings.find_bookings(FindRequest(origin=ANOTHER_CALL, **facts))).found)


@pytest.mark.parametrize(
    ("facts", "customer", "visit", "location"),
    [
        ({"name": "Kim Roe"}, replace(STORED, name="Kim Roe"), {}, HERE),
        ({"new_phone": "(720) 555-0100"}, replace(STORED, phone="+17205550100"), {}, HERE),
        ({"new_phone": "303 555 0142 ext. 7"}, replace(STORED, phone="+13035550142 ext. 7"), {}, HERE),
        ({"new_email": " KIM@Example.ORG "}, replace(STORED, email="kim@example.org"), {}, HERE),
        ({"notes": "gate 4321"}, STORED, {"notes": "gate 4321"}, HERE),
        ({"address": "2 Oak St"}, STORED, {"address": "2 Oak St"}, None),
        ({"address": "2 Oak St", "location": NEAR}, STORED, {"address": "2 Oak St"}, NEAR),
        ({"location": NEAR}, STORED, {}, NEAR),
    ],
)
async def test_only_the_given_values_change(
    opened: Open, facts: dict[str, Any], customer: Customer, visit: dict[str, str], location: Location | None
) -> None:
    shop, booked = await open_with_booking(opened)
    before = await stored(shop, booked)
    answer = await update(shop, booked, **facts)
    after = await stored(shop, booked)
    assert (after.customer, after.visit) == (customer, replace(before.visit, **visit))
    assert after.claim == replace(before.claim, location=location)
    assert (after.status, after.call_keys) == (before.status, before.call_keys)
    assert (answer.booked.booking, answer.booked.replayed) == (after, False)


@pytest.mark.parametrize(
    "facts",
    [
        {"name": "Kim Doe"},
        {"new_phone": "303.555.0142"},
        {"new_email": "KIM@example.com"},
        {"address": "1 Main St", "notes": "gate 1234", "location": HERE},
    ],
)
async def test_equal_values_replay_and_change_nothing(opened: Open, facts: dict[str, Any]) -> None:
    shop, booked = await open_with_booking(opened)
    before = fingerprint(shop.path)
    assert (await update(shop, booked, **facts)).booked.replayed
    assert fingerprint(shop.path) == before


async def test_a_repeated_correction_replays(opened: Open) -> None:
    shop, booked = await open_with_booking(opened)
    first = await update(shop, booked, name="Kim Roe", location=NEAR)
    before = fingerprint(shop.path)
    again = await update(shop, booked, name="Kim Roe", location=NEAR)
    assert (first.booked.booking, again.booked.replayed) == (again.booked.booking, True)
    assert fingerprint(shop.path) == before


@pytest.mark.parametrize(
    ("proof", "new"),
    [
        ({"phone": KIM.phone}, {"new_phone": "720 555 0100"}),
        ({"email": KIM.email}, {"new_email": "kim@example.org"}),
        ({"phone": KIM.phone}, {"new_phone": "+1 720-555-0100", "new_email": "kim@example.org", "name": "Kim Roe"}),
        ({"phone": KIM.phone, "email": KIM.email}, {"new_phone": "720 555 0100", "new_email": "Kim@Example.org"}),
    ],
)
async def test_a_repeated_correction_of_the_contact_replays_with_the_earlier_one_as_proof(
    opened: Open, proof: dict[str, str], new: dict[str, str]
) -> None:
    shop, booked = await open_with_booking(opened)
    await update(shop, booked, ANOTHER_CALL, **proof, **new)
    before = fingerprint(shop.path)
    for _ in range(GUESSES.count + 1):
        assert (await update(shop, booked, ANOTHER_CALL, **proof, **new)).booked.replayed
    assert fingerprint(shop.path) == before


async def test_another_new_contact_is_no_proof(opened: Open) -> None:
    shop, booked = await open_with_booking(opened)
    await update(shop, booked, ANOTHER_CALL, phone=KIM.phone, new_phone="720 555 0100")
    guesses = [{"new_phone": "720 555 0199"}, {"new_email": "eve@example.org"}, {"name": "Eve"}]
    for guess in guesses:
        with pytest.raises(VerificationNeeded):
            await update(shop, booked, ANOTHER_CALL, phone=KIM.phone, **guess)
    with pytest.raises(VerificationNeeded):
        await update(shop, booked, ANOTHER_CALL, new_phone="720 555 0100", name="Eve")


async def test_the_new_contact_finds_and_proves_and_the_old_one_does_not(opened: Open) -> None:
    shop, booked = await open_with_booking(opened)
    await update(shop, booked, new_phone="720 555 0100")
    assert await found(shop, phone="+1 720 555 0100") == 1
    assert await found(shop, phone=KIM.phone) == 0
    assert await found(shop, email=KIM.email) == 1
    with pytest.raises(VerificationNeeded):
        await update(shop, booked, ANOTHER_CALL, phone=KIM.phone, name="Eve")
    await update(shop, booked, ANOTHER_CALL, phone="720 555 0100", name="Kim Roe")
    await update(shop, booked, new_email="kim@example.org", name="Kim Doe")
    assert (await found(shop, email=KIM.email), await found(shop, email="kim@example.org")) == (0, 1)


async def test_the_agents_reference_still_finds_a_corrected_booking(opened: Open) -> None:
    shop = await opened(plan(ANA))
    booked = (await shop.book_hold(await shop.hold("10:00", who="c7a1f93e05b24d68"), customer=KIM)).booking.id
    await update(shop, booked, RequestOrigin(credential="office", is_operator=True), new_phone="720 555 0100")
    assert await found(shop, customer_reference="c7a1f93e05b24d68") == 1


async def test_forgetting_by_the_new_contact_erases_a_corrected_booking(opened: Open) -> None:
    shop, booked = await open_with_booking(opened)
    await update(shop, booked, new_phone="720 555 0100", new_email="kim@example.org")
    assert (await shop.app.customers.forget(None, "720 555 0100")).erased == 1
    assert (await stored(shop, booked)).customer is None
    assert await found(shop, email="kim@example.org") == 0


async def test_a_correction_is_recorded_once(opened: Open) -> None:
    shop, booked = await open_with_booking(opened)
    for _ in range(2):
        await update(shop, booked, name="Kim Roe")
    events = await shop.store.events("shop", 0)
    assert [(event.kind, event.subject_id) for event in events] == [(CORRECTED, booked)]


async def test_a_location_that_is_too_far_keeps_the_booking_and_marks_it(opened: Open) -> None:
    shop, booked = await open_with_booking(opened)
    await shop.book("11:00", customer=KIM, location=HERE)
    assert not (await update(shop, booked, name="Kim Roe")).needs_attention
    answer = await update(shop, booked, location=FAR)
    assert answer.needs_attention
    after = await stored(shop, booked)
    assert after.attention.causes == {AttentionCause.TRAVEL_TIME}
    assert (after.claim.interval, after.status) == (answer.booked.booking.claim.interval, BookingStatus.CONFIRMED)
    assert not (await update(shop, booked, location=HERE)).needs_attention
    assert not (await stored(shop, booked)).attention


async def test_the_new_location_counts_for_the_next_job(opened: Open) -> None:
    shop, booked = await open_with_booking(opened)
    assert "11:00" in await shop.offered(location=HERE)
    await update(shop, booked, location=NEAR)
    assert "11:00" not in await shop.offered(location=HERE)


async def test_nothing_to_correct_is_refused(opened: Open) -> None:
    shop, booked = await open_with_booking(opened)
    with pytest.raises(InvalidArgument) as refused:
        await update(shop, booked)
    assert refused.value.fields[0].field == "customerName"


async def test_an_invalid_number_is_refused_by_its_own_name(opened: Open) -> None:
    shop, booked = await open_with_booking(opened)
    before = fingerprint(shop.path)
    with pytest.raises(InvalidArgument) as refused:
        await update(shop, booked, new_phone="555 0142", name="Kim Roe")
    assert refused.value.fields[0].field == "newPhone"
    assert fingerprint(shop.path) == before


async def test_only_the_caller_and_operators_may_correct_a_booking(opened: Open) -> None:
    shop, booked = await open_with_booking(opened)
    with pytest.raises(VerificationNeeded):
        await update(shop, booked, ANOTHER_CALL, name="Eve")
    with pytest.raises(VerificationNeeded):
        await update(shop, booked, ANOTHER_CALL, name="Eve", new_phone=KIM.phone)
    await update(shop, booked, RequestOrigin(credential="office", is_operator=True), name="Kim Roe")


async def test_a_visit_that_has_begun_is_closed_but_a_retry_replays(opened: Open) -> None:
    shop, booked = await open_with_booking(opened)
    await update(shop, booked, name="Kim Roe")
    shop.at_time("10:00")
    assert (await update(shop, booked, name="Kim Roe")).booked.replayed
    with pytest.raises(BookingClosed):
        await update(shop, booked, name="Eve")
    await update(shop, booked, RequestOrigin(credential="office", is_operator=True), name="Kim Moe")


async def test_a_canceled_booking_is_closed(opened: Open) -> None:
    shop, booked = await open_with_booking(opened)
    await shop.app.bookings.cancel_booking(CancelRequest(booking_id=booked))
    with pytest.raises(BookingClosed) as refused:
        await update(shop, booked, name="Eve")
    assert refused.value.is_canceled


async def test_operators_may_add_a_customer_to_an_imported_booking(opened: Open) -> None:
    shop = await opened(plan(ANA, bookings=[booking("b-1", "ana", "10:00")]))
    office = RequestOrigin(credential="office", is_operator=True)
    with pytest.raises(InvalidArgument) as refused:
        await update(shop, "b-1", office, new_phone=KIM.phone)
    assert refused.value.fields[0].field == "customerName"
    await update(shop, "b-1", office, notes="gate 1234")
    assert (await stored(shop, "b-1")).customer is None
    await update(shop, "b-1", office, name="Kim Doe", new_phone=KIM.phone)
    assert await found(shop, phone=KIM.phone) == 1
    with pytest.raises(NotFound):
        await update(shop, "b-9", office, name="Kim Doe")


PHONES = ("303 555 0142", *(f"720 555 010{digit}" for digit in range(6)))


@pytest.mark.parametrize("facts", [{}, {"idempotency_key": "new"}])
@pytest.mark.parametrize("new", [{"new_phone": PHONES[1]}, {"new_email": "kim@example.org"}])
@pytest.mark.parametrize("origin", [AGENT, ANOTHER_CALL])
async def test_a_repeated_booking_with_the_replaced_contact_books_nothing(
    opened: Open, new: dict[str, str], facts: dict[str, str], origin: RequestOrigin
) -> None:
    customer = replace(KIM, email="") if "new_phone" in new else replace(KIM, phone="")
    shop, booked = await open_with_booking(opened, customer=customer)
    await update(shop, booked, AGENT, **new)
    before = await stored(shop, booked)
    again = await shop.book("10:00", customer=customer, origin=origin, **facts)
    assert (again.replayed, again.booking, again.stored) == (True, before, ())
    more = Visit(address="1 Main St", notes="gate 1234\nDog")
    answer = await shop.book("10:00", customer=customer, origin=origin, visit=more, **facts)
    assert (answer.stored, await stored(shop, booked)) == (("notes",), replace(before, visit=more))
    with pytest.raises(AlreadyBooked):
        await shop.book("10:30", customer=customer, origin=origin)


async def test_a_repeated_token_with_the_replaced_contact_replays(opened: Open) -> None:
    shop = await opened(plan(ANA))
    customer = replace(KIM, email="")
    held = (await shop.hold("10:00")).hold.token
    booked = (await shop.book(None, customer=customer, hold_token=held)).booking.id
    await update(shop, booked, LOCAL_ORIGIN, new_phone=PHONES[1])
    again = await shop.book(None, customer=customer, hold_token=held)
    assert (again.replayed, again.booking.id, again.booking.customer) == (
        True,
        booked,
        replace(customer, phone="+17205550100"),
    )


async def test_a_restored_contact_is_present_and_the_other_one_former(opened: Open) -> None:
    shop, booked = await open_with_booking(opened)
    before = await stored(shop, booked)
    await update(shop, booked, new_phone=PHONES[1])
    replaced = await stored(shop, booked)
    await update(shop, booked, new_phone=PHONES[0])
    after = await stored(shop, booked)
    assert (replaced.former_keys, set(after.contact_keys)) == (before.contact_keys[:1], set(before.contact_keys))
    assert after.former_keys == replaced.contact_keys[:1]


async def test_a_booking_remembers_the_last_replaced_contacts(opened: Open) -> None:
    shop, booked = await open_with_booking(opened, customer=replace(KIM, email=""))
    used = []
    for phone in PHONES[1:]:
        used.append((await stored(shop, booked)).contact_keys[0])
        await update(shop, booked, new_phone=phone)
    assert (await stored(shop, booked)).former_keys == tuple(used[:0:-1])
    assert len(used) == MAX_FORMER_KEYS + 1
