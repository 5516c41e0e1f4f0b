"""Limits that count the claims of all technicians, with many callers on two servers at the same instant."""

import asyncio
from dataclasses import replace

import pytest

from concurrency.rush import GatedStore, customer
from slotmcp.bootstrap import build_app
from slotmcp.domain.booking_rules import Reserve
from slotmcp.domain.catalog import ServiceType
from slotmcp.domain.errors import SlotUnavailable
from slotmcp.ports import Store
from slotmcp.services.app import App
from slotmcp.services.booking_requests import BookRequest
from slotmcp.services.hold_rules import HoldRequest
from slotmcp.services.slots import SlotQuery
from support.shop import VISIT, plan, technician

CALLERS = 16
TECHNICIANS = 5
TEAM = tuple(technician(f"tech-{number}", "09:00-17:00") for number in range(TECHNICIANS))
THREE_A_DAY = replace(VISIT, max_bookings_per_day=3)
TWO_KEPT = replace(VISIT, reserves=(Reserve(places=2, until_minutes=0),))


async def free_starts(app: App) -> list[int]:
    """Return the free starts of the first bookable date."""
    slots = (await app.slots.get_slots(SlotQuery(project_id="team", limit=50))).offer.slots
    return [slot.start for slot in slots if slot.start // 1440 == slots[0].start // 1440]


async def take(app: App, number: int, start: int) -> int:
    """Hold or book a start as one of many callers; return the start."""
    if number % 3:
        hold = HoldRequest(project_id="team", start=start, customer_reference=f"caller-{number}")
        return (await app.holds.create_hold(hold)).hold.claim.start
    order = BookRequest(project_id="team", start=start, customer=customer(number))
    return (await app.bookings.book_slot(order)).booking.claim.start


@pytest.mark.parametrize(
    ("service", "starts_in_turn"),
    [pytest.param(THREE_A_DAY, 3, id="bookings of a service a day"), pytest.param(TWO_KEPT, 1, id="reserve")],
)
async def test_concurrent_callers_get_exactly_what_the_rules_allow(
    store: Store, other: Store, service: ServiceType, starts_in_turn: int
) -> None:
    business = plan(*TEAM, services=(service,), id="team", horizon_days=1)
    await build_app(store).projects.import_project(business, prune=False)
    starts = (await free_starts(build_app(other)))[-starts_in_turn:]
    barrier = asyncio.Barrier(CALLERS)
    apps = [build_app(GatedStore(server, barrier)) for server in (store, other)]
    calls = (take(apps[number % 2], number, starts[number % len(starts)]) for number in range(CALLERS))
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(isinstance(answer, int) for answer in answers) == 3
    assert sum(isinstance(answer, SlotUnavailable) for answer in answers) == CALLERS - 3
    people = (await store.schedule("team")).technician_schedules.values()
    assert sum(len(schedule.claims) for schedule in people) == 3
    assert not set(starts) & set(await free_starts(build_app(other)))
