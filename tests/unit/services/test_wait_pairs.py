"""Two requests to wait: the outcome of the second follows the page about retries, in one process and in two."""

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import anyio
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from slotmcp.domain.access import CallId
from slotmcp.domain.booking import Customer
from slotmcp.domain.errors import IdempotencyMismatch, SlotsAvailable
from slotmcp.domain.waitlist import WaitlistState
from slotmcp.services.app import App
from slotmcp.services.booking_requests import BookRequest
from slotmcp.services.callers import RequestOrigin
from slotmcp.services.status_changes import CancelRequest
from slotmcp.services.waitlist import WaitlistEntryStatus
from slotmcp.services.waitlist_joining import JoinRequest
from support.shop import at, booking, instant_ms, plan, service, technician
from unit.services.processes import create_template, open_processes

NOW_MS: Final = instant_ms("06:00")
HOURS: Final = range(9, 18)
FULL: Final = plan(
    technician("ana", "09:00-18:00"),
    technician("ben", "09:00-09:30"),
    services=(service("visit"), service("check")),
    bookings=[booking(f"b-{hour}", "ana", f"{hour:02}:00") for hour in HOURS],
)
KIM, LEE = "+13035550142", "+13035550143"
UNGUESSABLE, GUESSABLE = "c7a1f93e05b24d68", "caller"
SECRET_CALL: Final = "call-7f3a91c2e5d8"  # noqa: S105  a test's own


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitArguments:
    """Arguments of join_waitlist."""

    name: str = "Kim"
    phone: str = KIM
    email: str = ""
    hash_: str = ""
    service: str = "visit"
    window: tuple[int, int] = (9, 12)
    minutes: int = 60
    technician: str | None = None
    key: str = ""
    call: str = ""

    @property
    def job(self) -> tuple[object, ...]:
        return self.service, self.window, self.minutes, self.technician

    @property
    def contacts(self) -> set[str]:
        return {self.phone, self.email} - {""}


all_arguments = st.builds(
    WaitArguments,
    name=st.sampled_from(("Kim", "KIM ", "Kym")),
    phone=st.sampled_from((KIM, KIM, LEE, "")),
    email=st.sampled_from(("", "kim@example.com", "lee@example.com")),
    hash_=st.sampled_from(("", UNGUESSABLE, GUESSABLE)),
    service=st.sampled_from(("visit", "visit", "visit", "check")),
    window=st.sampled_from(((9, 12), (9, 12), (9, 11), (11, 13), (12, 15))),
    minutes=st.sampled_from((60, 60, 45)),
    technician=st.sampled_from((None, None, "ana")),
    key=st.sampled_from(("", "1", "1", "2")),
    call=st.sampled_from(("", "", SECRET_CALL, "1")),
).filter(lambda arguments: arguments.phone or arguments.email)
_NAMES: Final = tuple(WaitArguments.__dataclass_fields__)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[WaitArguments, WaitArguments]:
    """Draw a request, and another one that differs in some arguments."""
    first, other = draw(all_arguments), draw(all_arguments)
    changed = draw(st.sets(st.sampled_from(_NAMES), max_size=4))
    second = replace(first, **{name: getattr(other, name) for name in changed})
    return (first, second) if second.phone or second.email else (first, first)


def expected(first: WaitArguments, second: WaitArguments, end: str) -> str:
    """Return the outcome of the second request. `end` is how the first entry ended; empty: it waits."""
    if _shares_key(first, second):
        if not _is_same_visit(first, second) and not _is_equal(first, second):
            return "mismatch"
        return "replay" if end or not _corrects(first, second) else "correct"
    if not _is_same_visit(first, second):
        return "new"
    if not end:
        return "correct" if _corrects(first, second) else "replay"
    return "replay" if end == "booked" and first.job == second.job else "new"


def _is_same_visit(first: WaitArguments, second: WaitArguments) -> bool:
    overlap = first.window[0] < second.window[1] and second.window[0] < first.window[1]
    return overlap and first.service == second.service and _is_same_customer(first, second)


def _is_same_customer(first: WaitArguments, second: WaitArguments) -> bool:
    if first.contacts & second.contacts:
        return True
    differs = (first.phone and second.phone) or (first.email and second.email)
    return not differs and first.hash_ == second.hash_ == UNGUESSABLE


def _is_equal(first: WaitArguments, second: WaitArguments) -> bool:
    return (*first.job, first.contacts, first.hash_) == (*second.job, second.contacts, second.hash_)


def _corrects(first: WaitArguments, second: WaitArguments) -> bool:
    is_same_name = first.name.strip().casefold() == second.name.strip().casefold()
    return first.job != second.job or not is_same_name or not second.contacts <= first.contacts


def _shares_key(first: WaitArguments, second: WaitArguments) -> bool:
    if not first.key or first.key != second.key or first.call != second.call:
        return False
    return first.call == SECRET_CALL or bool(first.contacts & second.contacts)


def request_of(arguments: WaitArguments) -> JoinRequest:
    return JoinRequest(
        customer=Customer(name=arguments.name, phone=arguments.phone, email=arguments.email),
        customer_reference=arguments.hash_,
        service_id=arguments.service,
        from_=at(f"{arguments.window[0]:02}:00"),
        to=at(f"{arguments.window[1]:02}:00"),
        duration_minutes=arguments.minutes,
        technician_id=arguments.technician,
        idempotency_key=arguments.key,
        origin=RequestOrigin(
            credential="agent", call_ids=(CallId("x-call-id", arguments.call),) if arguments.call else ()
        ),
    )


async def join(app: App, arguments: WaitArguments) -> WaitlistEntryStatus | None:
    """Join; None: a start is available, so the request is new."""
    try:
        return await app.waitlist.join_waitlist(request_of(arguments))
    except SlotsAvailable:
        return None


async def outcome_of(app: App, arguments: WaitArguments) -> str:
    try:
        answer = await join(app, arguments)
    except IdempotencyMismatch:
        return "mismatch"
    if answer is None or not answer.replayed:
        return "new"
    return "correct" if answer.is_changed else "replay"


async def end_wait(app: App, first: WaitArguments, wait: WaitlistEntryStatus, end: str) -> None:
    """Offer a time to the first entry, book it, and cancel the booking if the case says so."""
    await app.bookings.cancel_booking(CancelRequest(booking_id=f"b-{first.window[0]}"))
    offer = (await app.waitlist.look_up(wait.entry.id)).offer
    assert offer is not None
    customer = Customer(name=first.name, phone=first.phone, email=first.email)
    booked = await app.bookings.book_slot(BookRequest(customer=customer, hold_token=offer.token))
    if end == "canceled":
        await app.bookings.cancel_booking(CancelRequest(booking_id=booked.booking.id))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the path of the business's initial database, which each example copies."""
    return create_template(tmp_path_factory.mktemp("waits") / "template.db", FULL, NOW_MS)


@settings(max_examples=settings().max_examples // 2)
@given(pair=pairs(), end=st.sampled_from(["", "", "booked", "canceled"]), number=st.sampled_from([1, 2]))
@example(pair=(WaitArguments(hash_=UNGUESSABLE), WaitArguments(hash_=UNGUESSABLE, phone=LEE)), end="", number=1)
@example(
    pair=(WaitArguments(hash_=UNGUESSABLE), WaitArguments(hash_=UNGUESSABLE, phone="", email="kim@example.com")),
    end="",
    number=2,
)
@example(pair=(WaitArguments(hash_=GUESSABLE), WaitArguments(hash_=GUESSABLE, phone=LEE)), end="booked", number=2)
@example(pair=(WaitArguments(key="1"), WaitArguments(key="1", window=(12, 15))), end="booked", number=2)
def test_the_outcome_follows_the_page(
    template: Path, pair: tuple[WaitArguments, WaitArguments], end: str, number: int
) -> None:
    async def check() -> None:
        async with open_processes(template, number, NOW_MS) as opened:
            apps = opened.apps
            first, second = pair
            wait = await join(apps[0], first)
            assert wait is not None
            if end:
                await end_wait(apps[0], first, wait, end)
            assert await outcome_of(apps[-1], second) == expected(first, second, end)

    anyio.run(check)


@settings(max_examples=settings().max_examples // 4)
@given(pair=pairs())
def test_two_requests_at_one_instant_have_the_outcome_of_one_after_the_other(
    template: Path, pair: tuple[WaitArguments, WaitArguments]
) -> None:
    async def check() -> None:
        async with open_processes(template, 2, NOW_MS) as opened:
            apps = opened.apps
            outcomes = await asyncio.gather(
                *(outcome_of(app, arguments) for app, arguments in zip(apps, pair, strict=True))
            )
            first, second = pair
            orders = [("new", expected(first, second, "")), (expected(second, first, ""), "new")]
            assert tuple(outcomes) in orders
            entries = await apps[0].waitlist.list_waitlist(None)
            assert len(entries.entries) == outcomes.count("new")
            assert all(status.entry.state is WaitlistState.WAITING for status in entries.entries)

    anyio.run(check)
