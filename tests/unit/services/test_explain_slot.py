"""explain_slot: reasons for and against a start, always in agreement with get_slots and create_hold."""

from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slotmcp.domain.catalog import Location, SlotAlignment, TechnicianStatus, TimeOff
from slotmcp.domain.errors import InvalidArgument, NotFound, SlotUnavailable
from slotmcp.domain.reasons import Change, Reason
from slotmcp.services.appointments import StartRequest
from slotmcp.services.explanations import ExplainAnswer
from slotmcp.services.imports import ProjectPlan
from support.shop import Shop, at, booking, busy, clock_text, hours, plan, service, technician
from support.trips import SHOP, TRAVEL, place
from unit.services.conftest import Open

GRID = 15
"""Minutes between the tested starts: half of the offered grid."""


async def explain(shop: Shop, start: str | int, **facts: Any) -> ExplainAnswer:  # noqa: ANN401  a StartRequest's fields
    return await shop.app.explanations.explain_slot(StartRequest(start=at(start), **facts))


def reasons_of(answer: ExplainAnswer) -> dict[str, Reason | None]:
    return {one.technician_id: one.reason for one in answer.explanation.technicians}


def openings(answer: ExplainAnswer) -> dict[Change, str]:
    return {one.change: clock_text(one.slot.start) for one in answer.explanation.openings}


async def test_each_technician_has_a_reason(opened: Open) -> None:
    shop = await opened(
        plan(
            technician("able", "09:00-17:00", skills="gas"),
            technician("off", "09:00-17:00", skills="gas", status=TechnicianStatus.OFF),
            technician("unskilled", "09:00-17:00"),
            technician("early", "06:00-09:00", skills="gas"),
            technician("away", "09:00-17:00", skills="gas", time_off=(TimeOff(start=at("08:00"), end=at("12:00")),)),
            technician("lunch", "09:00-17:00", skills="gas", breaks=(hours("10:00-11:00"),)),
            technician("sold", "09:00-17:00", skills="gas"),
            technician("busy", "09:00-17:00", skills="gas"),
            technician("full", "09:00-17:00", skills="gas", max_bookings_per_day=1),
            technician("far", "09:00-17:00", skills="gas", home=place(90)),
            services=(service("visit", skills="gas"),),
            bookings=[booking("b-1", "sold", "10:30"), booking("b-2", "full", "15:00")],
            busy=[busy("busy", "10:00", "10:30")],
            travel=TRAVEL,
        )
    )
    answer = await explain(shop, "10:00", location=SHOP)
    assert reasons_of(answer) == {
        "able": None,
        "off": Reason.INACTIVE,
        "unskilled": Reason.SKILL_MISSING,
        "early": Reason.OUTSIDE_SHIFT,
        "away": Reason.TIME_OFF,
        "lunch": Reason.BREAK,
        "sold": Reason.BOOKED,
        "busy": Reason.BUSY,
        "full": Reason.DAY_FULL,
        "far": Reason.TRAVEL,
    }
    assert answer.explanation.slot is not None
    assert answer.explanation.slot.capacity == 1
    untils = {one.technician_id: clock_text(one.until) for one in answer.explanation.technicians if one.until}
    assert untils == {"away": "12:00", "lunch": "11:00", "sold": "11:30", "busy": "10:30"}


async def test_a_start_held_by_another_caller_has_the_reason_held(opened: Open) -> None:
    shop = await opened(plan(technician("ana", "09:00-12:00")))
    await shop.hold("09:30", technician_id="ana")
    assert reasons_of(await explain(shop, "09:00")) == {"ana": Reason.HELD}


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        ("05:30", Reason.PAST),
        ("2024-06-03T09:00", Reason.PAST),
        ("09:10", Reason.OFF_GRID),
        ("2025-06-13T10:00", Reason.HORIZON),
        ("2199-06-13T10:00", Reason.HORIZON),
    ],
)
async def test_a_common_reason_is_reported_for_each_technician(opened: Open, start: str, reason: Reason) -> None:
    shop = await opened(plan(technician("ana", "00:00-24:00"), technician("ben", "00:00-24:00")))
    assert reasons_of(await explain(shop, start)) == {"ana": reason, "ben": reason}


async def test_a_closed_day_is_a_holiday_and_not_outside_shifts(opened: Open) -> None:
    shop = await opened(plan(technician("ana", "09:00-17:00"), closed_dates=(date(2025, 6, 3),)))
    assert reasons_of(await explain(shop, "2025-06-03T10:00")) == {"ana": Reason.HOLIDAY}
    assert reasons_of(await explain(shop, "2025-06-03T18:00")) == {"ana": Reason.OUTSIDE_SHIFT}


async def test_openings_are_the_smallest_changes(opened: Open) -> None:
    shop = await opened(
        plan(
            technician("ana", "09:00-13:00"),
            technician("ben", "09:00-12:00"),
            bookings=[booking("b-1", "ana", "09:00"), booking("b-2", "ana", "10:30")],
        )
    )
    answer = await explain(shop, "10:00", technician_id="ana")
    assert openings(answer) == {
        Change.ANY_TECHNICIAN: "10:00",
        Change.SHORTER: "10:00",
        Change.OTHER_TIME: "11:30",
        Change.OTHER_DAY: "10:00",
    }
    lengths = {one.change: one.slot.end - one.slot.start for one in answer.explanation.openings}
    assert lengths[Change.SHORTER] == 30


async def test_openings_can_be_held(opened: Open) -> None:
    shop = await opened(
        plan(
            technician("ana", "09:00-13:00"), bookings=[booking("b-1", "ana", "09:00"), booking("b-2", "ana", "10:30")]
        )
    )
    answer = await explain(shop, "10:00")
    assert answer.explanation.openings
    for one in answer.explanation.openings:
        hold = await shop.hold(one.slot.start, duration_minutes=one.slot.end - one.slot.start)
        await shop.app.holds.release_hold(None, hold.hold.token)


async def test_an_explanation_takes_no_time(opened: Open) -> None:
    shop = await opened(plan(technician("ana", "09:00-12:00")))
    before = await shop.revision()
    await explain(shop, "09:00")
    assert await shop.revision() == before
    assert await shop.offered() == "09:00 09:30 10:00 10:30 11:00"


async def test_unknown_ids_are_errors(opened: Open) -> None:
    shop = await opened(plan(technician("ana", "09:00-12:00")))
    with pytest.raises(NotFound):
        await explain(shop, "09:00", technician_id="zoe")
    with pytest.raises(NotFound):
        await explain(shop, "09:00", service_id="roof")
    with pytest.raises(InvalidArgument):
        await shop.app.explanations.explain_slot(StartRequest())


TIMES = st.integers(0, 8).map(lambda number: f"{9 + number // 2:02}:{number % 2 * 30:02}")
NUMBERS = count()


@dataclass(frozen=True, slots=True)
class Morning:
    """Bookings of Ana and Ben, and the request."""

    booked: list[tuple[str, str]]
    held: list[str]
    where: Location | None
    requested: str | None
    alignment: SlotAlignment


MORNINGS = st.builds(
    Morning,
    booked=st.lists(st.tuples(st.sampled_from(["ana", "ben"]), TIMES), max_size=4),
    held=st.lists(TIMES, max_size=4),
    where=st.sampled_from([None, SHOP, place(20), place(45)]),
    requested=st.sampled_from([None, "ana", "ben"]),
    alignment=st.sampled_from(SlotAlignment),
)


@settings(
    max_examples=max(10, settings().max_examples // 10),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
@given(morning=MORNINGS)
async def test_explain_and_get_slots_agree_at_every_start(opened: Open, morning: Morning) -> None:
    project_id = f"shop-{next(NUMBERS)}"
    shop = await opened(business(project_id, morning.alignment))
    for technician_id, start in morning.booked:
        requested = {"technician_id": technician_id, "location": place(10), "is_additional": True}
        await attempt(shop.book(start, project_id=project_id, **requested))
    for start in morning.held:
        await attempt(shop.hold(start, project_id=project_id, location=morning.where))
    request: dict[str, Any] = {"project_id": project_id, "location": morning.where, "technician_id": morning.requested}
    slots = {one.start: one for one in (await shop.slots(**request)).offer.slots}
    for minute in range(at("08:00"), at("15:00"), GRID):
        answer = await explain(shop, minute, **request)
        assert answer.explanation.slot == slots.get(minute)
        able = {one.technician_id for one in slots[minute].candidates} if minute in slots else set()
        available = {one for one, reason in reasons_of(answer).items() if reason is None}
        assert (available if morning.requested is None else available & {morning.requested}) == able
        assert not (answer.explanation.openings and minute in slots)


def business(project_id: str, alignment: SlotAlignment) -> ProjectPlan:
    return plan(
        technician("ana", "09:00-13:00", home=SHOP, breaks=(hours("11:00-11:30"),)),
        technician("ben", "10:00-14:00", home=place(30), max_bookings_per_day=3),
        id=project_id,
        slot_alignment=alignment,
        travel=TRAVEL,
        max_holds_per_customer=9,
    )


async def attempt(take: Awaitable[object]) -> None:
    """Await a hold or a booking that may be refused."""
    with suppress(SlotUnavailable):
        await take
