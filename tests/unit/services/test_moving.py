"""Moving bookings: times and holds as if a booking had left its time."""

from dataclasses import replace
from typing import Any

import pytest

from slotmcp.domain.claim import ClaimState
from slotmcp.domain.errors import BookingClosed, InvalidArgument, NotFound, SlotUnavailable
from slotmcp.services.appointments import StartRequest
from slotmcp.services.rescheduling import RescheduleAnswer, RescheduleRequest
from slotmcp.services.status_changes import CancelRequest
from support.callers import call
from support.shop import Shop, at, clock_text, customer, instant_ms, plan, secret, service, technician
from support.sqlite_file import entries
from unit.services.conftest import Open

ANA = technician("ana", "09:00-17:00")
ONE_A_DAY = technician("ana", "09:00-17:00", max_bookings_per_day=1)
CALL = call("c7a1f93e05b24d68")
KIM = {"customer_reference": secret("kim")}


async def reschedule(shop: Shop, booking_id: str, **facts: Any) -> RescheduleAnswer:  # noqa: ANN401  its fields
    """Move a booking."""
    return await shop.app.bookings.reschedule_booking(RescheduleRequest(booking_id=booking_id, **facts))


def times(shop: Shop) -> list[tuple[str, str, str]]:
    """Return the live claims with their state and their times."""
    return [
        (entry.state, clock_text(entry.start), clock_text(entry.end))
        for entry in entries(shop.path)
        if entry.state in {"held", "booked"}
    ]


async def test_a_booking_that_fills_the_day_can_move_within_it(opened: Open) -> None:
    shop = await opened(plan(ONE_A_DAY))
    booked = (await shop.book("10:00")).booking
    assert await shop.offered() == ""
    starts = (await shop.offered(booking_id=booked.id)).split()
    assert (starts[0], starts[-1], len(starts)) == ("09:00", "16:00", 15)
    explained = await shop.app.explanations.explain_slot(StartRequest(start=at("14:00"), booking_id=booked.id))
    assert explained.explanation.slot is not None
    held = await shop.hold("14:00", **KIM, booking_id=booked.id)
    moved = (await reschedule(shop, booked.id, hold_token=held.hold.token)).booked.booking
    assert moved.claim.start == at("14:00")
    assert times(shop) == [("booked", "14:00", "15:00")]


@pytest.mark.parametrize(
    ("start", "claimed"),
    [
        ("10:30", ("11:00", "11:30")),
        ("09:30", ("09:30", "10:00")),
        ("11:00", ("11:00", "12:00")),
        ("09:00", ("09:00", "10:00")),
        ("14:00", ("14:00", "15:00")),
    ],
)
async def test_a_hold_claims_only_time_that_its_booking_does_not_cover(
    opened: Open, start: str, claimed: tuple[str, str]
) -> None:
    shop = await opened(plan(ANA))
    booked = (await shop.book("10:00")).booking
    held = await shop.hold(start, booking_id=booked.id)
    assert ("held", *claimed) in times(shop)
    assert [clock_text(minute) for minute in held.hold.claim.appointment] == [start, clock_text(at(start) + 60)]
    with pytest.raises(SlotUnavailable):
        await shop.hold(start, who="another")
    moved = (await reschedule(shop, booked.id, hold_token=held.hold.token)).booked.booking
    assert [clock_text(minute) for minute in moved.claim.interval] == [start, clock_text(at(start) + 60)]
    assert len(times(shop)) == 1


async def test_a_moved_booking_keeps_its_length_and_buffers(opened: Open) -> None:
    shop = await opened(plan(ANA, services=(service("visit"),)))
    booked = (await shop.book("10:00", duration_minutes=90)).booking
    await shop.app.projects.import_project(plan(ANA, services=(service("visit", 30),)), prune=False)
    held = await shop.hold("13:00", booking_id=booked.id)
    assert held.hold.claim.end - held.hold.claim.start == 90
    answer = await shop.slots(booking_id=booked.id)
    assert answer.duration_minutes == 90
    with pytest.raises(InvalidArgument, match="durationMinutes: the booking takes 90 minutes"):
        await shop.hold("13:00", booking_id=booked.id, duration_minutes=60)


@pytest.mark.parametrize("start", ["10:30", "14:00"])
async def test_a_hold_of_a_move_is_repeated_and_replaced(opened: Open, start: str) -> None:
    shop = await opened(plan(ANA))
    booked = (await shop.book("10:00")).booking
    first = await shop.hold(start, **KIM, booking_id=booked.id)
    again = await shop.hold(start, **KIM, booking_id=booked.id)
    assert (again.hold, again.replayed) == (first.hold, True)
    plain = await shop.hold("12:00", **KIM, hold_token=first.hold.token)
    assert [hold.token for hold in plain.replaced] == [first.hold.token]
    assert not (await shop.hold(start, **KIM, booking_id=booked.id)).replayed


async def test_a_hold_of_a_move_serves_only_its_booking(opened: Open) -> None:
    shop = await opened(plan(ANA, technician("ben", "09:00-17:00")))
    booked = (await shop.book("10:00")).booking
    other = (await shop.book("14:00", customer=customer(2))).booking
    held = await shop.hold("10:30", booking_id=booked.id)
    with pytest.raises(InvalidArgument, match="holdToken"):
        await shop.book_hold(held)
    with pytest.raises(InvalidArgument, match="holdToken: the hold moves another booking"):
        await reschedule(shop, other.id, hold_token=held.hold.token)
    stored = await shop.store.hold("shop", held.hold.token)
    assert stored is not None
    assert stored.state is ClaimState.HELD


async def test_the_hold_of_a_move_keeps_its_technician(opened: Open) -> None:
    services = (service("visit"), service("boiler", skills="gas"))
    ana, ben = technician("ana", "09:00-17:00", skills="gas"), technician("ben", "11:00-12:00")
    shop = await opened(plan(ana, ben, services=services, default_service_id="visit"))
    booked = (await shop.book("10:00")).booking
    held = await shop.hold("10:30", booking_id=booked.id)
    assert (booked.claim.technician_id, held.hold.claim.technician_id) == ("ana", "ana")
    assert "11:00" not in await shop.offered(service_id="boiler")
    with pytest.raises(SlotUnavailable):
        await shop.hold("11:00", who="another", service_id="boiler")
    assert (await reschedule(shop, booked.id, hold_token=held.hold.token)).booked.booking.claim.start == at("10:30")


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"service_id": "other"}, "serviceType"),
        ({"start": "10:00"}, "start"),
        ({"end": at("15:30")}, "durationMinutes"),
    ],
)
async def test_a_request_must_agree_with_the_booking(opened: Open, facts: dict[str, Any], field: str) -> None:
    services = (service("visit"), service("other"))
    shop = await opened(plan(ANA, services=services, default_service_id="other"))
    booked = (await shop.book("10:00", service_id="visit")).booking
    assert (await shop.hold("12:00", booking_id=booked.id)).service.id == "visit"
    with pytest.raises(InvalidArgument) as refused:
        await shop.hold(**{"start": "14:00", "booking_id": booked.id, **facts})
    assert refused.value.fields[0].field == field


async def test_an_unknown_or_canceled_booking_is_not_found(opened: Open) -> None:
    shop = await opened(plan(ANA))
    held = await shop.hold("10:00")
    for booking_id in ("nothing", held.hold.claim.id):
        with pytest.raises(NotFound):
            await shop.slots(booking_id=booking_id)
        with pytest.raises(NotFound):
            await shop.hold("14:00", who="another", booking_id=booking_id)
        request = StartRequest(start=at("14:00"), booking_id=booking_id)
        with pytest.raises(NotFound):
            await shop.app.explanations.explain_slot(request)


async def test_a_canceled_or_begun_visit_cannot_move(opened: Open) -> None:
    shop = await opened(plan(ANA))
    gone, begun = (await shop.book("10:00")).booking, (await shop.book("12:00", customer=customer(2))).booking
    await shop.app.bookings.cancel_booking(CancelRequest(booking_id=gone.id))
    shop.clock.set_ms(instant_ms("12:00"))
    for booking in (gone, begun):
        assert booking.customer is not None
        with pytest.raises(BookingClosed):
            await shop.hold("14:00", booking_id=booking.id, origin=CALL, phone=booking.customer.phone)
    operator = replace(CALL, is_operator=True)
    with pytest.raises(NotFound):
        await shop.hold("14:00", booking_id=gone.id, origin=operator)
    assert not (await shop.hold("14:00", booking_id=begun.id, origin=operator)).replayed


@pytest.mark.parametrize("is_cached", [False, True])
async def test_a_refused_move_offers_times_as_if_the_booking_were_moving(opened: Open, *, is_cached: bool) -> None:
    shop = await opened(plan(ONE_A_DAY, horizon_days=0))
    booked = (await shop.book("10:00")).booking
    if is_cached:
        await shop.slots()
    with pytest.raises(SlotUnavailable) as refused:
        await shop.hold("08:00", booking_id=booked.id)
    assert refused.value.alternatives is not None
    assert [clock_text(slot.start) for slot in refused.value.alternatives.slots] == ["09:00", "09:30", "10:30"]


@pytest.mark.parametrize("kind", ["hold for the move", "other hold"])
@pytest.mark.parametrize("proof", [{"phone": "303-555-0142"}, {"origin": CALL}], ids=["phone", "call"])
@pytest.mark.parametrize("start", ["14:00", "14:30", "13:30"])
async def test_a_caller_who_lost_the_token_moves_to_the_held_time(
    opened: Open, start: str, proof: dict[str, Any], kind: str
) -> None:
    shop = await opened(plan(ANA))
    origin = {"origin": CALL}
    booked = (await shop.book("10:00", **origin)).booking
    await shop.hold("14:00", who="", **{**proof, "booking_id": booked.id if kind == "hold for the move" else ""})
    moved = await reschedule(shop, booked.id, start=at(start), **{"origin": call("another"), **proof})
    assert clock_text(moved.booked.booking.claim.start) == start
    assert times(shop) == [("booked", start, clock_text(at(start) + 60))]


async def test_another_callers_hold_is_in_the_way_of_a_move(opened: Open) -> None:
    shop = await opened(plan(ANA))
    booked = (await shop.book("10:00", origin=CALL)).booking
    await shop.hold("14:00", who="another")
    with pytest.raises(SlotUnavailable):
        await reschedule(shop, booked.id, start=at("14:30"), origin=CALL)
    assert times(shop) == [("booked", "10:00", "11:00"), ("held", "14:00", "15:00")]


async def test_a_hold_for_the_move_is_free_in_another_call(opened: Open) -> None:
    shop = await opened(plan(ANA))
    booked = (await shop.book("10:00", origin=CALL)).booking
    await shop.hold("10:30", who="", origin=CALL, booking_id=booked.id)
    await reschedule(shop, booked.id, start=at("11:00"), origin=call("another"), phone="303-555-0142")
    assert times(shop) == [("booked", "11:00", "12:00")]


async def test_a_move_without_a_token_keeps_the_wished_technician(opened: Open) -> None:
    shop = await opened(plan(ANA, technician("ben", "09:00-17:00", priority=0)))
    booked = (await shop.book("10:00", origin=CALL, technician_id="ana")).booking
    await shop.hold("14:00", who="", origin=CALL, booking_id=booked.id, technician_id="ben")
    moved = (await reschedule(shop, booked.id, start=at("14:00"), origin=CALL)).booked.booking
    assert moved.claim.technician_id == "ben"
    await shop.hold("15:00", who="", origin=CALL, booking_id=booked.id)
    moved = (await reschedule(shop, booked.id, start=at("15:00"), origin=CALL)).booked.booking
    assert moved.claim.technician_id == "ben"


async def test_an_additional_hold_is_kept_if_it_is_not_in_the_way(opened: Open) -> None:
    shop = await opened(plan(ANA, technician("ben", "09:00-17:00")))
    booked = (await shop.book("10:00", origin=CALL)).booking
    await shop.hold("14:00", who="", origin=CALL, is_additional=True)
    await reschedule(shop, booked.id, start=at("14:00"), origin=CALL)
    assert sorted(times(shop)) == [("booked", "14:00", "15:00"), ("held", "14:00", "15:00")]


async def test_a_move_releases_only_the_own_hold_that_is_in_the_way(opened: Open) -> None:
    shop = await opened(plan(ANA, services=(service("visit"), service("check")), default_service_id="visit"))
    booked = (await shop.book("10:00", origin=CALL)).booking
    await shop.hold("12:00", who="", origin=CALL, service_id="check")
    await shop.hold("14:00", who="", origin=CALL)
    await reschedule(shop, booked.id, start=at("14:30"), origin=CALL)
    assert times(shop) == [("held", "12:00", "13:00"), ("booked", "14:30", "15:30")]
