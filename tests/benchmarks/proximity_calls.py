"""Simulated callers: each asks for slots, chooses the most suitable start, and books it through the services."""

from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.proximity_routes import Job
from benchmarks.proximity_week import DAYS, MONDAY, NOW_MS, PROJECT_ID, TECHNICIANS, Call, business
from slotmcp.bootstrap import build_app
from slotmcp.domain.booking import Customer
from slotmcp.domain.catalog import RankingKey
from slotmcp.domain.interval import MINUTES_PER_DAY, Minute
from slotmcp.domain.offer import Slot
from slotmcp.services.app import App
from slotmcp.services.booking_requests import BookRequest
from slotmcp.services.slots import MAX_LIMIT, SlotQuery
from slotmcp.store.sqlite import SqliteStore
from support.clock import HandClock

Choice = Callable[[Call, Slot, Sequence[Job]], str | None]
"""Returns the requested technician of a slot's candidates, given all jobs so far; None: slotmcp chooses."""


def no_request(_call: Call, _slot: Slot, _jobs: Sequence[Job]) -> None:
    """Let slotmcp choose."""


async def book_week(
    folder: Path, calls: Sequence[Call], ranking: tuple[RankingKey, ...], choice: Choice = no_request
) -> Sequence[Job]:
    """Book all calls in order, in a business with this ranking."""
    async with SqliteStore.open(folder / "week.db", clock=HandClock(NOW_MS)) as store:
        app = build_app(store)
        await app.projects.import_project(business(ranking), prune=False)
        jobs: list[Job] = []
        for call in calls:
            slot = await _best_slot(app, call)
            jobs.append(await _schedule(app, call, slot.start, choice(call, slot, jobs)))
    return jobs


async def _best_slot(app: App, call: Call) -> Slot:
    """Return the slot at the requested start, else the next or last one that day, else the first that week."""
    midnight = MONDAY + call.day * MINUTES_PER_DAY
    if slots := await _slots(app, call, midnight, midnight + MINUTES_PER_DAY):
        return next((slot for slot in slots if slot.start >= call.start), slots[-1])
    first, *_ = await _slots(app, call, MONDAY, MONDAY + DAYS * MINUTES_PER_DAY)
    return first


async def _slots(app: App, call: Call, from_: Minute, to: Minute) -> Sequence[Slot]:
    query = SlotQuery(
        project_id=PROJECT_ID,
        service_id=call.service.id,
        from_=from_,
        to=to,
        location=call.location,
        limit=MAX_LIMIT,
    )
    return (await app.slots.get_slots(query)).offer.slots


async def _schedule(app: App, call: Call, start: Minute, technician_id: str | None) -> Job:
    answer = await app.bookings.book_slot(
        BookRequest(
            project_id=PROJECT_ID,
            service_id=call.service.id,
            start=start,
            location=call.location,
            technician_id=technician_id,
            customer=Customer(name=f"Customer {call.number}", phone=f"+1 303 555 {call.number:04}"),
        )
    )
    claim = answer.booking.claim
    return Job(call, TECHNICIANS[claim.technician_id], claim.start)
