"""Rules of availability in the small shop, by counting and exhaustive search.

It shares no code with the engine; docs/reference/availability.md has the rules.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from support.small_shop import KINDS, PLACES, Staff, Worker, placeless, way
from support.sqlite_file import Entry

Live = Sequence[Entry]


def suits(worker: Worker, kind: str, start: int, end: int) -> bool:
    """Return True if a technician has the skill and is present."""
    opens, closes = worker.span()
    skill = KINDS[kind].skill
    has_skill = not skill or skill in worker.skills.split()
    return has_skill and opens <= start and end <= closes and not worker.is_absent(start, end)


def meets(one: Entry, other: Entry) -> bool:
    """Return True if two appointments overlap with their buffers."""
    return one.start - one.before < other.end + other.after and other.start - other.before < one.end + one.after


def can(worker: Worker, theirs: Live, wanted: Entry) -> bool:
    """Return True if a technician with these appointments can take another."""
    return (
        suits(worker, wanted.service_id, wanted.start, wanted.end)
        and (worker.limit is None or len(theirs) < worker.limit)
        and not any(meets(one, wanted) for one in theirs)
        and (wanted.latitude is None or _comes_and_leaves_in_time(worker, theirs, wanted))
    )


def _comes_and_leaves_in_time(worker: Worker, theirs: Live, wanted: Entry) -> bool:
    opens, closes = worker.span()
    last = max((one for one in theirs if one.end <= wanted.start), key=lambda one: one.end, default=None)
    following = min((one for one in theirs if one.start >= wanted.end), key=lambda one: one.start, default=None)
    if last is not None and opens <= last.start < closes:
        origin, ready = last.latitude, last.end + last.after + wanted.before
    else:
        origin, ready = (None if worker.home is None else PLACES[worker.home]), opens
    there = way(origin, wanted.latitude)
    if there is not None and ready + there > wanted.start:
        return False
    if following is None or not opens <= following.start < closes:
        return True
    onward = way(wanted.latitude, following.latitude)
    return onward is None or wanted.end + wanted.after + onward <= following.start - following.before


def workers_for(staff: Staff, live: Live, wanted: Entry, requested: str | None) -> list[str]:
    """Return the technicians who can take an appointment without moving holds."""
    return [name for name in staff if requested in {None, name} and can(staff[name], _of(live, name), wanted)]


def movable_workers(staff: Staff, live: Live, wanted: Entry, requested: str | None) -> list[str]:
    """Return the technicians who can take an appointment after one of their holds moves, in one or two steps."""
    return [
        name
        for name in staff
        if requested in {None, name}
        and any(
            can(staff[name], rest, wanted) and _can_go(staff, live, hold) for hold, rest in _movable(_of(live, name))
        )
    ]


def _can_go(staff: Staff, live: Live, hold: Entry) -> bool:
    others = [name for name in staff if name != hold.technician_id]
    return any(can(staff[name], _of(live, name), hold) for name in others) or any(
        can(staff[name], rest, hold)
        and any(can(staff[third], _of(live, third), second) for third in others if third != name)
        for name in others
        for second, rest in _movable(_of(live, name))
    )


def _movable(theirs: Live) -> Iterator[tuple[Entry, Live]]:
    """Yield each movable hold of a technician, with the remaining claims."""
    for hold in theirs:
        if hold.state == "held" and not hold.technician_chosen:
            yield hold, [one for one in theirs if one is not hold]


def _of(live: Live, name: str) -> Live:
    return [one for one in live if one.technician_id == name]


def is_servable(staff: Staff, claims: Live, fixed: frozenset[str]) -> bool:
    """Return True if all claims can be served together, without travel times, by exhaustive search.

    Bookings, holds with a requested technician, and the ids in `fixed` do not move.
    """
    near = [placeless(one) for one in claims]
    stay = [one for one in near if one.state == "booked" or one.technician_chosen or one.id in fixed]
    return _place(staff, stay, [one for one in near if one not in stay])


def _place(staff: Staff, placed: list[Entry], remaining: list[Entry]) -> bool:
    if not remaining:
        return True
    one, rest = remaining[0], remaining[1:]
    return any(
        _place(staff, [*placed, replace(one, technician_id=name)], rest)
        for name in workers_for(staff, placed, one, None)
    )
