"""What is free: starts, how many callers each can serve, and by whom."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Self

from slotmcp.domain.catalog import Location, ServiceType, Technician
from slotmcp.domain.errors import InvalidArgument
from slotmcp.domain.interval import MINUTES_PER_DAY, Minute, minute_at_or_after
from slotmcp.domain.moment import Moment, PartOfDay
from slotmcp.domain.offer import Offer, Slot
from slotmcp.domain.reasons import Reason, combined_reasons
from slotmcp.domain.schedule import Schedule
from slotmcp.engine.availability import Availability
from slotmcp.engine.explain import reasons_between
from slotmcp.engine.need import Need
from slotmcp.engine.slots import list_starts, slots_at
from slotmcp.engine.travel import Site, TravelSource, site_at
from slotmcp.engine.zones import utc_to_wall
from slotmcp.services.availability_cache import AvailabilityCache
from slotmcp.services.cursor import Cursor
from slotmcp.services.intents import check_zone, find_need, find_service, resolve
from slotmcp.services.spread import part_of_day, spread
from slotmcp.services.tracing import TraceBuilder, current_trace, span
from slotmcp.services.travel import TravelLookup

DEFAULT_RANGE_MINUTES = 7 * MINUTES_PER_DAY
MAX_LIMIT = 100


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
    location: Location | None = None
    """Where the job is."""
    limit: int = 10
    cursor: str = ""
    best: int | None = None
    """How many candidates to name for each start; None names all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotAnswer:
    """What is free, with the query as it was understood."""

    offer: Offer
    service: ServiceType
    duration_minutes: int
    from_: Minute
    to: Minute
    technicians: tuple[Technician, ...]
    """The candidates of the offered slots, in the order of the project file."""
    next_cursor: str
    """Empty when there is nothing more."""
    next_free: Slot | None
    """When nothing is offered: the first start after the range that can be had."""
    in_the_way: Mapping[str, Mapping[Reason, int]]
    """When nothing is offered: how often each reason was in the way of a technician who would be able, by their ids."""
    wished: Technician | None
    """The technician who was asked for."""
    location: Location | None
    """Where the job is, if that is known."""
    travel: TravelSource | None
    """Who says how long ways take; None where they do not count, or the place is not known."""

    @property
    def reasons(self) -> Mapping[Reason, int]:
        """What was in the way of any of them, as far as it tells something; most often first."""
        return dict(combined_reasons(self.in_the_way).most_common()) if self.in_the_way else {}

    @property
    def now_ms(self) -> int:
        """When it was true."""
        return self.offer.now_ms


@dataclass(frozen=True, slots=True)
class _Search:
    """A query, understood."""

    query: SlotQuery
    availability: Availability
    service: ServiceType
    need: Need
    zone_key: str

    def starts(self, start_from: Minute, start_to: Minute) -> list[Minute]:
        """The starts of a range that the caller wants to hear of."""
        found = list_starts(self.availability, self.need, start_from, start_to)
        if self.query.days_of_week is None and self.query.part_of_day is None:
            return found
        return [start for start in found if self.is_wanted(start)]

    def is_wanted(self, start: Minute) -> bool:
        """Whether the caller wants to hear of a start."""
        days, part = self.query.days_of_week, self.query.part_of_day
        if days is not None and utc_to_wall(self.zone_key, start).weekday() not in days:
            return False
        return part is None or part_of_day(self.zone_key, start) is part

    def at(self, site: Site | None) -> Self:
        """The same, by other ways."""
        return replace(self, need=replace(self.need, site=site))

    def slots(self, starts: Iterable[Minute]) -> list[Slot]:
        """What is offered of some starts."""
        return slots_at(self.availability, self.need, starts, best=self.query.best)


class SlotService:
    """Answers what is free."""

    def __init__(self, *, availability_cache: AvailabilityCache, travel_lookup: TravelLookup) -> None:
        self._availability_cache = availability_cache
        self._travel_lookup = travel_lookup

    async def get_slots(self, query: SlotQuery) -> SlotAnswer:
        """Starts that can be had: spread over the range, or by a cursor the next page of all of them.

        Raises:
            InvalidArgument, NotFound, Unavailable.
        """
        if not 1 <= query.limit <= MAX_LIMIT:
            raise InvalidArgument("limit", f"give a number from 1 to {MAX_LIMIT}.")
        search = _search(await self._availability_cache.availability(query.project_id), query)
        page = _page(search)
        search = await self._with_ways(search, page)
        with span("engine"):
            answer = _found(search, page)
        if noted := current_trace():
            _note(noted, search, answer)
        return answer

    async def _with_ways(self, search: _Search, page: Cursor) -> _Search:
        location, project = search.query.location, search.availability.schedule.project
        routed = await self._travel_lookup.between(search.availability, location, page.from_, page.to)
        return search if routed is None else search.at(site_at(location, project.travel, routed))


def _found(search: _Search, page: Cursor) -> SlotAnswer:
    query = search.query
    starts = search.starts(page.from_, page.to)
    if query.cursor:
        starts = [start for start in starts if start > page.after and start not in page.offered]
        chosen = starts[: query.limit]
    else:
        chosen = spread(starts, query.limit, search.zone_key)
    return _answer(search, page, search.slots(chosen), left=len(starts) - len(chosen))


def _note(noted: TraceBuilder, search: _Search, answer: SlotAnswer) -> None:
    """What a trace tells of it later."""
    slots = answer.offer.slots
    noted.availability = search.availability
    noted.service_id = search.service.id
    noted.need = search.need
    noted.start_from = answer.from_
    noted.start_to = answer.to
    noted.zone_key = search.zone_key
    noted.part_of_day = search.query.part_of_day
    noted.days_of_week = search.query.days_of_week
    noted.offered = [slot.start for slot in slots]
    noted.could = [tuple(one.technician_id for one in slot.candidates) for slot in slots]
    noted.in_the_way = answer.in_the_way
    noted.capacity = sum(slot.capacity for slot in slots)


def _search(availability: Availability, query: SlotQuery) -> _Search:
    schedule = availability.schedule
    service = find_service(schedule, query.service_id)
    need = find_need(
        schedule,
        service,
        duration_minutes=query.duration_minutes,
        technician_id=query.technician_id,
        location=query.location,
    )
    zone_key = check_zone(query.timezone, "timezone") if query.timezone else schedule.project.timezone
    return _Search(query, availability, service, need, zone_key)


def _page(search: _Search) -> Cursor:
    """The range to look through: the cursor's, or a new one."""
    fingerprint = _fingerprint(search)
    if search.query.cursor:
        return Cursor.decode(search.query.cursor, fingerprint)
    start_from, start_to = _range(search)
    return Cursor(query=fingerprint, from_=start_from, to=start_to, after=start_from - 1, offered=())


def _range(search: _Search) -> tuple[Minute, Minute]:
    query, zone_key = search.query, search.zone_key
    now = minute_at_or_after(search.availability.now_ms)
    start_from = now if query.from_ is None else resolve(query.from_, zone_key, "from")
    start_to = max(start_from, now) + DEFAULT_RANGE_MINUTES
    if query.to is not None:
        start_to = resolve(query.to, zone_key, "to", end_of_day=True)
    _check_range(search, start_from, start_to, now)
    return max(start_from, now), start_to


def _check_range(search: _Search, start_from: Minute, start_to: Minute, now: Minute) -> None:
    frame = search.availability.frame
    if start_to <= start_from:
        raise InvalidArgument("to", "it must be after from.")
    if start_to <= now:
        local = utc_to_wall(search.zone_key, now).isoformat(timespec="minutes")
        raise InvalidArgument("to", f"the range lies in the past; it is {local} now.")
    if start_from >= frame.midnights[-1]:
        raise InvalidArgument(
            "from", f"bookings are open up to and including {frame.last_day}; ask for an earlier time."
        )


def _answer(search: _Search, page: Cursor, offered: list[Slot], *, left: int) -> SlotAnswer:
    schedule = search.availability.schedule
    return SlotAnswer(
        offer=Offer(
            project=schedule.project,
            timezone=search.zone_key,
            slots=tuple(offered),
            now_ms=search.availability.now_ms,
        ),
        service=search.service,
        duration_minutes=search.need.duration_minutes,
        from_=page.from_,
        to=page.to,
        technicians=_named(schedule, offered),
        next_cursor=_following(search, page, offered).encode() if left else "",
        next_free=None if offered else _next_free(search, page.to),
        in_the_way={} if offered else _in_the_way(search, page),
        wished=_wished(search),
        location=search.query.location,
        travel=search.need.site.travel.source if search.need.site else None,
    )


def _following(search: _Search, page: Cursor, offered: list[Slot]) -> Cursor:
    starts = tuple(slot.start for slot in offered)
    if search.query.cursor:
        return Cursor(query=page.query, from_=page.from_, to=page.to, after=starts[-1], offered=page.offered)
    return Cursor(query=page.query, from_=page.from_, to=page.to, after=page.after, offered=starts)


def _next_free(search: _Search, start_from: Minute) -> Slot | None:
    later = search.starts(start_from, search.availability.frame.midnights[-1])
    return next(iter(search.slots(later[:1])), None)


def _in_the_way(search: _Search, page: Cursor) -> Mapping[str, Mapping[Reason, int]]:
    return reasons_between(search.availability, search.need, page.from_, page.to, is_relevant=search.is_wanted)


def _wished(search: _Search) -> Technician | None:
    technician_schedule = search.availability.schedule.technician_schedules.get(search.query.technician_id or "")
    return technician_schedule.technician if technician_schedule else None


def _named(schedule: Schedule, slots: list[Slot]) -> tuple[Technician, ...]:
    named = {candidate.technician_id for slot in slots for candidate in slot.candidates}
    return tuple(
        [
            technician_schedule.technician
            for technician_id, technician_schedule in schedule.technician_schedules.items()
            if technician_id in named
        ]
    )


def _fingerprint(search: _Search) -> str:
    query = search.query
    return _fingerprint_of(
        search.availability.schedule.project.id,
        search.service.id,
        search.need.duration_minutes,
        search.zone_key,
        query.part_of_day,
        tuple(sorted(query.days_of_week or ())),
        query.technician_id,
        query.location and (query.location.latitude, query.location.longitude),
    )


@lru_cache(maxsize=1024)
def _fingerprint_of(*what: object) -> str:
    """Kept: callers ask the same questions."""
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()[:_FINGERPRINT_DIGITS]


_FINGERPRINT_DIGITS = 12
