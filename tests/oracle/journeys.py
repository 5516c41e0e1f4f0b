"""Journeys of a technician to a job and to the next one (rules 23 and 25)."""

from oracle.facts import Facts
from oracle.travel import OracleTravel
from slotmcp.domain.catalog import Location, Technician, TravelMode
from slotmcp.domain.claim import Claim
from slotmcp.engine.need import Need


class Journeys(Facts):
    """Oracle of journeys: a technician must reach a job in time, and the next one after it."""

    def place_of(self, need: Need) -> Location | None:
        """Return the location of the job; None if it is unknown or travel does not count."""
        if need.site is None or self.project.travel.mode is not TravelMode.ESTIMATED:
            return None
        return need.site.location

    def is_reached(self, technician: Technician, need: Need, start: int, without: Claim | None = None) -> bool:
        """Rule 23."""
        if self.place_of(need) is None:
            return True
        return self._comes_in_time(technician, need, start, without) and self._leaves_in_time(
            technician, need, start, without
        )

    def _comes_in_time(self, technician: Technician, need: Need, start: int, without: Claim | None) -> bool:
        eta = self.eta(technician, need, start, without)
        if eta is None:
            return True
        before = self.job_before(technician, start, without)
        if before is not None:
            return before.end + before.buffer_after_minutes + eta + need.buffer_before_minutes <= start
        day = self.working_day(technician, start)
        return day is None or day.start + eta <= start

    def _leaves_in_time(self, technician: Technician, need: Need, start: int, without: Claim | None) -> bool:
        place, end = self.place_of(need), start + need.duration_minutes
        after = self.job_after(technician, start, end, without)
        if place is None or after is None or after.location is None:
            return True
        way = OracleTravel(self.project.travel).minutes(place, after.location)
        return end + need.buffer_after_minutes + way <= after.start - after.buffer_before_minutes

    def eta(self, technician: Technician, need: Need, start: int, without: Claim | None = None) -> int | None:
        """The way from the job before, or without one from home (rule 25); None where a place is not known."""
        place = self.place_of(need)
        before = self.job_before(technician, start, without)
        origin = technician.home if before is None else before.location
        if place is None or origin is None:
            return None
        return OracleTravel(self.project.travel).minutes(origin, place)

    def buffers(self, technician: Technician, need: Need, start: int, without: Claim | None = None) -> int:
        """Between the job before and this one (rule 25); none from home."""
        before = self.job_before(technician, start, without)
        if self.place_of(need) is None or before is None:
            return 0
        return before.buffer_after_minutes + need.buffer_before_minutes

    def score(self, technician: Technician, need: Need, start: int, without: Claim | None = None) -> int | None:
        """Rule 25; None where it is not known."""
        eta = self.eta(technician, need, start, without)
        return None if eta is None else eta + self.buffers(technician, need, start, without)

    def job_before(self, technician: Technician, start: int, without: Claim | None = None) -> Claim | None:
        """The live claim with the latest end that is not after `start`, if it starts within that working day."""
        earlier = [claim for claim in self.live_claims(technician, without) if claim.end <= start]
        last = max(earlier, key=lambda one: one.end, default=None)
        return self._if_that_day(technician, start, last)

    def job_after(self, technician: Technician, start: int, end: int, without: Claim | None = None) -> Claim | None:
        """The live claim with the earliest start that is not before `end`, if it starts within that working day."""
        later = [claim for claim in self.live_claims(technician, without) if claim.start >= end]
        first = min(later, key=lambda one: one.start, default=None)
        return self._if_that_day(technician, start, first)

    def _if_that_day(self, technician: Technician, start: int, claim: Claim | None) -> Claim | None:
        day = self.working_day(technician, start)
        return claim if claim is not None and day is not None and claim.start in day else None
