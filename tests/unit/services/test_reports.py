"""Reports, computed from traces and bookings."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from slotmcp.domain.catalog import Location, TravelMode, TravelPolicy
from slotmcp.domain.errors import InvalidArgument
from slotmcp.domain.reasons import Reason
from slotmcp.domain.recurrence import FloatingBreak, RecurringTimeOff, WeeklySpan
from slotmcp.domain.report import DecidedBy, ExtraHour, LossReason, RefusedQuestions, Report, Share, Utilization
from slotmcp.domain.trace import TechnicianTrace, Trace, TracedUse
from slotmcp.services.imports import ProjectPlan
from slotmcp.services.reporting.conversations import MAX_PAUSE_MS
from slotmcp.services.reporting.reports import ReportRequest
from support.shop import VISIT, Shop, at, booking, busy, customer, hours, instant_ms, open_shop, plan, technician
from support.traces import question, trace

ASKED, HELD, BOOKED = TracedUse.GET_SLOTS, TracedUse.CREATE_HOLD, TracedUse.BOOK_SLOT
MONDAY = ReportRequest(first_day=date(2025, 6, 2), end_day=date(2025, 6, 3))
ANA = technician("ana", "09:00-12:00")
NOON = instant_ms("12:00")
TEN = at("10:00")
EVERY_TWO = "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO"


@asynccontextmanager
async def reporting(folder: Path, traces: Sequence[Trace], business: ProjectPlan | None = None) -> AsyncIterator[Shop]:
    """Open a shop with traces."""
    async with open_shop(folder / "shop.db", business or plan(ANA)) as shop:
        await shop.store.add_traces(traces)
        yield shop


async def report_of(folder: Path, *traces: Trace, business: ProjectPlan | None = None) -> Report:
    """Return the report on Monday."""
    async with reporting(folder, traces, business) as shop:
        return (await shop.app.reports.get_metrics(MONDAY)).report


async def test_each_step_of_the_funnel_includes_the_later_steps(tmp_path: Path) -> None:
    report = await report_of(
        tmp_path,
        trace(ASKED, NOON, "empty"),
        trace(ASKED, NOON, "offered", offered=(TEN,)),
        trace(ASKED, NOON, "held", offered=(TEN,)),
        trace(HELD, NOON + 1, "held", start=TEN, hold_key="lapsed"),
        trace(ASKED, NOON, "booked", offered=(TEN,)),
        trace(BOOKED, NOON + 1, "booked", start=TEN),
        trace(ASKED, NOON, "late", offered=(TEN,)),
        trace(HELD, NOON + 1, "late", start=TEN, outcome="slot_unavailable"),
        trace(BOOKED, NOON, "broken", outcome="unavailable"),
    )
    funnel = report.funnel
    assert (funnel.conversations, funnel.offered, funnel.held, funnel.booked, funnel.thinking) == (6, 4, 2, 1, 0)
    assert funnel.lost == dict.fromkeys(LossReason, 1)
    assert funnel.conversations == funnel.booked + funnel.thinking + sum(funnel.lost.values())
    assert report.collisions == 1


async def test_a_conversation_with_a_live_hold_is_not_lost(tmp_path: Path) -> None:
    async with reporting(tmp_path, []) as shop:
        held = await shop.hold("10:00", service_id="visit")
        await shop.store.add_traces([trace(HELD, shop.clock.now_ms(), hold_key=held.hold.claim.id)])
        before = (await shop.app.reports.get_metrics(MONDAY)).report.funnel
        shop.clock.advance(seconds=120)
        after = (await shop.app.reports.get_metrics(MONDAY)).report.funnel
    assert (before.thinking, sum(before.lost.values())) == (1, 0)
    assert (after.thinking, after.lost) == (0, {LossReason.HOLD_ABANDONED: 1})


async def test_a_long_pause_ends_a_conversation(tmp_path: Path) -> None:
    pause = trace(ASKED, NOON), trace(ASKED, NOON + MAX_PAUSE_MS), trace(BOOKED, NOON + 2 * MAX_PAUSE_MS + 1)
    assert (await report_of(tmp_path, *pause)).funnel.conversations == 2


async def test_demand_counts_first_questions_and_supply_counts_free_starts(tmp_path: Path) -> None:
    wanted = (
        trace(ASKED, NOON, question=question("10:00", "11:30")),
        trace(ASKED, NOON + 1, question=question("06:00", "07:00")),
        trace(ASKED, NOON, "early", question=question("06:00", "07:00")),
    )
    business = plan(ANA, bookings=[booking("b", "ana", "09:00")])
    report = await report_of(tmp_path, *wanted, business=business)
    assert {(day, hour): n for day, row in enumerate(report.demand) for hour, n in enumerate(row) if n} == {
        (0, 6): 1,
        (0, 10): 1,
    }
    assert report.supply[0][9:12] == (0, 2, 2)
    assert sum(map(sum, report.supply)) == 4


async def test_refusals_are_counted_by_main_reason(tmp_path: Path) -> None:
    technicians = (
        TechnicianTrace(technician_id="ana", could=0, reasons={Reason.BOOKED: 2, Reason.BREAK: 1}),
        TechnicianTrace(technician_id="ben", could=0, reasons={Reason.SKILL_MISSING: 9}),
    )
    wanted = question("10:00", "11:00")
    report = await report_of(
        tmp_path,
        trace(ASKED, NOON, question=wanted, technicians=technicians),
        trace(ASKED, NOON, question=wanted, technicians=technicians[1:]),
        trace(BOOKED, NOON, question=wanted, technicians=technicians, outcome="slot_unavailable"),
        trace(ASKED, NOON, question=wanted, offered=(TEN,)),
    )
    assert report.refused == (
        RefusedQuestions(reason=Reason.BOOKED, service_id="visit", questions=2),
        RefusedQuestions(reason=Reason.SKILL_MISSING, service_id="visit", questions=1),
    )


async def test_utilization_adds_up_to_the_open_minutes(tmp_path: Path) -> None:
    here, there = Location(52.5, 13.4), Location(52.5, 13.5)
    first, second = booking("a", "ana", "09:00", 30), booking("b", "ana", "10:30", 30)
    business = plan(
        replace(ANA, home=here),
        technician("ben", "09:00-10:00"),
        bookings=[
            replace(first, claim=replace(first.claim, location=here, buffer_after_minutes=10)),
            replace(second, claim=replace(second.claim, location=there)),
        ],
        busy=[busy("ana", "11:30", "13:00")],
        travel=TravelPolicy(mode=TravelMode.ESTIMATED, speed_kmh=40, minutes_per_stop=5),
    )
    report = await report_of(tmp_path, business=business)
    ana, ben = report.utilization
    # 6.77 km by the great circle, 8.80 km by road, 13.2 minutes and 5 for the stop; home is where the first job is.
    assert ana == Utilization(
        technician_id="ana", open_minutes=180, booked_minutes=70, travel_minutes=19, busy_minutes=30, free_minutes=61
    )
    assert ben.free_minutes == ben.open_minutes == 60
    assert report.fairness == (
        Share(technician_id="ana", bookings=2, share_of_bookings=1.0, share_of_open_time=0.75),
        Share(technician_id="ben", bookings=0, share_of_bookings=0.0, share_of_open_time=0.25),
    )


async def test_recurring_and_floating_breaks_are_not_open_time(tmp_path: Path) -> None:
    """A floating break counts where it fits; time off and breaks of other weeks do not count."""
    odd, even = date(2025, 5, 26), date(2025, 6, 2)
    window = hours("09:00-11:00")
    business = plan(
        technician("ana", "09:00-12:00", floating_breaks=(FloatingBreak(window=window, minutes=30),)),
        technician("ben", "09:00-12:00", breaks=(replace(hours("10:00-11:00"), valid_from=odd, every_weeks=2),)),
        technician("cleo", "09:00-12:00", breaks=(replace(hours("10:00-11:00"), valid_from=even, every_weeks=2),)),
        technician("dan", shifts=(WeeklySpan(days=frozenset(), span=window.span, valid_from=odd, rrule=EVERY_TWO),)),
        technician("eve", shifts=(WeeklySpan(days=frozenset(), span=window.span, valid_from=even, rrule=EVERY_TWO),)),
        technician(
            "fay", "09:00-12:00", recurring_time_off=(RecurringTimeOff(rrule=EVERY_TWO, first=even, span=window.span),)
        ),
        technician("gus", on_call=(hours("09:00-12:00"),)),
        bookings=[booking("a", "ana", "09:00"), booking("b", "ana", "10:30", 90)],
    )
    report = await report_of(tmp_path, business=business)
    minutes = {
        row.technician_id: (row.open_minutes, row.booked_minutes, row.free_minutes) for row in report.utilization
    }
    assert minutes == {
        "ana": (150, 150, 0),
        "ben": (180, 0, 180),
        "cleo": (120, 0, 120),
        "dan": (0, 0, 0),
        "eve": (120, 0, 120),
        "fay": (60, 0, 60),
        "gus": (0, 0, 0),
    }


async def test_supply_ends_with_the_period_although_a_service_has_a_longer_horizon(tmp_path: Path) -> None:
    business = plan(ANA, services=[replace(VISIT, horizon_days=20)])
    report = await report_of(tmp_path, business=business)
    assert sum(map(sum, report.supply)) == 6


async def test_bookings_are_counted_by_deciding_factor(tmp_path: Path) -> None:
    business = plan(
        technician("ana", "09:00-11:00", priority=2),
        technician("ben", "09:00-12:00"),
        bookings=[booking("given", "ben", "11:00")],
    )
    async with reporting(tmp_path, [], business) as shop:
        shop.at_time("08:00")
        await shop.book("09:00", customer=customer(1))
        await shop.book("09:00", customer=customer(2))
        await shop.book("10:00", service_id="visit", technician_id="ben")
        report = (await shop.app.reports.get_metrics(MONDAY)).report
    assert report.decided == {
        DecidedBy.LOAD: 1,
        DecidedBy.ONLY_ONE: 1,
        DecidedBy.REQUESTED: 1,
        DecidedBy.OTHER: 1,
    }


async def test_response_times_are_percentiles(tmp_path: Path) -> None:
    calls = [trace(ASKED, NOON, hops={"total": n}) for n in range(1, 201)]
    (times,) = (await report_of(tmp_path, *calls, trace(BOOKED, NOON))).response_times
    assert (times.calls, times.p50_us, times.p95_us, times.p99_us) == (200, 100, 190, 198)


async def test_gaps_are_found_for_lost_conversations(tmp_path: Path) -> None:
    wanted = question("12:00", "12:01")
    lost = [trace(ASKED, instant_ms("08:00") + n, f"who-{n}", question=wanted) for n in range(2)]
    booked = [trace(ASKED, NOON, question=wanted), trace(BOOKED, NOON + 1)]
    async with reporting(tmp_path, [*lost, *booked]) as shop:
        gaps = (await shop.app.reports.gaps(MONDAY)).gaps
    assert (gaps.lost, gaps.had_alternatives) == (2, 0)
    assert gaps.gaps[0].change == ExtraHour(technician_id="ana", weekday=0, hour=12)
    assert gaps.gaps[0].won == 1


@pytest.mark.parametrize(
    ("first", "end", "field"),
    [(date(2025, 6, 3), date(2025, 6, 3), "to"), (date(2025, 1, 1), date(2025, 6, 3), "from")],
)
async def test_a_period_must_not_be_empty_or_too_long(tmp_path: Path, first: date, end: date, field: str) -> None:
    async with reporting(tmp_path, []) as shop:
        with pytest.raises(InvalidArgument) as refusal:
            await shop.app.reports.get_metrics(ReportRequest(first_day=first, end_day=end))
    assert refusal.value.fields[0].field == field
