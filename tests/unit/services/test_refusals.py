"""Refusals: calls that were refused or had nothing to offer, and the conversation around a call."""

from pathlib import Path

from slotmcp.domain.interval import MINUTES_PER_DAY, MS_PER_MINUTE
from slotmcp.domain.trace import Trace, TracedUse
from slotmcp.services.traces import REFUSAL_DAYS
from support.shop import Shop, at, open_shop, plan, technician
from support.traces import trace

ASKED, HELD, BOOKED = TracedUse.GET_SLOTS, TracedUse.CREATE_HOLD, TracedUse.BOOK_SLOT
DAY_MS = MINUTES_PER_DAY * MS_PER_MINUTE
HOUR_MS = 60 * MS_PER_MINUTE
TEN = at("10:00")


async def refused(shop: Shop, *, limit: int) -> list[str]:
    answer = await shop.app.traces.refusals("shop", limit=limit)
    assert answer.schedule.project.id == "shop"
    return [one.id for one in answer.refusals]


async def test_refusals_are_errors_and_empty_answers_latest_first(tmp_path: Path) -> None:
    async with open_shop(tmp_path / "shop.db", plan(technician("ana", "09:00-12:00"))) as shop:
        now_ms = shop.clock.now_ms()
        empty = trace(ASKED, now_ms - DAY_MS - 1)
        gone = trace(HELD, now_ms - 5, start=TEN, outcome="slot_unavailable")
        odd = trace(BOOKED, now_ms, outcome="invalid_argument")
        fine = [
            trace(ASKED, now_ms - 4, offered=(TEN,)),
            trace(HELD, now_ms - 3, start=TEN),
            trace(BOOKED, now_ms, start=TEN),
        ]
        await shop.store.add_traces([empty, gone, odd, *fine])
        assert await refused(shop, limit=10) == [odd.id, gone.id, empty.id]
        assert await refused(shop, limit=2) == [odd.id, gone.id]


async def test_refusals_are_limited_to_recent_days(tmp_path: Path) -> None:
    async with open_shop(tmp_path / "shop.db", plan(technician("ana", "09:00-12:00"))) as shop:
        now_ms = shop.clock.now_ms()
        daily = [trace(ASKED, now_ms - day * DAY_MS) for day in range(REFUSAL_DAYS + 2)]
        await shop.store.add_traces(daily)
        assert await refused(shop, limit=100) == [one.id for one in daily[: REFUSAL_DAYS + 1]]


async def test_the_calls_around_a_trace_are_its_conversation(tmp_path: Path) -> None:
    def call(at_ms: int, who: str = "kim") -> Trace:
        return trace(ASKED, at_ms, who)

    async with open_shop(tmp_path / "shop.db", plan(technician("ana", "09:00-12:00"))) as shop:
        now_ms = shop.clock.now_ms()
        before, this, after = call(now_ms - HOUR_MS), call(now_ms), call(now_ms + HOUR_MS)
        alone = call(now_ms, "")
        others = [call(now_ms, "lee"), call(now_ms - HOUR_MS - 1), call(now_ms + HOUR_MS + 1), call(now_ms, "")]
        await shop.store.add_traces([before, this, after, alone, *others])
        assert [one.id for one in await shop.app.traces.conversation_of(this)] == [before.id, this.id, after.id]
        assert [one.id for one in await shop.app.traces.conversation_of(alone)] == [alone.id]
