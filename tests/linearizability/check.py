"""Check of a recorded history: linearizable, or the shortest part of it that no order explains."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import inf
from random import Random
from typing import Final

from concurrency.business import MINUTES_A_DAY, Business
from concurrency.checker import Problem
from concurrency.evidence import Rows, StoredOffer
from concurrency.wire import Attempt, minute_of, requests_in
from linearizability.actions import Unexpected
from linearizability.history import EXACT, History, ShopOperation, Tolerance
from linearizability.search import MAX_STEPS, Search, Verdict
from linearizability.shop import Shop
from linearizability.shrinking import shortest

RESTARTS: Final = 4
"""Searches after the first one."""
RUSH_STEPS: Final = 1_000
"""Configurations of the search for an order of a rush, which has a few seconds of processor time."""
SHRINKING_STEPS: Final = 20_000
"""Configurations of each search for a shorter history."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Result for one business."""

    operations: int = 0
    """Calls, with or without a result."""
    violations: tuple[str, ...] = ()
    """A shortest history each."""
    undecided: int = 0
    """Histories whose search was given up."""

    @property
    def problems(self) -> list[Problem]:
        """Return each violation as a problem of a rush."""
        return [Problem("order", f"no order explains\n{text}") for text in self.violations]

    def __add__(self, other: "Report") -> "Report":
        return Report(
            operations=self.operations + other.operations,
            violations=self.violations + other.violations,
            undecided=self.undecided + other.undecided,
        )


def check_linearizable(
    business: Business,
    attempts: Sequence[Attempt],
    tolerance: Tolerance = EXACT,
    *,
    offers: Sequence[StoredOffer] = (),
    max_steps: int = MAX_STEPS,
) -> Report:
    """Check each day of a business by itself: no operation concerns two days, except a move, which joins them.

    `offers` are those in the database, some of which no result may show.
    """
    report = Report()
    for part in partitions(attempts):
        operations = History(business, part, tolerance, offers).operations()
        unexpected = [one for one in operations if isinstance(one.action, Unexpected)]
        report += Report(operations=len(part), violations=tuple(describe([one]) for one in unexpected))
        report += _searched([one for one in operations if not isinstance(one.action, Unexpected)], max_steps)
    return report


def _searched(operations: Sequence[ShopOperation], max_steps: int) -> Report:
    match _verdict(operations, max_steps):
        case Verdict.VIOLATION:
            return Report(violations=(describe(shortest_violation(operations)),))
        case Verdict.UNDECIDED:
            return Report(undecided=1)
        case Verdict.LINEARIZABLE:
            return Report()


def _verdict(operations: Sequence[ShopOperation], max_steps: int) -> Verdict:
    """Search again in other orders if a search is given up: a wrong choice at the beginning can cost all its steps."""
    for random in (None, *map(Random, range(RESTARTS))):
        verdict = Search(operations, max_steps=max_steps, random=random).run(Shop())
        if verdict is not Verdict.UNDECIDED:
            break
    return verdict


def check_rush(business: Business, attempts: Sequence[Attempt], rows: Rows, tolerance: Tolerance = EXACT) -> Report:
    """Check a rush. On a busy machine, its calls overlap so much that the search may be given up."""
    return check_linearizable(business, attempts, tolerance, offers=rows.offers, max_steps=RUSH_STEPS)


def partitions(attempts: Sequence[Attempt]) -> Iterator[list[Attempt]]:
    """Return the attempts of each group of days that no request connects."""
    groups: list[tuple[set[str], list[Attempt]]] = []
    for request in requests_in(attempts):
        subjects = {name for one in request.attempts for name in _subjects(one)}
        joined = [group for group in groups if not group[0].isdisjoint(subjects)]
        groups = [group for group in groups if group[0].isdisjoint(subjects)]
        subjects = subjects.union(*(group[0] for group in joined))
        found = [one for group in joined for one in group[1]]
        groups.append((subjects, [*found, *request.attempts]))
    for _, found in groups:
        yield found


def _subjects(attempt: Attempt) -> Iterator[str]:
    """Return the names of the days, holds, bookings and customers that an attempt concerns."""
    arguments, body = attempt.arguments, attempt.body if attempt.has_worked else {}
    for instant in ("start", "from"):
        if instant in arguments:
            yield f"day {minute_of(arguments[instant]) // MINUTES_A_DAY}"
    named = (arguments, body, body.get("booking", {}), body.get("offer", {}))
    for name in ("holdToken", "bookingId", "waitId", "customerEmail"):
        yield from (f"{name} {facts[name]}" for facts in named if name in facts)
    if attempt.tool == "find_bookings":
        yield f"customerEmail {arguments['email']}"


def shortest_violation(operations: Sequence[ShopOperation]) -> list[ShopOperation]:
    """Return the operations that contradict each other, whether or not the others took effect.

    An operation is left out by letting it take effect at any time or never. If it were deleted, results that follow
    from it would look like violations.
    """

    def is_violated(kept: Sequence[int]) -> bool:
        shown = set(kept)
        part = [one if number in shown else _optional(one) for number, one in enumerate(operations)]
        return Search(part, max_steps=SHRINKING_STEPS).run(Shop()) is Verdict.VIOLATION

    return [operations[number] for number in shortest(range(len(operations)), is_violated)]


def _optional(operation: ShopOperation) -> ShopOperation:
    return replace(operation, returned_ms=inf, is_required=False)


def describe(operations: Sequence[ShopOperation]) -> str:
    """Return a history for people: one line for each operation, with its times in milliseconds after the first call."""
    began_ms = min((one.called_ms for one in operations), default=0.0)
    ordered = sorted(operations, key=lambda one: one.called_ms)
    return "\n".join(
        f"{one.called_ms - began_ms:9.0f} .. {one.returned_ms - began_ms:9.0f} ms  {one.action}" for one in ordered
    )
