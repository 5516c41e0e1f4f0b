"""The bound: the fewest kilometres in which anybody could have done a day's jobs, by OR-Tools (CP-SAT).

One circuit for each technician, with home as its depot. What may follow on what is as
docs/reference/availability.md has it: skills, opening hours, buffers and the way (rules 8, 9, 10 and 23).
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations

from ortools.sat.python.cp_model import FEASIBLE, OPTIMAL, BoolVarT, CpModel, CpSolver, Domain, IntVar

from benchmarks.proximity_routes import home_of, road_km, way_minutes
from benchmarks.proximity_week import MONDAY, OPENING, TECHNICIANS, Call, day_of
from slotmcp.domain.catalog import Technician
from slotmcp.domain.interval import MINUTES_PER_DAY, Minute

_METRES_PER_KM = 1000
_EFFORT = 60.0
"""In the solver's own units, which do not depend on the machine: the same model has the same answer everywhere."""

Starts = Mapping[Call, Collection[Minute]]
"""The calls of one day, with the starts that each may have. All of them lie within everybody's hours."""
Arc = tuple[int, int, BoolVarT]


@dataclass(frozen=True, slots=True)
class Optimum:
    """How little a day can take."""

    km: float
    """No plan has fewer."""
    is_proved: bool
    """There is a plan that has no more."""


def fewest_km(starts: Starts) -> Optimum:
    """How far all technicians have to go for these calls at least, from home and home again.

    Raises:
        ValueError: nobody can serve them all at these starts.
    """
    day = _Day(starts)
    for technician in TECHNICIANS.values():
        day.add(technician)
    return day.solve()


class _Day:
    """The model of one day."""

    def __init__(self, starts: Starts) -> None:
        self._model = CpModel()
        self._starts = starts
        self._at = {call: self._start(call) for call in starts}
        self._nodes = {call: node for node, call in enumerate(starts, start=1)}
        self._metres: list[tuple[int, BoolVarT]] = []
        self._served: Mapping[Call, list[BoolVarT]] = {call: [] for call in starts}

    def add(self, technician: Technician) -> None:
        """Let somebody work."""
        able = [call for call in self._starts if call.service.skills <= technician.skills]
        stays = self._model.new_bool_var("")
        arcs: list[Arc] = [(0, 0, stays)]
        for call in able:
            arcs += self._own_arcs(technician, call, stays)
        for one, other in permutations(able, 2):
            arcs += self._arcs_between(one, other)
        self._model.add_circuit(arcs)

    def solve(self) -> Optimum:
        """The least."""
        for travel_lookup in self._served.values():
            self._model.add_exactly_one(travel_lookup)
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
        """From home, to home, and the loop of a node that is not visited."""
        node, home = self._nodes[call], home_of(technician)
        passed = self._model.new_bool_var("")
        self._served[call].append(~passed)
        self._model.add_implication(stays, passed)
        yield node, node, passed
        yield node, 0, self._arc(road_km(call.location, home))
        day_begins = MONDAY + day_of(min(self._starts[call])) * MINUTES_PER_DAY + OPENING
        leaves = self._arc(road_km(home, call.location))
        self._model.add(self._at[call] >= day_begins + way_minutes(home, call.location)).only_enforce_if(leaves)
        yield 0, node, leaves

    def _arcs_between(self, one: Call, other: Call) -> Iterator[Arc]:
        """From one job to another, where some starts leave the time for it."""
        apart = (
            one.service.duration_minutes
            + one.service.buffer_after_minutes
            + way_minutes(one.location, other.location)
            + other.service.buffer_before_minutes
        )
        if min(self._starts[one]) + apart > max(self._starts[other]):
            return
        follows = self._arc(road_km(one.location, other.location))
        self._model.add(self._at[other] >= self._at[one] + apart).only_enforce_if(follows)
        yield self._nodes[one], self._nodes[other], follows

    def _arc(self, km: float) -> BoolVarT:
        taken = self._model.new_bool_var("")
        self._metres.append((int(km * _METRES_PER_KM), taken))
        return taken
