"""Assignment of technicians to bookings and holds. A hold needs some technician; only a booking has one."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from concurrency.business import MINUTES_A_DAY, Business

Stage = Literal["held", "lapsed", "released", "used", "booked", "cancelled"]
"""Holds are held, lapsed, released or used (booked); bookings are booked or cancelled."""

CACHED: Final = 100_000


@dataclass(frozen=True, slots=True)
class Claim:
    """A hold or a booking. Times are minutes since the epoch."""

    service: str
    start: int
    end: int
    stage: Stage
    technician: str = ""
    """Technician of a booking; "" for a hold."""

    @property
    def takes_time(self) -> bool:
        return self.stage in {"held", "booked"}


NamedClaims = frozenset[tuple[str, Claim]]
"""Claims that take time, each with its name, since two holds may be alike."""


_Taker = tuple[tuple[int, ...], int]
"""A technician: the numbers of the holds that are allowed, and the end of the last hold."""


class Team:
    """Technicians of one business."""

    def __init__(self, business: Business) -> None:
        self.business = business
        self.can_all_be_served = lru_cache(CACHED)(self._can_all_be_served)
        self.surely_free = lru_cache(CACHED)(self._surely_free)

    def is_able(self, technician: str, claim: Claim) -> bool:
        """Return whether a technician has the skills and works then."""
        opens = claim.start // MINUTES_A_DAY * MINUTES_A_DAY + self.business.opens
        closes = opens - self.business.opens + self.business.closes
        has_skills = self.business.jobs[claim.service].skills <= self.business.technicians[technician]
        return has_skills and opens <= claim.start < claim.end <= closes

    def collide(self, one: Claim, other: Claim) -> bool:
        """Return whether one technician cannot serve both, because they overlap with their buffers."""
        (begins, ends), (other_begins, other_ends) = self._span(one), self._span(other)
        return begins < other_ends and other_begins < ends

    def free_of_bookings(self, claims: Iterable[Claim], wanted: Claim) -> list[str]:
        """Return the able technicians whose bookings leave room for a claim."""
        taken = {one.technician for one in claims if one.stage == "booked" and self.collide(one, wanted)}
        return [one for one in self.business.technicians if one not in taken and self.is_able(one, wanted)]

    def _surely_free(self, claims: NamedClaims, wanted: Claim) -> int:
        """Return how many technicians are free for a claim, whichever technicians the holds are kept for."""
        everything = [claim for _, claim in claims]
        free = self.free_of_bookings(everything, wanted)
        holds = [one for one in everything if one.stage == "held" and self.collide(one, wanted)]
        blocking = sum(not set(free).isdisjoint(self.free_of_bookings(everything, one)) for one in holds)
        return len(free) - blocking

    def _can_all_be_served(self, claims: NamedClaims, wanted: Claim, copies: int = 1) -> bool:
        """Return whether some assignment serves all claims and these additional ones."""
        everything = [claim for _, claim in claims]
        if wanted.technician and wanted.technician not in self.free_of_bookings(everything, wanted):
            return False
        new = [wanted] * copies
        bookings = [one for one in (*everything, *new) if one.technician]
        holds = self._cluster([one for one in everything if not one.technician], wanted)
        holds += [one for one in new if not one.technician]
        return self._has_assignment(sorted(holds, key=self._span), bookings)

    def _cluster(self, holds: Sequence[Claim], wanted: Claim) -> list[Claim]:
        """Return the holds that a claim can displace, directly or through others."""
        found, left, edge = [], list(holds), [wanted]
        while edge:
            near = [one for one in left if any(self.collide(one, other) for other in edge)]
            left = [one for one in left if not any(one is other for other in near)]
            found += near
            edge = near
        return found

    def _has_assignment(self, holds: Sequence[Claim], bookings: Sequence[Claim]) -> bool:
        """Return whether the technicians can take all holds, which are in the order of their times.

        A technician is described by the holds that skills, hours and bookings allow, and by the end of the last hold.
        """
        able = [set(self.free_of_bookings(bookings, one)) for one in holds]
        spans = [self._span(one) for one in holds]
        technicians = sorted(
            (tuple(number for number, names in enumerate(able) if technician in names), 0)
            for technician in self.business.technicians
        )
        return _can_take(spans, 0, tuple(technicians), set())

    def _span(self, claim: Claim) -> tuple[int, int]:
        """Return the time of a claim with its buffers."""
        job = self.business.jobs[claim.service]
        return claim.start - job.before, claim.end + job.after

    def starts(self, service: str, minutes: int, first: int, last: int) -> Iterator[Claim]:
        """Return a claim at each start of the grid in a window within one day."""
        grid = self.business.grid
        for start in range(-(-first // grid) * grid, last, grid):
            claim = Claim(service, start, start + minutes, "held")
            if any(self.is_able(one, claim) for one in self.business.technicians):
                yield claim


def _can_take(
    spans: Sequence[tuple[int, int]], number: int, technicians: tuple[_Taker, ...], failed: set[tuple[_Taker, ...]]
) -> bool:
    """Return whether technicians can take all holds from a number on; those with the same description are equal."""
    if number == len(spans):
        return True
    begins, ends = spans[number]
    state = tuple(sorted((allowed, until if until > begins else 0) for allowed, until in technicians))
    key = ((number,), 0), *state
    if key in failed:
        return False
    failed.add(key)
    later = [(tuple(one for one in allowed if one > number), until) for allowed, until in state]
    for taker in dict.fromkeys(one for one in state if number in one[0] and one[1] <= begins):
        place = state.index(taker)
        taken = (*later[:place], (later[place][0], ends), *later[place + 1 :])
        if _can_take(spans, number + 1, taken, failed):
            return True
    return False
