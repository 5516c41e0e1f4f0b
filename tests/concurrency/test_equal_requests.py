"""Equal booking requests at one instant, on two servers: they make one booking."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from concurrency.rush import DEFAULT_TIMEOUT_MS, GatedStore
from slotmcp.bootstrap import build_app
from slotmcp.domain.booking import Customer, Visit
from slotmcp.domain.existing_booking import AlreadyBooked
from slotmcp.ports import Store
from slotmcp.services.app import App
from slotmcp.services.booking_requests import BookRequest
from slotmcp.services.lookups import BookAnswer
from slotmcp.services.rescheduling import RescheduleRequest
from slotmcp.store.postgres.store import PostgresStore
from slotmcp.store.sqlite import SqliteStore
from support.clock import HandClock
from support.new_file import new_file
from support.shop import at, instant_ms, plan, technician

NOW_MS = instant_ms("06:00")
NOON = at("12:00")
SERVERS = 2
TWINS = 20
KIM = Customer(name="Kim Doe", phone="+1 303 555 0142")
BUSINESS = plan(*(technician(name, "09:00-17:00") for name in ("ana", "ben", "cem")), horizon_days=0)
REQUEST = BookRequest(start=NOON, customer=KIM)


@pytest.fixture(params=["sqlite", "postgres"])
async def stores(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[list[Store]]:
    """Open two stores on one database, which stand for servers, and import the business."""
    async with AsyncExitStack() as stack:
        if request.param == "postgres":
            url = request.getfixturevalue("postgres_url")
            opened: list[Store] = [
                await stack.enter_async_context(
                    PostgresStore.open(url, clock=HandClock(NOW_MS), timeout_ms=DEFAULT_TIMEOUT_MS)
                )
                for _ in range(SERVERS)
            ]
        else:
            path = new_file(tmp_path / "twins.db")
            opened = [
                await stack.enter_async_context(
                    SqliteStore.open(path, clock=HandClock(NOW_MS), timeout_ms=DEFAULT_TIMEOUT_MS)
                )
                for _ in range(SERVERS)
            ]
        await build_app(opened[0]).projects.import_project(BUSINESS, prune=False)
        yield opened


@asynccontextmanager
async def gated(stores: list[Store], parties: int) -> AsyncIterator[list[App]]:
    """Return apps whose writes begin together."""
    barrier = asyncio.Barrier(parties)
    yield [build_app(GatedStore(store, barrier)) for store in stores]


async def send(stores: list[Store], *requests: BookRequest) -> list[BookAnswer | BaseException]:
    """Send requests at one instant to alternating servers."""
    async with gated(stores, len(requests)) as apps:
        calls = (apps[number % SERVERS].bookings.book_slot(request) for number, request in enumerate(requests))
        return await asyncio.gather(*calls, return_exceptions=True)


def outcomes(answers: list[BookAnswer | BaseException]) -> Counter[object]:
    """Return the number of each outcome: if an answer was replayed, or the type of the error."""
    return Counter(answer.replayed if isinstance(answer, BookAnswer) else type(answer) for answer in answers)


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"idempotency_key": "1"},
        {"is_additional": True},
        {"is_additional": True, "idempotency_key": "1"},
        {"visit": Visit(address="1 Main St", notes="Dog")},
    ],
    ids=["plain", "key", "additional", "additional with key", "details"],
)
async def test_equal_requests_make_one_booking(stores: list[Store], facts: dict[str, Any]) -> None:
    answers = await send(stores, *[replace(REQUEST, **facts)] * TWINS)
    assert outcomes(answers) == {False: 1, True: TWINS - 1}
    assert len(await stores[0].bookings("shop")) == 1


async def test_requests_that_contradict_make_one_booking_and_a_question(stores: list[Store]) -> None:
    homes = [replace(REQUEST, visit=Visit(address=address)) for address in ("1 Main St", "2 Oak St")]
    answers = await send(stores, *homes * (TWINS // 2))
    assert outcomes(answers) == {False: 1, True: TWINS // 2 - 1, AlreadyBooked: TWINS // 2}
    assert len(await stores[0].bookings("shop")) == 1


async def test_new_details_of_every_request_are_kept(stores: list[Store]) -> None:
    noted = [replace(REQUEST, visit=Visit(notes=f"Note {number}")) for number in range(TWINS)]
    answers = await send(stores, *noted)
    assert outcomes(answers) == {False: 1, True: TWINS - 1}
    (booking,) = await stores[0].bookings("shop")
    assert sorted(booking.visit.notes.splitlines()) == sorted(request.visit.notes for request in noted)


async def test_equal_moves_are_made_once(stores: list[Store]) -> None:
    booked = await build_app(stores[0]).bookings.book_slot(REQUEST)
    request = RescheduleRequest(booking_id=booked.booking.id, start=at("15:00"))
    async with gated(stores, TWINS) as apps:
        calls = (apps[number % SERVERS].bookings.reschedule_booking(request) for number in range(TWINS))
        answers = await asyncio.gather(*calls)
    assert Counter(answer.booked.replayed for answer in answers) == {False: 1, True: TWINS - 1}
    assert {answer.previous.start for answer in answers} == {NOON}
