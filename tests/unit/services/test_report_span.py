"""Reports read the bookings around their period only, and return what they would with all bookings."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from slotmcp.domain.booking import Booking
from slotmcp.domain.catalog import Location, TravelMode, TravelPolicy
from slotmcp.domain.interval import MINUTES_PER_DAY
from slotmcp.domain.recurrence import FloatingBreak
from slotmcp.domain.trace import Trace, TracedUse
from slotmcp.services.imports import ProjectPlan
from slotmcp.services.reporting.computation import MARGIN_DAYS
from slotmcp.services.reporting.gaps import find_gaps
from slotmcp.services.reporting.questions import LostQuestion
from slotmcp.services.reporting.reports import ReportRequest
from slotmcp.services.reporting.utilization import count_supply, measure_utilization, period_availability
from slotmcp.store.sqlite import SqliteStore
from support.shop import VISIT, at, booking, hours, instant_ms, open_shop, plan, technician
from support.traces import question, trace

MONDAY = ReportRequest(first_day=date(2025, 6, 2), end_day=date(2025, 6, 3))
SPAN = re.compile(r"c\.start_minute < (-?\d+) AND c\.end_minute > (-?\d+)")
HORIZON_DAYS = 4
PLACES = st.sampled_from([None, Location(52.5, 13.4), Location(52.5, 13.9)])
NAMES = st.sampled_from(["ana", "ben"])


@st.composite
def bookings(draw: st.DrawFn) -> list[Booking]:
    """Draw bookings of an hour within three weeks before and after Monday."""
    hours_of_technicians = st.tuples(NAMES, st.integers(-21 * 24, 21 * 24) | st.integers(-72, 24 * (HORIZON_DAYS + 3)))
    drawn = [
        booking(f"b{number}", name, at("00:00") + hour * 60)
        for number, (name, hour) in enumerate(draw(st.sets(hours_of_technicians, max_size=40)))
    ]
    return [replace(each, claim=replace(each.claim, location=draw(PLACES))) for each in drawn]


def business_with(booked: list[Booking]) -> ProjectPlan:
    """Return a business in two zones with night shifts, floating breaks, travel and daily limits."""
    lunch = FloatingBreak(window=hours("11:00-15:00"), minutes=45)
    home = Location(52.5, 13.6)
    return plan(
        replace(technician("ana", "08:00-17:00", floating_breaks=(lunch,), max_bookings_per_day=3), home=home),
        replace(technician("ben", "00:00-24:00", timezone="Pacific/Auckland"), home=home),
        services=[replace(VISIT, horizon_days=HORIZON_DAYS, max_bookings_per_day=3)],
        bookings=booked,
        travel=TravelPolicy(mode=TravelMode.ESTIMATED, speed_kmh=40, minutes_per_stop=5),
        horizon_days=2,
    )


def lost_calls() -> list[Trace]:
    """Return calls of Monday that ended without a booking, for starts up to the end of the horizon."""
    return [
        trace(
            TracedUse.GET_SLOTS,
            instant_ms("07:00") + number * 60_000,
            f"caller {number}",
            question=question(start := at("16:00") + number * MINUTES_PER_DAY, start + 120, technician_id="ana"),
        )
        for number in range(HORIZON_DAYS)
    ]


async def check(booked: list[Booking]) -> None:
    """Compare the report and the gaps with those that all bookings give."""
    calls = lost_calls()
    with TemporaryDirectory() as folder:
        async with open_shop(Path(folder, "shop.db"), business_with(booked)) as shop:
            await shop.store.add_traces(calls)
            metrics, gaps = await shop.app.reports.report_with_gaps(MONDAY)
            assert (await shop.app.reports.get_metrics(MONDAY)).report == metrics.report
            assert (await shop.app.reports.gaps(MONDAY)).gaps == gaps.gaps
            claims = [each.claim for each in await shop.store.bookings("shop")]
    assert len(claims) == len(booked)
    schedule, period = metrics.schedule, metrics.report.period
    availability = period_availability(schedule, claims, period)
    assert metrics.report.utilization == measure_utilization(availability, period)
    assert metrics.report.supply == count_supply(availability, period)
    lost = [LostQuestion(call.at_ms, call.question) for call in calls if call.question]
    assert gaps.gaps == find_gaps(schedule, claims, lost)


@given(booked=bookings())
@settings(max_examples=max(10, settings().max_examples // 10))
def test_bookings_far_from_a_period_change_nothing(booked: list[Booking]) -> None:
    asyncio.run(check(booked))


@contextmanager
def spans_read_from(store: SqliteStore) -> Iterator[list[tuple[int, int]]]:
    """Collect the spans of which bookings are read."""
    spans: list[tuple[int, int]] = []

    def collect(statement: str) -> None:
        spans.extend((int(start), int(end)) for end, start in SPAN.findall(statement))

    for reader in store._readers:  # noqa: SLF001
        reader._connection.set_trace_callback(collect)  # noqa: SLF001
    yield spans


async def test_a_report_reads_once_and_only_around_its_period(tmp_path: Path) -> None:
    margin, midnight = MARGIN_DAYS * MINUTES_PER_DAY, at("00:00")
    around = midnight - margin, midnight + MINUTES_PER_DAY + margin
    with_horizon = around[0], around[1] + HORIZON_DAYS * MINUTES_PER_DAY
    async with open_shop(tmp_path / "shop.db", business_with([])) as shop:
        with spans_read_from(shop.store) as spans:
            await shop.app.reports.get_metrics(MONDAY)
            await shop.app.reports.gaps(MONDAY)
            await shop.app.reports.report_with_gaps(MONDAY)
    assert spans == [around, with_horizon, with_horizon]
