"""Lower bound: the fewest kilometers for a day's jobs, computed by OR-Tools (CP-SAT).

The model has one circuit for each technician, with the home as its depot. The order of jobs follows
docs/reference/availability.md: skills, opening hours, buffers and travel (rules 8, 9, 10 and 23).
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations

from ortools.sat.python.cp_model import FEASIBLE, OPTIMAL, BoolVarT, CpModel, CpSolver, Domain, IntVar

from benchmarks.proximity_routes import home_of, road_km, travel_minutes
from benchmarks.proximity_week import MONDAY, OPENING, TECHNICIANS, Call, day_of
from slotmcp.domain.catalog import Technician
from slotmcp.domain.interval import MINUTES_PER_DAY, Minute

_METRES_PER_KM = 1000
_EFFORT = 60.0
"""Limit in the solver's deterministic units, so that results do not depend on the machine."""

Starts = Mapping[Call, Collection[Minute]]
"""Calls of one day with their possible starts, all within the technicians' hours."""
Arc = tuple[int, int, BoolVarT]


@dataclass(frozen=True, slots=True)
class Optimum:
    """Lower bound of one day."""

    km: float
    """Lower bound of all plans."""
    is_proved: bool
    """True if a plan reaches the bound."""


def fewest_km(starts: Starts) -> Optimum:
    """Return the fewest kilometers for all calls, from the technicians' homes and back.

    Raises:
        ValueError: no plan serves all calls at these starts.
    """
    day = _Day(starts)
    for technician in TECHNICIANS.values():
        day.add(technician)
    return day.solve()


class _Day:
    """CP-SAT model of one day."""

    def __init__(self, starts: Starts) -> None:
        self._model = CpModel()
        self._starts = starts
        self._at = {call: self._start(call) for call in starts}
        self._nodes = {call: node for node, call in enumerate(starts, start=1)}
        self._metres: list[tuple[int, BoolVarT]] = []
        self._served: Mapping[Call, list[BoolVarT]] = {call: [] for call in starts}

    def add(self, technician: Technician) -> None:
        """Add a technician."""
        able = [call for call in self._starts if call.service.skills <= technician.skills]
        stays = self._model.new_bool_var("")
        arcs: list[Arc] = [(0, 0, stays)]
        for call in able:
            arcs += self._own_arcs(technician, call, stays)
        for first, second in permutations(able, 2):
            arcs += self._arcs_between(first, second)
        self._model.add_circuit(arcs)

    def solve(self) -> Optimum:
        """Return the bound."""
        for served_by in self._served.values():
            self._model.add_exactly_one(served_by)
        self._model.minimize(sum(metres * taken for metres, taken in self._metres))
        solver = CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.max_deterministic_time = _EFFORT
        status = solver.solve(self._model)
        if status not in {OPTIMAL, FEASIBLE}:
            raise ValueError(f"no plan: {solver.status_name(status)}")
        return Optimum(solver.best_objective_bound / _METRES_PER_KM, status == OPTIMAL)

    def _start(self, call: Call) -> IntVar:
        return self._model.new_int_var_from_domain(Domain.from_values(sorted(self._starts[call])), "")

    def _own_arcs(self, technician: Technician, call: Call, stays: BoolVarT) -> Iterator[Arc]:
        """Yield the arcs from home, to home, and of a skipped call."""
        node, home = self._nodes[call], home_of(technician)
        passed = self._model.new_bool_var("")
        self._served[call].append(~passed)
        self._model.add_implication(stays, passed)
        yield node, node, passed
        yield node, 0, self._arc(road_km(call.location, home))
        day_begins = MONDAY + day_of(min(self._starts[call])) * MINUTES_PER_DAY + OPENING
        leaves = self._arc(road_km(home, call.location))
        self._model.add(self._at[call] >= day_begins + travel_minutes(home, call.location)).only_enforce_if(leaves)
        yield 0, node, leaves

    def _arcs_between(self, first: Call, second: Call) -> Iterator[Arc]:
        """Yield the arc from one job to another, if some of their starts are far enough apart."""
        apart = (
            first.service.duration_minutes
            + first.service.buffer_after_minutes
            + travel_minutes(first.location, second.location)
            + second.service.buffer_before_minutes
        )
        if min(self._starts[first]) + apart > max(self._starts[second]):
            return
        follows = self._arc(road_km(first.location, second.location))
        self._model.add(self._at[second] >= self._at[first] + apart).only_enforce_if(follows)
        yield self._nodes[first], self._nodes[second], follows

    def _arc(self, km: float) -> BoolVarT:
        taken = self._model.new_bool_var("")
        self._metres.append((int(km * _METRES_PER_KM), taken))
        return taken
