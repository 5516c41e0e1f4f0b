"""Sample of the traces that exceed the daily share of their size."""

from collections import Counter

from slotmcp.domain.trace import TracedUse
from slotmcp.domain.units import BYTES_PER_MB
from slotmcp.services.trace_budget import BYTES_PER_TRACE, SAMPLE_OF, TraceLimits, TraceSampler
from support.traces import trace

LIMITS = TraceLimits(days=30, max_mb=30)
A_DAY = 24 * 3600
SEARCH = trace(TracedUse.GET_SLOTS, 0, offered=(1,))
EMPTY = trace(TracedUse.GET_SLOTS, 0)
REFUSED = trace(TracedUse.CREATE_HOLD, 0, outcome="slot_unavailable")
BOOKED = trace(TracedUse.BOOK_SLOT, 0)


class Seconds:
    """Clock that the test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_one_day_has_its_share_of_the_size() -> None:
    assert LIMITS.per_day == BYTES_PER_MB // BYTES_PER_TRACE
    assert TraceLimits(days=3650, max_mb=1).per_day == 1


def test_within_the_share_every_trace_is_stored() -> None:
    sampler = TraceSampler(LIMITS, Seconds())
    assert all(sampler.is_stored(SEARCH) for _ in range(LIMITS.per_day))


def test_above_the_share_a_sample_of_successful_searches_is_stored() -> None:
    sampler = TraceSampler(LIMITS, Seconds())
    for _ in range(LIMITS.per_day):
        sampler.is_stored(SEARCH)
    searches = [sampler.is_stored(SEARCH) for _ in range(10 * SAMPLE_OF)]
    assert sum(searches) == 10
    assert all(sampler.is_stored(each) for each in (EMPTY, REFUSED, BOOKED) for _ in range(10))


def test_far_above_the_share_only_holds_and_bookings_are_all_stored() -> None:
    seconds = Seconds()
    sampler = TraceSampler(LIMITS, seconds)
    stored = Counter[str]()
    for _ in range(100):
        for each in (SEARCH, EMPTY, REFUSED, BOOKED) * (LIMITS.per_day // 100):
            stored[each.id] += sampler.is_stored(each)
    assert stored[BOOKED.id] == LIMITS.per_day // 100 * 100
    assert all(stored[each.id] < LIMITS.per_day for each in (SEARCH, EMPTY, REFUSED))
    assert not all(sampler.is_stored(REFUSED) for _ in range(SAMPLE_OF))
    seconds.now += 3 * A_DAY
    assert all(sampler.is_stored(each) for each in (SEARCH, REFUSED) * 20)
