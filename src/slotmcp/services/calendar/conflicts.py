"""Conflicts: a calendar event or busy time overlaps a hold or booking of the same technician. Both are kept.

Conflicts are not stored. They are computed from the live claims and the busy times of a technician's schedule.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from slotmcp.domain.calendar import CONNECTED_CALENDAR_SOURCE, EVENT_SOURCE_PREFIX
from slotmcp.domain.claim import BusyTime, Claim
from slotmcp.domain.interval import MS_PER_MINUTE, Interval, overlaps
from slotmcp.domain.schedule import Schedule, TechnicianSchedule


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Live claim and busy time of a calendar that overlap."""

    technician_id: str
    claim: Claim
    busy: BusyTime

    @property
    def uid(self) -> str:
        """Uid of the event; "" if the busy time comes from a connected calendar."""
        source = self.busy.source
        return source.removeprefix(EVENT_SOURCE_PREFIX) if source.startswith(EVENT_SOURCE_PREFIX) else ""


def find_conflicts(schedule: Schedule, now_ms: int) -> tuple[Conflict, ...]:
    """Return the conflicts that have not ended, by technician and time."""
    return tuple(
        Conflict(technician_id=technician_id, claim=claim, busy=busy)
        for technician_id, technician_schedule in schedule.technician_schedules.items()
        for claim in _current_claims(technician_schedule, now_ms)
        for busy in _overlapping_calendar_busy(technician_schedule, claim)
    )


def overlapping_claims(technician_schedule: TechnicianSchedule, interval: Interval, now_ms: int) -> list[Claim]:
    """Return the live claims that overlap an interval, by start and id."""
    return [claim for claim in _live_claims(technician_schedule, now_ms) if overlaps(claim.interval, interval)]


def _overlapping_calendar_busy(technician_schedule: TechnicianSchedule, claim: Claim) -> Iterator[BusyTime]:
    for busy in technician_schedule.busy:
        is_of_calendar = busy.source.startswith(EVENT_SOURCE_PREFIX) or busy.source == CONNECTED_CALENDAR_SOURCE
        if is_of_calendar and overlaps(claim.interval, (busy.start, busy.end)):
            yield busy


def _current_claims(technician_schedule: TechnicianSchedule, now_ms: int) -> list[Claim]:
    """Return the live claims that have not ended, by start and id."""
    return [claim for claim in _live_claims(technician_schedule, now_ms) if claim.end * MS_PER_MINUTE > now_ms]


def _live_claims(technician_schedule: TechnicianSchedule, now_ms: int) -> list[Claim]:
    live = (claim for claim in technician_schedule.claims if claim.is_live(now_ms))
    return sorted(live, key=lambda claim: (claim.start, claim.id))
