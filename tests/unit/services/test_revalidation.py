"""Imports and other changes: bookings that no longer fit are marked, and lose the mark when they fit again."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Final

import pytest

from slotmcp.domain.attention import Attention, AttentionCause
from slotmcp.domain.booking import BookingStatus
from slotmcp.domain.catalog import (
    DateOverride,
    Location,
    Technician,
    TechnicianStatus,
    TimeOff,
    TravelMode,
    TravelPolicy,
)
from slotmcp.domain.claim import BusyTime
from slotmcp.domain.errors import HoldWithdrawn
from slotmcp.domain.recurrence import WallSpan
from slotmcp.domain.waitlist import WaitlistState
from slotmcp.services.imports import ImportReport, ProjectPlan
from slotmcp.services.rescheduling import RescheduleRequest
from slotmcp.services.status_changes import CancelRequest
from slotmcp.services.technicians import TimeOffRequest
from support.shop import CALLER, Shop, at, booking, customer, hours, plan, service, technician, with_technicians
from support.sqlite_file import fingerprint
from support.waiting import join
from unit.services.conftest import Open

TUESDAY: Final = date(2025, 6, 3)
ONE: Final = at("2025-06-03T13:00")
DAY: Final = (at("2025-06-03T00:00"), at("2025-06-04T00:00"))
ANA: Final = technician("ana", "08:00-17:00", skills="gas")
BEN: Final = technician("ben", "08:00-17:00", priority=2)
SHOP: Final = plan(ANA, services=(service("visit", skills="gas"), service("check")), default_service_id="visit")
NEAR, FAR = Location(39.74, -104.99), Location(39.98, -104.99)

CHANGES: Final[Mapping[str, tuple[ProjectPlan, AttentionCause]]] = {
    "time off": (
        with_technicians(SHOP, replace(ANA, time_off=(TimeOff(start=DAY[0], end=DAY[1]),))),
        AttentionCause.TIME_OFF,
    ),
    "time off for a minute": (
        with_technicians(SHOP, replace(ANA, time_off=(TimeOff(start=ONE + 59, end=ONE + 60),))),
        AttentionCause.TIME_OFF,
    ),
    "a closed date": (
        replace(SHOP, project=replace(SHOP.project, closed_dates=(TUESDAY,))),
        AttentionCause.BUSINESS_CLOSED,
    ),
    "status off": (
        with_technicians(SHOP, replace(ANA, status=TechnicianStatus.OFF)),
        AttentionCause.TECHNICIAN_OFF,
    ),
    "shorter hours": (
        with_technicians(SHOP, replace(ANA, shifts=(hours("08:00-13:30"),))),
        AttentionCause.OUTSIDE_HOURS,
    ),
    "another zone": (
        with_technicians(SHOP, replace(ANA, timezone="Asia/Tokyo")),
        AttentionCause.OUTSIDE_HOURS,
    ),
    "a break": (
        with_technicians(SHOP, replace(ANA, breaks=(hours("13:30-14:30"),))),
        AttentionCause.OUTSIDE_HOURS,
    ),
    "a day off by override": (
        with_technicians(SHOP, replace(ANA, overrides=(DateOverride(date=TUESDAY),))),
        AttentionCause.OUTSIDE_HOURS,
    ),
    "a shorter day by override": (
        with_technicians(
            SHOP,
            replace(
                ANA, overrides=(DateOverride(date=TUESDAY, windows=(WallSpan(start_minute=480, end_minute=800),)),)
            ),
        ),
        AttentionCause.OUTSIDE_HOURS,
    ),
    "a skill that the technician lost": (
        with_technicians(SHOP, replace(ANA, skills=frozenset())),
        AttentionCause.SKILL_MISSING,
    ),
    "a skill that the service needs now": (
        replace(SHOP, services=(service("visit", skills="gas solar"), service("check"))),
        AttentionCause.SKILL_MISSING,
    ),
    "a busy time": (
        replace(SHOP, busy=(BusyTime(technician_id="ana", start=ONE, end=ONE + 15, source="truck"),)),
        AttentionCause.BUSY,
    ),
    "no bookings on a day": (
        with_technicians(SHOP, replace(ANA, max_bookings_per_day=0)),
        AttentionCause.DAY_FULL,
    ),
}


async def bring(shop: Shop, business: ProjectPlan, *, prune: bool = False, dry_run: bool = False) -> ImportReport:
    return await shop.app.projects.import_project(business, prune=prune, dry_run=dry_run)


async def attention(shop: Shop) -> dict[int, Attention]:
    """Return the attention of each marked booking, by start."""
    return {one.claim.start: one.attention for one in await shop.store.bookings("shop") if one.attention}


def marked(report: ImportReport) -> list[int]:
    """Return the starts of the bookings that an import lists."""
    return [one.found.booking.claim.start for one in report.effects.listed]


@pytest.mark.parametrize("change", CHANGES)
async def test_an_import_marks_a_booking_until_its_cause_is_gone(opened: Open, change: str) -> None:
    changed, cause = CHANGES[change]
    shop = await opened(SHOP)
    await shop.book(ONE)
    report = await bring(shop, changed)
    assert (report.effects.marked, marked(report)) == (1, [ONE])
    assert await attention(shop) == {ONE: Attention.of(cause)}
    back = await bring(shop, SHOP, prune=True)
    assert (back.effects.marked, back.effects.cleared) == (0, 1)
    assert await attention(shop) == {}


@pytest.mark.parametrize(
    ("changed", "is_marked"),
    [
        (replace(ANA, shifts=(hours("13:00-14:00"),)), False),
        (replace(ANA, shifts=(hours("13:00-13:59"),)), True),
        (replace(ANA, shifts=(hours("13:01-14:01"),)), True),
        (replace(ANA, shifts=(hours("08:00-13:30"), hours("13:30-17:00"))), False),
        (replace(ANA, breaks=(hours("12:00-13:00"), hours("14:00-15:00"))), False),
        (replace(ANA, breaks=(hours("13:59-15:00"),)), True),
        (replace(ANA, time_off=(TimeOff(start=ONE - 60, end=ONE), TimeOff(start=ONE + 60, end=DAY[1]))), False),
        (replace(ANA, time_off=(TimeOff(start=ONE - 60, end=ONE + 1),)), True),
        (replace(ANA, max_bookings_per_day=1), False),
        (replace(ANA, timezone="Europe/Lisbon", shifts=(hours("14:00-15:00"),)), False),
        (replace(ANA, timezone="Europe/Lisbon", shifts=(hours("13:00-14:00"),)), True),
    ],
)
async def test_a_booking_that_just_fits_is_not_marked(opened: Open, changed: Technician, *, is_marked: bool) -> None:
    shop = await opened(SHOP)
    await shop.book(ONE)
    assert (await bring(shop, with_technicians(SHOP, changed))).effects.marked == is_marked


@pytest.mark.parametrize(("minutes", "is_marked"), [(63, False), (64, True)])
async def test_a_drive_that_just_fits_is_not_marked(opened: Open, minutes: int, *, is_marked: bool) -> None:
    """The drive takes 27 minutes of distance, and the minutes of each stop."""
    travel = TravelPolicy(mode=TravelMode.ESTIMATED, speed_kmh=60, road_factor=1, minutes_per_stop=5)
    ana = replace(ANA, home=NEAR, shifts=(hours("08:00-17:00"),))
    shop = await opened(with_technicians(replace(SHOP, project=replace(SHOP.project, travel=travel)), ana))
    await shop.book(at("2025-06-03T09:30"), location=FAR)
    slower = replace(SHOP.project, travel=replace(travel, minutes_per_stop=minutes))
    report = await bring(shop, with_technicians(replace(SHOP, project=slower), ana))
    assert report.effects.marked == is_marked


async def test_a_public_holiday_is_a_cause_unless_an_override_opens_the_date(opened: Open) -> None:
    fourth = at("2025-07-04T13:00")
    far = replace(SHOP, project=replace(SHOP.project, horizon_days=60))
    shop = await opened(far)
    await shop.book(fourth)
    american = replace(far, project=replace(far.project, holiday_regions=("US",)))
    assert marked(await bring(shop, american)) == [fourth]
    assert await attention(shop) == {fourth: Attention.of(AttentionCause.BUSINESS_CLOSED)}
    opening = DateOverride(date=date(2025, 7, 4), windows=(WallSpan(start_minute=480, end_minute=1020),))
    open_anyway = with_technicians(american, replace(ANA, overrides=(opening,)))
    assert (await bring(shop, open_anyway)).effects.cleared == 1
    assert await attention(shop) == {}


async def test_a_service_that_an_import_removes_is_a_cause(opened: Open) -> None:
    shop = await opened(SHOP)
    await shop.book(ONE)
    checks = replace(SHOP, services=(service("check"),), project=replace(SHOP.project, default_service_id="check"))
    assert (await bring(shop, checks)).effects.marked == 0, "without --prune the service stays"
    assert marked(await bring(shop, checks, prune=True)) == [ONE]
    assert await attention(shop) == {ONE: Attention.of(AttentionCause.SERVICE_REMOVED)}
    assert (await bring(shop, SHOP)).effects.cleared == 1


async def test_a_dry_run_lists_the_same_bookings_and_marks_none(opened: Open) -> None:
    shop = await opened(SHOP)
    await shop.book(ONE)
    changed, _ = CHANGES["time off"]
    before = fingerprint(shop.path)
    tried = await bring(shop, changed, dry_run=True)
    assert fingerprint(shop.path) == before
    assert (tried.effects.marked, marked(tried)) == (1, [ONE])
    assert (await bring(shop, changed)).effects == tried.effects


async def test_a_booking_stays_marked_while_another_cause_remains(opened: Open) -> None:
    shop = await opened(SHOP)
    await shop.book(ONE)
    off, _ = CHANGES["time off"]
    closed = replace(off, project=replace(off.project, closed_dates=(TUESDAY,)))
    await bring(shop, closed)
    both = Attention.of(AttentionCause.TIME_OFF, AttentionCause.BUSINESS_CLOSED)
    assert await attention(shop) == {ONE: both}
    report = await bring(shop, off)
    assert (report.effects.marked, report.effects.cleared) == (0, 0), "it was known, and still does not fit"
    assert await attention(shop) == {ONE: Attention.of(AttentionCause.TIME_OFF)}


async def test_a_booking_that_did_not_fit_before_is_not_newly_affected(opened: Open) -> None:
    late = at("2025-06-03T20:00")
    shop = await opened(replace(SHOP, bookings=(booking("b-1", "ana", late),)))
    assert await attention(shop) == {}, "the operator booked it outside hours"
    shorter = with_technicians(SHOP, replace(ANA, shifts=(hours("08:00-12:00"),)))
    assert (await bring(shop, shorter)).effects.marked == 0
    away = with_technicians(SHOP, replace(ANA, time_off=(TimeOff(start=DAY[0], end=DAY[1]),)))
    assert marked(await bring(shop, away)) == [late], "that the technician is away is new"
    assert (await bring(shop, SHOP)).effects.cleared == 1
    assert await attention(shop) == {}, "the hours were accepted from the beginning"


async def test_bookings_of_the_same_file_are_accepted_as_they_are(opened: Open) -> None:
    shop = await opened(SHOP)
    off, _ = CHANGES["time off"]
    report = await bring(shop, replace(off, bookings=(booking("b-1", "ana", ONE),)))
    assert (report.effects.marked, await attention(shop)) == (0, {})


async def test_bookings_that_have_begun_are_not_marked(opened: Open) -> None:
    shop = await opened(SHOP)
    await shop.book(ONE)
    await shop.book(ONE + 60, customer=customer(2))
    shop.clock.set_ms(ONE * 60_000)
    report = await bring(shop, CHANGES["status off"][0])
    assert marked(report) == [ONE + 60]
    assert list(await attention(shop)) == [ONE + 60]


async def test_a_mark_ends_after_the_start_if_its_cause_does(opened: Open) -> None:
    shop = await opened(SHOP)
    await shop.book(ONE)
    await bring(shop, CHANGES["status off"][0])
    shop.clock.set_ms((ONE + 30) * 60_000)
    assert (await bring(shop, SHOP)).effects.cleared == 1
    assert await attention(shop) == {}


async def test_bookings_far_beyond_the_horizon_are_checked(opened: Open) -> None:
    shop = await opened(replace(SHOP, bookings=(booking("b-1", "ana", "2026-03-03T13:00"),)))
    assert (await bring(shop, replace(SHOP, project=replace(SHOP.project, horizon_days=2)))).effects.marked == 0
    closed = replace(SHOP, project=replace(SHOP.project, closed_dates=(date(2026, 3, 3),)))
    assert marked(await bring(shop, closed)) == [at("2026-03-03T13:00")]


async def test_an_affected_booking_names_the_technicians_who_could_take_it(opened: Open) -> None:
    cem, dan = technician("cem", "08:00-17:00", skills="gas"), technician("dan", "08:00-12:00", skills="gas")
    shop = await opened(with_technicians(SHOP, ANA, BEN, cem, dan))
    await shop.book(ONE, technician_id="ana")
    report = await bring(shop, with_technicians(SHOP, replace(ANA, status=TechnicianStatus.OFF), BEN, cem, dan))
    (affected,) = report.effects.listed
    assert [one.id for one in affected.able] == ["cem"], "ben lacks the skill, dan does not work then"
    listed = await shop.app.attention.list_attention(None)
    assert [(one.found.booking.id, [able.id for able in one.able]) for one in listed.affected] == [
        (affected.found.booking.id, ["cem"])
    ]


async def test_an_import_moves_or_withdraws_holds(opened: Open) -> None:
    cem = technician("cem", "08:00-17:00", skills="gas", priority=2)
    team = with_technicians(SHOP, ANA, cem)
    shop = await opened(team)
    movable, chosen = await shop.hold(ONE, who="a"), await shop.hold(ONE + 60, who="b", technician_id="ana")
    report = await bring(
        shop, with_technicians(SHOP, replace(ANA, time_off=CHANGES["time off"][0].technicians[0].time_off), cem)
    )
    assert (report.effects.holds_moved, report.effects.holds_withdrawn) == (1, 1)
    assert (await shop.book_hold(movable)).technician.id == "cem"
    with pytest.raises(HoldWithdrawn):
        await shop.book_hold(chosen, customer=customer(2))


async def test_one_withdrawn_hold_is_enough_when_the_daily_limit_shrinks(opened: Open) -> None:
    shop = await opened(SHOP)
    for number in range(3):
        await shop.hold(ONE + 60 * number, who=f"caller-{number}")
    report = await bring(shop, with_technicians(SHOP, replace(ANA, max_bookings_per_day=2)))
    assert (report.effects.holds_moved, report.effects.holds_withdrawn) == (0, 1)


async def test_a_withdrawn_offer_of_the_waitlist_ends_and_another_technician_is_offered(opened: Open) -> None:
    cem = technician("cem", "08:00-17:00", skills="gas", status=TechnicianStatus.OFF)
    ana = technician("ana", "13:00-14:00", skills="gas")
    team = with_technicians(SHOP, ana, cem)
    shop = await opened(team)
    taken = await shop.book(ONE)
    wait = await join(shop, "kim", from_=ONE, to=ONE + 300)
    await shop.app.bookings.cancel_booking(CancelRequest(booking_id=taken.booking.id))
    assert (await shop.app.waitlist.look_up(wait.entry.id)).entry.state is WaitlistState.OFFERED
    await bring(shop, with_technicians(SHOP, replace(ana, status=TechnicianStatus.OFF), cem))
    assert (await shop.app.waitlist.look_up(wait.entry.id)).entry.state is WaitlistState.WAITING
    await bring(
        shop,
        with_technicians(SHOP, replace(ana, status=TechnicianStatus.OFF), replace(cem, status=TechnicianStatus.ACTIVE)),
    )
    assert (await shop.app.waitlist.look_up(wait.entry.id)).entry.state is WaitlistState.OFFERED


async def test_a_booking_of_the_file_within_the_buffers_of_another_is_a_cause(opened: Open) -> None:
    buffered = replace(SHOP, services=(service("visit", skills="gas", after=30), service("check")))
    shop = await opened(buffered)
    await shop.book(ONE)
    report = await bring(shop, replace(buffered, bookings=(booking("b-1", "ana", ONE + 75),)))
    assert marked(report) == [ONE]
    assert await attention(shop) == {ONE: Attention.of(AttentionCause.TOO_CLOSE)}
    await shop.app.bookings.cancel_booking(CancelRequest(booking_id="b-1"))
    assert await attention(shop) == {}


async def test_a_longer_drive_is_a_cause(opened: Open) -> None:
    driving = replace(SHOP, project=replace(SHOP.project, travel=TravelPolicy(mode=TravelMode.ESTIMATED, speed_kmh=60)))
    shop = await opened(with_technicians(driving, replace(ANA, home=NEAR)))
    await shop.book(at("2025-06-03T09:00"), location=FAR)
    slow = replace(driving.project, travel=TravelPolicy(mode=TravelMode.ESTIMATED, speed_kmh=20))
    report = await bring(shop, with_technicians(replace(driving, project=slow), replace(ANA, home=NEAR)))
    assert marked(report) == [at("2025-06-03T09:00")]
    assert list((await attention(shop)).values()) == [Attention.of(AttentionCause.TRAVEL_TIME)]


@pytest.mark.parametrize("way", ["cancel", "move"])
async def test_bookings_over_a_daily_limit_fit_again_when_others_leave(opened: Open, way: str) -> None:
    shop = await opened(SHOP)
    first = await shop.book(ONE)
    await shop.book(ONE + 60, customer=customer(2))
    report = await bring(shop, with_technicians(SHOP, replace(ANA, max_bookings_per_day=1)))
    assert marked(report) == [ONE, ONE + 60]
    if way == "cancel":
        await shop.app.bookings.cancel_booking(CancelRequest(booking_id=first.booking.id))
    else:
        move = RescheduleRequest(booking_id=first.booking.id, start=at("2025-06-05T09:00"))
        await shop.app.bookings.reschedule_booking(move)
    assert await attention(shop) == {}


async def test_an_import_without_changes_reports_no_effects(opened: Open) -> None:
    shop = await opened(SHOP)
    await shop.book(ONE)
    await bring(shop, CHANGES["time off"][0])
    before = fingerprint(shop.path)
    assert (await bring(shop, CHANGES["time off"][0])).effects.marked == 0
    assert fingerprint(shop.path) == before


async def test_only_claims_of_changed_technicians_are_affected(opened: Open) -> None:
    cem = technician("cem", "08:00-17:00", skills="gas")
    shop = await opened(with_technicians(SHOP, ANA, cem))
    await shop.book(ONE, technician_id="ana")
    await shop.book(ONE, technician_id="cem", customer=customer(2))
    report = await bring(shop, with_technicians(SHOP, ANA, replace(cem, status=TechnicianStatus.OFF)))
    assert [one.found.technician.id for one in report.effects.listed] == ["cem"]


async def test_time_off_does_not_list_a_completed_booking(opened: Open) -> None:
    shop = await opened(SHOP)
    booked = await shop.book("09:00")
    shop.at_time("09:30")
    await shop.app.bookings.set_booking_status(None, booked.booking.id, BookingStatus.COMPLETED)
    answer = await shop.app.technicians.add_time_off(
        TimeOffRequest(technician_id="ana", start=at("09:30"), end=at("12:00"))
    )
    assert answer.attention == ()
    assert await attention(shop) == {}


async def test_a_drive_that_was_accepted_is_not_new_after_a_closed_date_opens_again(opened: Open) -> None:
    travel = TravelPolicy(mode=TravelMode.ESTIMATED)
    near, far = booking("near", "ana", ONE), booking("far", "ana", ONE + 60)
    base = replace(
        with_technicians(SHOP, replace(ANA, home=NEAR)),
        project=replace(SHOP.project, travel=travel),
        bookings=tuple(
            replace(one, claim=replace(one.claim, location=place)) for one, place in ((near, NEAR), (far, FAR))
        ),
    )
    shop = await opened(base)
    for changed in (
        replace(base, project=replace(base.project, closed_dates=(TUESDAY,))),
        with_technicians(base, replace(ANA, home=NEAR, shifts=(hours("08:00-12:00"),))),
    ):
        assert (await bring(shop, changed)).effects.marked == 2
        back = await bring(shop, base)
        assert (back.effects.marked, back.effects.cleared) == (0, 2)
        assert await attention(shop) == {}, "the bookings were too far apart from the beginning"


async def test_a_forgotten_customer_has_no_drive_that_takes_too_long(opened: Open) -> None:
    travel = TravelPolicy(mode=TravelMode.ESTIMATED)
    base = replace(with_technicians(SHOP, replace(ANA, home=NEAR)), project=replace(SHOP.project, travel=travel))
    shop = await opened(base)
    await shop.book(at("2025-06-03T09:00"), location=FAR, customer=CALLER)
    slow = replace(base, project=replace(base.project, travel=replace(travel, speed_kmh=20)))
    await bring(shop, slow)
    assert list(await attention(shop)) == [at("2025-06-03T09:00")]
    assert (await shop.app.customers.forget(None, CALLER.phone)).erased == 1
    assert await attention(shop) == {}
