"""What is free: starts, how many callers each can serve, and by whom."""

from dataclasses import dataclass

from slotmcp.domain.catalog import ServiceType, Technician
from slotmcp.domain.interval import Minute
from slotmcp.domain.moment import Moment, PartOfDay
from slotmcp.domain.offer import Offer, Slot


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotQuery:
    """What a caller asks for. None: not asked."""

    project_id: str | None = None
    service_id: str | None = None
    duration_minutes: int | None = None
    from_: Moment | None = None
    """A date means its first minute. Default: now."""
    to: Moment | None = None
    """Starts before it; a date means its end. Default: seven days after `from_`."""
    timezone: str | None = None
    part_of_day: PartOfDay | None = None
    days_of_week: frozenset[int] | None = None
    """Monday is 0."""
    technician_id: str | None = None
    limit: int = 10
    cursor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotAnswer:
    """What is free, with the query as it was understood."""

    offer: Offer
    service: ServiceType
    duration_minutes: int
    from_: Minute
    to: Minute
    now_ms: int
    technicians: tuple[Technician, ...]
    """Those who could take any of the offered slots, in the order of the project file."""
    next_cursor: str
    """Empty when there is nothing more."""
    next_free: Slot | None
    """When nothing is offered: the first start after the range that can be had."""


class SlotService:
    """Answers what is free."""

    async def get_slots(self, query: SlotQuery) -> SlotAnswer:
        """Starts that can be had, spread over the range or a page of all of them.

        Raises:
            InvalidArgument, NotFound, Unavailable.
        """
        raise NotImplementedError
