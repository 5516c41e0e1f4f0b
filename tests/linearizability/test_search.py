"""The search accepts the histories of a register that some order explains, and no others."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from math import inf
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from linearizability.search import Operation, Search, Verdict
from linearizability.shrinking import shortest


@dataclass(frozen=True)
class Put:
    value: int
    subjects: frozenset[str] = frozenset()

    def next_states(self, state: int) -> Sequence[int]:
        del state
        return [self.value]

    def is_settled(self, state: int) -> bool:
        del state
        return False


@dataclass(frozen=True)
class Get:
    value: int
    subjects: frozenset[str] = frozenset()

    def next_states(self, state: int) -> Sequence[int]:
        return [state] if state == self.value else []

    def is_settled(self, state: int) -> bool:
        return state == self.value


def during(action: Put | Get, called_ms: float, returned_ms: float) -> Operation[int]:
    return Operation(action=action, called_ms=called_ms, returned_ms=returned_ms, is_required=returned_ms < inf)


def verdict(*operations: Operation[int]) -> Verdict:
    return Search(operations).run(0)


def test_results_in_the_order_of_the_calls_are_right() -> None:
    assert verdict(during(Put(1), 0, 1), during(Get(1), 2, 3)) is Verdict.LINEARIZABLE


def test_a_read_after_a_write_must_see_it() -> None:
    assert verdict(during(Put(1), 0, 1), during(Get(0), 2, 3)) is Verdict.VIOLATION


def test_a_read_during_a_write_may_see_either_value() -> None:
    for value in (0, 1):
        assert verdict(during(Put(1), 0, 9), during(Get(value), 2, 3)) is Verdict.LINEARIZABLE


def test_a_later_read_must_not_see_an_older_value() -> None:
    reads = during(Get(1), 1, 2), during(Get(0), 3, 4)
    assert verdict(during(Put(1), 0, 9), *reads) is Verdict.VIOLATION


def test_a_write_without_a_result_may_take_effect_at_any_time_or_never() -> None:
    lost = during(Put(1), 0, inf)
    assert verdict(lost, during(Get(0), 2, 3), during(Get(1), 4, 5)) is Verdict.LINEARIZABLE
    assert verdict(lost, during(Get(0), 2, 3)) is Verdict.LINEARIZABLE
    assert verdict(lost, during(Get(1), 2, 3), during(Get(0), 4, 5)) is Verdict.VIOLATION


def test_a_search_that_takes_too_many_steps_is_given_up() -> None:
    writes = [during(Put(number), 0, 100) for number in range(9)]
    assert Search([*writes, during(Get(99), 0, 100)], max_steps=50).run(0) is Verdict.UNDECIDED


Call = tuple[bool, int, int, int]
calls = st.lists(
    st.tuples(st.booleans(), st.integers(0, 2), st.integers(0, 8), st.integers(0, 4)), min_size=1, max_size=5
)


@given(calls, st.none() | st.integers(0, 9).map(Random))
def test_the_search_agrees_with_all_permutations_in_any_order(drawn: list[Call], random: Random | None) -> None:
    history = [during(Put(value) if is_put else Get(value), at, at + lasts) for is_put, value, at, lasts in drawn]
    expected = any(_is_explained_by(order) for order in permutations(history))
    found = Search(history, random=random).run(0)
    assert found is (Verdict.LINEARIZABLE if expected else Verdict.VIOLATION)


def _is_explained_by(order: Sequence[Operation[int]]) -> bool:
    if any(later.returned_ms < one.called_ms for number, one in enumerate(order) for later in order[number + 1 :]):
        return False
    state = 0
    for one in order:
        states = one.action.next_states(state)
        if not states:
            return False
        state = states[0]
    return True


@given(st.lists(st.integers(0, 9), max_size=30))
def test_a_shortest_part_is_violated_and_needs_each_item(items: list[int]) -> None:
    def is_violated(part: Sequence[int]) -> bool:
        return sum(part) >= 20

    if is_violated(items):
        kept = shortest(items, is_violated)
        assert is_violated(kept)
        assert not any(is_violated(kept[:number] + kept[number + 1 :]) for number in range(len(kept)))
