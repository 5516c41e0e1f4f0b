"""reschedule_booking: another time in one step; a refused booking keeps its time."""

from typing import Any

import pytest

from slotmcp.domain.access import CallId
from slotmcp.domain.booking import BookingStatus
from slotmcp.domain.catalog import Location, RankingKey, TravelMode, TravelPolicy
from slotmcp.domain.errors import HoldExpired, IdempotencyMismatch, InvalidArgument, NotFound, SlotUnavailable
from slotmcp.services.callers import RequestOrigin
from slotmcp.services.lookups import BookAnswer
from slotmcp.services.rescheduling import RescheduleAnswer, RescheduleRequest
from support.shop import Shop, at, clock_text, customer, plan, service, technician, with_technicians
from support.sqlite_file import fingerprint, live_entries
from unit.services.conftest import Open

ANA = technician("ana", "09:00-12:00")
BEN = technician("ben", "09:00-12:00", priority=2)


async def move(shop: Shop, booked: BookAnswer, to: str | None = None, **facts: Any) -> RescheduleAnswer:  # noqa: ANN401  a RescheduleRequest's fields
    """Reschedule a booking."""
    start = None if to is None else at(to)
    return await shop.app.bookings.reschedule_booking(
        RescheduleRequest(booking_id=booked.booking.id, start=start, **facts)
    )


async def place_of(shop: Shop, booked: BookAnswer) -> str:
    """Return a booking's current start and technician."""
    kept = await shop.store.booking("shop", booked.booking.id)
    assert kept is not None
    return f"{clock_text(kept.claim.start)} {kept.claim.technician_id} {kept.status}"


async def test_a_booking_moves_and_its_old_time_is_free_at_once(opened: Open) -> None:
    shop = await opened(plan(ANA))
    booked = await shop.book("09:00")
    answer = await move(shop, booked, "11:00")
    assert await place_of(shop, booked) == "11:00 ana rescheduled"
    assert (answer.previous.start, answer.previous.end, answer.previous.technician_id) == (
        at("09:00"),
        at("10:00"),
        "ana",
    )
    assert answer.booked.booking.customer == booked.booking.customer
    assert await shop.offered() == "09:00 09:30 10:00"


async def test_a_booking_can_move_into_its_own_time(opened: Open) -> None:
    shop = await opened(plan(ANA))
    booked = await shop.book("09:00")
    await move(shop, booked, "09:30")
    assert await shop.offered() == "10:30 11:00"


async def test_a_booking_can_move_again_and_back(opened: Open) -> None:
    shop = await opened(plan(ANA))
    booked = await shop.book("09:00")
    for to in ("10:00", "09:00", "10:00", "11:00", "09:00"):
        answer = await move(shop, booked, to)
        assert not answer.booked.replayed
        assert await place_of(shop, booked) == f"{to} ana rescheduled"


async def test_a_refused_booking_stays_and_alternatives_count_its_time_as_free(opened: Open) -> None:
    shop = await opened(plan(ANA))
    booked = await shop.book("09:00")
    await shop.book("10:00", customer=customer(1))
    await shop.book("11:00", customer=customer(2))
    before = fingerprint(shop.path)
    with pytest.raises(SlotUnavailable) as refused:
        await move(shop, booked, "10:30")
    assert fingerprint(shop.path) == before
    assert refused.value.alternatives is not None
    nearest = [slot.start for slot in refused.value.alternatives.slots]
    assert nearest == [at("2025-06-03T09:00"), at("2025-06-03T09:30"), at("2025-06-03T10:00")]


async def test_alternatives_may_overlap_the_bookings_own_time(opened: Open) -> None:
    shop = await opened(plan(ANA))
    booked = await shop.book("09:00")
    await shop.book("10:30", customer=customer(1))
    with pytest.raises(SlotUnavailable) as refused:
        await move(shop, booked, "10:00")
    assert refused.value.alternatives is not None
    assert refused.value.alternatives.slots[0].start == at("09:30")
    await move(shop, booked, "09:30")


async def test_the_technician_stays_if_possible(opened: Open) -> None:
    """The ranking would assign Ana, who has fewer bookings."""
    shop = await opened(plan(ANA, BEN, assignment_ranking=(RankingKey.LOAD,)))
    await shop.book("11:00", technician_id="ben", customer=customer(1))
    booked = await shop.book("09:00", technician_id="ben", customer=customer(2))
    plain = await shop.book("10:00", customer=customer(3))
    assert plain.technician.id == "ana"
    await move(shop, plain, "10:30")
    answer = await move(shop, booked, "09:30")
    reason = answer.booked.booking.reason
    assert answer.booked.technician.id == "ben"
    assert reason is not None
    assert (reason.kept, reason.wished) == (True, True)


async def test_the_reason_counts_every_available_technician(opened: Open) -> None:
    shop = await opened(plan(ANA, BEN))
    booked = await shop.book("09:00")
    reason = (await move(shop, booked, "10:00")).booked.booking.reason
    assert reason is not None
    assert (reason.kept, reason.wished, reason.considered) == (True, False, 2)


async def test_another_technician_is_assigned_if_the_first_is_unavailable(opened: Open) -> None:
    shop = await opened(plan(ANA, BEN))
    booked = await shop.book("09:00")
    await shop.book("11:00", technician_id="ana", customer=customer(1))
    answer = await move(shop, booked, "11:00")
    assert answer.booked.technician.id == "ben"
    assert answer.previous_technician.id == "ana"
    assert answer.booked.booking.reason is not None
    assert not answer.booked.booking.reason.kept


async def test_a_requested_technician_is_not_replaced(opened: Open) -> None:
    shop = await opened(plan(ANA, BEN))
    booked = await shop.book("09:00", technician_id="ana")
    await shop.book("11:00", technician_id="ana", customer=customer(1))
    with pytest.raises(SlotUnavailable, match="asked for that technician") as refused:
        await move(shop, booked, "11:00")
    assert refused.value.alternatives is not None
    assert refused.value.alternatives.unavailable_technician is not None
    assert [one.id for one in refused.value.alternatives.unavailable_technician.others] == ["ben"]
    assert await place_of(shop, booked) == "09:00 ana confirmed"
    hold = await shop.hold("11:00")
    answer = await move(shop, booked, hold_token=hold.hold.token)
    assert answer.booked.technician.id == "ben"
    assert not answer.booked.booking.claim.technician_chosen


async def test_a_hold_moves_into_the_time_that_the_booking_frees(opened: Open) -> None:
    """Ana does not work at 11:30. Ben does, and his hold moves to Ana, into the booking's old time."""
    ana, ben = technician("ana", "09:00-11:30"), technician("ben", "10:00-12:00", priority=2)
    shop = await opened(plan(ana, ben))
    booked = await shop.book("10:00")
    hold = await shop.hold("10:30")
    assert (booked.technician.id, hold.hold.claim.technician_id) == ("ana", "ben")
    assert (await move(shop, booked, "11:00")).booked.technician.id == "ben"
    live = {entry.technician_id: entry.start for entry in live_entries(shop.path, shop.clock.now_ms())}
    assert live == {"ana": at("10:30"), "ben": at("11:00")}
    assert (await shop.book_hold(hold, customer=customer(1))).technician.id == "ana"


async def test_a_booking_takes_over_a_held_start(opened: Open) -> None:
    shop = await opened(plan(ANA))
    booked = await shop.book("09:00")
    hold = await shop.hold("11:00")
    answer = await move(shop, booked, hold_token=hold.hold.token)
    assert await place_of(shop, booked) == "11:00 ana rescheduled"
    assert answer.booked.booking.id == booked.booking.id
    assert await shop.offered() == "09:00 09:30 10:00"
    assert len(live_entries(shop.path, shop.clock.now_ms())) == 1


async def test_a_used_hold_cannot_be_used_again(opened: Open) -> None:
    shop = await opened(plan(ANA, BEN))
    booked = await shop.book("09:00")
    hold = await shop.hold("11:00")
    await move(shop, booked, hold_token=hold.hold.token)
    with pytest.raises(HoldExpired):
        await shop.book_hold(hold, customer=customer(1))


async def test_a_lapsed_hold_is_revived_and_used(opened: Open) -> None:
    shop = await opened(plan(ANA, BEN))
    booked = await shop.book("09:00")
    hold = await shop.hold("11:00")
    shop.clock.advance(seconds=100)
    await move(shop, booked, hold_token=hold.hold.token)
    assert await place_of(shop, booked) == "11:00 ana rescheduled"
    with pytest.raises(HoldExpired):
        await shop.book_hold(hold, customer=customer(1))


async def test_a_booking_stays_if_its_lapsed_hold_is_taken(opened: Open) -> None:
    shop = await opened(plan(ANA))
    booked = await shop.book("09:00")
    hold = await shop.hold("10:30")
    shop.clock.advance(seconds=100)
    await shop.book("10:30", customer=customer(1))
    with pytest.raises(HoldExpired) as refused:
        await move(shop, booked, hold_token=hold.hold.token)
    assert await place_of(shop, booked) == "09:00 ana confirmed"
    assert refused.value.alternatives is not None
    assert refused.value.alternatives.slots[0].start == at("09:30")


async def test_the_technician_stays_although_the_hold_pins_another(opened: Open) -> None:
    shop = await opened(plan(ANA, BEN))
    booked = await shop.book("09:00")
    await shop.book("11:00", technician_id="ana", customer=customer(1))
    await shop.book("10:30", technician_id="ben", customer=customer(2))
    hold = await shop.hold("09:30")
    assert hold.hold.claim.technician_id == "ben"
    assert (await move(shop, booked, hold_token=hold.hold.token)).booked.technician.id == "ana"


async def test_a_hold_with_a_requested_technician_decides_the_assignment(opened: Open) -> None:
    shop = await opened(plan(ANA, BEN))
    booked = await shop.book("09:00")
    hold = await shop.hold("11:00", technician_id="ben")
    answer = await move(shop, booked, hold_token=hold.hold.token)
    assert answer.booked.technician.id == "ben"
    assert answer.booked.booking.claim.technician_chosen


async def test_the_hold_must_have_the_same_service_and_length(opened: Open) -> None:
    shop = await opened(plan(ANA, services=(service("visit"), service("check")), default_service_id="visit"))
    booked = await shop.book("09:00")
    other = await shop.hold("10:00", service_id="check")
    short = await shop.hold("11:00", duration_minutes=30)
    before = fingerprint(shop.path)
    for hold in (other, short):
        with pytest.raises(InvalidArgument) as refused:
            await move(shop, booked, hold_token=hold.hold.token)
        assert refused.value.fields[0].field == "holdToken"
    with pytest.raises(InvalidArgument) as refused:
        await move(shop, booked, "09:30", hold_token=short.hold.token)
    assert refused.value.fields[0].field == "start"
    assert fingerprint(shop.path) == before


async def test_a_move_to_the_same_start_changes_nothing(opened: Open) -> None:
    shop = await opened(plan(ANA))
    booked = await shop.book("09:00")
    revision = await shop.revision()
    answer = await move(shop, booked, "09:00")
    assert not answer.has_moved
    assert await place_of(shop, booked) == "09:00 ana confirmed"
    assert await shop.revision() == revision


async def test_a_hold_of_the_same_start_is_released(opened: Open) -> None:
    shop = await opened(plan(ANA, BEN))
    booked = await shop.book("09:00")
    hold = await shop.hold("09:00")
    assert not (await move(shop, booked, hold_token=hold.hold.token)).has_moved
    assert len(live_entries(shop.path, shop.clock.now_ms())) == 1


async def test_a_hold_of_the_same_start_with_another_technician_reassigns_the_booking(opened: Open) -> None:
    shop = await opened(plan(ANA, BEN))
    booked = await shop.book("09:00", technician_id="ana")
    hold = await shop.hold("09:00", technician_id="ben")
    answer = await move(shop, booked, hold_token=hold.hold.token)
    assert answer.has_moved
    assert await place_of(shop, booked) == "09:00 ben rescheduled"
    assert len(live_entries(shop.path, shop.clock.now_ms())) == 1
    again = await move(shop, booked, hold_token=hold.hold.token)
    assert (again.booked.replayed, again.booked.booking) == (True, answer.booked.booking)


async def test_a_retry_returns_the_first_answer(opened: Open) -> None:
    shop = await opened(plan(ANA))
    booked = await shop.book("09:00")
    for facts in ({"to": "10:00"}, {"to": "11:00", "idempotency_key": "k"}):
        first = await move(shop, booked, **facts)
        again = await move(shop, booked, **facts)
        assert (first.booked.replayed, again.booked.replayed) == (False, True)
        assert again.previous == first.previous
        assert again.booked.booking == first.booked.booking


async def test_a_retry_with_a_used_hold_succeeds(opened: Open) -> None:
    shop = await opened(plan(ANA))
    booked = await shop.book("09:00")
    hold = await shop.hold("11:00")
    first = await move(shop, booked, hold_token=hold.hold.token)
    again = await move(shop, booked, hold_token=hold.hold.token)
    assert again.booked.replayed
    assert again.previous == first.previous


async def test_a_retry_without_the_token_or_with_another_returns_the_first_answer(opened: Open) -> None:
    shop = await opened(plan(ANA, BEN))
    booked = await shop.book("09:00")
    hold = await shop.hold("11:00")
    first = await move(shop, booked, hold_token=hold.hold.token, idempotency_key="k")
    for facts in ({"to": "11:00"}, {"to": "11:00", "idempotency_key": "k"}, {"hold_token": hold.hold.token}):
        again = await move(shop, booked, **facts)
        assert (again.booked.replayed, again.previous) == (True, first.previous)


async def test_another_hold_of_the_start_is_another_request(opened: Open) -> None:
    shop = await opened(plan(ANA, BEN))
    booked = await shop.book("09:00")
    await move(shop, booked, "11:00")
    hold = await shop.hold("11:00", technician_id="ben")
    answer = await move(shop, booked, hold_token=hold.hold.token)
    assert (answer.booked.replayed, answer.booked.technician.id) == (False, "ben")


async def test_a_retry_after_another_move_returns_the_present_time(opened: Open) -> None:
    shop = await opened(plan(ANA))
    booked = await shop.book("09:00")
    first = await move(shop, booked, "10:00", idempotency_key="k")
    await move(shop, booked, "11:00")
    again = await move(shop, booked, "10:00", idempotency_key="k")
    assert (again.booked.replayed, again.previous) == (True, first.previous)
    assert await place_of(shop, booked) == "11:00 ana rescheduled"
    assert not (await move(shop, booked, "10:00")).booked.replayed
    assert await place_of(shop, booked) == "10:00 ana rescheduled"


async def test_a_key_belongs_to_the_booking_without_a_call_id_and_else_to_the_call(opened: Open) -> None:
    shop = await opened(plan(technician("ana", "09:00-17:00")))
    one, other = await shop.book("09:00"), await shop.book("10:00", customer=customer(1))
    for number, booked in enumerate((one, other)):
        assert not (await move(shop, booked, f"{11 + number}:00", idempotency_key="1")).booked.replayed
    call = RequestOrigin(credential="local", call_ids=(CallId("x-call-id", "call-7f3a91c2e5d8"),), is_operator=True)
    await move(shop, one, "14:00", idempotency_key="1", origin=call)
    with pytest.raises(IdempotencyMismatch):
        await move(shop, other, "15:00", idempotency_key="1", origin=call)


async def test_a_key_is_valid_for_one_request(opened: Open) -> None:
    shop = await opened(plan(ANA))
    booked = await shop.book("09:00")
    await move(shop, booked, "10:00", idempotency_key="k")
    with pytest.raises(IdempotencyMismatch):
        await move(shop, booked, "11:00", idempotency_key="k")
    assert await place_of(shop, booked) == "10:00 ana rescheduled"


async def test_a_customer_who_moved_can_book_the_first_time_again(opened: Open) -> None:
    shop = await opened(plan(ANA))
    booked = await shop.book("09:00")
    await move(shop, booked, "11:00")
    second = await shop.book("09:00")
    assert not second.replayed
    assert second.booking.id != booked.booking.id


@pytest.mark.parametrize("status", [BookingStatus.CANCELLED, BookingStatus.COMPLETED, BookingStatus.NO_SHOW])
async def test_a_closed_booking_cannot_move(opened: Open, status: BookingStatus) -> None:
    shop = await opened(plan(ANA))
    booked = await shop.book("09:00")
    shop.at_time("09:30")
    await shop.app.bookings.set_booking_status(None, booked.booking.id, status)
    before = fingerprint(shop.path)
    with pytest.raises(InvalidArgument) as refused:
        await move(shop, booked, "11:00")
    assert refused.value.fields[0].field == "bookingId"
    assert status.value in refused.value.message
    assert fingerprint(shop.path) == before


async def test_an_unknown_booking_is_not_found_and_no_other_id_is_suggested(opened: Open) -> None:
    shop = await opened(plan(ANA))
    booked = await shop.book("09:00")
    with pytest.raises(NotFound) as refused:
        await shop.app.bookings.reschedule_booking(RescheduleRequest(booking_id="b-9", start=at("11:00")))
    assert refused.value.nearest == ()
    assert booked.booking.id not in refused.value.message


async def test_an_unknown_hold_and_a_missing_start_are_rejected(opened: Open) -> None:
    shop = await opened(plan(ANA))
    booked = await shop.book("09:00")
    with pytest.raises(HoldExpired):
        await move(shop, booked, hold_token="never-was")  # noqa: S106  no secret
    with pytest.raises(InvalidArgument) as refused:
        await move(shop, booked)
    assert refused.value.fields[0].field == "start"


async def test_a_booking_of_a_removed_service_keeps_its_technician(opened: Open) -> None:
    able = technician("zoe", "09:00-12:00", skills="gas", priority=2)
    shop = await opened(plan(able, ANA, services=(service("visit"), service("boiler", skills="gas"))))
    booked = await shop.book("09:00", service_id="boiler")
    await shop.app.projects.import_project(plan(able, ANA), prune=True)
    assert (await move(shop, booked, "10:00")).booked.technician.id == "zoe"
    await shop.book("11:00", technician_id="zoe", customer=customer(1))
    with pytest.raises(SlotUnavailable):
        await move(shop, booked, "11:00")


async def test_a_booking_of_a_removed_technician_goes_to_another(opened: Open) -> None:
    business = plan(ANA, BEN)
    shop = await opened(business)
    booked = await shop.book("09:00")
    await shop.app.projects.import_project(with_technicians(business, technician("ana"), BEN), prune=False)
    assert (await move(shop, booked, "10:00")).booked.technician.id == "ben"


async def test_travel_counts_at_the_new_time(opened: Open) -> None:
    """The drive from Ana's home takes almost an hour: she can start at 10 at the earliest."""
    home, job = Location(39.74, -104.99), Location(39.98, -104.99)
    ana = technician("ana", "09:00-12:00", home=home)
    shop = await opened(plan(ana, technician("ben", "09:00-12:00"), travel=TravelPolicy(mode=TravelMode.ESTIMATED)))
    booked = await shop.book("10:30", technician_id="ana", location=job)
    with pytest.raises(SlotUnavailable) as refused:
        await move(shop, booked, "09:00")
    assert refused.value.alternatives is not None
    assert clock_text(refused.value.alternatives.slots[0].start) == "10:00"
    await move(shop, booked, "11:00")
    assert await place_of(shop, booked) == "11:00 ana rescheduled"
