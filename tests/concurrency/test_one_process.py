"""Many concurrent callers in one process, on one store or on two over the same file."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from concurrency.rush import DEFAULT_TIMEOUT_MS, GatedStore, customer
from slotmcp.bootstrap import build_app
from slotmcp.domain.errors import SlotUnavailable
from slotmcp.services.app import App
from slotmcp.services.booking_requests import BookRequest
from slotmcp.services.hold_rules import HoldRequest
from slotmcp.services.slots import SlotQuery
from slotmcp.store.sqlite import SqliteStore
from support.clock import HandClock
from support.shop import at, instant_ms, open_shop, plan, technician
from support.sqlite_file import count, entries, live_entries, overlaps

CALLERS = 200
RETRIES = 50
NOON = at("12:00")
NOW_MS = instant_ms("06:00")
THREE = plan(*(technician(name, "09:00-17:00") for name in ("ana", "ben", "cem")), horizon_days=0)


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    async with open_shop(tmp_path / "rush.db", THREE):
        pass
    return tmp_path / "rush.db"


@asynccontextmanager
async def apps(path: Path, stores: int, *, parties: int) -> AsyncIterator[list[App]]:
    """Open an app per store, all with a cached schedule, whose writes begin together."""
    barrier = asyncio.Barrier(parties)
    async with AsyncExitStack() as stack:
        found = []
        for _ in range(stores):
            opened = SqliteStore.open(path, clock=HandClock(NOW_MS), timeout_ms=DEFAULT_TIMEOUT_MS)
            app = build_app(GatedStore(await stack.enter_async_context(opened), barrier))
            assert (await app.slots.get_slots(SlotQuery(from_=NOON, to=NOON + 1))).offer.slots[0].capacity == 3
            found.append(app)
        yield found


async def hold(app: App, caller: int, key: str = "") -> tuple[str, bool]:
    request = HoldRequest(start=NOON, customer_reference=f"caller-{caller}", idempotency_key=key)
    answer = await app.holds.create_hold(request)
    return answer.hold.token, answer.replayed


async def book(app: App, caller: int, key: str = "") -> tuple[str, bool]:
    answer = await app.bookings.book_slot(BookRequest(start=NOON, customer=customer(caller), idempotency_key=key))
    return answer.booking.id, answer.replayed


Ask = Callable[[App, int, str], Awaitable[tuple[str, bool]]]
both_ways = pytest.mark.parametrize("ask", [hold, book])
one_store_or_two = pytest.mark.parametrize("stores", [1, 2])


@one_store_or_two
@both_ways
async def test_a_start_is_sold_exactly_as_often_as_its_capacity(path: Path, ask: Ask, stores: int) -> None:
    async with apps(path, stores, parties=CALLERS) as found:
        calls = (ask(found[caller % stores], caller, "") for caller in range(CALLERS))
        answers = await asyncio.gather(*calls, return_exceptions=True)
    winners = [answer for answer in answers if isinstance(answer, tuple)]
    losers = [answer for answer in answers if isinstance(answer, SlotUnavailable)]
    assert (len(winners), len(losers)) == (3, CALLERS - 3)
    assert len(set(winners)) == 3
    live = live_entries(path, NOW_MS)
    assert {entry.technician_id for entry in live} == {"ana", "ben", "cem"}
    assert overlaps(live) == []


@one_store_or_two
async def test_every_refused_caller_gets_bookable_alternatives(path: Path, stores: int) -> None:
    async with apps(path, stores, parties=CALLERS) as found:
        calls = (book(found[caller % stores], caller) for caller in range(CALLERS))
        answers = await asyncio.gather(*calls, return_exceptions=True)
    offers = [answer.alternatives for answer in answers if isinstance(answer, SlotUnavailable)]
    assert all(offer is not None and len(offer.slots) == 3 for offer in offers)
    offered = Counter(slot.start for offer in offers if offer is not None for slot in offer.slots)
    assert NOON not in offered
    async with open_shop(path, clock=HandClock(NOW_MS)) as shop:
        for start in offered:
            held = await shop.hold(start, who=f"after {start}")
            await shop.app.holds.release_hold(None, held.hold.token)


@one_store_or_two
@both_ways
async def test_concurrent_requests_with_one_key_have_one_effect(path: Path, ask: Ask, stores: int) -> None:
    async with apps(path, stores, parties=RETRIES) as found:
        answers = await asyncio.gather(*(ask(found[number % stores], 1, "k") for number in range(RETRIES)))
    assert len({name for name, _ in answers}) == 1
    assert Counter(replayed for _, replayed in answers) == {False: 1, True: RETRIES - 1}
    assert count(path, "claims") == 1


@one_store_or_two
async def test_concurrent_bookings_of_one_token_are_one_booking(path: Path, stores: int) -> None:
    async with open_shop(path, clock=HandClock(NOW_MS)) as shop:
        token = (await shop.hold(NOON)).hold.token
    barrier = asyncio.Barrier(RETRIES)
    async with AsyncExitStack() as stack:
        opened = [SqliteStore.open(path, clock=HandClock(NOW_MS), timeout_ms=DEFAULT_TIMEOUT_MS) for _ in range(stores)]
        found = [build_app(GatedStore(await stack.enter_async_context(one), barrier)) for one in opened]
        requests = [
            BookRequest(hold_token=token, customer=customer(1), idempotency_key=f"key-{number}")
            for number in range(RETRIES)
        ]
        answers = await asyncio.gather(
            *(found[number % stores].bookings.book_slot(request) for number, request in enumerate(requests))
        )
    assert len({answer.booking.id for answer in answers}) == 1
    assert Counter(answer.replayed for answer in answers) == {False: 1, True: RETRIES - 1}
    assert count(path, "bookings") == 1


@one_store_or_two
async def test_concurrent_holds_of_a_customer_stay_within_the_limit(path: Path, stores: int) -> None:
    """Each start is requested four times: the same request returns the same hold."""
    async with apps(path, stores, parties=20) as found:
        starts = [NOON + 60 * (number % 5) for number in range(20)]
        requests = [HoldRequest(start=start, customer_reference="one and the same caller") for start in starts]
        answers = await asyncio.gather(
            *(found[number % stores].holds.create_hold(request) for number, request in enumerate(requests)),
            return_exceptions=True,
        )
    assert Counter(getattr(answer, "code", "held") for answer in answers) == {"held": 12, "hold_limit": 8}
    assert len(live_entries(path, NOW_MS)) == 3


async def test_a_cancelled_call_can_be_retried(path: Path) -> None:
    """Cancelled calls are complete or absent; retries with the same keys find out which."""
    callers = range(30)
    async with apps(path, 1, parties=len(callers)) as (app,):
        calls = [asyncio.create_task(book(app, caller, f"key-{caller}")) for caller in callers]
        await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
        for call in calls:
            call.cancel()
        first = await asyncio.gather(*calls, return_exceptions=True)
    async with SqliteStore.open(path, clock=HandClock(NOW_MS)) as store:
        app = build_app(store)
        again = await asyncio.gather(
            *(book(app, caller, f"key-{caller}") for caller in callers), return_exceptions=True
        )
    for before, after in zip(first, again, strict=True):
        if isinstance(before, tuple):
            assert after == (before[0], True)
    won = [answer for answer in again if isinstance(answer, tuple)]
    assert len(won) == 3
    assert {name for name, _ in won} == {entry.id for entry in entries(path)}


async def test_readers_never_see_more_capacity_than_there_is(path: Path) -> None:
    """The capacity that readers see while callers book only falls, and is never negative."""
    async with SqliteStore.open(path, clock=HandClock(NOW_MS)) as store:
        app = build_app(store)
        reading = asyncio.create_task(_watch(app))
        answers = await asyncio.gather(*(book(app, caller) for caller in range(50)), return_exceptions=True)
        seen = await reading
    assert sum(isinstance(answer, tuple) for answer in answers) == 3
    assert seen == sorted(seen, reverse=True)
    assert set(seen) <= {0, 1, 2, 3}
    assert seen[-1] == 0


async def _watch(app: App) -> list[int]:
    seen: list[int] = []
    while not seen or seen[-1]:
        slots = (await app.slots.get_slots(SlotQuery(from_=NOON, to=NOON + 1))).offer.slots
        seen.append(slots[0].capacity if slots else 0)
    return seen
