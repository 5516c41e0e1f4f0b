"""Exact search over all assignments for one that serves every claim."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from oracle.capacity import Oracle
from slotmcp.domain.claim import Claim
from slotmcp.engine.need import Need


@dataclass(frozen=True, slots=True)
class Demand:
    """A job to serve, and the technicians who may do it."""

    need: Need
    start: int
    technician_ids: tuple[str, ...]


def all_servable(oracle: Oracle, callers: Sequence[tuple[Need, int]] = ()) -> bool:
    """Return whether bookings, live holds and these callers can all be served at once.

    Bookings and holds with a chosen technician stay; every other hold may go anywhere. The search is exact where
    the locations of all claims are known, or of none: then the order of filling a route does not matter.
    """
    everyone = tuple(one.id for one in oracle.technicians)
    claims = chain.from_iterable(oracle.live_claims(one) for one in oracle.technicians)
    sold = [Demand(oracle.need_of(one), one.start, everyone if oracle.is_movable(one) else (one.technician_id,))
            for one in claims]  # fmt: skip
    new = [Demand(need, start, (need.technician_id,) if need.technician_id else everyone) for need, start in callers]
    empty = oracle
    for id_ in everyone:
        empty = empty.with_claims(id_, ())
    return _search(empty, sorted(sold + new, key=lambda one: len(one.technician_ids)))


def _search(served: Oracle, waiting: Sequence[Demand]) -> bool:
    """Try every technician for the first demand, then serve the others (rules 8 to 12, and 23)."""
    if not waiting:
        return True
    demand, *others = waiting
    able = (one for one in served.technicians if one.id in demand.technician_ids)
    return any(
        _search(served.with_claims(one.id, [*served.live_claims(one), _claim(one.id, demand)]), others)
        for one in able
        if served.has_room(one, demand.need, demand.start)
    )


def _claim(technician_id: str, demand: Demand) -> Claim:
    return Claim(
        id="",
        technician_id=technician_id,
        service_id="",
        start=demand.start,
        end=demand.start + demand.need.duration_minutes,
        buffer_before_minutes=demand.need.buffer_before_minutes,
        buffer_after_minutes=demand.need.buffer_after_minutes,
        location=demand.need.site.location if demand.need.site else None,
    )
