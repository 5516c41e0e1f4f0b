"""Who goes: slotmcp's own policies, and what they are held against."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from benchmarks.proximity_calls import Choice, no_wish
from benchmarks.proximity_routes import Job, travelled
from benchmarks.proximity_week import TECHNICIANS, Call, day_of
from slotmcp.domain.catalog import RankingKey
from slotmcp.domain.offer import Slot

LOAD, PRIORITY, ETA = RankingKey.LOAD, RankingKey.PRIORITY, RankingKey.ETA
DEFAULT: Final = (LOAD, PRIORITY, ETA)


@dataclass(frozen=True, slots=True)
class Policy:
    """How it is decided who goes."""

    name: str
    ranking: tuple[RankingKey, ...] = DEFAULT
    choice: Choice = no_wish


BY_ETA: Final = Policy("eta", (ETA,))
BY_PRIORITY: Final = Policy("priority", (PRIORITY,))


def policies(seed: int) -> Sequence[Policy]:
    """Those that are compared, the aimless ones first."""
    return [
        Policy("random, of those who can", choice=at_random(seed)),
        BY_PRIORITY,
        Policy("load, priority, eta (default)", DEFAULT),
        Policy("load, eta", (LOAD, ETA)),
        BY_ETA,
        Policy("eta, load", (ETA, LOAD)),
        Policy("shortest way, chosen by the caller", choice=shortest_way),
        Policy("least detour, chosen by the caller", choice=least_detour),
    ]


def at_random(seed: int) -> Choice:
    """Anybody who can; the same for the same seed."""
    random = Random(f"anybody-{seed}")  # noqa: S311  not a secret

    def choice(_call: Call, slot: Slot, _jobs: Sequence[Job]) -> str:
        return random.choice(sorted(candidate.technician_id for candidate in slot.candidates))

    return choice


def shortest_way(_call: Call, slot: Slot, _jobs: Sequence[Job]) -> str:
    """Who has the fewest minutes to drive, as `get_slots` says; buffers, which are in the score, are not counted."""
    return min((candidate.eta_minutes or 0, candidate.technician_id) for candidate in slot.candidates)[1]


def least_detour(call: Call, slot: Slot, jobs: Sequence[Job]) -> str:
    """Whose day grows by the fewest kilometres, the way home counted."""

    day = day_of(slot.start)

    def growth(technician_id: str) -> tuple[float, str]:
        theirs = [job for job in jobs if job.technician.id == technician_id and day_of(job.start) == day]
        grown = [*theirs, Job(call, TECHNICIANS[technician_id], slot.start)]
        return travelled(grown).km - travelled(theirs).km, technician_id

    return min((candidate.technician_id for candidate in slot.candidates), key=growth)
