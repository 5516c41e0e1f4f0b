"""How far conversations come, counted once whichever servers answered them."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from slotmcp.domain.trace import Trace, TracedUse
from slotmcp.services.counted_store import CountedStore
from slotmcp.services.reporting.journeys import MOST_CALLS
from support.shop import Shop, at, open_shop, plan, technician
from support.traces import trace
from unit.telemetry.counted import added

NINE, TEN = at("09:00"), at("10:00")
ASKED = "slotmcp_conversations_total step=asked"
OFFERED = "slotmcp_conversations_total step=offered"
HELD = "slotmcp_conversations_total step=held"
BOOKED = "slotmcp_conversations_total step=booked"
COLLIDED = "slotmcp_collisions_total use_case=create_hold"
FIRST_HOLDS, FIRST_HOLD_SECONDS = "slotmcp_first_hold_seconds_count", "slotmcp_first_hold_seconds_sum"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[CountedStore]:
    async with open_shop(tmp_path / "shop.db", plan(technician("ana", "09:00-17:00"))) as shop:
        yield counted(shop)


def counted(shop: Shop) -> CountedStore:
    return CountedStore(shop.store)


def asked(at_ms: int, **facts: Any) -> Trace:  # noqa: ANN401  a Trace's fields
    return trace(TracedUse.GET_SLOTS, at_ms, **{"offered": (NINE, TEN), **facts})


def held(at_ms: int, **facts: Any) -> Trace:  # noqa: ANN401  a Trace's fields
    return trace(TracedUse.CREATE_HOLD, at_ms, **{"start": NINE, **facts})


async def test_each_step_counts_once_however_often_a_conversation_comes_there(store: CountedStore) -> None:
    with added() as counts:
        await store.add_traces([asked(1_000), asked(2_000)])
        await store.add_traces([held(13_500), held(20_000, start=TEN)])
        await store.add_traces([trace(TracedUse.BOOK_SLOT, 30_000, start=NINE), asked(31_000)])
    assert counts == {ASKED: 1, OFFERED: 1, HELD: 1, BOOKED: 1, FIRST_HOLDS: 1, FIRST_HOLD_SECONDS: 12.5}


async def test_what_other_servers_answered_counts_there(store: CountedStore) -> None:
    await CountedStore(store._store).add_traces([asked(1_000)])  # noqa: SLF001  the other server's
    with added() as counts:
        await store.add_traces([held(6_000)])
    assert counts == {HELD: 1, FIRST_HOLDS: 1, FIRST_HOLD_SECONDS: 5}


async def test_what_another_server_keeps_late_counts_once(store: CountedStore) -> None:
    other = CountedStore(store._store)  # noqa: SLF001  the other server's
    with added() as counts:
        await other.add_traces([held(2_000, outcome="slot_unavailable", offered=(TEN,))])
        await store.add_traces([asked(1_000)])
        await other.add_traces([held(8_000, start=TEN)])
    assert counts == {ASKED: 1, OFFERED: 1, COLLIDED: 1, HELD: 1, FIRST_HOLDS: 1, FIRST_HOLD_SECONDS: 7}


async def test_after_a_long_silence_another_conversation_has_begun(store: CountedStore) -> None:
    with added() as counts:
        await store.add_traces([asked(1_000, offered=())])
        await store.add_traces([asked(16 * 60_000, offered=())])
    assert counts == {ASKED: 2}


async def test_whoever_takes_what_was_offered_and_is_gone_collides(store: CountedStore) -> None:
    with added() as counts:
        await store.add_traces([asked(1_000, who="a"), held(2_000, who="a", outcome="slot_unavailable")])
        await store.add_traces([held(3_000, who="b", outcome="slot_unavailable")])
    assert counts == {ASKED: 2, OFFERED: 1, COLLIDED: 1}


async def test_a_hold_that_was_lost_is_a_collision_too(store: CountedStore) -> None:
    with added() as counts:
        await store.add_traces([held(1_000)])
        await store.add_traces([trace(TracedUse.BOOK_SLOT, 200_000, start=NINE, outcome="hold_expired")])
    assert counts["slotmcp_collisions_total use_case=book_slot"] == 1


async def test_what_many_callers_said_whom_nobody_tells_apart_is_no_conversation(store: CountedStore) -> None:
    with added() as counts:
        await store.add_traces([asked(1_000 + number) for number in range(MOST_CALLS)])
    assert counts == {}
