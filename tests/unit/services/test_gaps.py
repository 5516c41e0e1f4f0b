"""Predictions of gaps, compared with bookings after the change is made."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from slotmcp.domain.catalog import Location, SlotAlignment, TravelMode, TravelPolicy
from slotmcp.domain.interval import MS_PER_MINUTE
from slotmcp.domain.moment import PartOfDay
from slotmcp.domain.report import ExtraHour, ExtraSkills, ExtraTechnician, GapChange
from slotmcp.domain.trace import Question
from slotmcp.services.booking_requests import BookRequest
from slotmcp.services.imports import ProjectPlan
from slotmcp.services.reporting.gaps import LostQuestion, find_gaps
from slotmcp.services.slots import SlotQuery
from support.shop import Shop, at, booking, customer, hours, open_shop, plan, service, technician
from support.traces import question

MONDAY_MIDNIGHT = at("00:00")
SERVICES = (service("visit"), service("gas", 90, skills="gas", before=5, after=10))
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
            technicians["new"] = replace(like, id="new", name="New", skills=skills)
    return replace(business, technicians=tuple(technicians.values()))


def query_of(asked: Question) -> SlotQuery:
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
        limit=1,
    )


async def first_offered(shop: Shop, lost: LostQuestion) -> int | None:
    """Return the first start offered at the time of the question."""
    shop.clock.set_ms(lost.at_ms)
    slots = (await shop.app.slots.get_slots(query_of(lost.question))).offer.slots
    return slots[0].start if slots else None


async def book_all(shop: Shop, lost: Sequence[LostQuestion]) -> int:
    """Ask all questions again in order, and book each first offer; return the number of bookings."""
    booked = 0
    for each in lost:
        start = await first_offered(shop, each)
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
            )
        )
        starts = draw(st.lists(st.integers(8, 15), max_size=5, unique=True))
        booked += [booking(f"{name}-{hour}", name, f"{hour:02}:00") for hour in starts]
    travel = TravelPolicy(mode=draw(st.sampled_from(TravelMode)))
    return plan(
        *technicians,
        services=SERVICES,
        bookings=booked,
        min_notice_minutes=draw(st.sampled_from([0, 60])),
        horizon_days=draw(st.sampled_from([0, 2])),
        slot_alignment=draw(st.sampled_from(SlotAlignment)),
        travel=travel,
    )


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
    )
    return LostQuestion(asked_at * MS_PER_MINUTE, wanted)


@st.composite
def days(draw: st.DrawFn) -> tuple[ProjectPlan, list[LostQuestion]]:
    """Draw a business and its lost questions."""
    business = draw(businesses())
    lost = draw(st.lists(losses(business), min_size=3, max_size=8))
    return business, sorted(lost, key=lambda each: each.at_ms)


async def check_predictions(business: ProjectPlan, lost: Sequence[LostQuestion]) -> int:
    """Make the best changes, each in a new database, and book; return the total number of predicted bookings."""
    with TemporaryDirectory() as folder:
        async with open_shop(Path(folder, "as-it-is.db"), business) as shop:
            schedule, booked = await shop.store.schedule("shop"), await shop.store.bookings("shop")
            unmet = [each for each in lost if await first_offered(shop, each) is None]
        gaps = find_gaps(schedule, [each.claim for each in booked], lost)
        assert gaps.lost == len(lost)
        assert gaps.had_alternatives == len(lost) - len(unmet)
        for number, gap in enumerate(gaps.gaps[:2]):
            async with open_shop(Path(folder, f"{number}.db"), changed_plan(business, gap.change)) as shop:
                assert await book_all(shop, unmet) == gap.won, gap
    return sum(gap.won for gap in gaps.gaps)


@given(days())
@settings(max_examples=max(10, settings().max_examples // 14))
def test_a_change_wins_as_many_bookings_as_its_gap_predicts(day: tuple[ProjectPlan, list[LostQuestion]]) -> None:
    asyncio.run(check_predictions(*day))


async def test_one_extra_hour_is_not_counted_twice() -> None:
    business = plan(technician("ana", "09:00-10:00"), bookings=[booking("b", "ana", "09:00")], horizon_days=0)
    lost = [LostQuestion(at("08:00") * MS_PER_MINUTE + n, question("10:00", "10:01")) for n in range(3)]
    assert await check_predictions(business, lost) > 0
