"""The estimate of the store's clock is as accurate as the last round trip, and constant if both clocks agree."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotmcp.ports import Head
from slotmcp.services.availability_cache import AvailabilityCache
from slotmcp.services.fleet import SAMPLE_SECONDS, StoreClock
from slotmcp.store.sqlite import SqliteStore
from support.clock import NOW_MS, HandClock
from support.shop import open_shop, plan, technician


@dataclass(slots=True)
class Seconds:
    """A monotonic clock."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_time_is_unknown_before_the_first_sample_and_after_the_last_one_expired() -> None:
    seconds = Seconds()
    time = StoreClock(HandClock(), seconds)
    known = [time.is_known]
    time.add_sample(NOW_MS, sent_ms=NOW_MS)
    known.append(time.is_known)
    seconds.now = SAMPLE_SECONDS
    assert [*known, time.is_known] == [False, True, False]


def test_one_clock_for_both_gives_the_servers_time_however_long_round_trips_take() -> None:
    clock = HandClock()
    time = StoreClock(clock, Seconds())
    for _ in range(5):
        sent_ms = clock.now_ms()
        clock.advance(seconds=0.4)
        store_now_ms = clock.now_ms()
        clock.advance(seconds=0.1)
        time.add_sample(store_now_ms, sent_ms=sent_ms)
        assert time.now_ms() == clock.now_ms()


@given(st.integers(-(10**7), 10**7), st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=1))
def test_another_clock_is_known_to_within_one_round_trip(offset_ms: int, trips: list[tuple[int, int]]) -> None:
    clock = HandClock()
    time = StoreClock(clock, Seconds())
    for there_ms, back_ms in trips:
        sent_ms = clock.now_ms()
        clock.advance(seconds=there_ms / 1000)
        store_now_ms = clock.now_ms() + offset_ms
        clock.advance(seconds=back_ms / 1000)
        time.add_sample(store_now_ms, sent_ms=sent_ms)
        assert abs(time.now_ms() - (clock.now_ms() + offset_ms)) <= there_ms + back_ms


def test_a_clock_that_was_set_is_followed_at_the_next_round_trip() -> None:
    clock = HandClock()
    time = StoreClock(clock, Seconds())
    time.add_sample(NOW_MS, sent_ms=clock.now_ms())
    clock.advance(seconds=120)
    time.add_sample(NOW_MS, sent_ms=clock.now_ms())
    assert time.now_ms() == NOW_MS


class ScriptedHeads:
    """A store that returns one head after the other; schedules are the real store's."""

    def __init__(self, store: SqliteStore, heads: list[Head]) -> None:
        self.schedule = store.schedule
        self.project_memory = store.project_memory
        self._heads = heads

    async def head(self, project_id: str) -> Head:
        assert project_id
        return self._heads.pop(0)


@pytest.mark.parametrize(("back_ms", "is_kept"), [(5, True), (1_000, True), (1_001, False), (-5, False)])
async def test_a_time_slightly_before_the_last_one_does_not_rebuild_the_index(
    tmp_path: Path, back_ms: int, *, is_kept: bool
) -> None:
    async with open_shop(tmp_path / "shop.db", plan(technician("ana", "09:00-12:00"))) as shop:
        now_ms = shop.clock.now_ms()
        store: Any = ScriptedHeads(shop.store, [Head(1, now_ms), Head(1, now_ms - back_ms)])
        availability_cache = AvailabilityCache(store)
        first = await availability_cache.availability("shop")
        second = await availability_cache.availability("shop")
        assert (second.now_ms == first.now_ms) is is_kept
        assert second.now_ms == (now_ms if is_kept else now_ms - back_ms)
        assert (second.index is first.index) is (is_kept or back_ms < 0)
