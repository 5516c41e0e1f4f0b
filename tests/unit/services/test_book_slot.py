"""book_slot: booking of a held start, or of a start directly, with the best technician."""

from dataclasses import replace
from typing import Any

import pytest

from slotmcp.domain.booking import Customer, Visit
from slotmcp.domain.catalog import Location, RankingKey
from slotmcp.domain.errors import HoldExpired, InvalidArgument, SlotUnavailable
from slotmcp.services.booking_requests import BookRequest
from support.shop import CALLER, at, booking, customer, plan, service, technician
from support.sqlite_file import fingerprint, live_entries
from unit.services.conftest import Open

ANA = technician("ana", "09:00-12:00")
BEN = technician("ben", "09:00-12:00", priority=2)
HILL = Location(39.7392, -104.9903)
STARTS = ("09:00", "09:00", "10:00", "10:00")


def book_request(token: str, **facts: Any) -> BookRequest:  # noqa: ANN401  a BookRequest's fields
    return BookRequest(customer=CALLER, hold_token=token, **facts)


async def test_a_held_start_is_booked_and_no_longer_free(opened: Open) -> None:
    shop = await opened(plan(ANA))
    hold = await shop.hold("09:00")
    answer = await shop.book_hold(hold)
    assert not answer.replayed
    assert (answer.booking.claim.start, answer.booking.claim.end) == (at("09:00"), at("10:00"))
    assert answer.booking.id == hold.hold.claim.id
    assert answer.technician.id == "ana"
    assert await shop.offered() == "10:00 10:30 11:00"


async def test_a_booking_does_not_expire(opened: Open) -> None:
    shop = await opened(plan(ANA))
    await shop.book_hold(await shop.hold("09:00"))
    shop.clock.advance(seconds=3600)
    assert await shop.offered() == "10:00 10:30 11:00"


async def test_a_start_is_booked_directly(opened: Open) -> None:
    shop = await opened(plan(ANA))
    answer = await shop.book("09:30")
    assert answer.booking.claim.start == at("09:30")
    assert await shop.offered() == "10:30 11:00"


async def test_customer_and_visit_are_saved(opened: Open) -> None:
    shop = await opened(plan(ANA))
    visit = Visit(address="1 Élan St\nApt 2", notes="Dog! 🐕")
    customer = Customer(name="Zoë'); DROP TABLE claims;--", phone="+1 303 555 0142", email="zoe@example.com")
    answer = await shop.book("09:00", customer=customer, visit=visit, location=HILL)
    (kept,) = await shop.store.bookings("shop")
    assert kept == answer.booking
    assert (kept.visit, kept.claim.location) == (visit, HILL)
    assert kept.customer == replace(customer, phone="+13035550142")


async def test_the_default_ranking_is_bookings_that_day_then_priority(opened: Open) -> None:
    shop = await opened(plan(BEN, ANA))
    technicians = [(await shop.book(start, customer=customer(n))).technician.id for n, start in enumerate(STARTS)]
    assert technicians == ["ana", "ben", "ana", "ben"]


async def test_the_reason_contains_the_policy_and_the_winners_values(opened: Open) -> None:
    business = plan(ANA, BEN, bookings=[booking("b-1", "ana", "11:00")])
    shop = await opened(business)
    reason = (await shop.book("09:00")).booking.reason
    assert reason is not None
    assert reason.policy == (RankingKey.LOAD, RankingKey.PRIORITY, RankingKey.ETA)
    assert reason.values == {RankingKey.LOAD: 0, RankingKey.PRIORITY: 2}
    assert (reason.considered, reason.wished) == (2, False)


async def test_the_projects_ranking_decides(opened: Open) -> None:
    ranking = (RankingKey.PRIORITY, RankingKey.LOAD)
    shop = await opened(plan(ANA, BEN, assignment_ranking=ranking, bookings=[booking("b-1", "ana", "11:00")]))
    assert (await shop.book("09:00")).technician.id == "ana"


async def test_a_requested_technician_is_assigned(opened: Open) -> None:
    shop = await opened(plan(ANA, BEN))
    answer = await shop.book("09:00", technician_id="ben")
    assert answer.technician.id == "ben"
    assert answer.booking.reason is not None
    assert answer.booking.reason.wished
    with pytest.raises(SlotUnavailable):
        await shop.book("09:00", technician_id="ben", customer=Customer(name="Lee", phone="+1 303 555 0101"))


async def test_a_hold_with_a_requested_technician_is_booked_with_them(opened: Open) -> None:
    shop = await opened(plan(ANA, BEN))
    hold = await shop.hold("09:00", technician_id="ben")
    assert (await shop.book_hold(hold)).technician.id == "ben"


async def test_the_technician_is_chosen_when_booking_not_when_holding(opened: Open) -> None:
    """The technician of a hold is provisional: the ranking at the time of booking counts."""
    shop = await opened(plan(ANA, BEN))
    hold = await shop.hold("09:00")
    witness = hold.hold.claim.technician_id
    await shop.book("11:00", technician_id=witness)
    assert (await shop.book_hold(hold)).technician.id != witness


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"service_id": "other"}, "serviceType"),
        ({"start": at("10:00")}, "start"),
        ({"technician_id": "ana"}, "technicianId"),
        ({"duration_minutes": 30}, "durationMinutes"),
        ({"end": at("09:30")}, "end"),
    ],
)
async def test_fields_that_contradict_the_hold_are_rejected(opened: Open, facts: dict[str, Any], field: str) -> None:
    shop = await opened(plan(ANA, services=(service("visit"), service("other")), default_service_id="visit"))
    hold = await shop.hold("09:00")
    before = fingerprint(shop.path)
    with pytest.raises(InvalidArgument) as refused:
        await shop.app.bookings.book_slot(book_request(hold.hold.token, **facts))
    assert [one.field for one in refused.value.fields] == [field]
    assert fingerprint(shop.path) == before


async def test_a_hold_for_one_technician_is_not_booked_for_another(opened: Open) -> None:
    shop = await opened(plan(ANA, BEN))
    hold = await shop.hold("09:00", technician_id="ben")
    with pytest.raises(InvalidArgument) as refused:
        await shop.book_hold(hold, technician_id="ana")
    assert refused.value.fields[0].field == "technicianId"
    assert (await shop.book_hold(hold, technician_id="ben")).technician.id == "ben"


async def test_fields_that_repeat_the_hold_are_accepted(opened: Open) -> None:
    shop = await opened(plan(ANA))
    hold = await shop.hold("09:00")
    same = {"service_id": "visit", "start": at("09:00"), "end": at("10:00"), "duration_minutes": 60}
    assert not (await shop.app.bookings.book_slot(book_request(hold.hold.token, **same))).replayed


async def test_a_customer_needs_a_phone_number_or_an_email_address(opened: Open) -> None:
    shop = await opened(plan(ANA))
    with pytest.raises(InvalidArgument) as refused:
        await shop.book("09:00", customer=Customer(name="Nobody"))
    assert refused.value.fields[0].field == "customerPhone"
    assert await shop.offered() == "09:00 09:30 10:00 10:30 11:00"


async def test_a_start_or_a_hold_token_is_required(opened: Open) -> None:
    shop = await opened(plan(ANA))
    with pytest.raises(InvalidArgument) as refused:
        await shop.book()
    assert refused.value.fields[0].field == "start"


async def test_an_unknown_hold_is_reported_as_expired(opened: Open) -> None:
    shop = await opened(plan(ANA))
    with pytest.raises(HoldExpired):
        await shop.book(hold_token="never-was")  # noqa: S106  no secret


async def test_a_held_start_can_be_booked_after_the_notice_began(opened: Open) -> None:
    shop = await opened(plan(ANA, BEN, min_notice_minutes=180))
    hold = await shop.hold("09:00")
    shop.clock.advance(seconds=60)
    assert await shop.offered() == "09:30 10:00x2 10:30x2 11:00x2"
    assert (await shop.book_hold(hold)).booking.claim.start == at("09:00")


async def test_a_held_start_can_be_booked_after_the_grid_changed(opened: Open) -> None:
    shop = await opened(plan(ANA))
    hold = await shop.hold("09:30")
    await shop.app.projects.import_project(plan(ANA, slot_interval_minutes=60), prune=False)
    assert (await shop.book_hold(hold)).booking.claim.start == at("09:30")


async def test_buffers_between_two_jobs_add_up_when_booking(opened: Open) -> None:
    shop = await opened(plan(ANA, services=(service("visit", before=15, after=15),)))
    await shop.book("09:00")
    with pytest.raises(SlotUnavailable):
        await shop.book("10:00", customer=Customer(name="Lee", phone="+1 303 555 0101"))
    assert (await shop.book("10:30", customer=Customer(name="Lee", phone="+1 303 555 0101"))).technician.id == "ana"


async def test_a_hold_of_a_sick_technician_is_reassigned(opened: Open) -> None:
    shop = await opened(plan(ANA, BEN))
    hold = await shop.hold("09:00")
    assert hold.hold.claim.technician_id == "ana"
    await shop.app.projects.import_project(plan(technician("ana"), BEN), prune=False)
    assert (await shop.book_hold(hold)).technician.id == "ben"
    (live,) = live_entries(shop.path, shop.clock.now_ms())
    assert live.technician_id == "ben"


async def test_a_live_hold_can_be_booked_just_after_its_start(opened: Open) -> None:
    shop = await opened(plan(ANA))
    shop.at_time("08:59:30")
    hold = await shop.hold("09:00")
    shop.clock.advance(seconds=89)
    assert (await shop.book_hold(hold)).booking.claim.start == at("09:00")


async def test_a_hold_of_a_removed_service_stays_with_its_technician(opened: Open) -> None:
    able = technician("zoe", "09:00-12:00", skills="gas")
    shop = await opened(plan(able, ANA, services=(service("visit"), service("boiler", skills="gas"))))
    hold = await shop.hold("09:00", service_id="boiler")
    await shop.book("11:00", service_id="boiler")
    await shop.app.projects.import_project(plan(able, ANA), prune=True)
    answer = await shop.book_hold(hold)
    assert answer.technician.id == "zoe"
    assert answer.booking.reason is not None
    assert not answer.booking.reason.wished


async def test_bookings_and_holds_count_towards_the_daily_limit(opened: Open) -> None:
    shop = await opened(plan(technician("ana", "09:00-17:00", max_bookings_per_day=2)))
    await shop.book("09:00")
    await shop.hold("10:00")
    assert await shop.offered() == ""
    with pytest.raises(SlotUnavailable):
        await shop.book("11:00", customer=customer(1))
    tomorrow = "2025-06-03T11:00Z"
    assert (await shop.book(tomorrow, customer=customer(1))).technician.id == "ana"
    shop.clock.advance(seconds=90)
    assert (await shop.book("11:00", customer=customer(1))).technician.id == "ana"
