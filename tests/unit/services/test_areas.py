"""Areas of a project: who comes where, on which days, and what an address without an area is told."""

from dataclasses import replace
from typing import Any

import pytest

from slotmcp.domain.attention import AttentionCause
from slotmcp.domain.booking import Booking
from slotmcp.domain.booking_rules import OutsideAreas, Priority, ServiceArea
from slotmcp.domain.catalog import Location
from slotmcp.domain.claim import ClaimState
from slotmcp.domain.errors import HoldWithdrawn, InvalidArgument, NothingToWaitFor, ProblemKind, SlotUnavailable
from slotmcp.domain.existing_booking import AlreadyBooked
from slotmcp.domain.reasons import Change, Reason
from slotmcp.domain.waitlist import WaitlistState
from slotmcp.services.appointments import StartRequest
from slotmcp.services.corrections import UpdateRequest
from slotmcp.services.explanations import ExplainAnswer
from slotmcp.services.imports import ProjectPlan
from slotmcp.services.lookups import BookAnswer
from slotmcp.services.rescheduling import RescheduleAnswer, RescheduleRequest
from slotmcp.services.status_changes import CancelRequest
from support.shop import CALLER, Shop, at, booking, plan, service, technician
from support.waiting import join
from unit.services.conftest import Open

MONDAY, TUESDAY, THURSDAY = 0, 1, 3
ANA, BEN = technician("ana", "09:00-12:00"), technician("ben", "09:00-12:00", priority=2)
CITY = ServiceArea(id="city", postal_codes=("80202", "8021*"), technician_ids=("ben",))
HILLS = ServiceArea(
    id="hills", postal_codes=("804*",), days=frozenset({TUESDAY, THURSDAY}), extra_minutes=30, fee="$45 trip charge"
)
NEAR, HILLY, FOREIGN = "80202", "80401", "99999"


def business(*technicians: Any, areas: tuple[ServiceArea, ...] = (CITY, HILLS), **rules: Any) -> ProjectPlan:  # noqa: ANN401  fields of a Project
    """Return a business with two areas."""
    return plan(*(technicians or (ANA, BEN)), areas=areas, slot_interval_minutes=60, **rules)


async def explain(shop: Shop, start: str, postal_code: str, **facts: Any) -> ExplainAnswer:  # noqa: ANN401  fields of a StartRequest
    """Explain a start for a postal code."""
    return await shop.app.explanations.explain_slot(StartRequest(start=at(start), postal_code=postal_code, **facts))


async def move(shop: Shop, booked: BookAnswer, **facts: Any) -> RescheduleAnswer:  # noqa: ANN401  fields of a RescheduleRequest
    """Reschedule a booking as its own caller."""
    request = RescheduleRequest(booking_id=booked.booking.id, phone=CALLER.phone, **facts)
    return await shop.app.bookings.reschedule_booking(request)


async def stored(shop: Shop, booked: BookAnswer) -> Booking:
    """Return a booking as it is stored."""
    kept = await shop.store.booking("shop", booked.booking.id)
    assert kept is not None
    return kept


async def test_only_the_technicians_of_an_area_are_offered_and_sold(opened: Open) -> None:
    shop = await opened(business())
    answer = await shop.slots(postal_code=NEAR)
    assert {candidate.technician_id for slot in answer.offer.slots for candidate in slot.candidates} == {"ben"}
    assert {slot.capacity for slot in answer.offer.slots} == {1}
    assert (answer.area, answer.postal_code) == (CITY, NEAR)
    booked = await shop.book("09:00", postal_code=NEAR)
    assert booked.booking.claim.technician_id == "ben"
    with pytest.raises(SlotUnavailable) as refused:
        await shop.hold("09:00", postal_code=NEAR)
    assert refused.value.reason is Reason.BOOKED


async def test_a_hold_keeps_its_postal_code_and_its_booking_does(opened: Open) -> None:
    shop = await opened(business())
    hold = await shop.hold("10:00", postal_code=NEAR)
    assert (hold.hold.claim.postal_code, hold.hold.claim.technician_id) == (NEAR, "ben")
    booked = await shop.book_hold(hold)
    assert (await stored(shop, booked)).claim.postal_code == NEAR


async def test_a_technician_who_does_not_serve_the_area_is_refused_by_that_reason(opened: Open) -> None:
    shop = await opened(business())
    with pytest.raises(SlotUnavailable) as refused:
        await shop.hold("09:00", postal_code=NEAR, technician_id="ana")
    assert refused.value.reason is Reason.OUTSIDE_AREA
    offer = refused.value.alternatives
    assert offer is not None
    assert offer.unavailable_technician is not None
    assert [other.id for other in offer.unavailable_technician.others] == ["ben"]
    answer = await shop.slots(postal_code=NEAR, technician_id="ana")
    assert answer.reasons == {Reason.OUTSIDE_AREA: 1}
    explained = await explain(shop, "09:00", NEAR)
    assert {one.technician_id: one.reason for one in explained.explanation.technicians} == {
        "ana": Reason.OUTSIDE_AREA,
        "ben": None,
    }


async def test_an_area_is_served_on_its_days_in_the_projects_zone(opened: Open) -> None:
    """On Monday at 15:00 in UTC it is Tuesday in Kiritimati."""
    night = technician("ana", "08:00-18:00")
    shop = await opened(business(night, timezone="Pacific/Kiritimati"))
    assert await shop.offered(postal_code=HILLY) == "10:00 11:00 12:00 13:00 14:00 15:00 16:00 17:00"
    with pytest.raises(SlotUnavailable) as refused:
        await shop.hold("09:00", postal_code=HILLY)
    assert refused.value.reason is Reason.AREA_DAY


async def test_another_day_on_which_the_area_is_served_is_offered_instead(opened: Open) -> None:
    shop = await opened(business())
    answer = await shop.slots(postal_code=HILLY)
    assert answer.reasons == {Reason.AREA_DAY: 18 * 2}
    assert answer.next_free is not None
    assert answer.next_free.start == at("2025-06-03T09:00")
    explained = await explain(shop, "10:00", HILLY)
    assert explained.explanation.reason_of(None) is Reason.AREA_DAY
    openings = {opening.change: opening.slot.start for opening in explained.explanation.openings}
    assert openings == {Change.OTHER_DAY: at("2025-06-03T10:00")}


async def test_the_extra_minutes_of_an_area_are_added_to_both_buffers(opened: Open) -> None:
    shop = await opened(business(ANA, services=(service("visit", before=5, after=10),)))
    booked = await shop.book("2025-06-03T10:00", postal_code=HILLY)
    claim = (await stored(shop, booked)).claim
    assert (claim.buffer_before_minutes, claim.buffer_after_minutes) == (35, 40)
    tuesday = {"from_": at("2025-06-03T00:00"), "to": at("2025-06-04T00:00")}
    assert await shop.offered(postal_code=HILLY, **tuesday) == ""
    assert await shop.offered(postal_code="80299", **tuesday) == ""


async def test_times_without_a_postal_code_ignore_the_areas_and_cannot_be_had(opened: Open) -> None:
    shop = await opened(business())
    answer = await shop.slots()
    assert answer.lacks_postal_code
    assert {slot.capacity for slot in answer.offer.slots} == {2}
    booked = await shop.book("09:00", postal_code=NEAR)
    held = await shop.hold("10:00", postal_code=NEAR)
    attempts = [
        shop.hold("11:00", who="another"),
        shop.book("11:00", customer=replace(CALLER, phone="+1 303 555 0177")),
        join(shop, "kim"),
    ]
    for attempt in attempts:
        with pytest.raises(InvalidArgument) as refused:
            await attempt
        (problem,) = refused.value.fields
        assert (problem.field, problem.kind) == ("postalCode", ProblemKind.POSTAL_CODE)
    assert await shop.offered(postal_code=NEAR) == "11:00"
    assert (await shop.hold("10:00")).hold.token == held.hold.token
    assert (await move(shop, booked, start=at("11:00"))).booked.booking.claim.postal_code == NEAR


async def test_a_booking_of_an_earlier_program_needs_its_postal_code_to_move(opened: Open) -> None:
    shop = await opened(plan(ANA, BEN))
    booked = await shop.book("09:00")
    await shop.app.projects.import_project(business(), prune=False)
    with pytest.raises(InvalidArgument) as refused:
        await move(shop, booked, start=at("10:00"))
    assert [problem.field for problem in refused.value.fields] == ["postalCode"]
    moved = await move(shop, booked, start=at("10:00"), postal_code=NEAR)
    assert (moved.booked.booking.claim.postal_code, moved.booked.booking.claim.technician_id) == (NEAR, "ben")


async def test_an_address_that_no_area_contains_is_refused(opened: Open) -> None:
    shop = await opened(business())
    answer = await shop.slots(postal_code=FOREIGN)
    assert (answer.offer.slots, answer.next_free, answer.reasons) == ((), None, {Reason.OUTSIDE_AREA: 2})
    booked = await shop.book("09:00", postal_code=NEAR)
    update = UpdateRequest(booking_id=booked.booking.id, phone=CALLER.phone, postal_code=FOREIGN)
    attempts = [
        shop.hold("11:00", postal_code=FOREIGN),
        shop.book("11:00", postal_code=FOREIGN, customer=replace(CALLER, phone="+1 303 555 0177")),
        join(shop, "kim", postal_code=FOREIGN),
        move(shop, booked, start=at("11:00"), postal_code=FOREIGN),
        shop.app.bookings.update_booking(update),
    ]
    for attempt in attempts:
        with pytest.raises(InvalidArgument) as refused:
            await attempt
        (problem,) = refused.value.fields
        assert (problem.field, problem.kind) == ("postalCode", ProblemKind.OUTSIDE_AREA)
    explained = await explain(shop, "11:00", FOREIGN)
    assert {one.reason for one in explained.explanation.technicians} == {Reason.OUTSIDE_AREA}
    assert (explained.explanation.slot, explained.explanation.openings) == (None, ())


async def test_an_address_that_no_area_contains_is_accepted_if_the_project_says_so(opened: Open) -> None:
    shop = await opened(business(outside_areas=OutsideAreas.ACCEPT))
    answer = await shop.slots(postal_code=FOREIGN)
    assert answer.area is None
    assert not answer.lacks_postal_code
    assert {slot.capacity for slot in answer.offer.slots} == {2}
    booked = await shop.book("09:00", postal_code=FOREIGN)
    assert (booked.booking.claim.technician_id, booked.booking.claim.postal_code) == ("ana", FOREIGN)


async def test_a_postal_code_is_stored_and_ignored_in_a_project_without_areas(opened: Open) -> None:
    shop = await opened(plan(ANA))
    assert await shop.offered(postal_code=FOREIGN) == await shop.offered()
    booked = await shop.book_hold(await shop.hold("09:00", postal_code=FOREIGN))
    assert (await stored(shop, booked)).claim.postal_code == FOREIGN
    assert booked.booking.attention.causes == frozenset()


async def test_a_hold_for_another_postal_code_or_priority_replaces_the_callers(opened: Open) -> None:
    shop = await opened(plan(ANA, BEN))
    first = await shop.hold("09:00", postal_code=NEAR)
    assert (await shop.hold("09:00", postal_code=NEAR)).hold.token == first.hold.token
    assert (await shop.hold("09:00")).hold.token == first.hold.token
    second = await shop.hold("09:00", postal_code=HILLY)
    assert (second.replayed, second.hold.claim.postal_code) == (False, HILLY)
    third = await shop.hold("09:00", postal_code=HILLY, priority=Priority.EMERGENCY)
    assert (third.replayed, third.hold.claim.priority) == (False, Priority.EMERGENCY)
    states = [await shop.store.hold("shop", one.hold.token) for one in (first, second, third)]
    assert [one and one.state for one in states] == [ClaimState.RELEASED, ClaimState.RELEASED, ClaimState.HELD]


async def test_a_key_with_another_postal_code_holds_again(opened: Open) -> None:
    shop = await opened(plan(ANA))
    first = await shop.hold("09:00", postal_code=NEAR, idempotency_key="once")
    again = await shop.hold("09:00", postal_code=NEAR, idempotency_key="once")
    other = await shop.hold("09:00", postal_code=HILLY, idempotency_key="once")
    assert (again.replayed, again.hold.token) == (True, first.hold.token)
    assert (other.replayed, other.hold.claim.postal_code) == (False, HILLY)


async def test_the_hold_decides_the_postal_code_and_the_priority_of_its_booking(opened: Open) -> None:
    shop = await opened(plan(ANA))
    hold = await shop.hold("09:00", postal_code=NEAR, priority=Priority.EMERGENCY)
    with pytest.raises(InvalidArgument) as refused:
        await shop.book_hold(hold, postal_code=HILLY)
    assert [problem.field for problem in refused.value.fields] == ["postalCode"]
    booked = await shop.book_hold(hold, postal_code=NEAR, priority=Priority.NORMAL)
    claim = (await stored(shop, booked)).claim
    assert (claim.postal_code, claim.priority) == (NEAR, Priority.EMERGENCY)


async def test_a_hold_without_a_postal_code_takes_that_of_its_booking(opened: Open) -> None:
    shop = await opened(plan(ANA))
    booked = await shop.book_hold(await shop.hold("09:00"), postal_code=NEAR)
    assert (await stored(shop, booked)).claim.postal_code == NEAR


async def test_an_own_hold_for_another_postal_code_is_not_booked(opened: Open) -> None:
    shop = await opened(plan(ANA, BEN))
    other = await shop.hold("09:00", postal_code=NEAR)
    booked = await shop.book("09:00", postal_code=HILLY, customer_reference="caller-1-c7a1f93e05b24d68")
    assert (await stored(shop, booked)).claim.postal_code == HILLY
    kept = await shop.store.hold("shop", other.hold.token)
    assert kept is not None
    assert kept.state is ClaimState.HELD


async def test_a_repeated_booking_completes_the_postal_code_and_never_changes_it(opened: Open) -> None:
    shop = await opened(plan(ANA, BEN))
    first = await shop.book("09:00")
    completed = await shop.book("09:00", postal_code=NEAR)
    assert (completed.replayed, completed.booking.id, completed.stored) == (True, first.booking.id, ("postalCode",))
    repeated = await shop.book("09:00", postal_code=NEAR, priority=Priority.EMERGENCY)
    assert (repeated.replayed, repeated.booking.claim.priority) == (True, Priority.NORMAL)
    with pytest.raises(AlreadyBooked):
        await shop.book("09:00", postal_code=HILLY)


async def test_a_retry_is_answered_after_the_areas_changed(opened: Open) -> None:
    shop = await opened(business())
    hold = await shop.hold("09:00", postal_code=NEAR)
    booked = await shop.book_hold(hold)
    await shop.app.projects.import_project(business(areas=(HILLS,)), prune=False)
    again = await shop.book_hold(hold)
    assert (again.replayed, again.booking.id) == (True, booked.booking.id)


async def test_a_moved_booking_keeps_its_postal_code_and_priority(opened: Open) -> None:
    shop = await opened(business())
    booked = await shop.book("09:00", postal_code=NEAR, priority=Priority.EMERGENCY)
    moved = (await move(shop, booked, start=at("11:00"))).booked.booking.claim
    assert (moved.postal_code, moved.priority, moved.technician_id) == (NEAR, Priority.EMERGENCY, "ben")
    answer = await shop.slots(booking_id=booked.booking.id, phone=CALLER.phone)
    assert (answer.postal_code, answer.priority, answer.area) == (NEAR, Priority.EMERGENCY, CITY)


async def test_a_booking_moves_to_another_postal_code_with_its_buffers(opened: Open) -> None:
    shop = await opened(business())
    booked = await shop.book("09:00", postal_code=NEAR)
    with pytest.raises(SlotUnavailable):
        await move(shop, booked, start=at("11:00"), postal_code=HILLY)
    moved = await move(shop, booked, start=at("2025-06-03T10:00"), postal_code=HILLY, priority=Priority.EMERGENCY)
    claim = (await stored(shop, moved.booked)).claim
    assert (claim.postal_code, claim.priority) == (HILLY, Priority.EMERGENCY)
    assert (claim.buffer_before_minutes, claim.buffer_after_minutes) == (30, 30)


async def test_a_booking_takes_the_postal_code_of_the_hold_to_which_it_moves(opened: Open) -> None:
    shop = await opened(business())
    booked = await shop.book("09:00", postal_code=NEAR)
    own = {"booking_id": booked.booking.id, "phone": CALLER.phone}
    hold = await shop.hold("2025-06-03T10:00", postal_code=HILLY, **own)
    with pytest.raises(InvalidArgument) as refused:
        await move(shop, booked, hold_token=hold.hold.token, postal_code=NEAR)
    assert [problem.field for problem in refused.value.fields] == ["postalCode"]
    await move(shop, booked, hold_token=hold.hold.token)
    claim = (await stored(shop, booked)).claim
    assert (claim.postal_code, claim.start) == (HILLY, at("2025-06-03T10:00"))
    assert (claim.buffer_before_minutes, claim.buffer_after_minutes) == (30, 30)


async def test_a_page_belongs_to_its_postal_code_and_priority(opened: Open) -> None:
    shop = await opened(business(outside_areas=OutsideAreas.ACCEPT))
    page = await shop.slots(postal_code=NEAR, limit=1)
    assert (await shop.slots(postal_code=NEAR, limit=1, cursor=page.next_cursor)).offer.slots
    for other in ({"postal_code": FOREIGN}, {"postal_code": NEAR, "priority": Priority.EMERGENCY}):
        with pytest.raises(InvalidArgument) as refused:
            await shop.slots(limit=1, cursor=page.next_cursor, **other)
        assert [problem.field for problem in refused.value.fields] == ["cursor"]


async def test_a_waiting_caller_is_offered_freed_time_of_the_area(opened: Open) -> None:
    ana, ben = technician("ana", "09:00-10:00"), technician("ben", "09:00-10:00")
    shop = await opened(business(ana, ben))
    bens, anas = await shop.book("09:00", postal_code=NEAR), await _book_with(shop, "ana")
    joined = await join(shop, "kim", postal_code=NEAR, priority=Priority.EMERGENCY)
    assert joined.entry.state is WaitlistState.WAITING
    await _cancel(shop, anas)
    (entry,) = await shop.store.waitlist_entries("shop", *WaitlistState)
    assert (entry.state, entry.postal_code, entry.priority) == (WaitlistState.WAITING, NEAR, Priority.EMERGENCY)
    await _cancel(shop, bens)
    (entry,) = await shop.store.waitlist_entries("shop", *WaitlistState)
    assert entry.state is WaitlistState.OFFERED
    offer = await shop.store.hold("shop", entry.hold_token)
    assert offer is not None
    claim = offer.claim
    assert (claim.technician_id, claim.postal_code, claim.priority) == ("ben", NEAR, Priority.EMERGENCY)


async def _book_with(shop: Shop, technician_id: str) -> BookAnswer:
    """Book a technician who serves only the code of no restriction, so that the other one stays free."""
    customer = replace(CALLER, name="Lee", phone="+1 303 555 0177")
    await shop.app.projects.import_project(
        business(technician("ana", "09:00-10:00"), technician("ben", "09:00-10:00"), outside_areas=OutsideAreas.ACCEPT),
        prune=False,
    )
    return await shop.book("09:00", postal_code=FOREIGN, technician_id=technician_id, customer=customer)


async def _cancel(shop: Shop, booked: BookAnswer) -> None:
    contact = booked.booking.customer
    assert contact is not None
    await shop.app.bookings.cancel_booking(CancelRequest(booking_id=booked.booking.id, phone=contact.phone))


async def test_a_day_on_which_the_area_is_not_served_has_no_waitlist(opened: Open) -> None:
    shop = await opened(business())
    with pytest.raises(NothingToWaitFor) as refused:
        await join(shop, "kim", postal_code=HILLY)
    assert refused.value.reason is Reason.AREA_DAY


async def test_another_postal_code_corrects_the_entry_of_the_waitlist(opened: Open) -> None:
    full = plan(technician("ana", "09:00-10:00"), bookings=[booking("b", "ana", "09:00")])
    shop = await opened(full)
    first = await join(shop, "kim", postal_code=NEAR)
    second = await join(shop, "kim", postal_code=HILLY, priority=Priority.EMERGENCY)
    third = await join(shop, "kim")
    assert (second.entry.id, second.is_changed) == (first.entry.id, True)
    assert (second.entry.postal_code, second.entry.priority) == (HILLY, Priority.EMERGENCY)
    assert (third.entry.postal_code, third.entry.priority) == (HILLY, Priority.NORMAL)


async def test_a_corrected_postal_code_marks_a_booking_that_does_not_fit(opened: Open) -> None:
    shop = await opened(business())
    booked = await shop.book("09:00", postal_code=NEAR)
    update = UpdateRequest(booking_id=booked.booking.id, phone=CALLER.phone, postal_code=HILLY)
    corrected = await shop.app.bookings.update_booking(update)
    assert corrected.needs_attention
    kept = await stored(shop, booked)
    assert kept.claim.postal_code == HILLY
    assert kept.attention.causes == {AttentionCause.AREA_DAY}
    assert (await shop.app.bookings.update_booking(update)).booked.replayed


async def test_an_import_marks_bookings_and_moves_or_withdraws_holds(opened: Open) -> None:
    shop = await opened(business(areas=(replace(CITY, technician_ids=()),)))
    moved = await shop.hold("10:00", postal_code=NEAR)
    booked = await shop.book("09:00", postal_code=NEAR, technician_id="ana")
    asked = await shop.hold("11:00", postal_code=NEAR, technician_id="ana", who="caller-2")
    assert moved.hold.claim.technician_id == "ana"
    await shop.app.projects.import_project(business(areas=(CITY,)), prune=False)
    assert (await stored(shop, booked)).attention.causes == {AttentionCause.OUTSIDE_AREA}
    first, second = [await shop.store.hold("shop", one.hold.token) for one in (moved, asked)]
    assert first is not None
    assert second is not None
    assert (first.state, first.claim.technician_id) == (ClaimState.HELD, "ben")
    assert second.state is ClaimState.WITHDRAWN
    await shop.app.projects.import_project(business(areas=(replace(CITY, technician_ids=()),)), prune=False)
    assert (await stored(shop, booked)).attention.causes == frozenset()


async def test_a_hold_on_a_day_that_is_no_longer_served_is_kept_and_its_booking_marked(opened: Open) -> None:
    shop = await opened(business())
    hold = await shop.hold("09:00", postal_code=NEAR)
    tuesdays = replace(CITY, days=frozenset({TUESDAY}))
    await shop.app.projects.import_project(business(areas=(tuesdays,)), prune=False)
    booked = await shop.book_hold(hold)
    assert (await stored(shop, booked)).attention.causes == {AttentionCause.AREA_DAY}


async def test_a_hold_whose_area_is_removed_is_withdrawn_and_says_so(opened: Open) -> None:
    daily = replace(HILLS, days=frozenset())
    shop = await opened(business(areas=(CITY, daily)))
    booked = await shop.book("09:00", postal_code=HILLY)
    hold = await shop.hold("10:00", postal_code=HILLY)
    other = await shop.hold("11:00", booking_id=booked.booking.id, phone=CALLER.phone, who="caller-2")
    report = await shop.app.projects.import_project(business(areas=(CITY,)), prune=False)
    assert report.effects.holds_withdrawn == 2
    with pytest.raises(HoldWithdrawn):
        await shop.book_hold(hold)
    with pytest.raises(HoldWithdrawn):
        await move(shop, booked, hold_token=other.hold.token)


async def test_a_hold_stays_bookable_after_the_homes_moved_far_away(opened: Open) -> None:
    shop = await opened(plan(technician("ana", "09:00-12:00", home=DENVER), BEN))
    hold = await shop.hold("09:00", location=DENVER)
    elsewhere = plan(technician("ana", "09:00-12:00", home=FAR), BEN)
    await shop.app.projects.import_project(elsewhere, prune=False)
    assert (await shop.book_hold(hold)).booking.claim.location == DENVER


async def test_a_location_that_a_hold_lacks_is_checked(opened: Open) -> None:
    shop = await opened(plan(technician("ana", "09:00-12:00", home=DENVER), BEN))
    hold = await shop.hold("09:00")
    with pytest.raises(InvalidArgument):
        await shop.book_hold(hold, location=FAR)


async def test_a_hold_makes_room_for_a_job_that_only_its_technician_serves(opened: Open) -> None:
    everybody, only_ana = replace(CITY, technician_ids=()), replace(HILLS, days=frozenset(), technician_ids=("ana",))
    shop = await opened(business(areas=(everybody, only_ana)))
    movable = await shop.hold("10:00", postal_code=NEAR)
    assert movable.hold.claim.technician_id == "ana"
    held = await shop.hold("10:00", postal_code=HILLY, who="caller-2")
    assert held.hold.claim.technician_id == "ana"
    moved = await shop.store.hold("shop", movable.hold.token)
    assert moved is not None
    assert moved.claim.technician_id == "ben"


async def test_a_hold_never_moves_to_a_technician_who_does_not_serve_its_area(opened: Open) -> None:
    only_ana = replace(HILLS, days=frozenset(), technician_ids=("ana",))
    shop = await opened(business(areas=(only_ana,)))
    await shop.hold("10:00", postal_code=HILLY)
    assert await shop.offered(postal_code=HILLY) == ""
    with pytest.raises(SlotUnavailable):
        await shop.hold("10:00", postal_code=HILLY, who="caller-2")


FAR, DENVER = Location(48.85, 2.35), Location(39.74, -104.99)


async def test_a_location_far_from_every_home_is_refused(opened: Open) -> None:
    shop = await opened(plan(technician("ana", "09:00-12:00", home=DENVER), BEN))
    booked = await shop.book("11:00", location=DENVER)
    attempts = [
        shop.slots(location=FAR),
        shop.hold("09:00", location=FAR),
        shop.book("09:00", location=FAR, customer=replace(CALLER, phone="+1 303 555 0177")),
        join(shop, "kim", location=FAR),
        explain(shop, "09:00", "", location=FAR),
        shop.app.bookings.update_booking(UpdateRequest(booking_id=booked.booking.id, phone=CALLER.phone, location=FAR)),
    ]
    for attempt in attempts:
        with pytest.raises(InvalidArgument) as refused:
            await attempt
        (problem,) = refused.value.fields
        assert (problem.field, problem.kind) == ("latitude", ProblemKind.OUTSIDE_AREA)


@pytest.mark.parametrize(("longitude", "is_accepted"), [(-104.99, True), (-99.2, True), (-99.0, False)])
async def test_five_hundred_kilometers_are_accepted(opened: Open, longitude: float, *, is_accepted: bool) -> None:
    """A degree of longitude has 85.5 km in Denver, so 5.8 degrees have 496 km and 6.0 have 513 km."""
    shop = await opened(plan(technician("ana", "09:00-12:00", home=DENVER)))
    place = Location(39.74, longitude)
    if is_accepted:
        assert (await shop.slots(location=place)).offer.slots
    else:
        with pytest.raises(InvalidArgument):
            await shop.slots(location=place)


async def test_a_project_without_any_home_refuses_no_location(opened: Open) -> None:
    shop = await opened(plan(ANA))
    assert (await shop.book("09:00", location=FAR)).booking.claim.location == FAR


async def test_a_hold_is_reassigned_only_to_a_technician_of_its_area(opened: Open) -> None:
    """Ben precedes Cem in every ranking, but only Cem serves the area after the import."""
    three = (ANA, BEN, technician("cem", "09:00-12:00", priority=3))
    shop = await opened(business(*three, areas=(replace(CITY, technician_ids=()),)))
    hold = await shop.hold("10:00", postal_code=NEAR)
    assert hold.hold.claim.technician_id == "ana"
    cems = replace(CITY, technician_ids=("cem",))
    await shop.app.projects.import_project(business(*three, areas=(cems,)), prune=False)
    kept = await shop.store.hold("shop", hold.hold.token)
    assert kept is not None
    assert (kept.state, kept.claim.technician_id) == (ClaimState.HELD, "cem")


async def test_a_hold_of_an_earlier_program_needs_a_postal_code_to_be_booked(opened: Open) -> None:
    shop = await opened(plan(ANA, BEN))
    hold = await shop.hold("09:00")
    await shop.app.projects.import_project(business(areas=(replace(CITY, technician_ids=()),)), prune=False)
    with pytest.raises(InvalidArgument) as refused:
        await shop.book_hold(hold)
    assert [problem.field for problem in refused.value.fields] == ["postalCode"]
    assert (await shop.book_hold(hold, postal_code=NEAR)).booking.claim.postal_code == NEAR
