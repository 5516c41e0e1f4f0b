"""Moves and cancellations in a row: the outcomes follow the page about retries, in one process and in two."""

import asyncio
from dataclasses import fields, replace
from pathlib import Path
from typing import Final

import anyio
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from oracle.moves import BookingState, ChangeArguments, Visits
from slotmcp.domain.access import CallId
from slotmcp.domain.booking import Customer
from slotmcp.domain.errors import BookingClosed, IdempotencyMismatch, InvalidArgument, VerificationNeeded
from slotmcp.ports import Store
from slotmcp.services.app import App
from slotmcp.services.booking_requests import BookRequest
from slotmcp.services.callers import RequestOrigin
from slotmcp.services.hold_rules import HoldRequest
from slotmcp.services.rescheduling import RescheduleRequest
from slotmcp.services.status_changes import CancelRequest
from support.clock import HandClock
from support.shop import at, instant_ms, open_shop, plan, technician
from unit.services.processes import open_processes

NOW_MS: Final = instant_ms("06:00")
MIDNIGHT: Final = at("00:00")
BUSINESS: Final = plan(*(technician(name, "08:00-18:00") for name in ("ana", "ben", "cem", "dov")), horizon_days=0)
KIM, LEE = "+13035550142", "+13035550143"
CALLS: Final = ("c7a1f93e05b24d68", "d7a1f93e05b24d68")
STARTS: Final = (600, 660)
HELD: Final = {0: 840, 1: 900}
NAMES: Final = tuple(each.name for each in fields(ChangeArguments))
WAITS: Final = (0, 0, 0, 0, 30, 270)
ERRORS: Final[dict[type[Exception], str]] = {
    IdempotencyMismatch: "mismatch",
    VerificationNeeded: "unverified",
    BookingClosed: "closed",
    InvalidArgument: "invalid",
}
Known = tuple[list[str], list[str]]
"""Ids of the bookings, and tokens of the holds."""

requests = st.builds(
    ChangeArguments,
    booking=st.sampled_from((0, 0, 0, 1)),
    phone=st.sampled_from((KIM, KIM, KIM, LEE, "")),
    call=st.sampled_from(("", "", "1", *CALLS)),
    cancels=st.sampled_from((False, False, False, True)),
    reason=st.sampled_from(("", "ill", "late")),
    start=st.sampled_from((None, None, 840, 840, 900, 600, 630)),
    token_of=st.sampled_from((None, None, 0, 1)),
    key=st.sampled_from(("", "", "1", "1", "2")),
)


@st.composite
def sequences(draw: st.DrawFn, sizes: tuple[int, ...] = (2, 3, 4)) -> list[tuple[int, ChangeArguments]]:
    """Draw requests, each of which differs from the one before or the first in a few arguments."""
    drawn = [(0, _complete(draw(requests)))]
    for _ in range(draw(st.sampled_from(sizes)) - 1):
        (_, base), other = draw(st.sampled_from((drawn[0], drawn[-1]))), draw(requests)
        changed = draw(st.sets(st.sampled_from(NAMES), max_size=2))
        request = _complete(replace(base, **{name: getattr(other, name) for name in changed}))
        drawn.append((draw(st.sampled_from(WAITS)), request))
    return drawn


def _complete(request: ChangeArguments) -> ChangeArguments:
    """Return a request with a start or a token."""
    return request if request.start is not None or request.token_of is not None else replace(request, start=840)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Known]:
    """Return the path of a database with two bookings and two holds, which each example copies."""
    path = tmp_path_factory.mktemp("moves") / "template.db"

    async def create() -> Known:
        async with open_shop(path, BUSINESS, clock=HandClock(NOW_MS)) as shop:
            bookings, holds = shop.app.bookings, shop.app.holds
            booked = [
                await bookings.book_slot(
                    BookRequest(
                        customer=Customer(name="Caller", phone=phone), start=MIDNIGHT + start, origin=origin_of(call)
                    )
                )
                for phone, start, call in zip((KIM, LEE), STARTS, CALLS, strict=True)
            ]
            held = [await holds.create_hold(HoldRequest(start=MIDNIGHT + start)) for start in HELD.values()]
            return [each.booking.id for each in booked], [each.hold.token for each in held]

    return path, anyio.run(create)


def visits() -> Visits:
    """Return the state of the template."""
    booked = zip(STARTS, (KIM, LEE), CALLS, strict=True)
    return Visits(
        {
            number: BookingState(start=start, phone=phone, call=call)
            for number, (start, phone, call) in enumerate(booked)
        },
        HELD,
    )


def origin_of(call: str) -> RequestOrigin:
    return RequestOrigin(credential="agent", call_ids=(CallId("x-call-id", call),) if call else ())


async def send(app: App, request: ChangeArguments, known: Known) -> tuple[str, int | None]:
    """Return the outcome of a request, and the booking's earlier start after a move."""
    try:
        return await _send(app, request, known)
    except tuple(ERRORS) as error:
        return ERRORS[type(error)], None


async def _send(app: App, request: ChangeArguments, known: Known) -> tuple[str, int | None]:
    booking_id, origin = known[0][request.booking], origin_of(request.call)
    if request.cancels:
        canceled = await app.bookings.cancel_booking(
            CancelRequest(booking_id=booking_id, reason=request.reason, phone=request.phone, origin=origin)
        )
        return "replay" if canceled.replayed else "new", None
    moved = await app.bookings.reschedule_booking(
        RescheduleRequest(
            booking_id=booking_id,
            start=None if request.start is None else MIDNIGHT + request.start,
            hold_token="" if request.token_of is None else known[1][request.token_of],
            idempotency_key=request.key,
            phone=request.phone,
            origin=origin,
        )
    )
    return "replay" if moved.booked.replayed else "new", moved.previous.start - MIDNIGHT


async def state(store: Store, known: Known) -> list[BookingState]:
    """Return the stored state of the bookings."""
    found = [await store.booking("shop", id_) for id_ in known[0]]
    return [
        BookingState(
            start=each.claim.start - MIDNIGHT,
            phone=each.customer.phone if each.customer else "",
            call=CALLS[number],
            status=each.status.value,
            reason=each.cancel_reason,
        )
        for number, each in enumerate(found)
        if each is not None
    ]


@settings(max_examples=settings().max_examples // 5)
@given(sequence=sequences(), number=st.sampled_from([1, 2]))
@example(
    sequence=[
        (0, ChangeArguments(phone=KIM, start=840)),
        (0, ChangeArguments(phone=KIM, cancels=True)),
        (0, ChangeArguments(phone=KIM, start=840)),
    ],
    number=1,
)
@example(
    sequence=[
        (0, ChangeArguments(phone=KIM, token_of=1)),
        (0, ChangeArguments(phone=KIM, token_of=1, start=840)),
    ],
    number=1,
)
@example(
    sequence=[(0, ChangeArguments(phone=KIM, start=840)), (0, ChangeArguments(phone=KIM, start=900))] * 2, number=2
)
@example(
    sequence=[(0, ChangeArguments(phone=KIM, start=840, key="1")), (0, ChangeArguments(phone=KIM, start=900))] * 2,
    number=2,
)
@example(
    sequence=[
        (0, ChangeArguments(phone=KIM, token_of=0)),
        (0, ChangeArguments(phone=KIM, cancels=True)),
        (0, ChangeArguments(phone=KIM, token_of=0)),
        (0, ChangeArguments(phone=KIM, cancels=True, reason="ill")),
    ],
    number=1,
)
@example(
    sequence=[(0, ChangeArguments(phone=KIM, token_of=0)), (0, ChangeArguments(booking=1, phone=LEE, token_of=0))],
    number=2,
)
@example(sequence=[(0, ChangeArguments(phone=KIM, start=840)), (0, ChangeArguments(phone=LEE, start=840))], number=1)
@example(
    sequence=[
        (0, ChangeArguments(phone=KIM, token_of=0, key="1")),
        (0, ChangeArguments(phone=KIM, token_of=1, key="1")),
    ],
    number=1,
)
@example(
    sequence=[
        (0, ChangeArguments(call=CALLS[0], phone=KIM, start=840, key="1")),
        (0, ChangeArguments(call=CALLS[0], phone=LEE, booking=1, start=840, key="1")),
    ],
    number=1,
)
def test_requests_follow_the_rules(
    template: tuple[Path, Known], sequence: list[tuple[int, ChangeArguments]], number: int
) -> None:
    path, known = template

    async def check() -> None:
        async with open_processes(path, number, NOW_MS) as opened:
            stores, apps, clock = opened.stores, opened.apps, opened.clock
            expected, minutes = visits(), 360
            for position, (wait, request) in enumerate(sequence):
                minutes += wait
                clock.advance(seconds=60 * wait)
                assert await send(apps[position % number], request, known) == expected.decide(request, minutes)
                assert await state(stores[0], known) == list(expected.booked.values())

    anyio.run(check)


@settings(max_examples=settings().max_examples // 4)
@given(sequence=sequences((2,)), number=st.sampled_from([1, 2]))
def test_two_requests_at_once_are_decided_one_after_the_other(
    template: tuple[Path, Known], sequence: list[tuple[int, ChangeArguments]], number: int
) -> None:
    path, known = template
    pair = [request for _, request in sequence]

    async def check() -> None:
        async with open_processes(path, number, NOW_MS) as opened:
            stores, apps = opened.stores, opened.apps
            answers = await asyncio.gather(send(apps[0], pair[0], known), send(apps[-1], pair[1], known))
            assert (list(answers), await state(stores[0], known)) in [
                _serial(pair, order) for order in ((0, 1), (1, 0))
            ]

    anyio.run(check)


def _serial(
    pair: list[ChangeArguments], order: tuple[int, int]
) -> tuple[list[tuple[str, int | None]], list[BookingState]]:
    """Return the outcomes of two requests in an order, and the bookings afterwards."""
    expected = visits()
    outcomes = {position: expected.decide(pair[position], 360) for position in order}
    return [outcomes[0], outcomes[1]], list(expected.booked.values())
