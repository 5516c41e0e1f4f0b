"""Hypothesis strategies: books as nasty as real ones get, with a now near a change of the clock.

One composite strategy draws a whole case; its parts are plain functions of `draw`, which is twice as fast as
nested composites.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import TypeVar

from hypothesis import strategies as st

from slotmcp.domain.book import Book, Diary
from slotmcp.domain.catalog import (
    DateOverride,
    Project,
    RankingKey,
    ServiceType,
    SlotAlignment,
    Technician,
    TechnicianStatus,
    TimeOff,
    WallSpan,
    WeeklySpan,
)
from slotmcp.domain.claim import BusyTime, Claim
from slotmcp.engine.need import Need

T = TypeVar("T")

MOMENTS: Mapping[str, tuple[str, ...]] = {
    "America/New_York": ("2025-03-09T07:00Z", "2025-11-02T06:00Z", "2025-07-04T12:00Z"),
    "Europe/London": ("2025-03-30T01:00Z", "2025-10-26T01:00Z", "2025-04-21T12:00Z"),
    "Australia/Lord_Howe": ("2025-04-05T15:00Z", "2025-10-04T15:30Z"),
    "Asia/Kathmandu": ("2025-03-09T18:15Z", "2025-12-31T18:15Z"),
    "Africa/Casablanca": ("2025-02-23T02:00Z", "2025-04-06T02:00Z", "2025-03-31T00:00Z"),
    "Asia/Beirut": ("2025-03-29T22:00Z", "2025-10-25T21:00Z"),
    "Africa/Cairo": ("2025-04-24T22:00Z", "2025-10-30T21:00Z"),
    "America/Havana": ("2025-03-09T05:00Z", "2025-11-02T05:00Z"),
    "Pacific/Chatham": ("2025-04-05T14:00Z", "2025-09-27T14:00Z"),
    "Pacific/Apia": ("2011-12-30T10:00Z",),
}
"""Where each zone's clock changes: by half an hour in Lord Howe, for Ramadan in Casablanca, at midnight in
Beirut, Cairo and Havana, by a whole day in Apia. Kathmandu never changes. Some public holidays besides."""

BOTH = frozenset({"pipes", "wires"})
PIPES = frozenset({"pipes"})
NONE: frozenset[str] = frozenset()
REGIONS = ("US", "US-CO", "GB-ENG", "MA", "AU-NSW")
INTERVALS = (15, 5, 7, 10, 20, 30, 45, 60, 90)
LENGTHS = (30, 15, 20, 45, 60, 61, 90, 120, 240)
BUFFERS = (0, 0, 5, 15, 30, 45)
EVERY_DAY = frozenset(range(7))
TEAMS = (("a",), ("b", "a"), ("b", "a"), ("a", "b", "c"), ("d", "b", "a", "c"), ("e", "b", "c", "a", "d"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A book, a job somebody asks for, and when."""

    book: Book
    need: Need
    now_ms: int

    @property
    def now(self) -> int:
        """The minute in which now is."""
        return self.now_ms // 60_000

    @property
    def span(self) -> tuple[int, int]:
        """All that could be offered, and more at either end."""
        return self.now - 300, self.now + (self.book.project.horizon_days + 1) * 1440 + 60


def minute_of(text: str) -> int:
    """The minute of an instant written in ISO 8601."""
    return int(datetime.fromisoformat(text).timestamp()) // 60


def date_of(minute: int) -> date:
    """About the date of a minute: UTC's."""
    return datetime.fromtimestamp(minute * 60, tz=UTC).date()


@st.composite
def cases(draw: st.DrawFn, zone: str | None = None) -> Case:
    """A book with a now, and a job; in one zone or any."""
    zone = zone or pick(draw, tuple(MOMENTS))
    now_ms = a_now(draw, zone)
    book = a_book(draw, zone, now_ms)
    return Case(book=book, need=a_need(draw, book), now_ms=now_ms)


_whole = cache(st.integers)


def pick(draw: st.DrawFn, options: Sequence[T]) -> T:
    """One of them; the first is the simplest."""
    return options[whole(draw, 0, len(options) - 1)]


def whole(draw: st.DrawFn, least: int, most: int) -> int:
    """A whole number, both ends included."""
    return draw(_whole(least, most))


def once_in(draw: st.DrawFn, times: int) -> bool:
    """True once in so many times."""
    return whole(draw, 1, times) == times


def a_now(draw: st.DrawFn, zone: str) -> int:
    """Within a day before a change of the zone's clock, or shortly after; in milliseconds."""
    change = minute_of(pick(draw, MOMENTS[zone]))
    return (change + whole(draw, -1440, 600)) * 60_000 + pick(draw, (0, 1, 59_999))


def a_book(draw: st.DrawFn, zone: str, now_ms: int) -> Book:
    """A whole business around now; one in three is crowded with holds."""
    crowded = once_in(draw, 3)
    catalog = {id_: a_service(draw, id_) for id_ in ("s1", "s2")}
    diaries = [a_diary(draw, id_, zone, now_ms, crowded=crowded) for id_ in pick(draw, TEAMS)]
    return Book(
        project=a_project(draw, zone, now_ms // 60_000),
        services=catalog,
        diaries={one.technician.id: one for one in diaries},
        revision=1,
    )


def a_need(draw: st.DrawFn, book: Book) -> Need:
    """A service of the book, sometimes in another length, sometimes of one technician."""
    return Need.of_service(
        pick(draw, tuple(book.services.values())),
        duration_minutes=pick(draw, (None, None, *LENGTHS)),
        technician_id=pick(draw, (None,) * 8 + tuple(book.diaries)),
    )


def a_project(draw: st.DrawFn, zone: str, now: int) -> Project:
    """The rules of a business."""
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
        holiday_regions=(pick(draw, REGIONS),) if once_in(draw, 4) else (),
        closed_dates=(date_of(now) + timedelta(days=whole(draw, -1, 2)),) if once_in(draw, 5) else (),
    )


def a_ranking(draw: st.DrawFn) -> tuple[RankingKey, ...]:
    """Any order of any keys."""
    priority, load = RankingKey.PRIORITY, RankingKey.LOAD
    return pick(draw, ((priority, load), (load, priority), (priority,), (load,), ()))


def a_service(draw: st.DrawFn, id_: str) -> ServiceType:
    """A kind of job."""
    return ServiceType(
        id=id_,
        name=id_,
        duration_minutes=pick(draw, LENGTHS),
        buffer_before_minutes=pick(draw, BUFFERS),
        buffer_after_minutes=pick(draw, BUFFERS),
        skills=pick(draw, (NONE, NONE, PIPES, BOTH)),
    )


def a_diary(draw: st.DrawFn, id_: str, zone: str, now_ms: int, *, crowded: bool) -> Diary:
    """A technician with what takes their time; in a crowd all work around the clock, full of live holds."""
    now = now_ms // 60_000
    if crowded:
        person = Technician(id=id_, name=id_, timezone=zone, skills=pick(draw, (BOTH, BOTH, PIPES)), shifts=(ALWAYS,))
        return Diary(technician=person, claims=holds_in_a_row(draw, id_, now_ms))
    return Diary(
        technician=a_technician(draw, id_, zone, now),
        claims=some_claims(draw, id_, now_ms),
        busy=tuple(a_busy_time(draw, id_, now) for _ in range(pick(draw, (0, 0, 1, 2)))),
    )


def a_technician(draw: st.DrawFn, id_: str, zone: str, now: int) -> Technician:
    """Somebody with hours of any shape, sometimes in another zone."""
    today = date_of(now)
    return Technician(
        id=id_,
        name=id_,
        timezone=pick(draw, tuple(MOMENTS)) if once_in(draw, 4) else zone,
        priority=whole(draw, 1, 3),
        status=TechnicianStatus.OFF if once_in(draw, 12) else TechnicianStatus.ACTIVE,
        skills=pick(draw, (BOTH, BOTH, PIPES, NONE)),
        max_bookings_per_day=pick(draw, (None, None, None, 1, 2, 3)),
        shifts=tuple(a_weekly_span(draw, today) for _ in range(whole(draw, 1, 3))),
        breaks=tuple(a_weekly_span(draw, today, longest=120) for _ in range(pick(draw, (0, 0, 1, 2)))),
        overrides=(an_override(draw, today),) if once_in(draw, 4) else (),
        time_off=(an_absence(draw, now),) if once_in(draw, 4) else (),
    )


def a_weekly_span(draw: st.DrawFn, today: date, *, longest: int = 14 * 60) -> WeeklySpan:
    """Mostly every day; some on certain days only, some from or until about today."""
    some_days = frozenset(day for day in range(7) if whole(draw, 0, 1)) if once_in(draw, 4) else EVERY_DAY
    edge = today + timedelta(days=whole(draw, -1, 2)) if once_in(draw, 4) else None
    since = once_in(draw, 2)
    return WeeklySpan(
        days=some_days,
        span=a_wall_span(draw, longest=longest),
        valid_from=edge if since else None,
        valid_until=None if since else edge,
    )


def a_wall_span(draw: st.DrawFn, *, longest: int = 14 * 60) -> WallSpan:
    """Round times mostly; any may run past midnight, some to the end of the next date."""
    start = whole(draw, 0, 47) * 30 + pick(draw, (0, 0, 0, 7))
    length = whole(draw, 1, longest // 30) * 30 - pick(draw, (0, 0, 0, 11))
    return WallSpan(start_minute=start, end_minute=2880 if once_in(draw, 20) else min(start + length, 2880))


ALWAYS = WeeklySpan(days=EVERY_DAY, span=WallSpan(start_minute=0, end_minute=1440))


def an_override(draw: st.DrawFn, today: date) -> DateOverride:
    """Closed, or other windows, near today."""
    windows = tuple(a_wall_span(draw) for _ in range(whole(draw, 0, 2)))
    return DateOverride(date=today + timedelta(days=whole(draw, -1, 3)), windows=windows)


def an_absence(draw: st.DrawFn, now: int) -> TimeOff:
    """From any minute to any other."""
    start = now + whole(draw, -600, 2 * 1440)
    return TimeOff(start=start, end=start + whole(draw, 1, 700))


def a_busy_time(draw: st.DrawFn, technician_id: str, now: int) -> BusyTime:
    """An outside appointment, over anything else."""
    start = now + whole(draw, -300, 2 * 1440)
    return BusyTime(technician_id=technician_id, start=start, end=start + whole(draw, 1, 300))


def some_claims(draw: st.DrawFn, technician_id: str, now_ms: int) -> tuple[Claim, ...]:
    """Bookings and holds, one after the other; some holds have just expired, some are of a forgotten service."""
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
            )
        )
    return tuple(claims)


def holds_in_a_row(draw: st.DrawFn, technician_id: str, now_ms: int) -> tuple[Claim, ...]:
    """Live holds that leave little between them."""
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
            )
        )
    return tuple(claims)
