"""Decision trace: the request, the decision and its reasons of one call. It contains no personal data."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from slotmcp.domain.booking_rules import Priority
from slotmcp.domain.catalog import Location
from slotmcp.domain.interval import Minute
from slotmcp.domain.moment import PartOfDay
from slotmcp.domain.reasons import Reason, informative_reasons, team_reason, without_missing_skills


class TracedUse(StrEnum):
    """Use cases that record traces."""

    GET_SLOTS = "get_slots"
    CREATE_HOLD = "create_hold"
    BOOK_SLOT = "book_slot"


class ScheduleSource(StrEnum):
    """Source of the schedule that a decision used."""

    MEMORY = "memory"
    """The cache of this process."""
    SHARED = "shared"
    """A snapshot in Redis from another server."""
    DATABASE = "database"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A caller's request, complete enough to run the engine again."""

    service_id: str
    duration_minutes: int
    start_from: Minute
    """Earliest requested start; for a request of one start, that start."""
    start_to: Minute
    """Exclusive end of the requested starts; for a request of one start, the next minute."""
    timezone: str
    """IANA name of the time zone of `part_of_day` and `days_of_week`."""
    technician_id: str | None = None
    """Requested technician."""
    part_of_day: PartOfDay | None = None
    days_of_week: tuple[int, ...] = ()
    """Monday is 0; empty: any."""
    area: Location | None = None
    """Location of the job, rounded to two decimals (about a kilometer), so that it reveals no address."""
    area_id: str = ""
    """Area of the job's postal code, instead of the code itself; empty: none."""
    is_outside_areas: bool = False
    """True if the business refuses the job's postal code, because no area contains it."""
    priority: Priority = Priority.NORMAL


@dataclass(frozen=True, slots=True, kw_only=True)
class TechnicianTrace:
    """Result for one technician."""

    technician_id: str
    could: int
    """Number of starts that the technician could take; for one start, 1 or 0."""
    reasons: Mapping[Reason, int] = field(default_factory=dict)
    """Number of starts that each reason blocks, of those checked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Decision of one call. Unknown and inapplicable fields are empty."""

    id: str
    """The response's traceId."""
    project_id: str
    use: TracedUse
    at_ms: int
    """Time of the call, by the store's clock."""
    outcome: str
    """"ok", or an error code."""
    conversation: str
    """Id shared by all calls of one phone call or session: a hash, or another id that identifies no person."""
    call_id: str = ""
    """Keyed hash of the voice platform's call id."""
    revision: int = 0
    """Revision of the schedule that the decision used."""
    book_from: ScheduleSource = ScheduleSource.DATABASE
    question: Question | None = None
    """None: the call failed before the request was resolved."""
    offered: tuple[Minute, ...] = ()
    """Starts that get_slots returned, or that a refusal offered instead."""
    start: Minute | None = None
    """Start that was held, booked or refused."""
    capacity: int = 0
    """Capacity of that start, or of all offered starts together, before the call."""
    hold_key: str = ""
    """Id of the claim, shared by a hold and its booking. It does not reveal the token."""
    booking_id: str = ""
    technician_id: str = ""
    """Technician assigned by book_slot."""
    why: str = ""
    """Reason for that technician: the value of each ranking key, as in "load 2, priority 1"."""
    was_replayed: bool = False
    was_revived: bool = False
    """True if book_slot booked a lapsed hold."""
    moved_holds: int = 0
    technicians: tuple[TechnicianTrace, ...] = ()
    hops: Mapping[str, int] = field(default_factory=dict)
    """Microseconds spent in each span, by its name; "total" is the whole call."""
    reason: Reason | None = None
    """Reason that an empty get_slots reported. None: another call, or a trace of a version without this field."""

    @property
    def main_reason(self) -> Reason | None:
        """The reason of the team; for a range, the most frequent informative one."""
        if self.reason is not None:
            return self.reason
        if self.use is not TracedUse.GET_SLOTS:
            return team_reason([reason for technician in self.technicians for reason in technician.reasons])
        counts = Counter[Reason]()
        for technician in self.technicians:
            counts.update(technician.reasons)
        counts = informative_reasons(without_missing_skills(counts))
        return min(counts, key=lambda reason: (-counts[reason], _ORDER[reason]), default=None)


_ORDER: Final = {reason: number for number, reason in enumerate(Reason)}
