"""Rush: few technicians, and many callers who want the same starts."""

from dataclasses import dataclass

from hypothesis import strategies as st

from slotmcp.domain.booking_rules import Priority
from slotmcp.domain.catalog import Location, Project, ServiceType, SlotAlignment, Technician
from slotmcp.domain.recurrence import WallSpan, WeeklySpan
from slotmcp.domain.schedule import Schedule, TechnicianSchedule
from unit.engine.drawing import (
    BOTH,
    EVERY_DAY,
    NONE,
    PIPES,
    PLACES,
    WIRES,
    a_ranking,
    a_travel_policy,
    minute_of,
    once_in,
    pick,
    whole,
)
from unit.engine.strategies import Case, a_need
from unit.engine.technician_schedules import a_priority


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A caller who takes one of the first offered starts at a location."""

    service: int
    nth: int
    requested: int | None
    hold: bool
    place: Location
    priority: Priority = Priority.NORMAL


@st.composite
def callers(draw: st.DrawFn) -> list[Caller]:
    """Draw callers: mostly holds, mostly without a requested technician, all for the same few starts."""
    return [
        Caller(
            service=whole(draw, 0, 2),
            nth=whole(draw, 0, 7),
            requested=whole(draw, 0, 4) if once_in(draw, 6) else None,
            hold=not once_in(draw, 6),
            place=pick(draw, PLACES[:5]),
            priority=a_priority(draw),
        )
        for _ in range(whole(draw, 1, 12))
    ]


@st.composite
def rushes(draw: st.DrawFn) -> Case:
    """Draw a few technicians with short hours, and services that some of them can do."""
    now = minute_of("2025-06-02T08:00Z")
    project = Project(
        id="p",
        name="P",
        timezone="UTC",
        slot_interval_minutes=30,
        slot_alignment=pick(draw, tuple(SlotAlignment)),
        min_notice_minutes=0,
        horizon_days=0,
        assignment_ranking=a_ranking(draw),
        travel=a_travel_policy(draw),
    )
    skills = {"s1": NONE, "s2": PIPES, "s3": WIRES}
    services = {
        id_: ServiceType(
            id=id_,
            name=id_,
            duration_minutes=pick(draw, (60, 30, 90)),
            buffer_after_minutes=pick(draw, (0, 0, 30)),
            skills=skill,
            max_bookings_per_day=pick(draw, (1, 2, 3)) if once_in(draw, 6) else None,
        )
        for id_, skill in skills.items()
    }
    people = [_in_a_rush(draw, id_) for id_ in "abcd"[: whole(draw, 2, 4)]]
    technician_schedules = {one.id: TechnicianSchedule(technician=one) for one in people}
    schedule = Schedule(project=project, services=services, technician_schedules=technician_schedules, revision=1)
    return Case(schedule=schedule, need=a_need(draw, schedule), now_ms=now * 60_000)


def _in_a_rush(draw: st.DrawFn, id_: str) -> Technician:
    start = pick(draw, (600, 600, 570, 630, 660))
    span = WallSpan(start_minute=start, end_minute=start + pick(draw, (60, 90, 120, 180)))
    return Technician(
        id=id_,
        name=id_,
        timezone="UTC",
        priority=whole(draw, 1, 3),
        skills=pick(draw, (BOTH, NONE, PIPES, WIRES)),
        home=pick(draw, (None, *PLACES[:5])),
        max_bookings_per_day=pick(draw, (None, None, None, 1)),
        shifts=(WeeklySpan(days=EVERY_DAY, span=span),),
        on_call=(WeeklySpan(days=EVERY_DAY, span=WallSpan(start_minute=540, end_minute=720)),)
        if once_in(draw, 4)
        else (),
    )
