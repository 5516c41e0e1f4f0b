"""The sample: equal in both places, and valid on any day of a year. All its dates count from today."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import settings

from slotmcp.domain.catalog import Location, TechnicianStatus, TravelMode
from slotmcp.domain.claim import Claim
from slotmcp.engine.opening_hours import DateRange, opening_hours, shift_intervals
from slotmcp.engine.travel import EstimatedTravel
from slotmcp.project_file import SAMPLES, ProjectFile, read_project_file, sample_text
from slotmcp.project_file.document import Node, read_document
from slotmcp.project_file.packaged import SCHEMA
from slotmcp.project_file.reading import read_tree
from slotmcp.services.imports import ProjectPlan

DENVER = ZoneInfo("America/Denver")
DAYS_APART = 1 + 300 // settings().max_examples
"""Every fourth day in the usual run, which covers each weekday in each month, and every day in a thorough one."""
LEAP_YEAR = [date(2028, 1, 1) + timedelta(days=ahead) for ahead in range(0, 366, DAYS_APART)]
EXAMPLES = Path(__file__).parents[3] / "examples"


@cache
def tree() -> Node:
    return read_document(sample_text(), source="sample")[0]


def on(day: date, hour: int = 12) -> ProjectFile:
    now = datetime(day.year, day.month, day.day, hour, 30, tzinfo=DENVER)
    return read_tree(tree(), (), source="sample", now_ms=int(now.timestamp()) * 1000)


def claims_by_technician(plan: ProjectPlan) -> dict[str, list[Claim]]:
    claims = defaultdict(list)
    for booking in sorted(plan.bookings, key=lambda one: one.claim.start):
        claims[booking.claim.technician_id].append(booking.claim)
    return claims


def local_date(minute: int) -> date:
    return datetime.fromtimestamp(minute * 60, DENVER).date()


def stands_apart(plan: ProjectPlan) -> bool:
    """Return whether no two jobs of a technician overlap, with buffers and busy times."""
    for technician_id, claims in claims_by_technician(plan).items():
        for one, other in pairwise(claims):
            if one.end + one.buffer_after_minutes + other.buffer_before_minutes > other.start:
                return False
        busy = [one for one in plan.busy if one.technician_id == technician_id]
        for claim in claims:
            start, end = claim.start - claim.buffer_before_minutes, claim.end + claim.buffer_after_minutes
            if any(one.start < end and start < one.end for one in busy):
                return False
    return True


def late(plan: ProjectPlan, today: date) -> list[str]:
    """Return the bookings that their technicians do not reach in time by the estimated travel times."""
    travel = EstimatedTravel(plan.project.travel)
    dates = DateRange(today - timedelta(days=2), today + timedelta(days=10))
    claims = claims_by_technician(plan)
    return [
        claim.id
        for one in plan.technicians
        for start, end in shift_intervals(one, dates)
        for claim, earliest in arrivals(travel, one.home, start, [c for c in claims[one.id] if start <= c.start < end])
        if claim.start < earliest
    ]


def arrivals(
    travel: EstimatedTravel, home: Location | None, opens: int, claims: list[Claim]
) -> Iterator[tuple[Claim, int]]:
    """Yield the jobs of one working day, each with the technician's earliest arrival."""
    place, free = home, opens
    for claim in claims:
        assert place is not None
        assert claim.location is not None
        yield claim, free + travel.minutes(place, claim.location) + claim.buffer_before_minutes * (free != opens)
        place, free = claim.location, claim.end + claim.buffer_after_minutes


def strays(plan: ProjectPlan, today: date) -> list[str]:
    """Return the bookings outside the technician's hours, ignoring public holidays."""
    dates = DateRange(today - timedelta(days=2), today + timedelta(days=10))
    hours = {one.id: opening_hours(one, dates) for one in plan.technicians}
    return [
        claim.id
        for technician_id, claims in claims_by_technician(plan).items()
        for claim in claims
        if not any(start <= claim.start and claim.end <= end for start, end in hours[technician_id])
    ]


def too_many(plan: ProjectPlan) -> list[str]:
    """Return the technicians with more bookings on a date than their limit."""
    claims = claims_by_technician(plan)
    return [
        one.id
        for one in plan.technicians
        if one.max_bookings_per_day is not None
        and one.max_bookings_per_day
        < max(Counter(local_date(claim.start) for claim in claims[one.id]).values(), default=0)
    ]


@pytest.mark.parametrize("name", SAMPLES)
def test_the_example_is_the_packaged_sample(name: str) -> None:
    assert (EXAMPLES / name / "project.yaml").read_text(encoding="utf-8") == sample_text(name)


@pytest.mark.parametrize("name", SAMPLES)
def test_the_example_refers_to_the_schema_for_editors(name: str) -> None:
    marker, _, path = sample_text(name).partition("\n")[0].partition("$schema=")
    assert marker == "# yaml-language-server: "
    assert (EXAMPLES / name / path).resolve() == SCHEMA.resolve()


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("day", [date(2026, 12, 1), date(2028, 2, 29)])
def test_each_sample_is_valid_without_notes(name: str, day: date) -> None:
    now_ms = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000
    assert read_project_file(sample_text(name), source=name, now_ms=now_ms).notes == ()


def test_the_sample_is_valid_and_has_work_on_every_day() -> None:
    for day in LEAP_YEAR:
        file = on(day, hour=day.day % 24)
        assert not file.notes
        assert stands_apart(file.plan), day
        assert strays(file.plan, day) == [], day
        assert too_many(file.plan) == [], day
        assert late(file.plan, day) == [], day
        dates = Counter(local_date(booking.claim.start) for booking in file.plan.bookings)
        assert dates[day] >= 2, day
        assert sum(dates[day + timedelta(days=ahead)] for ahead in range(8)) >= 40, day
        assert len(dates) >= 5, day


def test_the_sample_uses_all_features_of_a_business() -> None:
    plan = on(date(2026, 11, 23)).plan
    assert (len(plan.technicians), len(plan.services)) == (12, 6)
    assert 30 <= len(plan.bookings) <= 45
    assert all(booking.claim.location is not None for booking in plan.bookings)
    homes = [one.home for one in plan.technicians if one.home is not None]
    assert len(set(homes)) == 12
    assert plan.project.travel.mode is TravelMode.ESTIMATED
    assert all(39.6 < home.latitude < 39.9 and -105.1 < home.longitude < -104.8 for home in homes)
    assert [one.id for one in plan.technicians if one.status is TechnicianStatus.OFF] == ["t-lou"]
    assert [one.id for one in plan.technicians if one.time_off] == ["t-joy"]
    assert [one.id for one in plan.technicians if any(shift.span.end_minute > 1440 for shift in one.shifts)] == [
        "t-ivan"
    ]
    assert len({one.skills for one in plan.technicians}) >= 6
    assert len({service.duration_minutes for service in plan.services}) == 5
