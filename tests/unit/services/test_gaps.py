"""Predictions of gaps, compared with bookings after the change is made."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slotmcp.domain.booking_rules import BookableSpan, OutsideAreas, Priority, Reserve, ServiceArea
from slotmcp.domain.catalog import Location, SlotAlignment, Technician, TravelMode, TravelPolicy
from slotmcp.domain.interval import MS_PER_MINUTE
from slotmcp.domain.moment import PartOfDay
from slotmcp.domain.recurrence import FloatingBreak, WeeklySpan
from slotmcp.domain.report import (
    ExtraHour,
    ExtraSkills,
    ExtraTechnician,
    Gap,
    GapChange,
    Gaps,
    RelaxedRule,
    WithoutRule,
)
from slotmcp.domain.schedule import Schedule, TechnicianSchedule
from slotmcp.domain.trace import Question
from slotmcp.engine.opening_hours import DateRange
from slotmcp.services.booking_requests import BookRequest
from slotmcp.services.imports import ProjectPlan
from slotmcp.services.reporting import gaps as gaps_module
from slotmcp.services.reporting.gaps import find_gaps
from slotmcp.services.reporting.questions import LostQuestion
from slotmcp.services.reporting.shift_pattern import ShiftPattern
from slotmcp.services.slots import SlotQuery
from support.shop import EVERY_DAY, Shop, at, booking, customer, hours, open_shop, plan, service, technician
from support.traces import question

MONDAY_MIDNIGHT = at("00:00")
SERVICES = (service("visit"), service("gas", 90, skills="gas", before=5, after=10))
CODES = {"city": "80202", "hills": "80401"}
AREAS = (
    ServiceArea(id="city", postal_codes=("802*",), technician_ids=("ana",)),
    ServiceArea(id="hills", postal_codes=("804*",), days=frozenset({1}), extra_minutes=10),
)
PLACES = st.sampled_from([None, Location(52.5, 13.4), Location(52.6, 13.4), Location(52.5, 13.9)])


def changed_plan(business: ProjectPlan, change: GapChange) -> ProjectPlan:
    """Return the business with a change, as its owner would make it in the project file."""
    technicians = {each.id: each for each in business.technicians}
    match change:
        case ExtraHour():
            technician = technicians[change.technician_id]
            extra = hours(f"{change.hour:02}:00-{change.hour + 1:02}:00", change.weekday)
            technicians[technician.id] = replace(technician, shifts=(*technician.shifts, extra))
        case ExtraSkills():
            technician = technicians[change.technician_id]
            technicians[technician.id] = replace(technician, skills=technician.skills | set(change.skills))
        case ExtraTechnician():
            like = technicians[change.like_technician_id]
            skills = next(each.skills for each in business.services if each.id == change.service_id)
            technicians["new"] = replace(like, id="new", name="New", skills=skills, on_call=())
            areas = tuple(
                replace(area, technician_ids=(*area.technician_ids, "new")) if like.id in area.technician_ids else area
                for area in business.project.areas
            )
            business = replace(business, project=replace(business.project, areas=areas))
        case WithoutRule():
            return without_rule(business, change)
    return replace(business, technicians=tuple(technicians.values()))


def without_rule(business: ProjectPlan, change: WithoutRule) -> ProjectPlan:
    """Return the business without a key of its project file."""
    keys: dict[RelaxedRule, dict[str, Any]] = {
        RelaxedRule.RESERVE: {"reserves": ()},
        RelaxedRule.BOOKABLE_HOURS: {"bookable": ()},
        RelaxedRule.NOTICE: {"min_notice_minutes": 0},
        RelaxedRule.SERVICE_DAY_MAXIMUM: {"max_bookings_per_day": None},
        RelaxedRule.TECHNICIAN_DAY_MAXIMUM: {"max_bookings_per_day": None},
        RelaxedRule.BREAKS: {"breaks": (), "floating_breaks": ()},
        RelaxedRule.AREA_TECHNICIANS: {"technician_ids": ()},
        RelaxedRule.AREA_DAYS: {"days": frozenset()},
        RelaxedRule.OUTSIDE_AREAS: {"outside_areas": OutsideAreas.ACCEPT},
    }
    without, id_ = keys[change.rule], change.subject_id
    areas = tuple(replace(each, **without) if each.id == id_ else each for each in business.project.areas)
    return replace(
        business,
        project=replace(business.project, areas=areas, **({} if id_ else without)),
        services=tuple(replace(each, **without) if each.id == id_ else each for each in business.services),
        technicians=tuple(replace(each, **without) if each.id == id_ else each for each in business.technicians),
    )


def postal_code_of(business: ProjectPlan, asked: Question) -> str:
    """Return a postal code of the area of a question; "99999" is in no area."""
    return CODES.get(asked.area_id, "99999") if business.project.areas else ""


def query_of(asked: Question, postal_code: str) -> SlotQuery:
    """Return a question as a request for its earliest slot."""
    return SlotQuery(
        service_id=asked.service_id,
        duration_minutes=asked.duration_minutes,
        from_=asked.start_from,
        to=asked.start_to,
        timezone=asked.timezone,
        part_of_day=asked.part_of_day,
        days_of_week=frozenset(asked.days_of_week) or None,
        technician_id=asked.technician_id,
        location=asked.area,
        postal_code=postal_code,
        priority=asked.priority,
        limit=1,
    )


async def first_offered(shop: Shop, lost: LostQuestion, postal_code: str) -> int | None:
    """Return the first start offered at the time of the question."""
    shop.clock.set_ms(lost.at_ms)
    slots = (await shop.app.slots.get_slots(query_of(lost.question, postal_code))).offer.slots
    return slots[0].start if slots else None


async def book_all(shop: Shop, business: ProjectPlan, lost: Sequence[LostQuestion]) -> int:
    """Ask all questions again in order, and book each first offer; return the number of bookings."""
    booked = 0
    for each in lost:
        postal_code = postal_code_of(business, each.question)
        start = await first_offered(shop, each, postal_code)
        if start is None:
            continue
        question = each.question
        await shop.app.bookings.book_slot(
            BookRequest(
                start=start,
                service_id=question.service_id,
                duration_minutes=question.duration_minutes,
                technician_id=question.technician_id,
                location=question.area,
                postal_code=postal_code,
                priority=question.priority,
                customer=customer(booked),
            )
        )
        booked += 1
    return booked


@st.composite
def businesses(draw: st.DrawFn) -> ProjectPlan:
    """Draw one to three technicians with short shifts, some bookings, and rules of every kind."""
    names = ("ana", "ben", "cleo")[: draw(st.integers(1, 3))]
    technicians = []
    booked = []
    for name in names:
        first = draw(st.integers(8, 11))
        technicians.append(
            technician(
                name,
                f"{first:02}:00-{first + draw(st.integers(2, 5)):02}:00",
                skills=draw(st.sampled_from(["", "gas"])),
                home=draw(PLACES),
                max_bookings_per_day=draw(st.sampled_from([None, None, 2, 4])),
                **draw(working_times()),
            )
        )
        starts = draw(st.lists(st.integers(8, 15), max_size=5, unique=True))
        booked += [booking(f"{name}-{hour}", name, f"{hour:02}:00") for hour in starts]
    travel = TravelPolicy(mode=draw(st.sampled_from(TravelMode)))
    return plan(
        *technicians,
        services=[replace(each, **draw(rules_of_service())) for each in SERVICES],
        bookings=booked,
        min_notice_minutes=draw(st.sampled_from([0, 60])),
        horizon_days=draw(st.sampled_from([0, 2])),
        slot_alignment=draw(st.sampled_from(SlotAlignment)),
        travel=travel,
        areas=draw(st.sampled_from([(), AREAS])),
        outside_areas=draw(st.sampled_from(OutsideAreas)),
    )


@st.composite
def working_times(draw: st.DrawFn) -> dict[str, Any]:
    """Draw breaks, floating breaks, on-call time and shifts of every second week, each of them rarely."""
    drawn: dict[str, Any] = {}
    if draw(st.integers(0, 2)) == 0:
        drawn["breaks"] = (hours("10:00-11:00"),)
    if draw(st.integers(0, 2)) == 0:
        drawn["floating_breaks"] = (FloatingBreak(window=hours("09:00-12:00"), minutes=60),)
    if draw(st.integers(0, 2)) == 0:
        drawn["on_call"] = (hours("17:00-20:00"),)
    if draw(st.integers(0, 2)) == 0:
        drawn["shifts"] = (replace(hours("08:00-12:00", 0, 1), valid_from=date(2025, 5, 26), every_weeks=2),)
    return drawn


@st.composite
def rules_of_service(draw: st.DrawFn) -> dict[str, Any]:
    """Draw rules of a service, each of them rarely."""
    drawn: dict[str, Any] = {}
    if draw(st.integers(0, 2)) == 0:
        drawn["reserves"] = (Reserve(places=draw(st.integers(1, 2)), until_minutes=60),)
    if draw(st.integers(0, 2)) == 0:
        kinds = draw(st.lists(st.sampled_from(Priority), min_size=1, max_size=2))
        drawn["bookable"] = tuple(
            BookableSpan(days=EVERY_DAY, span=hours(f"{hour}:00-{hour + 2}:00").span, priority=kind)
            for hour, kind in zip((10, 14), kinds, strict=False)
        )
    if draw(st.integers(0, 2)) == 0:
        drawn["max_bookings_per_day"] = draw(st.integers(1, 3))
    if draw(st.integers(0, 2)) == 0:
        drawn["min_notice_minutes"] = draw(st.sampled_from([0, 180]))
    return drawn


@st.composite
def losses(draw: st.DrawFn, business: ProjectPlan) -> LostQuestion:
    """Draw a lost question about a few hours on Monday or Tuesday."""
    asked_at = MONDAY_MIDNIGHT + draw(st.integers(6 * 60, 12 * 60))
    first = MONDAY_MIDNIGHT + draw(st.integers(12 * 2, 40)) * 30 + draw(st.sampled_from([0, 0, 1440]))
    kind = draw(st.sampled_from(business.services))
    able = [each.id for each in business.technicians if kind.skills <= each.skills]
    wanted = question(
        min(max(first, asked_at), MONDAY_MIDNIGHT + 1439 + 1440 * min(1, business.project.horizon_days)),
        max(first, asked_at) + draw(st.sampled_from([1, 120, 360, 600])),
        service_id=kind.id,
        duration_minutes=draw(st.sampled_from([kind.duration_minutes, kind.shortest_minutes])),
        technician_id=draw(st.sampled_from([None, None, None, *able])),
        part_of_day=draw(st.sampled_from([None, None, None, None, *PartOfDay])),
        days_of_week=draw(st.sampled_from([(), (), (), (0,), (1,)])),
        area=draw(PLACES),
        priority=draw(st.sampled_from([Priority.NORMAL, Priority.NORMAL, Priority.EMERGENCY])),
        **draw(areas_of_questions(business)),
    )
    return LostQuestion(asked_at * MS_PER_MINUTE, wanted)


def areas_of_questions(business: ProjectPlan) -> st.SearchStrategy[dict[str, Any]]:
    """Draw the area of a question."""
    if not business.project.areas:
        return st.just({})
    is_refused = business.project.outside_areas is OutsideAreas.REFUSE
    return st.sampled_from([{"area_id": "city"}, {"area_id": "hills"}, {"is_outside_areas": is_refused}])


@st.composite
def days(draw: st.DrawFn) -> tuple[ProjectPlan, list[LostQuestion]]:
    """Draw a business and its lost questions."""
    business = draw(businesses())
    lost = draw(st.lists(losses(business), min_size=3, max_size=8))
    return business, sorted(lost, key=lambda each: each.at_ms)


async def is_unmet(shop: Shop, business: ProjectPlan, lost: LostQuestion) -> bool:
    """Return whether nothing is offered at the time of the question."""
    return await first_offered(shop, lost, postal_code_of(business, lost.question)) is None


def kind_of(change: GapChange) -> str:
    """Return the rule that a change relaxes, or its type."""
    return change.rule if isinstance(change, WithoutRule) else type(change).__name__


async def check_predictions(business: ProjectPlan, lost: Sequence[LostQuestion]) -> Gaps:
    """Make the best changes of each kind, each in a new database, and book; return the predictions."""
    with TemporaryDirectory() as folder:
        async with open_shop(Path(folder, "as-it-is.db"), business) as shop:
            schedule, booked = await shop.store.schedule("shop"), await shop.store.bookings("shop")
            unmet = [each for each in lost if await is_unmet(shop, business, each)]
        gaps = find_gaps(schedule, [each.claim for each in booked], lost)
        assert gaps.lost == len(lost)
        assert gaps.had_alternatives == len(lost) - len(unmet)
        by_kind = {kind_of(gap.change): gap for gap in reversed(gaps.gaps)}
        for number, gap in enumerate(sorted(by_kind.values(), key=lambda gap: -gap.won)[:3]):
            changed = changed_plan(business, gap.change)
            async with open_shop(Path(folder, f"{number}.db"), changed) as shop:
                assert await book_all(shop, changed, unmet) == gap.won, gap
    return gaps


@given(days())
@settings(max_examples=max(10, settings().max_examples // 14))
def test_a_change_wins_as_many_bookings_as_its_gap_predicts(day: tuple[ProjectPlan, list[LostQuestion]]) -> None:
    asyncio.run(check_predictions(*day))


async def test_one_extra_hour_is_not_counted_twice() -> None:
    business = plan(technician("ana", "09:00-10:00"), bookings=[booking("b", "ana", "09:00")], horizon_days=0)
    lost = [LostQuestion(at("08:00") * MS_PER_MINUTE + n, question("10:00", "10:01")) for n in range(3)]
    assert (await check_predictions(business, lost)).gaps


def asked(*questions: Question) -> list[LostQuestion]:
    """Return questions that were asked one after the other at 08:00."""
    return [LostQuestion(at("08:00") * MS_PER_MINUTE + number, each) for number, each in enumerate(questions)]


def shop_of(*technicians: Technician, **rules: Any) -> ProjectPlan:  # noqa: ANN401  a ServiceType's fields
    """Return a business with one service, bookable today."""
    return plan(*technicians, services=[replace(SERVICES[0], **rules)], horizon_days=0)


TEN = question("10:00", "10:01")
NINE_TO_ELEVEN = technician("ana", "09:00-11:00"), technician("ben", "09:00-11:00")
AFTERNOON = BookableSpan(days=EVERY_DAY, span=hours("14:00-16:00").span)
RULES = {
    RelaxedRule.RESERVE: (
        shop_of(*NINE_TO_ELEVEN, reserves=(Reserve(places=2, until_minutes=0),)),
        asked(TEN, TEN, TEN),
        2,
    ),
    RelaxedRule.BOOKABLE_HOURS: (shop_of(*NINE_TO_ELEVEN, bookable=(AFTERNOON,)), asked(TEN, TEN, TEN), 2),
    RelaxedRule.NOTICE: (shop_of(*NINE_TO_ELEVEN, min_notice_minutes=180), asked(TEN), 1),
    RelaxedRule.SERVICE_DAY_MAXIMUM: (
        replace(shop_of(*NINE_TO_ELEVEN, max_bookings_per_day=1), bookings=(booking("b", "ana", "09:00"),)),
        asked(TEN, TEN, TEN),
        2,
    ),
    RelaxedRule.TECHNICIAN_DAY_MAXIMUM: (
        replace(
            shop_of(technician("ana", "09:00-12:00", max_bookings_per_day=1)), bookings=(booking("b", "ana", "09:00"),)
        ),
        asked(question("09:00", "12:00"), question("09:00", "12:00"), question("09:00", "12:00")),
        2,
    ),
    RelaxedRule.BREAKS: (
        shop_of(
            technician(
                "ana",
                "09:00-12:00",
                breaks=(hours("11:00-12:00"),),
                floating_breaks=(FloatingBreak(window=hours("09:00-11:00"), minutes=90),),
            )
        ),
        asked(*[question("09:00", "12:00")] * 4),
        3,
    ),
    RelaxedRule.AREA_TECHNICIANS: (
        plan(
            technician("ana", "13:00-14:00"),
            technician("ben", "09:00-12:00"),
            services=SERVICES,
            horizon_days=0,
            areas=AREAS,
        ),
        asked(*[question("10:00", "10:01", area_id="city")] * 2),
        1,
    ),
    RelaxedRule.AREA_DAYS: (
        plan(technician("ana", "09:00-12:00"), services=SERVICES, horizon_days=0, areas=AREAS),
        asked(*[question("10:00", "10:01", area_id="hills")] * 2),
        1,
    ),
    RelaxedRule.OUTSIDE_AREAS: (
        plan(technician("ana", "09:00-12:00"), services=SERVICES, horizon_days=0, areas=AREAS),
        asked(*[question("10:00", "10:01", is_outside_areas=True)] * 2),
        1,
    ),
}
"""A business that refuses callers by each rule, their questions, and the number that would book without the rule."""


@pytest.mark.parametrize("rule", RelaxedRule)
async def test_callers_that_a_rule_refused_would_book_without_it(rule: RelaxedRule) -> None:
    business, lost, won = RULES[rule]
    gaps = await check_predictions(business, lost)
    assert {kind_of(gap.change): gap.won for gap in gaps.gaps}.get(rule) == won


async def test_a_reserve_keeps_the_time_of_colleagues_who_are_free() -> None:
    """Without the reserve, Ben could take one caller; with one more technician, all but the reserved one can come."""
    business = shop_of(*NINE_TO_ELEVEN, reserves=(Reserve(places=1, until_minutes=0),))
    business = replace(business, bookings=(booking("b", "ana", "10:00"),))
    gaps = await check_predictions(business, asked(TEN, TEN))
    won = {kind_of(gap.change): gap.won for gap in gaps.gaps}
    assert won == {RelaxedRule.RESERVE: 1, "ExtraTechnician": 1}


@pytest.mark.parametrize("rules", [{}, {"max_bookings_per_day": 9}], ids=["alone", "team"])
def test_the_latest_questions_are_simulated_if_there_are_too_many(
    rules: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gaps_module, "MAX_QUESTIONS", 2)
    monkeypatch.setattr(gaps_module, "MAX_SCHEDULES_SEARCHED", 4)
    business = shop_of(*NINE_TO_ELEVEN, **rules)
    schedule = Schedule(
        project=business.project,
        services={each.id: each for each in business.services},
        technician_schedules={each.id: TechnicianSchedule(technician=each) for each in business.technicians},
        revision=1,
    )
    early = [question("07:00", "07:01")] * 3
    gaps = find_gaps(schedule, [], asked(*early, question("12:00", "12:01"), question("13:00", "13:01")))
    assert (gaps.lost, gaps.had_alternatives, gaps.not_simulated) == (5, 0, 3)
    assert {gap.change.hour for gap in gaps.gaps if isinstance(gap.change, ExtraHour)} == {12, 13}


EVERY_SECOND_MONDAY = (
    WeeklySpan(days=frozenset({0}), span=hours("09:00-12:00").span, valid_from=date(2025, 5, 26), every_weeks=2),
    WeeklySpan(
        days=frozenset(),
        span=hours("09:00-12:00").span,
        valid_from=date(2025, 5, 26),
        rrule="FREQ=WEEKLY;INTERVAL=2;BYDAY=MO",
    ),
)


@pytest.mark.parametrize("shift", EVERY_SECOND_MONDAY, ids=["every", "rrule"])
async def test_an_hour_of_every_second_week_is_an_extra_hour_of_the_weeks_between(shift: WeeklySpan) -> None:
    gaps = await check_predictions(shop_of(technician("ana", shifts=(shift,))), asked(TEN))
    hour = ExtraHour(technician_id="ana", weekday=0, hour=10)
    assert Gap(change=hour, won=1) in gaps.gaps


@pytest.mark.parametrize("shift", EVERY_SECOND_MONDAY, ids=["every", "rrule"])
def test_a_shift_pattern_contains_an_hour_only_if_it_recurs_on_each_date(shift: WeeklySpan) -> None:
    monday, week = date(2025, 6, 2), timedelta(weeks=1)
    works_on = ShiftPattern(technician("ana", shifts=(shift,)), DateRange(monday + week, monday + week))
    assert works_on.always_contains((0, 9))
    assert not works_on.always_contains((0, 12))
    assert works_on.adjoins((0, 12))
    sometimes = ShiftPattern(technician("ana", shifts=(shift,)), DateRange(monday, monday + week))
    assert not sometimes.always_contains((0, 9))
    assert sometimes.adjoins((0, 8))
    never = ShiftPattern(technician("ana", shifts=(shift,)), DateRange(monday, monday))
    assert not never.adjoins((0, 8))
