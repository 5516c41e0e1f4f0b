"""Metrics of the steps that conversations reach, each counted once across servers."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from slotmcp.domain.trace import Trace, TracedUse
from slotmcp.ports import Store
from slotmcp.services.reporting.conversations import MAX_CALLS, count_steps
from support.shop import at, open_shop, plan, technician
from support.traces import question, trace
from unit.telemetry.counted import added

NINE, TEN = at("09:00"), at("10:00")
ASKED = "slotmcp_conversations_total step=asked"
OFFERED = "slotmcp_conversations_total step=offered"
HELD = "slotmcp_conversations_total step=held"
BOOKED = "slotmcp_conversations_total step=booked"
COLLIDED = "slotmcp_collisions_total use_case=create_hold"
FIRST_SLOTS, FIRST_SLOT_SECONDS = "slotmcp_first_slot_seconds_count", "slotmcp_first_slot_seconds_sum"
FIRST_HOLDS, FIRST_HOLD_SECONDS = "slotmcp_first_hold_seconds_count", "slotmcp_first_hold_seconds_sum"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_shop(tmp_path / "shop.db", plan(technician("ana", "09:00-17:00"))) as shop:
        yield shop.store


async def save(store: Store, *traces: Trace) -> None:
    """Save traces and count the steps of their conversations, like a server."""
    await store.add_traces(traces)
    await count_steps(store, traces)


def asked(at_ms: int, **facts: Any) -> Trace:  # noqa: ANN401  a Trace's fields
    return trace(TracedUse.GET_SLOTS, at_ms, **{"offered": (NINE, TEN), **facts})


def held(at_ms: int, **facts: Any) -> Trace:  # noqa: ANN401  a Trace's fields
    return trace(TracedUse.CREATE_HOLD, at_ms, **{"start": NINE, **facts})


async def test_each_step_of_a_conversation_counts_once(store: Store) -> None:
    with added() as counts:
        await save(store, asked(1_000), asked(2_000))
        await save(store, held(13_500), held(20_000, start=TEN))
        await save(store, trace(TracedUse.BOOK_SLOT, 30_000, start=NINE), asked(31_000))
    assert counts == {
        ASKED: 1,
        OFFERED: 1,
        HELD: 1,
        BOOKED: 1,
        FIRST_SLOTS: 1,
        FIRST_HOLDS: 1,
        FIRST_HOLD_SECONDS: 12.5,
    }


async def test_the_time_to_the_first_slot_begins_with_the_first_question_and_ends_with_the_offering_call(
    store: Store,
) -> None:
    wanted = question("09:00", "10:00")
    with added() as counts:
        await save(store, trace(TracedUse.BOOK_SLOT, 1_000, outcome="invalid_argument"))
        await save(store, asked(3_000, offered=(), question=wanted))
        await save(store, asked(10_000, question=wanted, hops={"total": 500_000}), held(20_000))
        await save(store, asked(60_000, question=wanted))
    assert (counts[FIRST_SLOTS], counts[FIRST_SLOT_SECONDS]) == (1, 7.5)


async def test_steps_that_another_server_counted_do_not_count_again(store: Store) -> None:
    await save(store, asked(1_000))  # by another server
    with added() as counts:
        await save(store, held(6_000))
    assert counts == {HELD: 1, FIRST_HOLDS: 1, FIRST_HOLD_SECONDS: 5}


async def test_late_traces_of_another_server_count_once(store: Store) -> None:
    with added() as counts:
        await save(store, held(2_000, outcome="slot_unavailable", offered=(TEN,)))
        await save(store, asked(1_000))
        await save(store, held(8_000, start=TEN))
    assert counts == {ASKED: 1, OFFERED: 1, COLLIDED: 1, HELD: 1, FIRST_SLOTS: 1, FIRST_HOLDS: 1, FIRST_HOLD_SECONDS: 7}


async def test_a_long_pause_starts_another_conversation(store: Store) -> None:
    with added() as counts:
        await save(store, asked(1_000, offered=()))
        await save(store, asked(16 * 60_000, offered=()))
    assert counts == {ASKED: 2}


async def test_taking_an_offered_time_that_is_gone_is_a_collision(store: Store) -> None:
    with added() as counts:
        await save(store, asked(1_000, who="a"), held(2_000, who="a", outcome="slot_unavailable"))
        await save(store, held(3_000, who="b", outcome="slot_unavailable"))
    assert counts == {ASKED: 2, OFFERED: 1, COLLIDED: 1, FIRST_SLOTS: 1}


async def test_losing_an_expired_hold_is_a_collision(store: Store) -> None:
    with added() as counts:
        await save(store, held(1_000))
        await save(store, trace(TracedUse.BOOK_SLOT, 200_000, start=NINE, outcome="hold_expired"))
    assert counts["slotmcp_collisions_total use_case=book_slot"] == 1


async def test_calls_of_many_callers_with_one_id_are_not_a_conversation(store: Store) -> None:
    with added() as counts:
        await save(store, *(asked(1_000 + number) for number in range(MAX_CALLS)))
    assert counts == {}
