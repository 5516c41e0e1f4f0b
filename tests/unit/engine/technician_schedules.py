"""Strategies for technicians, and for what takes their time."""

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import strategies as st

from slotmcp.domain.booking_rules import Closure, Priority
from slotmcp.domain.catalog import DateOverride, Technician, TechnicianStatus, TimeOff
from slotmcp.domain.claim import BusyTime, Claim
from slotmcp.domain.recurrence import WHOLE_DAY, FloatingBreak, RecurringTimeOff, WallSpan, WeeklySpan
from slotmcp.domain.schedule import TechnicianSchedule
from unit.engine.drawing import (
    BOTH,
    BUFFERS,
    EVERY_DAY,
    LENGTHS,
    MOMENTS,
    NONE,
    PIPES,
    a_place,
    date_of,
    once_in,
    pick,
    whole,
)


def a_technician_schedule(draw: st.DrawFn, id_: str, zone: str, now_ms: int, *, crowded: bool) -> TechnicianSchedule:
    """Draw a technician schedule; in a crowded one the technician works around the clock, full of live holds."""
    now = now_ms // 60_000
    if crowded:
        skills, home = pick(draw, (BOTH, BOTH, PIPES)), a_place(draw)
        person = Technician(id=id_, name=id_, timezone=zone, skills=skills, home=home, shifts=(ALWAYS,))
        return TechnicianSchedule(technician=person, claims=holds_in_a_row(draw, id_, now_ms))
    return TechnicianSchedule(
        technician=a_technician(draw, id_, zone, now),
        claims=some_claims(draw, id_, now_ms),
        busy=tuple(a_busy_time(draw, id_, now) for _ in range(pick(draw, (0, 0, 1, 2)))),
    )


def a_technician(draw: st.DrawFn, id_: str, zone: str, now: int) -> Technician:
    """Draw a technician with any hours, sometimes in another time zone."""
    today = date_of(now)
    return Technician(
        id=id_,
        name=id_,
        timezone=pick(draw, tuple(MOMENTS)) if once_in(draw, 4) else zone,
        priority=whole(draw, 1, 3),
        status=TechnicianStatus.OFF if once_in(draw, 12) else TechnicianStatus.ACTIVE,
        skills=pick(draw, (BOTH, BOTH, PIPES, NONE)),
        home=a_place(draw),
        max_bookings_per_day=pick(draw, (None, None, None, 1, 2, 3)),
        shifts=tuple(a_weekly_span(draw, today) for _ in range(whole(draw, 1, 3))),
        breaks=tuple(a_weekly_span(draw, today, longest=120) for _ in range(pick(draw, (0, 0, 1, 2)))),
        floating_breaks=some_floating_breaks(draw, today) if once_in(draw, 4) else (),
        on_call=tuple(a_weekly_span(draw, today) for _ in range(whole(draw, 1, 2))) if once_in(draw, 3) else (),
        overrides=(an_override(draw, today),) if once_in(draw, 4) else (),
        time_off=(an_absence(draw, now),) if once_in(draw, 4) else (),
        recurring_time_off=(a_recurring_absence(draw, today),) if once_in(draw, 5) else (),
    )


def a_weekly_span(draw: st.DrawFn, today: date, *, longest: int = 14 * 60) -> WeeklySpan:
    """Draw a recurring span: mostly every day, some on certain days, some from or until about today, some by a rule."""
    if once_in(draw, 6):
        return a_rare_span(draw, today, longest=longest)
    some_days = frozenset(day for day in range(7) if whole(draw, 0, 1)) if once_in(draw, 4) else EVERY_DAY
    edge = today + timedelta(days=whole(draw, -1, 2)) if once_in(draw, 4) else None
    since = once_in(draw, 2)
    return WeeklySpan(
        days=some_days,
        span=a_wall_span(draw, longest=longest),
        valid_from=edge if since else None,
        valid_until=None if since else edge,
    )


RULES = (
    "FREQ=DAILY;INTERVAL=2",
    "FREQ=DAILY",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=SA,SU,MO",
    "FREQ=WEEKLY;BYDAY=SU,TU,TH,SA",
    "FREQ=MONTHLY;BYDAY=1SU,2SU,-1SU,1MO,-1SA",
    "FREQ=MONTHLY;BYMONTHDAY=1,2,3,30,-1",
    "FREQ=DAILY;COUNT=5",
    "FREQ=YEARLY;BYWEEKNO=10,14,44;BYDAY=SA,SU",
)


def a_rare_span(draw: st.DrawFn, today: date, *, longest: int) -> WeeklySpan:
    """Draw a span that recurs by a rule, or in some weeks only, from a week before today or later."""
    span, first = a_wall_span(draw, longest=longest), today + timedelta(days=whole(draw, -8, 1))
    if once_in(draw, 2):
        return WeeklySpan(days=EVERY_DAY, span=span, valid_from=first, every_weeks=whole(draw, 2, 3))
    return WeeklySpan(days=NO_DAYS, span=span, valid_from=first, rrule=pick(draw, RULES))


def some_floating_breaks(draw: st.DrawFn, today: date) -> tuple[FloatingBreak, ...]:
    """Draw one floating break or two."""
    return tuple(a_floating_break(draw, today) for _ in range(whole(draw, 1, 2)))


def a_floating_break(draw: st.DrawFn, today: date) -> FloatingBreak:
    """Draw a floating break in a window of at most three hours."""
    start, minutes = whole(draw, 0, 42) * 30, pick(draw, (30, 15, 45, 7))
    end = min(start + minutes + pick(draw, (60, 0, 30, 120, 13)), 1440)
    window = replace(a_weekly_span(draw, today), span=WallSpan(start_minute=start, end_minute=end))
    return FloatingBreak(window=window, minutes=minutes)


def a_recurring_absence(draw: st.DrawFn, today: date) -> RecurringTimeOff:
    """Draw an absence that recurs by a rule."""
    first = today + timedelta(days=whole(draw, -8, 1))
    span = a_wall_span(draw, longest=240) if once_in(draw, 2) else WHOLE_DAY
    return RecurringTimeOff(rrule=pick(draw, RULES), first=first, span=span)


def a_closure(draw: st.DrawFn, today: date) -> Closure:
    """Draw a closure near today, of whole dates or of a part of each."""
    first = today + timedelta(days=whole(draw, -2, 2))
    return Closure(
        first=first,
        last=first + timedelta(days=whole(draw, 0, 2)),
        span=a_wall_span(draw) if once_in(draw, 2) else None,
    )


def a_wall_span(draw: st.DrawFn, *, longest: int = 14 * 60) -> WallSpan:
    """Draw a wall span, mostly of round times; some run past midnight, or to the end of the next date."""
    start = whole(draw, 0, 47) * 30 + pick(draw, (0, 0, 0, 7))
    length = whole(draw, 1, longest // 30) * 30 - pick(draw, (0, 0, 0, 11))
    return WallSpan(start_minute=start, end_minute=2880 if once_in(draw, 20) else min(start + length, 2880))


NO_DAYS: frozenset[int] = frozenset()
ALWAYS = WeeklySpan(days=EVERY_DAY, span=WallSpan(start_minute=0, end_minute=1440))


def an_override(draw: st.DrawFn, today: date) -> DateOverride:
    """Draw an override near today, closed or with windows."""
    windows = tuple(a_wall_span(draw) for _ in range(whole(draw, 0, 2)))
    return DateOverride(date=today + timedelta(days=whole(draw, -1, 3)), windows=windows)


def an_absence(draw: st.DrawFn, now: int) -> TimeOff:
    """Draw time off between any minutes."""
    start = now + whole(draw, -600, 2 * 1440)
    return TimeOff(start=start, end=start + whole(draw, 1, 700))


def a_busy_time(draw: st.DrawFn, technician_id: str, now: int) -> BusyTime:
    """Draw a busy time that may overlap anything."""
    start = now + whole(draw, -300, 2 * 1440)
    return BusyTime(technician_id=technician_id, start=start, end=start + whole(draw, 1, 300))


def some_claims(draw: st.DrawFn, technician_id: str, now_ms: int) -> tuple[Claim, ...]:
    """Draw consecutive bookings and holds; some holds have just expired, some are of a removed service."""
    gaps = (0, 0, 10, 30, 60, 127, 300, 720)
    expiries = (None, None, now_ms + 60_000, now_ms + 1, now_ms)
    claims: list[Claim] = []
    free_from = now_ms // 60_000 - 240
    for number in range(whole(draw, 0, 5)):
        start = free_from + pick(draw, gaps)
        free_from = start + pick(draw, LENGTHS)
        claims.append(
            Claim(
                id=f"{technician_id}-{number}",
                technician_id=technician_id,
                service_id=pick(draw, ("s1", "s1", "s2", "s2", "gone")),
                start=start,
                end=free_from,
                buffer_before_minutes=pick(draw, BUFFERS),
                buffer_after_minutes=pick(draw, BUFFERS),
                expires_at_ms=pick(draw, expiries),
                technician_chosen=once_in(draw, 5),
                priority=a_priority(draw),
                location=a_place(draw),
                postal_code=a_postal_code(draw),
            )
        )
    return tuple(claims)


def a_postal_code(draw: st.DrawFn) -> str:
    """Draw a postal code, or none."""
    return pick(draw, ("", "10", "11", "20", "30"))


def a_priority(draw: st.DrawFn) -> Priority:
    """Draw a priority, mostly normal."""
    return Priority.EMERGENCY if once_in(draw, 4) else Priority.NORMAL


def holds_in_a_row(draw: st.DrawFn, technician_id: str, now_ms: int) -> tuple[Claim, ...]:
    """Draw live holds with small gaps."""
    claims: list[Claim] = []
    free_from = now_ms // 60_000 + pick(draw, (0, 30, 60, 120))
    for number in range(whole(draw, 1, 7)):
        start = free_from + pick(draw, (0, 0, 15, 30, 60))
        free_from = start + pick(draw, LENGTHS)
        claims.append(
            Claim(
                id=f"{technician_id}-{number}",
                technician_id=technician_id,
                service_id=pick(draw, ("s1", "s2")),
                start=start,
                end=free_from,
                buffer_after_minutes=pick(draw, (0, 0, 15)),
                expires_at_ms=None if once_in(draw, 6) else now_ms + 60_000,
                technician_chosen=once_in(draw, 8),
                priority=a_priority(draw),
                location=a_place(draw),
                postal_code=a_postal_code(draw),
            )
        )
    return tuple(claims)
