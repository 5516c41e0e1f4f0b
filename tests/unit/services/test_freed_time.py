"""Freed time is offered to the first fitting entry, in the transaction that frees it."""

import pytest

from slotmcp.domain.catalog import Location, TechnicianStatus, TravelMode, TravelPolicy
from slotmcp.domain.claim import ClaimState, Hold
from slotmcp.domain.errors import SlotUnavailable
from slotmcp.domain.waitlist import WaitlistState
from slotmcp.ports import Store
from slotmcp.services.imports import ProjectPlan
from slotmcp.services.rescheduling import RescheduleRequest
from slotmcp.services.status_changes import CancelRequest
from slotmcp.services.waitlist import WaitlistEntryStatus
from slotmcp.services.waitlist_queue import OFFER_MINUTES
from support.shop import Shop, at, booking, plan, secret, service, technician
from support.sqlite_file import fingerprint
from support.waiting import join, line, on, person, release, state
from unit.services.conftest import Open

ONE = plan(technician("ana", "09:00-10:00"))
OTHER = plan(technician("ana", "09:00-10:00"), id="other")
TWO_HOURS = plan(technician("ana", "09:00-11:00"))
LONG = plan(technician("ana", "09:00-12:00"), slot_interval_minutes=15)


async def waiting_for(shop: Shop, *names: str, start: str = "09:00", window: str = "06:00-18:00") -> str:
    """Hold a start, add these customers to the waitlist, and return the hold's token."""
    token = (await shop.hold(start, ttl_seconds=120)).hold.token
    for name in names:
        await join(shop, name, window)
    return token


async def offer_of(shop: Shop, wait: WaitlistEntryStatus) -> Hold:
    """Return the hold that a customer is offered."""
    status = await shop.app.waitlist.look_up(wait.entry.id)
    assert status.entry.state is WaitlistState.OFFERED
    assert status.hold is not None
    return status.hold


async def kinds(store: Store) -> list[str]:
    """Return the kinds of the events so far."""
    return [event.kind for event in await store.events("shop", 0)]


async def test_a_released_time_is_offered_to_the_first_entry(opened: Open) -> None:
    shop = await opened(ONE)
    token = await waiting_for(shop, "kim", "lee")
    await release(shop, token)
    assert await line(shop) == "kim:09:00 lee:1"
    assert await kinds(shop.store) == ["waitlist.offered"]


async def test_an_offer_lives_longer_than_a_callers_hold(opened: Open) -> None:
    shop = await opened(ONE)
    token = await waiting_for(shop)
    wait = await join(shop)
    await release(shop, token)
    hold = await offer_of(shop, wait)
    assert (hold.state, hold.claim.start, hold.claim.service_id) == (ClaimState.HELD, at("09:00"), "visit")
    assert hold.claim.expires_at_ms == shop.clock.now_ms() + OFFER_MINUTES * 60_000
    shop.clock.advance(seconds=OFFER_MINUTES * 60 - 1)
    assert await shop.offered() == "", "an offered time is not sold to other callers"
    with pytest.raises(SlotUnavailable):
        await shop.book("09:00")
    booked = await shop.book(hold_token=hold.token, customer=person("kim"))
    assert booked.booking.claim.start == at("09:00")


async def test_no_caller_gets_a_freed_time_before_the_waitlist(opened: Open) -> None:
    """There is no revision at which the time is available to all callers."""
    shop = await opened(ONE)
    token = await waiting_for(shop, "kim")
    before = await shop.revision()
    await release(shop, token)
    assert await shop.revision() == before + 1
    assert await shop.offered() == ""


async def test_each_freed_technician_is_offered_to_one_entry(opened: Open) -> None:
    shop = await opened(plan(technician("ana", "09:00-10:00"), technician("ben", "09:00-10:00")))
    tokens = [(await shop.hold("09:00", who=who)).hold.token for who in "ab"]
    for name in ("kim", "lee", "max"):
        await join(shop, name)
    await release(shop, tokens[0])
    assert await line(shop) == "kim:09:00 lee:1 max:2"
    await release(shop, tokens[1])
    assert await line(shop) == "kim:09:00 lee:09:00 max:1"


@pytest.mark.parametrize(
    "too_much",
    [
        {"duration_minutes": 90},
        {"window": "09:15-18:00"},
        {"window": "06:00-09:00"},
        {"technician_id": "ben"},
        {"service_id": "y-job"},
    ],
)
async def test_an_entry_that_a_time_does_not_fit_is_skipped(opened: Open, too_much: dict[str, object]) -> None:
    business = plan(
        technician("ana", "09:00-10:00", skills="x"),
        technician("ben", "08:30-10:30", skills="x y"),
        services=(service("visit", skills="x"), service("y-job", skills="y")),
        bookings=[booking("b", "ben", "08:30", 120)],
    )
    shop = await opened(business)
    token = (await shop.hold("09:00", service_id="visit")).hold.token
    window = str(too_much.pop("window", "06:00-18:00"))
    await join(shop, "kim", window, **{"service_id": "visit", **too_much})
    await join(shop, "lee", service_id="visit")
    await release(shop, token)
    queue = await line(shop)
    assert queue.startswith("kim:1 lee:09:00")


async def test_an_entry_that_is_too_far_away_is_skipped(opened: Open) -> None:
    home, far = Location(39.74, -104.99), Location(40.59, -105.08)
    shop = await opened(
        plan(technician("ana", "09:00-10:00", home=home), travel=TravelPolicy(mode=TravelMode.ESTIMATED))
    )
    token = await waiting_for(shop)
    await join(shop, "kim", location=far)
    near = await join(shop, "lee", location=home)
    await release(shop, token)
    assert await line(shop) == "kim:1 lee:09:00"
    assert (await offer_of(shop, near)).claim.location == home


async def test_an_offer_respects_the_requested_technician(opened: Open) -> None:
    shop = await opened(ONE)
    token = await waiting_for(shop)
    wait = await join(shop, technician_id="ana")
    await release(shop, token)
    assert (await offer_of(shop, wait)).claim.technician_chosen


async def test_the_earliest_fitting_start_is_offered(opened: Open) -> None:
    shop = await opened(TWO_HOURS)
    tokens = [(await shop.hold(start)).hold.token for start in ("09:00", "10:00")]
    await join(shop, "kim")
    shop.clock.advance(seconds=90)
    await shop.app.waitlist.sweep()
    assert await line(shop) == "kim:09:00"
    assert await shop.offered() == "10:00"
    assert len(tokens) == 2


async def test_the_sweep_offers_the_time_of_an_expired_hold(opened: Open) -> None:
    shop = await opened(ONE)
    await waiting_for(shop, "kim")
    shop.clock.advance(seconds=119)
    await shop.app.waitlist.sweep()
    assert await line(shop) == "kim:1"
    shop.clock.advance(seconds=1)
    await shop.app.waitlist.sweep()
    assert await line(shop) == "kim:09:00"


async def test_a_sweep_without_open_entries_changes_nothing(opened: Open) -> None:
    shop = await opened(ONE)
    await waiting_for(shop, "kim")
    before = fingerprint(shop.path)
    await shop.app.waitlist.sweep()
    assert fingerprint(shop.path) == before


async def test_an_expired_offer_goes_to_the_next_entry(opened: Open) -> None:
    shop = await opened(ONE)
    await release(shop, await waiting_for(shop, "kim", "lee"))
    shop.clock.advance(seconds=OFFER_MINUTES * 60)
    assert await line(shop) == "kim:2 lee:1", "even before the next sweep"
    await shop.app.waitlist.sweep()
    assert await line(shop) == "kim:1 lee:09:00"
    assert await kinds(shop.store) == ["waitlist.offered", "waitlist.waiting", "waitlist.offered"]


async def test_an_unreachable_customer_does_not_block_a_time(opened: Open) -> None:
    shop = await opened(ONE)
    await release(shop, await waiting_for(shop, "kim"))
    shop.clock.advance(seconds=OFFER_MINUTES * 60)
    await shop.app.waitlist.sweep()
    assert await line(shop) == "kim:1"
    assert await shop.offered() == "09:00"
    assert (await shop.book("09:00", customer=person("noa"))).booking.claim.start == at("09:00")


async def test_a_time_that_overlaps_a_declined_one_is_not_offered_again(opened: Open) -> None:
    shop = await opened(LONG)
    token = (await shop.hold("09:00", duration_minutes=180)).hold.token
    await join(shop, "kim")
    await release(shop, token)
    offered: list[str] = []
    for _ in range(5):
        await shop.app.waitlist.sweep()
        offered.append(await line(shop))
        shop.clock.advance(seconds=OFFER_MINUTES * 60)
    assert offered == ["kim:09:00", "kim:10:00", "kim:11:00", "kim:1", "kim:1"]


async def test_entries_with_declined_offers_come_last(opened: Open) -> None:
    shop = await opened(TWO_HOURS)
    nine, ten = [(await shop.hold(start, ttl_seconds=120)).hold.token for start in ("09:00", "10:00")]
    for name in ("kim", "lee"):
        await join(shop, name)
    await release(shop, nine)
    assert await line(shop) == "kim:09:00 lee:1"
    (kims,) = [one.hold for one in (await shop.app.waitlist.list_waitlist(None)).entries if one.hold]
    await release(shop, kims.token)
    assert await line(shop) == "kim:1 lee:09:00"
    await release(shop, ten)
    assert await line(shop) == "kim:10:00 lee:09:00"


async def test_releasing_an_offer_declines_it(opened: Open) -> None:
    shop = await opened(ONE)
    token = await waiting_for(shop)
    first, second = await join(shop, "kim"), await join(shop, "lee")
    await release(shop, token)
    await release(shop, (await offer_of(shop, first)).token)
    assert await state(shop, first) is WaitlistState.WAITING
    assert (await offer_of(shop, second)).claim.start == at("09:00")


async def test_an_entry_expires_with_its_window(opened: Open) -> None:
    shop = await opened(ONE)
    await waiting_for(shop)
    wait = await join(shop, window="06:00-09:30")
    shop.at_time("09:29")
    await shop.store.write("shop", lambda transaction: transaction.lapse_holds())
    assert await state(shop, wait) is WaitlistState.WAITING
    shop.at_time("09:30")
    await shop.app.waitlist.sweep()
    assert await state(shop, wait) is WaitlistState.EXPIRED
    assert await kinds(shop.store) == ["waitlist.expired"]
    assert await line(shop) == ""


async def test_an_offer_outlives_the_window(opened: Open) -> None:
    shop = await opened(ONE)
    token = await waiting_for(shop)
    shop.at_time("08:55")
    token = (await shop.hold("09:00", who="another")).hold.token
    wait = await join(shop, window="06:00-09:01")
    await release(shop, token)
    shop.at_time("09:05")
    await shop.app.waitlist.sweep()
    hold = await offer_of(shop, wait)
    assert (await shop.book(hold_token=hold.token, customer=person("kim"))).booking.claim.start == at("09:00")


async def test_offers_do_not_count_toward_a_callers_hold_limit(opened: Open) -> None:
    shop = await opened(
        plan(technician("ana", "09:00-12:00"), technician("ben", "13:00-15:00"), max_holds_per_customer=1)
    )
    tokens = [(await shop.hold(start, who=start)).hold.token for start in ("09:00", "10:00", "11:00")]
    await shop.hold("13:00", who="kims hash")
    wait = await join(shop, window="06:00-13:00", customer_reference=secret("kims hash"))
    await release(shop, tokens[0])
    assert (await offer_of(shop, wait)).claim.start == at("09:00"), "the limit does not block the offer"
    shop.clock.advance(seconds=90)
    await shop.hold("14:00", who="kims hash")
    with pytest.raises(Exception, match="already holds 1"):
        await shop.hold("13:00", who="kims hash")


async def test_the_time_of_a_replaced_hold_is_offered(opened: Open) -> None:
    shop = await opened(TWO_HOURS)
    token = await waiting_for(shop, "kim", window="06:00-09:30")
    await shop.hold("10:00", hold_token=token)
    assert await line(shop) == "kim:09:00"


async def test_an_offer_can_be_moved_like_any_hold(opened: Open) -> None:
    shop = await opened(
        plan(
            technician("ana", "09:00-10:00", skills="x y"),
            technician("ben", "09:00-10:00", skills="x"),
            services=(service("x-job", skills="x"), service("y-job", skills="y")),
        )
    )
    tokens = [(await shop.hold("09:00", who=who, service_id="x-job")).hold.token for who in "ab"]
    wait = await join(shop, service_id="x-job")
    for token in tokens:
        await release(shop, token)
    assert await shop.offered(service_id="y-job") == "09:00"
    await shop.book("09:00", service_id="y-job", customer=person("noa"))
    hold = await offer_of(shop, wait)
    assert (await shop.book(hold_token=hold.token, customer=person("kim"))).technician.id == "ben"


async def test_erasing_a_customer_expires_their_entry(opened: Open) -> None:
    shop = await opened(ONE)
    token = await waiting_for(shop)
    wait = await join(shop)
    await join(shop, "lee")
    assert await shop.store.write("shop", lambda tx: tx.erase_customer(tx.pseudonym("phone:+13035550000"))) == 1
    await release(shop, token)
    assert await state(shop, wait) is WaitlistState.EXPIRED
    assert await line(shop) == "lee:09:00"


async def test_an_entry_for_a_removed_service_stays_waiting(opened: Open) -> None:
    business = plan(technician("ana", "09:00-10:00"), services=(service("visit"), service("other")))
    shop = await opened(business)
    token = (await shop.hold("09:00", service_id="visit")).hold.token
    wait = await join(shop, service_id="other")
    await shop.app.projects.import_project(_without_other(business), prune=True)
    await release(shop, token)
    status = await shop.app.waitlist.look_up(wait.entry.id)
    assert (status.entry.state, status.service.name) == (WaitlistState.WAITING, "other")


def _without_other(business: ProjectPlan) -> ProjectPlan:
    return plan(*business.technicians, services=business.services[:1])


async def test_every_project_has_its_own_queue(opened: Open) -> None:
    shop = await opened(ONE)
    await shop.app.projects.import_project(OTHER, prune=False)
    await shop.hold("09:00", project_id="shop")
    token = (await shop.hold("09:00", project_id="other")).hold.token
    await join(shop, "kim", project_id="shop")
    theirs = await join(shop, "lee", project_id="other")
    assert (await shop.app.holds.release_hold("other", token)).released
    assert (await offer_of(shop, theirs)).claim.start == at("09:00")
    waiting = await shop.app.waitlist.list_waitlist("shop")
    assert [(one.entry.customer.name, one.entry.state) for one in waiting.entries] == [("Kim", WaitlistState.WAITING)]
    shop.clock.advance(seconds=90)
    await shop.app.waitlist.sweep()
    assert [one.entry.state for one in (await shop.app.waitlist.list_waitlist("shop")).entries] == [
        WaitlistState.OFFERED
    ]


async def test_events_are_returned_by_project_after_the_known_number(opened: Open) -> None:
    shop = await opened(ONE)
    await shop.app.projects.import_project(OTHER, prune=False)
    waits = []
    for project in ("shop", "other"):
        await shop.hold("09:00", project_id=project)
        waits.append(await join(shop, project_id=project))
    await shop.store.write("shop", lambda transaction: transaction.add_event("something.else", "x"))
    shop.clock.advance(seconds=90)
    await shop.app.waitlist.sweep()
    events_by_project = await shop.app.waitlist.events({})
    assert {
        project: [(one.kind, one.subject_id) for one in events] for project, events in events_by_project.items()
    } == {
        "shop": [("something.else", "x"), ("waitlist.offered", waits[0].entry.id)],
        "other": [("waitlist.offered", waits[1].entry.id)],
    }
    assert await shop.app.waitlist.events({"shop": events_by_project["shop"][-1].number, "other": 0}) == {
        "other": events_by_project["other"],
    }


async def test_a_newly_bookable_day_is_offered(opened: Open) -> None:
    shop = await opened(plan(technician("ana", "09:00-10:00"), horizon_days=0))
    await shop.hold("09:00")
    await join(shop, from_=at("06:00"), to=on(2, "00:00"))
    shop.at_time("2025-06-03T06:00")
    await shop.app.waitlist.sweep()
    assert await line(shop) == "kim:09:00"


async def test_an_import_offers_the_time_that_it_opens(opened: Open) -> None:
    shop = await opened(ONE)
    await shop.hold("09:00")
    wait = await join(shop)
    more = plan(technician("ana", "09:00-10:00"), technician("ben", "09:00-10:00"))
    await shop.app.projects.import_project(more, prune=False, dry_run=True)
    assert await state(shop, wait) is WaitlistState.WAITING
    await shop.app.projects.import_project(more, prune=False)
    assert await state(shop, wait) is WaitlistState.OFFERED
    assert await shop.offered() == ""


async def test_a_cancellation_offers_the_time_that_it_frees(opened: Open) -> None:
    shop = await opened(ONE)
    booked = await shop.book("09:00", customer=person("noa"))
    wait = await join(shop)
    before = await shop.revision()
    await shop.app.bookings.cancel_booking(CancelRequest(booking_id=booked.booking.id))
    assert await shop.revision() == before + 1
    assert (await offer_of(shop, wait)).claim.start == at("09:00")


async def test_rescheduling_offers_the_old_time(opened: Open) -> None:
    shop = await opened(TWO_HOURS)
    booked = await shop.book("09:00", customer=person("noa"))
    wait = await join(shop, window="09:00-09:30")
    await shop.app.bookings.reschedule_booking(RescheduleRequest(booking_id=booked.booking.id, start=at("10:00")))
    assert (await offer_of(shop, wait)).claim.start == at("09:00")


async def test_a_customer_can_move_their_booking_to_the_offer(opened: Open) -> None:
    shop = await opened(TWO_HOURS)
    booked = await shop.book("10:00", customer=person("kim"))
    token = (await shop.hold("09:00")).hold.token
    mine, next_one = await join(shop, "kim", "09:00-09:30"), await join(shop, "lee", "10:00-10:30")
    await release(shop, token)
    request = RescheduleRequest(booking_id=booked.booking.id, hold_token=(await offer_of(shop, mine)).token)
    moved = await shop.app.bookings.reschedule_booking(request)
    assert moved.booked.booking.claim.start == at("09:00")
    assert await state(shop, mine) is WaitlistState.BOOKED
    assert (await offer_of(shop, next_one)).claim.start == at("10:00")


async def test_a_returning_technicians_time_is_offered(opened: Open) -> None:
    off = technician("ana", "09:00-10:00", status=TechnicianStatus.OFF)
    shop = await opened(plan(off, technician("ben", "09:00-10:00"), bookings=[booking("b", "ben", "09:00")]))
    wait = await join(shop)
    await shop.app.technicians.set_technician_status(None, "ana", TechnicianStatus.ACTIVE)
    assert (await offer_of(shop, wait)).claim.technician_id == "ana"


async def test_an_entry_with_a_withdrawn_offer_keeps_its_position(opened: Open) -> None:
    shop = await opened(ONE)
    token = await waiting_for(shop)
    first = await join(shop, "kim")
    await join(shop, "lee")
    await release(shop, token)
    assert (await offer_of(shop, first)).claim.technician_id == "ana"
    await shop.app.technicians.set_technician_status(None, "ana", TechnicianStatus.OFF)
    assert await line(shop) == "kim:1 lee:2"
    await shop.app.technicians.set_technician_status(None, "ana", TechnicianStatus.ACTIVE)
    assert await line(shop) == "kim:09:00 lee:1"


async def test_a_hold_that_a_booking_does_not_use_is_offered(opened: Open) -> None:
    """The hold was for the same start as the booking."""
    shop = await opened(plan(technician("ana", "09:00-10:00"), technician("ben", "09:00-10:00")))
    booked = await shop.book("09:00")
    token = await waiting_for(shop, "kim")
    await shop.app.bookings.reschedule_booking(RescheduleRequest(booking_id=booked.booking.id, hold_token=token))
    assert await line(shop) == "kim:09:00"
