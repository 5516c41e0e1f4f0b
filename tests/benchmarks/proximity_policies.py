"""Assignment policies: those of slotmcp, and others for comparison."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from benchmarks.proximity_calls import Choice, no_request
from benchmarks.proximity_routes import Job, traveled
from benchmarks.proximity_week import TECHNICIANS, Call, day_of
from slotmcp.domain.catalog import RankingKey
from slotmcp.domain.offer import Slot

LOAD, PRIORITY, ETA = RankingKey.LOAD, RankingKey.PRIORITY, RankingKey.ETA
DEFAULT: Final = (LOAD, PRIORITY, ETA)


@dataclass(frozen=True, slots=True)
class Policy:
    """Rule that decides which technician goes."""

    name: str
    ranking: tuple[RankingKey, ...] = DEFAULT
    choice: Choice = no_request


BY_ETA: Final = Policy("eta", (ETA,))
BY_PRIORITY: Final = Policy("priority", (PRIORITY,))


def policies(seed: int) -> Sequence[Policy]:
    """Return the compared policies, those without regard to distance first."""
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
    """Choose a random candidate, reproducible by the seed."""
    random = Random(f"anybody-{seed}")  # noqa: S311  not a secret

    def choice(_call: Call, slot: Slot, _jobs: Sequence[Job]) -> str:
        return random.choice(sorted(candidate.technician_id for candidate in slot.candidates))

    return choice


def shortest_way(_call: Call, slot: Slot, _jobs: Sequence[Job]) -> str:
    """Choose the candidate with the shortest travel time in `get_slots`, without the buffers in the score."""
    return min((candidate.eta_minutes or 0, candidate.technician_id) for candidate in slot.candidates)[1]


def least_detour(call: Call, slot: Slot, jobs: Sequence[Job]) -> str:
    """Choose the candidate whose route of the day, including the way home, grows by the fewest kilometers."""

    day = day_of(slot.start)

    def growth(technician_id: str) -> tuple[float, str]:
        current = [job for job in jobs if job.technician.id == technician_id and day_of(job.start) == day]
        extended = [*current, Job(call, TECHNICIANS[technician_id], slot.start)]
        return traveled(extended).km - traveled(current).km, technician_id

    return min((candidate.technician_id for candidate in slot.candidates), key=growth)
