"""Strategies for any plan that a project file can express."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import accumulate, pairwise
from typing import TypeVar

from hypothesis import strategies as st

from slotmcp.domain.booking import Booking, BookingStatus
from slotmcp.domain.booking_rules import (
    BookableSpan,
    Closure,
    OutsideAreas,
    Price,
    Priority,
    Reserve,
    ServiceArea,
    ServiceQuestion,
)
from slotmcp.domain.calcom import CalcomConnection, CalcomHost, ConnectedCalendar
from slotmcp.domain.catalog import (
    ChangeVerification,
    DateOverride,
    Location,
    Project,
    RankingKey,
    ServiceType,
    SlotAlignment,
    Technician,
    TechnicianStatus,
    TimeOff,
    TravelMode,
    TravelPolicy,
    Wording,
)
from slotmcp.domain.claim import BusyTime, Claim
from slotmcp.domain.recurrence import WHOLE_DAY, FloatingBreak, PartsOfDay, RecurringTimeOff, WallSpan, WeeklySpan
from slotmcp.services.imports import ProjectPlan
from slotmcp.tools.speech.locales import LOCALES

T = TypeVar("T")

ZONES = st.sampled_from(
    ["America/Denver", "Europe/London", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca", "UTC"]
)
FIRST_MINUTE, LAST_MINUTE = 16_000_000, 120_000_000
"""First and last start, in the years 2000 and 2198."""

WORDS_OF_YAML = [
    "off",
    "null",
    "~",
    "<<",
    "=",
    "yes",
    "1e3",
    "0x1F",
    "2026-01-01",
    "08:00",
    "- a",
    "a: b",
    "#",
    "*a",
    "!b",
    "'",
    '"',
]
NAMES = st.one_of(
    st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=60),
    st.sampled_from(WORDS_OF_YAML),
).filter(str.strip)
SLUGS = st.sampled_from(["a", "t-ana", "0", "12", "1e3", "off", "null", "2026-01-01", "0x1f", "a.b", "a_b", "x" * 64])
BOOKING_IDS = st.sampled_from(
    ["b-1", "B-1", "01J8ZQ3M9V", "12", "1e3", "10:20", "2026-01-01", "null", "0x1F", "y" * 100]
)
SKILLS = st.frozensets(SLUGS, max_size=3)
DATES = st.dates(date(2000, 1, 1), date(2199, 12, 31))
STATUSES = st.sampled_from([status for status in BookingStatus if status is not BookingStatus.CANCELLED])
BUFFERS = st.integers(0, 720)
RANKINGS = st.lists(st.sampled_from(RankingKey), min_size=1, max_size=3, unique=True).map(tuple)
LOCATIONS = st.builds(Location, st.floats(-90, 90), st.floats(-180, 180))
TRAVEL = st.builds(
    TravelPolicy, mode=st.sampled_from(TravelMode), speed_kmh=st.floats(1, 200), minutes_per_stop=st.integers(0, 120)
)


def tuples(of: st.SearchStrategy[T], most: int) -> st.SearchStrategy[tuple[T, ...]]:
    return st.lists(of, max_size=most).map(tuple)


@st.composite
def wall_spans(draw: st.DrawFn) -> WallSpan:
    start = draw(st.integers(0, 1439))
    length = draw(st.integers(1, 1440 if start == 0 else 1439))
    return WallSpan(start_minute=start, end_minute=start + length)


RULES = st.sampled_from(
    [
        "FREQ=DAILY",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR",
        "FREQ=MONTHLY;BYDAY=-1FR;COUNT=12",
        "FREQ=YEARLY;BYWEEKNO=1,-1;UNTIL=20301231;WKST=SU",
    ]
)


@st.composite
def floating_breaks(draw: st.DrawFn) -> FloatingBreak:
    start, end = sorted(draw(st.lists(st.integers(0, 1440), min_size=2, max_size=2, unique=True)))
    window = replace(draw(weekly_spans()), span=WallSpan(start_minute=start, end_minute=end))
    return FloatingBreak(window=window, minutes=draw(st.integers(1, min(720, end - start))))


@st.composite
def recurring_absences(draw: st.DrawFn) -> RecurringTimeOff:
    span = draw(st.just(WHOLE_DAY) | wall_spans())
    return RecurringTimeOff(rrule=draw(RULES), first=draw(DATES), span=span, reason=draw(st.just("") | NAMES))


@st.composite
def weekly_spans(draw: st.DrawFn) -> WeeklySpan:
    first, last = sorted(draw(st.tuples(DATES, DATES)))
    kind = draw(st.integers(0, 5))
    if kind == 0:
        return WeeklySpan(days=frozenset(), span=draw(wall_spans()), valid_from=first, rrule=draw(RULES))
    if kind == 1:
        days, weeks = draw(st.frozensets(st.integers(0, 6), min_size=1)), draw(st.integers(2, 52))
        return WeeklySpan(days=days, span=draw(wall_spans()), valid_from=first, valid_until=last, every_weeks=weeks)
    return WeeklySpan(
        days=draw(st.frozensets(st.integers(0, 6), min_size=1)),
        span=draw(wall_spans()),
        valid_from=draw(st.sampled_from([first, None])),
        valid_until=draw(st.sampled_from([last, None])),
    )


@st.composite
def stretches(draw: st.DrawFn) -> tuple[int, int]:
    start = draw(st.integers(FIRST_MINUTE, LAST_MINUTE))
    return start, start + draw(st.integers(1, 500_000))


DAYS = st.frozensets(st.integers(0, 6))
PROSE = NAMES.map(lambda text: " ".join(text.split())).filter(bool)
PRIORITIES = st.sampled_from(Priority)
POSTAL_CODES = st.sampled_from(["80202", "00501", "SW1A1AA", "00-950", "1E3", "123456789012"])
POSTAL_ENTRIES = POSTAL_CODES | st.sampled_from(["802*", "S*", "0*", "80210..80219", "SW1A0AA..SW1A9ZZ"])


@st.composite
def closures(draw: st.DrawFn) -> Closure:
    first = draw(st.dates(date(2000, 1, 1), date(2198, 12, 31)))
    return Closure(
        first=first,
        last=first + timedelta(days=draw(st.integers(0, 365))),
        reason=draw(st.just("") | NAMES),
        span=draw(st.none() | wall_spans()),
    )


@st.composite
def areas(draw: st.DrawFn, technician_ids: list[str]) -> tuple[ServiceArea, ...]:
    """Draw areas, each with postal codes of its own."""
    entries = draw(st.lists(POSTAL_ENTRIES, unique=True, max_size=3))
    ids = draw(st.lists(SLUGS, min_size=len(entries), max_size=len(entries), unique=True))
    return tuple(
        ServiceArea(
            id=area_id,
            postal_codes=(entry,),
            technician_ids=tuple(draw(st.lists(st.sampled_from(technician_ids), unique=True))),
            days=draw(DAYS),
            extra_minutes=draw(st.integers(0, 240)),
            fee=draw(st.just("") | PROSE),
        )
        for area_id, entry in zip(ids, entries, strict=True)
    )


@st.composite
def prices(draw: st.DrawFn) -> Price:
    text = draw(PROSE)
    if draw(st.booleans()):
        return Price(text=text)
    decimals = {"USD": 2, "JPY": 0, "KWD": 3}
    currency = draw(st.sampled_from(list(decimals)))
    amount = draw(st.decimals(0, 1_000_000, places=decimals[currency])) + Decimal(0)
    return Price(amount=amount, currency=currency, per=draw(st.just("") | NAMES.map(lambda name: name[:40])), text=text)


@st.composite
def bookable(draw: st.DrawFn) -> tuple[BookableSpan, ...]:
    """Draw spans that do not overlap, because each has other days and ends on its day."""
    days = draw(st.lists(st.sampled_from(range(7)), unique=True, max_size=3))
    starts = [draw(st.integers(0, 1439)) for _ in days]
    return tuple(
        BookableSpan(
            days=frozenset([day]),
            span=WallSpan(start_minute=start, end_minute=draw(st.integers(start + 1, 1440))),
            priority=draw(PRIORITIES),
        )
        for day, start in zip(days, starts, strict=True)
    )


@st.composite
def reserves(draw: st.DrawFn) -> tuple[Reserve, ...]:
    times = draw(st.lists(st.integers(0, 43_200), unique=True, max_size=2))
    return tuple(Reserve(places=draw(st.integers(1, 100)), until_minutes=until) for until in times)


@st.composite
def questions(draw: st.DrawFn) -> tuple[ServiceQuestion, ...]:
    ids = draw(st.lists(SLUGS, unique=True, max_size=2))
    return tuple(ServiceQuestion(id=name, ask=draw(PROSE), is_required=draw(st.booleans())) for name in ids)


EVENT_TYPE_IDS = st.integers(1, 2_147_483_647)
VARIABLES = st.sampled_from(["A", "CALCOM_API_KEY", "SECRET_2"])
CONNECTIONS = st.builds(
    CalcomConnection,
    api_key_env=VARIABLES,
    webhook_secret_envs=st.lists(VARIABLES, max_size=2, unique=True).map(tuple),
    pending_blocks=st.booleans(),
)
CALENDARS = st.builds(ConnectedCalendar, credential_id=EVENT_TYPE_IDS, external_id=NAMES)


@st.composite
def connected(draw: st.DrawFn, plan: ProjectPlan) -> ProjectPlan:
    """Add Cal.com settings to a plan: each event type and each account once."""
    numbers = iter(range(1, 1000))
    services = tuple(
        replace(one, calcom_event_type_id=next(numbers)) if draw(st.booleans()) else one for one in plan.services
    )
    hosts = [
        CalcomHost(
            email=draw(st.sampled_from(["", f"host{next(numbers)}@example.com"])),
            user_id=next(numbers),
            event_type_ids={one.id: next(numbers) for one in plan.services if draw(st.booleans())},
            calendars=draw(tuples(CALENDARS, 2)),
        )
        for _ in plan.technicians
    ]
    technicians = tuple(
        replace(one, calcom=host) if draw(st.booleans()) else one
        for one, host in zip(plan.technicians, hosts, strict=True)
    )
    project = replace(plan.project, calcom=draw(CONNECTIONS))
    return replace(plan, project=project, services=services, technicians=technicians)


@st.composite
def technicians(draw: st.DrawFn, technician_id: str) -> Technician:
    days = draw(st.lists(DATES, unique=True, max_size=3))
    return Technician(
        id=technician_id,
        name=draw(NAMES),
        timezone=draw(ZONES),
        priority=draw(st.integers(1, 1000)),
        status=draw(st.sampled_from(TechnicianStatus)),
        skills=draw(SKILLS),
        home=draw(st.none() | LOCATIONS),
        home_postal_code=draw(st.just("") | POSTAL_CODES),
        max_bookings_per_day=draw(st.none() | st.integers(1, 100)),
        shifts=draw(tuples(weekly_spans(), 3)),
        breaks=draw(tuples(weekly_spans(), 2)),
        floating_breaks=draw(tuples(floating_breaks(), 2)),
        recurring_time_off=draw(tuples(recurring_absences(), 2)),
        on_call=draw(tuples(weekly_spans(), 2)),
        overrides=tuple(DateOverride(date=day, windows=draw(tuples(wall_spans(), 2))) for day in days),
        time_off=tuple(
            TimeOff(start=start, end=end, reason=draw(st.just("") | NAMES))
            for start, end in draw(st.lists(stretches(), max_size=2))
        ),
    )


@st.composite
def parts_of_day(draw: st.DrawFn) -> PartsOfDay:
    edges = sorted(draw(st.lists(st.integers(0, 1440), min_size=6, max_size=6, unique=True)))
    morning, afternoon, evening = (
        WallSpan(start_minute=start, end_minute=end) for start, end in zip(edges[::2], edges[1::2], strict=True)
    )
    return PartsOfDay(morning=morning, afternoon=afternoon, evening=evening)


@st.composite
def services(draw: st.DrawFn, service_id: str) -> ServiceType:
    duration_minutes = draw(st.integers(1, 1440))
    return ServiceType(
        id=service_id,
        name=draw(NAMES),
        duration_minutes=duration_minutes,
        min_duration_minutes=draw(st.none() | st.integers(1, duration_minutes)),
        spoken=draw(st.dictionaries(st.sampled_from(LOCALES), NAMES, max_size=2)),
        buffer_before_minutes=draw(BUFFERS),
        buffer_after_minutes=draw(BUFFERS),
        skills=draw(SKILLS),
        description=draw(st.just("") | PROSE),
        guidance=draw(st.just("") | PROSE),
        price=draw(st.none() | prices()),
        terms=draw(st.just("") | PROSE),
        questions=draw(questions()),
        min_notice_minutes=draw(st.none() | st.integers(0, 43_200)),
        horizon_days=draw(st.none() | st.integers(1, 366)),
        max_bookings_per_day=draw(st.none() | st.integers(1, 1000)),
        bookable=draw(bookable()),
        reserves=draw(reserves()),
    )


@st.composite
def projects(draw: st.DrawFn, service_ids: list[str], technician_ids: list[str]) -> Project:
    return Project(
        id=draw(SLUGS),
        name=draw(NAMES),
        timezone=draw(ZONES),
        locale=draw(st.sampled_from(["en-US", "de", "es-419", "zh-Hans-CN"])),
        slot_interval_minutes=draw(st.integers(1, 1440)),
        slot_alignment=draw(st.sampled_from(SlotAlignment)),
        min_notice_minutes=draw(st.integers(0, 43_200)),
        horizon_days=draw(st.integers(1, 366)),
        hold_ttl_seconds=draw(st.integers(60, 120)),
        max_holds_per_customer=draw(st.integers(1, 100)),
        candidate_ranking=draw(RANKINGS),
        assignment_ranking=draw(RANKINGS),
        travel=draw(TRAVEL),
        default_service_id=draw(st.none() | st.sampled_from(service_ids)),
        holiday_regions=tuple(draw(st.lists(st.sampled_from(["US", "US-CO", "NO", "DE-BY"]), unique=True))),
        closed_dates=tuple(draw(st.lists(DATES, unique=True, max_size=3))),
        country=draw(st.sampled_from([None, "US", "NO", "DE"])),
        verify_changes=draw(st.sampled_from(ChangeVerification)),
        parts_of_day=draw(st.just(PartsOfDay()) | parts_of_day()),
        wording=draw(st.sampled_from(Wording)),
        closures=tuple(draw(st.lists(closures(), unique=True, max_size=2))),
        areas=draw(areas(technician_ids)),
        outside_areas=draw(st.sampled_from(OutsideAreas)),
        cancel_notice_minutes=draw(st.none() | st.integers(0, 43_200)),
    )


@st.composite
def bookings(draw: st.DrawFn, technician_ids: list[str], service_ids: list[str]) -> tuple[Booking, ...]:
    """Draw bookings without overlaps: each lies between two consecutive instants."""
    steps = draw(st.lists(st.integers(1, 10_080), max_size=5))
    instants = list(accumulate(steps, initial=draw(st.integers(FIRST_MINUTE, LAST_MINUTE))))
    ids = draw(st.lists(BOOKING_IDS, min_size=len(steps), max_size=len(steps), unique=True))
    made = [
        Booking(
            claim=Claim(
                id=booking_id,
                technician_id=draw(st.sampled_from(technician_ids)),
                service_id=draw(st.sampled_from(service_ids)),
                start=start,
                end=end,
                buffer_before_minutes=draw(BUFFERS),
                buffer_after_minutes=draw(BUFFERS),
                location=draw(st.none() | LOCATIONS),
                postal_code=draw(st.just("") | POSTAL_CODES),
                priority=draw(PRIORITIES),
                technician_chosen=draw(st.booleans()),
            ),
            status=draw(STATUSES),
        )
        for booking_id, (start, end) in zip(ids, pairwise(instants), strict=True)
    ]
    return tuple(draw(st.permutations(made)))


@st.composite
def plans(draw: st.DrawFn) -> ProjectPlan:
    plan = draw(unconnected_plans())
    return draw(connected(plan)) if draw(st.booleans()) else plan


@st.composite
def unconnected_plans(draw: st.DrawFn) -> ProjectPlan:
    service_ids = draw(st.lists(SLUGS, unique=True, min_size=1, max_size=3))
    technician_ids = draw(st.lists(SLUGS, unique=True, min_size=1, max_size=3))
    return ProjectPlan(
        project=draw(projects(service_ids, technician_ids)),
        services=tuple(draw(services(one)) for one in service_ids),
        technicians=tuple(draw(technicians(one)) for one in technician_ids),
        bookings=draw(bookings(technician_ids, service_ids)),
        busy=tuple(
            BusyTime(
                technician_id=draw(st.sampled_from(technician_ids)),
                start=start,
                end=end,
                source=draw(st.just("") | NAMES),
            )
            for start, end in draw(st.lists(stretches(), max_size=3))
        ),
    )
