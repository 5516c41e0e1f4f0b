"""Two or three requests to hold a start: the outcomes follow the page about retries, in one process and in two."""

import asyncio
from dataclasses import fields, replace
from pathlib import Path
from typing import Final

import anyio
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from oracle.holds import MAX_PER_CALLER, TTL_SECONDS, HoldArguments, Holds
from slotmcp.domain.access import CallId
from slotmcp.domain.errors import HoldLimit, IdempotencyMismatch, SlotUnavailable
from slotmcp.services.app import App
from slotmcp.services.callers import RequestOrigin
from slotmcp.services.hold_creation import HoldAnswer
from slotmcp.services.hold_rules import HoldRequest
from support.shop import at, instant_ms, plan, service, technician
from support.sqlite_file import live_entries
from unit.services.processes import create_template, open_processes

NOW_MS: Final = instant_ms("06:00")
MIDNIGHT: Final = at("00:00")
BUSINESS: Final = plan(
    *(technician(name, "09:00-18:00") for name in ("ana", "ben", "cem", "dov", "eve")),
    services=(service("visit"), service("check")),
    horizon_days=0,
    hold_ttl_seconds=TTL_SECONDS,
    max_holds_per_customer=MAX_PER_CALLER,
)
KIM, LEE = "+13035550142", "+13035550143"
MAIL, OTHER_MAIL = "kim@example.com", "lee@example.com"
SECRETS: Final = ("c7a1f93e05b24d68", "d7a1f93e05b24d68")
KEY: Final = "key-5b2e90d7c4a1f368"
WAITS: Final = (0, 0, 14, 15, 59, 60, 61, 80, TTL_SECONDS - 1, TTL_SECONDS, 2 * TTL_SECONDS)
NAMES: Final = tuple(each.name for each in fields(HoldArguments))
ERRORS: Final[dict[type[Exception], str]] = {
    IdempotencyMismatch: "mismatch",
    HoldLimit: "limit",
    SlotUnavailable: "taken",
}

requests = st.builds(
    HoldArguments,
    phone=st.sampled_from(("", "", "", KIM, KIM, LEE)),
    email=st.sampled_from(("", "", "", MAIL, OTHER_MAIL)),
    call=st.sampled_from(("", "", "1", "2", *SECRETS)),
    hash_=st.sampled_from(("", "", "caller", "kim", *SECRETS)),
    connection=st.sampled_from(("", "", "stdio-1", "stdio-2")),
    service=st.sampled_from(("visit", "visit", "visit", "check")),
    start=st.sampled_from((600, 600, 600, 630, 660, 840)),
    minutes=st.sampled_from((None, None, 60, 90)),
    technician=st.sampled_from((None, None, "ana", "ben")),
    key=st.sampled_from(("", "", "1", "1", KEY)),
    additional=st.sampled_from((False, False, True)),
    token_of=st.sampled_from((None, None, None, 0, 1)),
)
Sequence = list[tuple[int, HoldArguments]]
"""Requests, each with the seconds since the one before."""


@st.composite
def sequences(draw: st.DrawFn, sizes: tuple[int, ...] = (2, 3, 3)) -> Sequence:
    """Draw requests, each of which differs from the one before or the first in a few arguments."""
    drawn = [(0, draw(requests))]
    for _ in range(draw(st.sampled_from(sizes)) - 1):
        (_, base), other = draw(st.sampled_from((drawn[0], drawn[-1]))), draw(requests)
        changed = draw(st.sets(st.sampled_from(NAMES), max_size=3))
        drawn.append((draw(st.sampled_from(WAITS)), replace(base, **{name: getattr(other, name) for name in changed})))
    return drawn


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the path of the business's initial database, which each example copies."""
    return create_template(tmp_path_factory.mktemp("holds") / "template.db", BUSINESS, NOW_MS)


def request_of(request: HoldArguments, tokens: list[str]) -> HoldRequest:
    """Return a request for the tool's arguments. The token of a hold that was not made is not sent."""
    calls = (CallId("x-call-id", request.call),) if request.call else ()
    return HoldRequest(
        phone=request.phone,
        email=request.email,
        customer_reference=request.hash_,
        service_id=request.service,
        start=MIDNIGHT + request.start,
        duration_minutes=request.minutes,
        technician_id=request.technician,
        idempotency_key=request.key,
        is_additional=request.additional,
        hold_token=tokens[request.token_of] if request.token_of is not None and request.token_of < len(tokens) else "",
        origin=RequestOrigin(credential="agent", call_ids=calls, connection=request.connection),
    )


async def send(app: App, request: HoldArguments, tokens: list[str]) -> tuple[str, HoldAnswer | None]:
    """Return the outcome of a request, and its answer."""
    try:
        answer = await app.holds.create_hold(request_of(request, tokens))
    except tuple(ERRORS) as error:
        return ERRORS[type(error)], None
    return "replay" if answer.replayed else "new", answer


@given(sequence=sequences(), number=st.sampled_from([1, 2]))
@example(sequence=[(0, HoldArguments(key="1")), (15, HoldArguments(key="1"))], number=2)
@example(
    sequence=[(0, HoldArguments(call=SECRETS[0], hash_="kim")), (1, HoldArguments(call=SECRETS[0], hash_="lee"))],
    number=1,
)
@example(
    sequence=[
        (0, HoldArguments(phone=KIM)),
        (61, HoldArguments(phone=KIM, start=630)),
        (61, HoldArguments(phone=KIM, start=660)),
    ],
    number=2,
)
@example(
    sequence=[(0, HoldArguments(phone=KIM)), (80, HoldArguments(phone=KIM, start=630)), (81, HoldArguments(phone=KIM))],
    number=1,
)
@example(
    sequence=[(0, HoldArguments(call=SECRETS[0], key="1", phone=KIM)), (1, HoldArguments(call=SECRETS[0], key="1"))],
    number=2,
)
@example(
    sequence=[(0, HoldArguments(phone=KIM, key="1")), (1, HoldArguments(phone=KIM, key="1", additional=True))], number=1
)
@example(
    sequence=[
        (0, HoldArguments(key=KEY)),
        (1, HoldArguments(key=KEY, hash_="caller")),
        (1, HoldArguments(key=KEY, hash_="kim")),
    ],
    number=2,
)
@example(
    sequence=[(0, HoldArguments()), (1, HoldArguments(token_of=0)), (1, HoldArguments(token_of=0, start=840))], number=1
)
@example(
    sequence=[
        (0, HoldArguments(phone=KIM, key="1")),
        (1, HoldArguments(phone=KIM, start=630)),
        (1, HoldArguments(phone=KIM, key="1")),
    ],
    number=1,
)
@example(
    sequence=[
        (0, HoldArguments(phone=KIM, technician="ana")),
        (0, HoldArguments(phone=KIM, technician="ana", start=840)),
        (0, HoldArguments(phone=KIM, technician="ana", service="check")),
    ],
    number=1,
)
def test_requests_follow_the_rules(template: Path, sequence: Sequence, number: int) -> None:
    async def check() -> None:
        async with open_processes(template, number, NOW_MS) as opened:
            apps, path, clock = opened.apps, opened.path, opened.clock
            holds, seconds = Holds(), 0
            tokens: list[str] = []
            for position, (wait, request) in enumerate(sequence):
                seconds += wait
                clock.advance(seconds=wait)
                outcome, answer = await send(apps[position % number], request, tokens)
                expected, hold_number = holds.decide(request, seconds)
                assert outcome == expected
                if answer is not None and hold_number is not None:
                    tokens += [answer.hold.token] if expected == "new" else []
                    assert answer.hold.token == tokens[hold_number]
                live = {(tokens[each], NOW_MS + holds.made[each].expires * 1000) for each in holds.live(seconds)}
                entries = live_entries(path, clock.now_ms())
                assert {(entry.token, entry.expires_at_ms) for entry in entries} == live

    anyio.run(check)


@settings(max_examples=settings().max_examples // 8)
@given(sequence=sequences((2,)), number=st.sampled_from([1, 2]))
def test_two_requests_at_once_are_decided_one_after_the_other(template: Path, sequence: Sequence, number: int) -> None:
    async def check() -> None:
        async with open_processes(template, number, NOW_MS, together=2) as opened:
            apps, path, clock = opened.apps, opened.path, opened.clock
            pair = [replace(request, token_of=None) for _, request in sequence]
            answers = await asyncio.gather(send(apps[0], pair[0], []), send(apps[-1], pair[1], []))
            orders = [_serial(pair, order) for order in ((0, 1), (1, 0))]
            live = len(live_entries(path, clock.now_ms()))
            assert ([outcome for outcome, _ in answers], live) in orders

    anyio.run(check)


def _serial(pair: list[HoldArguments], order: tuple[int, int]) -> tuple[list[str], int]:
    """Return the outcomes of two requests in an order, and the number of live holds afterwards."""
    holds = Holds()
    outcomes = {position: holds.decide(pair[position], 0)[0] for position in order}
    return [outcomes[0], outcomes[1]], len(holds.live(0))
