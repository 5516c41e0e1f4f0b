"""Rules of availability in the small shop, by counting and exhaustive search.

The module shares no code with the engine. docs/reference/availability.md describes the rules.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from support.small_shop import KINDS, PLACES, Staff, Worker, placeless, travel_minutes
from support.sqlite_file import Entry

Live = Sequence[Entry]


def suits(worker: Worker, kind: str, start: int, end: int) -> bool:
    """Return True if a technician has the skill and is present."""
    opens, closes = worker.span()
    skill = KINDS[kind].skill
    has_skill = not skill or skill in worker.skills.split()
    return has_skill and opens <= start and end <= closes and not worker.is_absent(start, end)


def overlap(first: Entry, second: Entry) -> bool:
    """Return True if two appointments overlap with their buffers."""
    return (
        first.start - first.before < second.end + second.after
        and second.start - second.before < first.end + first.after
    )


def can_take(worker: Worker, claims: Live, wanted: Entry) -> bool:
    """Return True if a technician with these appointments can take another."""
    return (
        suits(worker, wanted.service_id, wanted.start, wanted.end)
        and (worker.limit is None or len(claims) < worker.limit)
        and not any(overlap(claim, wanted) for claim in claims)
        and (wanted.latitude is None or _has_travel_time(worker, claims, wanted))
    )


def _has_travel_time(worker: Worker, claims: Live, wanted: Entry) -> bool:
    opens, closes = worker.span()
    previous = max((claim for claim in claims if claim.end <= wanted.start), key=lambda claim: claim.end, default=None)
    following = min(
        (claim for claim in claims if claim.start >= wanted.end), key=lambda claim: claim.start, default=None
    )
    if previous is not None and opens <= previous.start < closes:
        origin, ready = previous.latitude, previous.end + previous.after + wanted.before
    else:
        origin, ready = (None if worker.home is None else PLACES[worker.home]), opens
    outward_minutes = travel_minutes(origin, wanted.latitude)
    if outward_minutes is not None and ready + outward_minutes > wanted.start:
        return False
    if following is None or not opens <= following.start < closes:
        return True
    onward_minutes = travel_minutes(wanted.latitude, following.latitude)
    return onward_minutes is None or wanted.end + wanted.after + onward_minutes <= following.start - following.before


def workers_for(staff: Staff, live: Live, wanted: Entry, requested: str | None) -> list[str]:
    """Return the technicians who can take an appointment without moving holds."""
    return [name for name in staff if requested in {None, name} and can_take(staff[name], _of(live, name), wanted)]


def movable_workers(staff: Staff, live: Live, wanted: Entry, requested: str | None) -> list[str]:
    """Return the technicians who can take an appointment after one of their holds moves, in one or two steps."""
    return [
        name
        for name in staff
        if requested in {None, name}
        and any(
            can_take(staff[name], rest, wanted) and _can_move(staff, live, hold)
            for hold, rest in _movable(_of(live, name))
        )
    ]


def _can_move(staff: Staff, live: Live, hold: Entry) -> bool:
    others = [name for name in staff if name != hold.technician_id]
    return any(can_take(staff[name], _of(live, name), hold) for name in others) or any(
        can_take(staff[name], rest, hold)
        and any(can_take(staff[third], _of(live, third), second) for third in others if third != name)
        for name in others
        for second, rest in _movable(_of(live, name))
    )


def _movable(claims: Live) -> Iterator[tuple[Entry, Live]]:
    """Yield each movable hold of a technician, with the remaining claims."""
    for hold in claims:
        if hold.state == "held" and not hold.technician_chosen:
            yield hold, [claim for claim in claims if claim is not hold]


def _of(live: Live, name: str) -> Live:
    return [claim for claim in live if claim.technician_id == name]


def is_servable(staff: Staff, claims: Live, fixed: frozenset[str]) -> bool:
    """Return True if all claims can be served together, without travel times, by exhaustive search.

    Bookings, holds with a requested technician, and the ids in `fixed` do not move.
    """
    entries = [placeless(claim) for claim in claims]
    immovable = [entry for entry in entries if entry.state == "booked" or entry.technician_chosen or entry.id in fixed]
    return _can_place(staff, immovable, [entry for entry in entries if entry not in immovable])


def _can_place(staff: Staff, placed: list[Entry], remaining: list[Entry]) -> bool:
    if not remaining:
        return True
    first, *others = remaining
    return any(
        _can_place(staff, [*placed, replace(first, technician_id=name)], others)
        for name in workers_for(staff, placed, first, None)
    )
