"""The store's now, reckoned: as right as the last trip, and still where both clocks are the same."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotmcp.ports import Head
from slotmcp.services.availability_cache import AvailabilityCache
from slotmcp.services.store_time import SAMPLE_SECONDS, StoreTime
from slotmcp.store.sqlite import SqliteStore
from support.clock import NOW_MS, HandClock
from support.shop import open_shop, plan, technician


@dataclass(slots=True)
class Seconds:
    """A clock that never goes back."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def test_nothing_is_known_before_the_first_trip_or_long_after_it() -> None:
    seconds = Seconds()
    time = StoreTime(HandClock(), seconds)
    known = [time.is_known]
    time.learn(NOW_MS, time.before_trip())
    known.append(time.is_known)
    seconds.now = SAMPLE_SECONDS
    assert [*known, time.is_known] == [False, True, False]


def test_where_both_clocks_are_one_the_stores_now_is_this_servers_however_long_trips_take() -> None:
    clock = HandClock()
    time = StoreTime(clock, Seconds())
    for _ in range(5):
        before = time.before_trip()
        clock.advance(seconds=0.4)
        told = clock.now_ms()
        clock.advance(seconds=0.1)
        time.learn(told, before)
        assert time.now_ms() == clock.now_ms()


@given(st.integers(-(10**7), 10**7), st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=1))
def test_another_clock_is_known_as_well_as_the_last_trip_tells(offset_ms: int, trips: list[tuple[int, int]]) -> None:
    clock = HandClock()
    time = StoreTime(clock, Seconds())
    for there_ms, back_ms in trips:
        before = time.before_trip()
        clock.advance(seconds=there_ms / 1000)
        told = clock.now_ms() + offset_ms
        clock.advance(seconds=back_ms / 1000)
        time.learn(told, before)
        assert abs(time.now_ms() - (clock.now_ms() + offset_ms)) <= there_ms + back_ms


def test_a_clock_that_was_set_is_followed_at_the_next_trip() -> None:
    clock = HandClock()
    time = StoreTime(clock, Seconds())
    time.learn(NOW_MS, time.before_trip())
    clock.advance(seconds=120)
    time.learn(NOW_MS, time.before_trip())
    assert time.now_ms() == NOW_MS


class TellsHeads:
    """A store that tells one head after the other; books are the real store's."""

    def __init__(self, store: SqliteStore, heads: list[Head]) -> None:
        self.schedule = store.schedule
        self._heads = heads

    async def head(self, project_id: str) -> Head:
        """The next."""
        assert project_id
        return self._heads.pop(0)


@pytest.mark.parametrize(("back_ms", "kept"), [(5, True), (1_000, True), (1_001, False), (-5, False)])
async def test_a_now_that_is_a_hair_older_than_the_last_one_costs_nothing(
    tmp_path: Path, back_ms: int, *, kept: bool
) -> None:
    async with open_shop(tmp_path / "shop.db", plan(technician("ana", "09:00-12:00"))) as shop:
        now_ms = shop.clock.now_ms()
        store: Any = TellsHeads(shop.store, [Head(1, now_ms), Head(1, now_ms - back_ms)])
        availability_cache = AvailabilityCache(store)
        first = await availability_cache.availability("shop")
        second = await availability_cache.availability("shop")
        assert (second.now_ms == first.now_ms) is kept
        assert second.now_ms == (now_ms if kept else now_ms - back_ms)
        assert (second.index is first.index) is (kept or back_ms < 0)
