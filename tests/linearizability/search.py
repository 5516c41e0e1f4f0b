"""Wing and Gong's search for a linearization, with the memory of visited configurations that Lowe added.

J. M. Wing and C. Gong, "Testing and verifying concurrent objects" (1993). G. Lowe, "Testing for linearizability"
(2017). A history is linearizable if each operation can be placed at one instant between its call and its return, so
that the sequential specification allows the results in that order.
"""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from random import Random
from typing import Final, Generic, Protocol, TypeVar

State = TypeVar("State", bound=Hashable)

MAX_STEPS: Final = 50_000
"""Number of configurations after which a search is given up."""


class Action(Protocol[State]):
    """Part of the sequential specification: one operation with its result."""

    @property
    def subjects(self) -> frozenset[str]:
        """Names of the objects concerned. Actions with a common one are tried first if another needs them."""
        ...

    def next_states(self, state: State) -> Sequence[State]:
        """Return the states after the operation; none if it cannot have this result in this state."""
        ...

    def is_settled(self, state: State) -> bool:
        """Return whether the operation is possible here, and has no effect here nor in any later state."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation(Generic[State]):
    """An operation that took effect between its call and its return."""

    action: Action[State]
    called_ms: float
    returned_ms: float
    """Infinity if its result is unknown."""
    is_required: bool = True
    """False if it may never have taken effect, because its result is unknown."""


class Verdict(Enum):
    """Result of a search."""

    LINEARIZABLE = "linearizable"
    VIOLATION = "violation"
    UNDECIDED = "undecided"


@dataclass(slots=True)
class _Configuration(Generic[State]):
    """Operations placed so far, as bits, and the state after them."""

    placed: int
    state: State
    first_called: int = 0
    """All operations before this one, in the order of calls, are placed."""
    first_returned: int = 0


class Search(Generic[State]):
    """Depth-first search over the orders of one history."""

    def __init__(
        self, operations: Sequence[Operation[State]], *, max_steps: int = MAX_STEPS, random: Random | None = None
    ) -> None:
        """Prepare a search; `random` chooses which operation is tried first among equal ones."""
        self._by_call = sorted(operations, key=lambda one: (one.called_ms, one.returned_ms))
        required = [number for number, one in enumerate(self._by_call) if one.is_required]
        self._by_return = sorted(required, key=lambda number: self._by_call[number].returned_ms)
        self._steps_left = max_steps
        self._random = random

    def run(self, initial: State) -> Verdict:
        """Return whether some order explains all results."""
        visited: set[tuple[int, State]] = set()
        stack = [iter([_Configuration(0, initial)])]
        while stack:
            configuration = next(stack[-1], None)
            if configuration is None:
                stack.pop()
                continue
            forced = self._settle(configuration)
            if forced is None:
                return Verdict.LINEARIZABLE
            key = (configuration.placed, configuration.state)
            if key in visited:
                continue
            visited.add(key)
            self._steps_left -= 1
            if self._steps_left < 0:
                return Verdict.UNDECIDED
            stack.append(self._successors(configuration, forced))
        return Verdict.VIOLATION

    def _settle(self, configuration: _Configuration[State]) -> int | None:
        """Place operations without effect; return the one that returns first of the others, or None if all are placed.

        This loses no order: an operation without effect can be moved to the first place where it is possible.
        """
        while (forced := self._first_to_return(configuration)) is not None:
            settled = [
                number
                for number in self._enabled(configuration, self._by_call[forced].returned_ms)
                if self._by_call[number].action.is_settled(configuration.state)
            ]
            if not settled:
                return forced
            for number in settled:
                configuration.placed |= 1 << number
        return None

    def _first_to_return(self, configuration: _Configuration[State]) -> int | None:
        position = configuration.first_returned
        while position < len(self._by_return) and configuration.placed >> self._by_return[position] & 1:
            position += 1
        configuration.first_returned = position
        return self._by_return[position] if position < len(self._by_return) else None

    def _enabled(self, configuration: _Configuration[State], before_ms: float) -> Iterator[int]:
        """Return the operations that were called before any other one returned."""
        number = configuration.first_called
        while number < len(self._by_call) and configuration.placed >> number & 1:
            number += 1
        configuration.first_called = number
        while number < len(self._by_call) and self._by_call[number].called_ms <= before_ms:
            if not configuration.placed >> number & 1:
                yield number
            number += 1

    def _successors(self, configuration: _Configuration[State], forced: int) -> Iterator[_Configuration[State]]:
        """Return the next configurations: first the forced operation, then those that it may need, then the others."""
        by_call = self._by_call
        subjects = by_call[forced].action.subjects
        numbers = sorted(
            self._enabled(configuration, by_call[forced].returned_ms),
            key=lambda number: (
                number != forced,
                subjects.isdisjoint(by_call[number].action.subjects),
                self._random.random() if self._random else by_call[number].returned_ms,
            ),
        )
        for number in numbers:
            for state in by_call[number].action.next_states(configuration.state):
                if state != configuration.state or by_call[number].is_required:
                    yield _Configuration(
                        configuration.placed | 1 << number,
                        state,
                        configuration.first_called,
                        configuration.first_returned,
                    )
