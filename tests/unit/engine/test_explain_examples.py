"""Reasons and openings by handwritten examples. The current time is Monday, 08:00."""

from dataclasses import replace
from datetime import date

import pytest

from slotmcp.domain.catalog import Location, TechnicianStatus, TimeOff, TravelMode, TravelPolicy
from slotmcp.domain.reasons import Change, Reason, combined_reasons
from slotmcp.domain.schedule import TechnicianSchedule
from slotmcp.engine.availability import Availability
from slotmcp.engine.explain import explain, reasons_between
from slotmcp.engine.need import Need
from slotmcp.engine.travel import site_at
from unit.engine.examples import SHOP, at, booking, hold, job, schedule, technician, technician_schedule, weekly

DAY = technician("a", "09:00-17:00")
LUNCH = replace(DAY, breaks=(weekly("12:00-12:30"), weekly("12:30-13:00")))
LAST = replace(DAY, breaks=(weekly("16:00-18:00"),))
TRAVEL = TravelPolicy(mode=TravelMode.ESTIMATED)
DENVER, BOULDER = Location(39.7392, -104.9903), Location(40.015, -105.2705)
COMMUTER = replace(DAY, home=BOULDER)


@pytest.mark.parametrize(
    ("worker", "start", "reason", "until"),
    [
        pytest.param(technician_schedule(DAY), "10:00", None, None, id="free"),
        pytest.param(
            technician_schedule(replace(DAY, status=TechnicianStatus.OFF)), "10:00", Reason.INACTIVE, None, id="off"
        ),
        pytest.param(technician_schedule(DAY), "16:30", Reason.OUTSIDE_SHIFT, None, id="it would end after work"),
        pytest.param(technician_schedule(LUNCH), "11:30", Reason.BREAK, "13:00", id="two breaks in a row"),
        pytest.param(technician_schedule(LUNCH), "12:30", Reason.BREAK, "13:00", id="in the middle of a break"),
        pytest.param(
            technician_schedule(LAST), "15:30", Reason.BREAK, "18:00", id="a break that ends when work is over"
        ),
        pytest.param(
            technician_schedule(replace(LUNCH, time_off=(TimeOff(start=at("13:00"), end=at("15:00")),))),
            "11:30",
            Reason.BREAK,
            "13:00",
            id="a break with time off behind it",
        ),
        pytest.param(
            technician_schedule(replace(DAY, time_off=(TimeOff(start=at("09:00"), end=at("11:20")),))),
            "11:00",
            Reason.TIME_OFF,
            "11:20",
            id="time off",
        ),
        pytest.param(
            technician_schedule(DAY, booking("10:00", 60, after=15)), "11:00", Reason.BOOKED, "11:00", id="its buffer"
        ),
        pytest.param(technician_schedule(DAY, hold("10:30", 60)), "10:00", Reason.HELD, "11:30", id="held"),
        pytest.param(technician_schedule(DAY, busy=[("10:30", "10:45")]), "10:00", Reason.BUSY, "10:45", id="busy"),
        pytest.param(
            technician_schedule(replace(DAY, max_bookings_per_day=1), booking("15:00", 60)),
            "10:00",
            Reason.DAY_FULL,
            None,
            id="full",
        ),
        pytest.param(technician_schedule(COMMUTER), "09:30", Reason.TRAVEL, None, id="the way from home"),
        pytest.param(technician_schedule(DAY), "10:10", Reason.OFF_GRID, None, id="between two starts"),
        pytest.param(technician_schedule(DAY), "09:00", Reason.NOTICE, None, id="too soon"),
        pytest.param(technician_schedule(DAY), "2025-06-02T07:00Z", Reason.PAST, None, id="past"),
        pytest.param(technician_schedule(DAY), "2025-08-04T10:00Z", Reason.HORIZON, None, id="long after the horizon"),
    ],
)
def test_a_reason_has_an_end(worker: TechnicianSchedule, start: str, reason: Reason | None, until: str | None) -> None:
    shown = explain(_asked(worker), _visit(60), at(start))
    assert [one.reason for one in shown.technicians] == [reason]
    assert [one.until for one in shown.technicians] == [at(until) if until else None]
    assert (shown.slot is None) == (reason is not None)


def test_a_closed_date_differs_from_a_day_off() -> None:
    tuesday = at("2025-06-03T10:00Z")
    weekdays = replace(DAY, shifts=(weekly("09:00-17:00", days=[1]),))
    shop = schedule(technician_schedule(weekdays), technician_schedule(technician("b")))
    closed = replace(shop, project=replace(SHOP, closed_dates=(date(2025, 6, 3),)))
    shown = explain(Availability.of(closed, at("08:00") * 60_000), job(60), tuesday)
    assert [one.reason for one in shown.technicians] == [Reason.HOLIDAY, Reason.OUTSIDE_SHIFT]


def test_missing_skills_are_named() -> None:
    shown = explain(
        _asked(technician_schedule(replace(DAY, skills=frozenset({"pipes"})))),
        job(60, skills="wires pipes"),
        at("10:00"),
    )
    assert [(one.reason, one.missing_skills) for one in shown.technicians] == [(Reason.SKILL_MISSING, ("wires",))]


def test_openings_list_the_smallest_change_first() -> None:
    """Check a request for B, 90 minutes at 10:00; B has a booking at 11:00, A is free."""
    shop = technician_schedule(DAY), technician_schedule(technician("b", "09:00-14:00"), booking("11:00", 60))
    shown = explain(_asked(*shop), job(90, technician_id="b"), at("10:00"))
    assert [(one.change, one.slot.start, one.slot.end - one.slot.start) for one in shown.openings] == [
        (Change.ANY_TECHNICIAN, at("10:00"), 90),
        (Change.SHORTER, at("10:00"), 60),
        (Change.OTHER_TIME, at("09:30"), 90),
        (Change.OTHER_DAY, at("2025-06-03T10:00Z"), 90),
    ]


def test_hours_outside_shifts_count_only_without_other_reasons() -> None:
    availability = _asked(technician_schedule(DAY, booking("09:00", 480)))
    until_night = reasons_between(availability, job(60), at("09:30"), at("23:00"))
    assert combined_reasons(until_night.by_technician) == {Reason.BOOKED: 14}
    assert until_night.by_technician["a"][Reason.OUTSIDE_SHIFT] > 0
    assert until_night.main is Reason.BOOKED
    at_night = reasons_between(availability, job(60), at("18:00"), at("19:00"))
    assert combined_reasons(at_night.by_technician) == {Reason.OUTSIDE_SHIFT: 2}
    assert at_night.main is Reason.OUTSIDE_SHIFT


def _asked(*technician_schedules: TechnicianSchedule) -> Availability:
    project = replace(SHOP, travel=TRAVEL, min_notice_minutes=61)
    return Availability.of(schedule(*technician_schedules, project=project), at("08:00") * 60_000)


def _visit(minutes: int) -> Need:
    return replace(job(minutes), site=site_at(DENVER, TRAVEL))
