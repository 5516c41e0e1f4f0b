"""Two booking requests: the outcome of the second follows the page about retries, in one process and in two."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.retries import BookArguments, MadeBooking, corrected, moved, outcome
from slotmcp.domain.access import CallId
from slotmcp.domain.booking import Answer, BookingStatus, Customer, Visit
from slotmcp.domain.booking_rules import ServiceQuestion
from slotmcp.domain.catalog import Location
from slotmcp.domain.errors import HoldExpired, IdempotencyMismatch, SlotmcpError, SlotUnavailable
from slotmcp.domain.existing_booking import AlreadyBooked
from slotmcp.services.app import App
from slotmcp.services.booking_requests import BookRequest
from slotmcp.services.callers import RequestOrigin
from slotmcp.services.corrections import UpdateRequest
from slotmcp.services.hold_rules import HoldRequest
from slotmcp.services.lookups import BookAnswer
from slotmcp.services.rescheduling import RescheduleRequest
from slotmcp.services.status_changes import CancelRequest
from support.booking_pairs import LEE, pairs
from support.clock import HandClock
from support.shop import at, instant_ms, plan, service, technician
from support.sqlite_file import count
from unit.services.processes import create_template, open_processes

NOW_MS: Final = instant_ms("06:00")
MIDNIGHT: Final = at("00:00")
STAFF: Final = ("ana", "ben", "cem", "dov", "eve")
PETS: Final = ServiceQuestion(id="pets", ask="Any pets?")
BUSINESS: Final = plan(
    *(technician(name, "09:00-18:00") for name in STAFF),
    services=tuple(replace(service(id_), questions=(PETS,)) for id_ in ("visit", "check")),
    default_service_id="visit",
    horizon_days=0,
)
PAIRS = settings(max_examples=settings().max_examples // 5)
EVENTS = st.sampled_from(["", "", "", "cancelled", "moved", "begun", "completed", "new phone", "new contacts"])
NEW_CONTACTS: Final = {"new phone": (LEE, ""), "new contacts": (LEE, "lee@example.com")}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the path of the business's initial database, which each example copies."""
    return create_template(tmp_path_factory.mktemp("pairs") / "template.db", BUSINESS, NOW_MS)


def request_of(arguments: BookArguments, token: str = "", *, names_start: bool = True) -> BookRequest:
    """Return a request for the tool's arguments."""
    calls = (CallId("x-call-id", arguments.call),) if arguments.call else ()
    return BookRequest(
        customer=Customer(name=arguments.name, phone=arguments.phone, email=arguments.email),
        service_id=arguments.service,
        start=MIDNIGHT + arguments.start if names_start else None,
        duration_minutes=arguments.minutes,
        technician_id=arguments.technician,
        location=arguments.place and Location(*arguments.place),
        visit=Visit(address=arguments.address, notes=arguments.notes),
        answers=(Answer(question_id="pets", text=arguments.answer),) if arguments.answer else (),
        hold_token=token,
        idempotency_key=arguments.key,
        origin=RequestOrigin(credential=arguments.credential, call_ids=calls),
        is_additional=arguments.additional,
    )


def outcome_of(answer: BookAnswer | BaseException) -> str:
    """Return the outcome of a request by its answer or error."""
    match answer:
        case AlreadyBooked():
            return "ask"
        case IdempotencyMismatch():
            return "mismatch"
        case SlotUnavailable() | HoldExpired():
            return "new"
        case BookAnswer():
            return ("complete" if answer.stored else "replay") if answer.replayed else "new"
        case _:
            raise answer


async def hold(app: App, arguments: BookArguments) -> str:
    """Hold the start of a request, and return the token."""
    request = HoldRequest(
        customer_reference="caller",
        service_id=arguments.service,
        start=MIDNIGHT + arguments.start,
        duration_minutes=arguments.minutes,
        technician_id=arguments.technician,
    )
    return (await app.holds.create_hold(request)).hold.token


async def ask(
    app: App, arguments: BookArguments, token: str = "", *, names_start: bool = True
) -> BookAnswer | SlotmcpError:
    """Send a request, and return its answer or error."""
    try:
        return await app.bookings.book_slot(request_of(arguments, token, names_start=names_start))
    except SlotmcpError as error:
        return error


async def happen(app: App, event: str, booking_id: str, made: MadeBooking, clock: HandClock) -> MadeBooking:
    """Let something happen to a booking."""
    bookings = app.bookings
    if event in {"begun", "completed"}:
        clock.set_ms((MIDNIGHT + made.start) * 60_000)
        made = replace(made, has_begun=True)
    match event:
        case "cancelled":
            await bookings.cancel_booking(CancelRequest(booking_id=booking_id))
            return replace(made, status="cancelled")
        case "moved":
            await bookings.reschedule_booking(RescheduleRequest(booking_id=booking_id, start=MIDNIGHT + 900))
            return moved(made, 900)
        case "completed":
            await bookings.set_booking_status(None, booking_id, BookingStatus.COMPLETED)
            return replace(made, status="completed")
        case "new phone" | "new contacts":
            phone, email = NEW_CONTACTS[event]
            await bookings.update_booking(UpdateRequest(booking_id=booking_id, new_phone=phone, new_email=email))
            return corrected(made, phone=phone, email=email)
        case _:
            return made


@PAIRS
@given(pair=pairs(), event=EVENTS, number=st.sampled_from([1, 2]))
def test_a_second_request_follows_the_rules(
    template: Path, pair: tuple[BookArguments, BookArguments], event: str, number: int
) -> None:
    first, second = pair

    async def example() -> None:
        async with open_processes(template, number, NOW_MS) as opened:
            apps, path, clock = opened.apps, opened.path, opened.clock
            booked = await apps[0].bookings.book_slot(request_of(first))
            made = MadeBooking(by=first, technician=booked.technician.id, start=first.start)
            made = await happen(apps[0], event, booked.booking.id, made, clock)
            answer = await ask(apps[-1], second)
            assert outcome_of(answer) == outcome(second, made)
            is_new = isinstance(answer, BookAnswer) and not answer.replayed
            assert count(path, "bookings") == 1 + is_new
            if isinstance(answer, BookAnswer) and answer.replayed:
                assert answer.booking.id == booked.booking.id

    anyio.run(example)


@PAIRS
@given(pair=pairs(), number=st.sampled_from([1, 2]))
def test_two_requests_at_once_are_decided_one_after_the_other(
    template: Path, pair: tuple[BookArguments, BookArguments], number: int
) -> None:
    async def example() -> None:
        async with open_processes(template, number, NOW_MS, together=2) as opened:
            apps, path = opened.apps, opened.path
            answers = await asyncio.gather(ask(apps[0], pair[0]), ask(apps[-1], pair[1]))
            assert [outcome_of(answer) for answer in answers] in _serial_outcomes(pair, answers)
            made = [answer for answer in answers if isinstance(answer, BookAnswer) and not answer.replayed]
            assert count(path, "bookings") == len(made)

    anyio.run(example)


def _serial_outcomes(
    pair: tuple[BookArguments, BookArguments], answers: Sequence[BookAnswer | SlotmcpError]
) -> list[list[str]]:
    """Return the outcomes of both orders that made a booking first."""
    orders = []
    for first, second in ((0, 1), (1, 0)):
        answer = answers[first]
        if isinstance(answer, BookAnswer):
            made = MadeBooking(by=pair[first], technician=answer.technician.id, start=pair[first].start)
            outcomes = {first: "new", second: outcome(pair[second], made)}
            orders.append([outcomes[0], outcomes[1]])
    return orders


@PAIRS
@given(pair=pairs(), event=EVENTS, number=st.sampled_from([1, 2]), names_start=st.booleans())
def test_a_repeated_token_follows_the_rules(
    template: Path,
    pair: tuple[BookArguments, BookArguments],
    event: str,
    number: int,
    names_start: bool,  # noqa: FBT001  drawn by name
) -> None:
    first, second = (replace(arguments, uses_token=True) for arguments in pair)
    second = second if names_start else replace(second, start=first.start)

    async def example() -> None:
        async with open_processes(template, number, NOW_MS) as opened:
            apps, path, clock = opened.apps, opened.path, opened.clock
            token = await hold(apps[0], first)
            booked = await apps[0].bookings.book_slot(request_of(first, token, names_start=names_start))
            made = MadeBooking(by=first, technician=booked.technician.id, start=first.start)
            made = await happen(apps[0], event, booked.booking.id, made, clock)
            answer = await ask(apps[-1], second, token, names_start=names_start)
            assert outcome_of(answer) == outcome(second, made)
            assert count(path, "bookings") == 1

    anyio.run(example)
