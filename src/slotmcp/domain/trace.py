"""A decision trace: what was asked, what was decided and why. Nothing in it is personal."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from slotmcp.domain.catalog import Location
from slotmcp.domain.interval import Minute
from slotmcp.domain.moment import PartOfDay
from slotmcp.domain.reasons import Reason, informative_reasons, without_missing_skills


class TracedUse(StrEnum):
    """The use cases that leave traces."""

    GET_SLOTS = "get_slots"
    CREATE_HOLD = "create_hold"
    BOOK_SLOT = "book_slot"


class ScheduleSource(StrEnum):
    """Where the book was found that the decision was made by."""

    MEMORY = "memory"
    """This process knew it already."""
    SHARED = "shared"
    """Another server had put it into Redis."""
    DATABASE = "database"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a caller wanted, so that the engine can be asked again."""

    service_id: str
    duration_minutes: int
    start_from: Minute
    """The earliest start wanted; of a start that was named, that."""
    start_to: Minute
    """Starts before this; of a start that was named, the next minute."""
    timezone: str
    """IANA name; that of `part_of_day` and `days_of_week`."""
    technician_id: str | None = None
    """A wish."""
    part_of_day: PartOfDay | None = None
    days_of_week: tuple[int, ...] = ()
    """Monday is 0; none: any."""
    area: Location | None = None
    """Where, to two decimals of a degree (about a kilometre): no address follows from it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TechnicianTrace:
    """What was found out of one technician."""

    technician_id: str
    could: int
    """How many of the starts they could take; of one start, 1 or 0."""
    reasons: Mapping[Reason, int] = field(default_factory=dict)
    """What was in the way at how many of the starts that were looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One call, as it was decided. What is not known, or does not apply, is empty."""

    id: str
    """The answer's traceId."""
    project_id: str
    use: TracedUse
    at_ms: int
    """The call's now, by the store's clock."""
    outcome: str
    """"ok", or an error's code."""
    conversation: str
    """The same for all calls of one phone call or session: a hash, or an id that means nothing elsewhere."""
    call_id: str = ""
    """As the voice platform gave it."""
    revision: int = 0
    """Of the book by which it was decided."""
    book_from: ScheduleSource = ScheduleSource.DATABASE
    question: Question | None = None
    """None: it did not get so far that this was clear."""
    offered: tuple[Minute, ...] = ()
    """The starts that get_slots answered, or that a refusal offered instead."""
    start: Minute | None = None
    """The start that was held or booked, or refused."""
    capacity: int = 0
    """Of that start, or of all that were offered together, before the call."""
    hold_key: str = ""
    """The claim's id: the same for a hold and the booking that came of it; its token does not follow from it."""
    booking_id: str = ""
    technician_id: str = ""
    """Who was assigned, by book_slot alone."""
    why: str = ""
    """Why that technician: the winner's place in each key of the policy, as in "load 2, priority 1"."""
    was_replayed: bool = False
    was_revived: bool = False
    """A hold that had lapsed, booked after all."""
    moved_holds: int = 0
    technicians: tuple[TechnicianTrace, ...] = ()
    hops: Mapping[str, int] = field(default_factory=dict)
    """Microseconds spent in each hop, by its name; "total" is the whole call."""

    @property
    def main_reason(self) -> Reason | None:
        """What was in the way most often; what tells little, and a missing skill, only where nothing else was."""
        counts = Counter[Reason]()
        for technician in self.technicians:
            counts.update(technician.reasons)
        counts = informative_reasons(without_missing_skills(counts), of_one_start=self.use is not TracedUse.GET_SLOTS)
        return min(counts, key=lambda reason: (-counts[reason], _ORDER[reason]), default=None)


_ORDER: Final = {reason: number for number, reason in enumerate(Reason)}
