"""Random changes of a business on each back end: the marked bookings are those that the oracle would not allow."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oracle.capacity import Oracle
from slotmcp.bootstrap import build_app
from slotmcp.domain.booking import Booking
from slotmcp.domain.catalog import (
    DateOverride,
    Location,
    ServiceType,
    Technician,
    TechnicianStatus,
    TimeOff,
    TravelMode,
    TravelPolicy,
)
from slotmcp.domain.claim import BusyTime, Claim
from slotmcp.domain.errors import HoldWithdrawn, InvalidArgument, SlotmcpError
from slotmcp.domain.recurrence import WallSpan
from slotmcp.domain.schedule import Schedule
from slotmcp.ports import Store
from slotmcp.services.app import App
from slotmcp.services.booking_requests import BookRequest
from slotmcp.services.hold_rules import HoldRequest
from slotmcp.services.imports import ProjectPlan
from slotmcp.services.technicians import TimeOffRequest
from support.clock import NOW_MS
from support.shop import customer, hours, plan, service, technician
from support.stores import OpenStore

NOW = NOW_MS // 60_000
TODAY = NOW // 1440 * 1440
PLACES = (None, None, Location(39.74, -104.99), Location(39.98, -104.99))
SERVICES = (service("visit", skills="gas", after=15), service("check", 30, before=10), service("long", 180))
SHIFTS = ("08:00-17:00", "09:00-13:00", "12:00-20:00", "20:00-04:00")
DRIVE = TravelPolicy(mode=TravelMode.ESTIMATED)
SLOW_DRIVE = replace(DRIVE, speed_kmh=15)
NUMBERS = count()


@dataclass(frozen=True)
class Story:
    """A business, its bookings and holds, and the changes of it."""

    business: ProjectPlan
    holds: tuple[int, ...]
    changes: tuple[ProjectPlan, ...]
    absence: tuple[str, int, int] | None


def technicians() -> st.SearchStrategy[tuple[Technician, ...]]:
    return st.tuples(*(a_technician(id_) for id_ in ("ana", "ben", "cem")))


def a_technician(id_: str) -> st.SearchStrategy[Technician]:
    """Draw a technician who differs in few respects from one who can take almost every job."""
    windows = st.sampled_from(((), (WallSpan(start_minute=600, end_minute=900),)))
    override = st.builds(
        lambda day, spans: DateOverride(date=day, windows=spans), st.integers(0, 4).map(day_after), windows
    )
    absence = st.builds(
        lambda start, length: TimeOff(start=TODAY + 60 * start, end=TODAY + 60 * (start + length)),
        st.integers(12, 96),
        st.integers(1, 6),
    )
    facts: dict[str, st.SearchStrategy[Any]] = {
        "shifts": st.sampled_from(SHIFTS).map(lambda text: (hours(text),)),
        "breaks": st.sampled_from(("12:00-13:00", "15:00-15:30")).map(lambda text: (hours(text),)),
        "overrides": override.map(lambda one: (one,)),
        "timezone": st.sampled_from(("Asia/Tokyo", "America/Denver")),
        "skills": st.sampled_from((frozenset({"gas"}), frozenset[str]())),
        "status": st.just(TechnicianStatus.OFF),
        "max_bookings_per_day": st.integers(1, 3),
        "home": st.sampled_from(PLACES),
        "time_off": absence.map(lambda one: (one,)),
    }
    usual = technician(id_, "00:00-24:00", skills="gas solar")
    drawn = st.sets(st.sampled_from(sorted(facts)), max_size=2).flatmap(
        lambda names: st.fixed_dictionaries({name: facts[name] for name in sorted(names)})
    )
    return drawn.map(lambda changes: replace(usual, **changes))


def day_after(days: int) -> date:
    """Return the date some days after today."""
    return date.fromordinal(date(1970, 1, 1).toordinal() + TODAY // 1440 + days)


def rules() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "timezone": st.sampled_from([*["UTC"] * 4, "Asia/Tokyo", "America/Denver"]),
            "closed_dates": st.sampled_from(((), (), (), (), (), (day_after(1),))),
            "travel": st.sampled_from((TravelPolicy(), TravelPolicy(), DRIVE, SLOW_DRIVE)),
        }
    )


def bookings() -> st.SearchStrategy[list[Booking]]:
    return st.lists(
        st.builds(
            a_booking,
            st.integers(0, 10**6),
            st.sampled_from(("ana", "ben", "cem")),
            st.sampled_from(SERVICES),
            st.tuples(st.integers(0, 3), st.integers(16, 40)).map(lambda at: TODAY + 1440 * at[0] + 30 * at[1]),
            st.sampled_from(PLACES),
        ),
        max_size=8,
        unique_by=lambda one: one.id,
    ).map(without_overlaps)


def a_booking(number: int, technician_id: str, job: ServiceType, start: int, place: Location | None) -> Booking:
    claim = Claim(
        id=f"b-{number}",
        technician_id=technician_id,
        service_id=job.id,
        start=start,
        end=start + job.duration_minutes,
        buffer_before_minutes=job.buffer_before_minutes,
        buffer_after_minutes=job.buffer_after_minutes,
        location=place,
    )
    return Booking(claim=claim)


def without_overlaps(drawn: list[Booking]) -> list[Booking]:
    kept: list[Booking] = []
    for one in drawn:
        first = one.claim
        if not any(
            first.technician_id == other.claim.technician_id
            and first.start < other.claim.end
            and other.claim.start < first.end
            for other in kept
        ):
            kept.append(one)
    return kept


@st.composite
def stories(draw: st.DrawFn) -> Story:
    first = plan(*draw(technicians()), services=SERVICES, bookings=draw(bookings()), **draw(rules()))
    changes: list[ProjectPlan] = []
    for _ in range(draw(st.integers(1, 3))):
        latest = changes[-1] if changes else first
        changes.append(draw(a_change(latest)))
    absence = draw(st.none() | st.tuples(st.sampled_from(("ana", "ben")), st.integers(0, 48), st.integers(1, 12)))
    holds = tuple(draw(st.lists(st.integers(0, 40), max_size=3)))
    return Story(first, holds, tuple(changes), absence)


def a_change(business: ProjectPlan) -> st.SearchStrategy[ProjectPlan]:
    """Change one technician, the rules, the services, the busy times or the bookings of a business."""
    index = st.integers(0, 2)

    def with_technician(position: int, others: tuple[Technician, ...]) -> ProjectPlan:
        team = list(business.technicians)
        team[position] = others[position]
        return replace(business, technicians=tuple(team))

    busy = st.builds(
        lambda id_, start, length: BusyTime(
            technician_id=id_, start=TODAY + 30 * start, end=TODAY + 30 * (start + length), source="truck"
        ),
        st.sampled_from(("ana", "ben", "cem")),
        st.integers(24, 144),
        st.integers(1, 8),
    )
    solar = replace(SERVICES[0], skills=frozenset({"solar"}))
    return st.one_of(
        st.builds(with_technician, index, technicians()),
        rules().map(lambda drawn: replace(business, project=replace(business.project, **drawn))),
        st.sampled_from((SERVICES, SERVICES[1:], (solar, *SERVICES[1:]))).map(
            lambda services: replace(business, services=services, bookings=())
        ),
        busy.map(lambda span: replace(business, busy=(*business.busy, span), bookings=())),
        bookings().map(lambda added: replace(business, bookings=tuple(added))),
    )


@dataclass(slots=True)
class Check:
    """Comparison of the stored marks with the oracle, after each change."""

    app: App
    store: Store
    project_id: str
    fitted: dict[str, bool]
    """True for the bookings that fitted when they were made."""

    async def after_change(self) -> None:
        schedule = await self.store.schedule(self.project_id)
        fits, marked = (
            fits_of(schedule),
            {one.id for one in await self.store.bookings(self.project_id) if one.attention},
        )
        for booking_id, is_fitting in fits.items():
            if booking_id not in self.fitted:
                self.fitted[booking_id] = is_fitting
                assert booking_id not in marked, "the operator knows what is in the file"
            elif self.fitted[booking_id]:
                assert (booking_id in marked) == (not is_fitting)
            else:
                assert not (booking_id in marked and is_fitting)
        listed = await self.app.attention.list_attention(self.project_id)
        assert {one.found.booking.id for one in listed.affected} == marked & set(fits)


def fits_of(schedule: Schedule) -> Mapping[str, bool]:
    """Return for each booking to come whether the oracle would allow it with all other bookings as they are."""
    only_bookings = {
        id_: replace(one, claims=tuple(claim for claim in one.claims if not claim.is_hold))
        for id_, one in schedule.technician_schedules.items()
    }
    oracle = Oracle(replace(schedule, technician_schedules=only_bookings), NOW_MS)
    return {
        claim.id: claim.service_id in schedule.services
        and oracle.has_room(technician_, oracle.need_of(claim), claim.start, without=claim)
        for technician_ in oracle.technicians
        for claim in oracle.live_claims(technician_)
        if claim.start > NOW
    }


async def play(store: Store, story: Story) -> None:
    app, project_id = build_app(store), f"shop-{next(NUMBERS)}"

    async def bring(business: ProjectPlan) -> None:
        named = replace(business, project=replace(business.project, id=project_id))
        with suppress(InvalidArgument):  # a booking of the file overlaps another one: nothing is imported
            await app.projects.import_project(named, prune=True)

    await bring(story.business)
    check = Check(app, store, project_id, {})
    await check.after_change()
    tokens: list[str] = []
    for number, half_hour in enumerate(story.holds):
        request = HoldRequest(
            project_id=project_id,
            service_id="check",
            start=TODAY + 1440 + 480 + 30 * half_hour,
            customer_reference=f"a caller with number {number}",
        )
        with suppress(SlotmcpError):  # the start is not available
            tokens.append((await app.holds.create_hold(request)).hold.token)
    for business in (*story.changes, story.business):
        await bring(business)
        await check.after_change()
    if story.absence:
        id_, start, length = story.absence
        first = TODAY + 1440 + 60 * start
        await app.technicians.add_time_off(
            TimeOffRequest(project_id=project_id, technician_id=id_, start=first, end=first + 60 * length)
        )
        await check.after_change()
    for number, token in enumerate(tokens):
        with suppress(HoldWithdrawn):
            await app.bookings.book_slot(
                BookRequest(project_id=project_id, hold_token=token, customer=customer(number))
            )


@settings(
    max_examples=settings().max_examples // 5,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(story=stories())
def test_the_marked_bookings_are_those_that_the_oracle_refuses(open_sqlite: OpenStore, story: Story) -> None:
    async def run() -> None:
        async with open_sqlite() as store:
            await play(store, story)

    asyncio.run(run())


@settings(
    max_examples=settings().max_examples // 7,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(story=stories())
def test_the_same_bookings_are_marked_on_postgres(open_postgres: OpenStore, story: Story) -> None:
    async def run() -> None:
        async with open_postgres() as store:
            await play(store, story)

    asyncio.run(run())
