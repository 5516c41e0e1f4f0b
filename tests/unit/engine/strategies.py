"""Hypothesis strategies: schedules with all irregularities, at an instant near a clock change.

One composite strategy draws a whole case; its parts are plain functions of `draw`, which is twice as fast as
nested composites.
"""

from dataclasses import dataclass
from datetime import timedelta

from hypothesis import strategies as st

from slotmcp.domain.booking_rules import BookableSpan, OutsideAreas, Priority, ServiceArea
from slotmcp.domain.catalog import Project, ServiceType, SlotAlignment
from slotmcp.domain.schedule import Schedule
from slotmcp.engine.areas import area_of_job, in_area
from slotmcp.engine.need import Need
from slotmcp.engine.travel import site_at
from unit.engine.drawing import (
    BOTH,
    BUFFERS,
    EVERY_DAY,
    LENGTHS,
    MOMENTS,
    NONE,
    PIPES,
    a_place,
    a_ranking,
    a_travel_policy,
    date_of,
    minute_of,
    once_in,
    pick,
    whole,
)
from unit.engine.technician_schedules import a_closure, a_postal_code, a_technician_schedule, a_wall_span

REGIONS = ("US", "US-CO", "GB-ENG", "MA", "AU-NSW")
INTERVALS = (15, 5, 7, 10, 20, 30, 45, 60, 90)
TEAMS = (("a",), ("b", "a"), ("b", "a"), ("a", "b", "c"), ("d", "b", "a", "c"), ("e", "b", "c", "a", "d"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A schedule, the requirements of a job, and the current time."""

    schedule: Schedule
    need: Need
    now_ms: int

    @property
    def now(self) -> int:
        """Minute of the current time."""
        return self.now_ms // 60_000

    @property
    def span(self) -> tuple[int, int]:
        """Range of all possible starts, with a margin at both ends."""
        own = [one.horizon_days or 0 for one in self.schedule.services.values()]
        return self.now - 300, self.now + (max(self.schedule.project.horizon_days, *own, 0) + 1) * 1440 + 60


@st.composite
def cases(draw: st.DrawFn, zone: str | None = None) -> Case:
    """Draw a case in one time zone or any."""
    zone = zone or pick(draw, tuple(MOMENTS))
    now_ms = a_now(draw, zone)
    schedule = a_schedule(draw, zone, now_ms)
    return Case(schedule=schedule, need=a_need(draw, schedule), now_ms=now_ms)


def a_now(draw: st.DrawFn, zone: str) -> int:
    """Draw a time in milliseconds, within a day before a clock change or shortly after."""
    change = minute_of(pick(draw, MOMENTS[zone]))
    return (change + whole(draw, -1440, 600)) * 60_000 + pick(draw, (0, 1, 59_999))


def a_schedule(draw: st.DrawFn, zone: str, now_ms: int) -> Schedule:
    """Draw a schedule around the current time; one in three is crowded with holds."""
    crowded = once_in(draw, 3)
    catalog = {id_: a_service(draw, id_) for id_ in ("s1", "s2")}
    technician_schedules = [
        a_technician_schedule(draw, id_, zone, now_ms, crowded=crowded) for id_ in pick(draw, TEAMS)
    ]
    return Schedule(
        project=a_project(draw, zone, now_ms // 60_000),
        services=catalog,
        technician_schedules={one.technician.id: one for one in technician_schedules},
        revision=1,
    )


def a_need(draw: st.DrawFn, schedule: Schedule) -> Need:
    """Draw a job of some service, location and area, sometimes of another length or of one technician."""
    need = Need.of_service(
        pick(draw, tuple(schedule.services.values())),
        duration_minutes=pick(draw, (None, None, *LENGTHS)),
        technician_id=pick(draw, (None,) * 8 + tuple(schedule.technician_schedules)),
        site=site_at(a_place(draw), schedule.project.travel),
        priority=pick(draw, (Priority.NORMAL, Priority.NORMAL, Priority.EMERGENCY)),
    )
    return in_area(need, area_of_job(schedule.project, a_postal_code(draw)))


def a_project(draw: st.DrawFn, zone: str, now: int) -> Project:
    """Draw the rules of a project."""
    return Project(
        id="p",
        name="P",
        timezone=zone,
        slot_interval_minutes=pick(draw, INTERVALS),
        slot_alignment=pick(draw, tuple(SlotAlignment)),
        min_notice_minutes=pick(draw, (0, 0, 0, 60, 61, 1440)),
        horizon_days=pick(draw, (1, 1, 1, 0, 2)),
        candidate_ranking=a_ranking(draw),
        assignment_ranking=a_ranking(draw),
        travel=a_travel_policy(draw),
        holiday_regions=(pick(draw, REGIONS),) if once_in(draw, 4) else (),
        closed_dates=(date_of(now) + timedelta(days=whole(draw, -1, 2)),) if once_in(draw, 5) else (),
        closures=(a_closure(draw, date_of(now)),) if once_in(draw, 5) else (),
        areas=tuple(an_area(draw, id_) for id_ in ("x", "y")[: whole(draw, 1, 2)]) if once_in(draw, 3) else (),
        outside_areas=pick(draw, tuple(OutsideAreas)),
    )


def an_area(draw: st.DrawFn, id_: str) -> ServiceArea:
    """Draw an area, often with technicians and days of its own."""
    return ServiceArea(
        id=id_,
        postal_codes=pick(draw, (("10",), ("1*",), ("10..20",), ("2*", "10"), ("1*", "2*"))),
        technician_ids=pick(draw, ((), (), ("a",), ("b", "a"), ("c", "d"))),
        days=frozenset(day for day in range(7) if whole(draw, 0, 2)) if once_in(draw, 3) else frozenset(),
        extra_minutes=pick(draw, (0, 0, 15, 40)),
    )


def a_service(draw: st.DrawFn, id_: str) -> ServiceType:
    """Create a service."""
    return ServiceType(
        id=id_,
        name=id_,
        duration_minutes=pick(draw, LENGTHS),
        buffer_before_minutes=pick(draw, BUFFERS),
        buffer_after_minutes=pick(draw, BUFFERS),
        skills=pick(draw, (NONE, NONE, PIPES, BOTH)),
        min_duration_minutes=pick(draw, (None, None, 1, 30)),
        bookable=tuple(a_bookable_span(draw) for _ in range(whole(draw, 1, 3))) if once_in(draw, 3) else (),
        min_notice_minutes=pick(draw, (0, 30, 300)) if once_in(draw, 4) else None,
        horizon_days=pick(draw, (0, 1, 2, 3)) if once_in(draw, 4) else None,
        max_bookings_per_day=pick(draw, (1, 2, 4)) if once_in(draw, 4) else None,
    )


def a_bookable_span(draw: st.DrawFn) -> BookableSpan:
    """Draw a span in which a service can start."""
    return BookableSpan(
        days=frozenset(day for day in range(7) if whole(draw, 0, 3)) if once_in(draw, 4) else EVERY_DAY,
        span=a_wall_span(draw),
        priority=pick(draw, (Priority.NORMAL, Priority.EMERGENCY)),
    )
