"""Slot search: bookable starts with their capacity and candidates."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from slotmcp.domain.booking_rules import Priority, ServiceArea
from slotmcp.domain.catalog import Location, ServiceType, Technician
from slotmcp.domain.errors import InvalidArgument, ProblemKind
from slotmcp.domain.interval import MINUTES_PER_DAY, Interval, Minute, minute_at_or_after
from slotmcp.domain.moment import EitherDay, Moment, PartOfDay, WallDate
from slotmcp.domain.offer import Offer, Slot
from slotmcp.domain.reasons import RangeReasons, Reason, combined_reasons
from slotmcp.engine.availability import Availability
from slotmcp.engine.explain import reasons_between
from slotmcp.engine.need import Need
from slotmcp.engine.slots import list_starts, new_days, new_starts, slots_at
from slotmcp.engine.travel import TravelSource, site_at
from slotmcp.engine.zones import utc_to_wall
from slotmcp.services.appointments import check_length, check_zone, find_need, find_service, resolve_moment
from slotmcp.services.areas import check_location
from slotmcp.services.availability_cache import AvailabilityCache
from slotmcp.services.callers import Pseudonym
from slotmcp.services.concurrency import collect_in_turns
from slotmcp.services.day_parts import StartFilter, start_filter
from slotmcp.services.moving import check_service_of_move, find_moving, location_of_move, need_of_move
from slotmcp.services.own_holds import CallerFields, free_holds
from slotmcp.services.pagination import Cursor, spread
from slotmcp.services.placed_requests import PlacedRequest
from slotmcp.services.tracing import TraceBuilder, TracedRequest, TracedResult, current_trace, span
from slotmcp.services.travel import TravelLookup
from slotmcp.services.verification import VerificationService

DEFAULT_RANGE_MINUTES: Final = 7 * MINUTES_PER_DAY
MAX_LIMIT: Final = 100
_FINGERPRINT_DIGITS: Final = 12
_NOT_BLOCKED: Final = RangeReasons(by_technician={}, by_start={})


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotQuery(CallerFields, PlacedRequest):
    """Arguments of a slot search. None: not provided."""

    project_id: str | None = None
    service_id: str | None = None
    duration_minutes: int | None = None
    from_: Moment | EitherDay | None = None
    """A date means its first minute. Default: now."""
    to: Moment | EitherDay | None = None
    """Exclusive end of the starts; a date means its end. Default: seven days after `from_`, or after now if later."""
    timezone: str | None = None
    part_of_day: PartOfDay | None = None
    days_of_week: frozenset[int] | None = None
    """Monday is 0."""
    technician_id: str | None = None
    priority: Priority | None = None
    """None: not given."""
    limit: int = 10
    cursor: str = ""
    best: int | None = None
    """Maximum number of candidates per slot; None: all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotAnswer:
    """Slots found, with the resolved query."""

    offer: Offer
    service: ServiceType
    duration_minutes: int
    from_: Minute
    to: Minute
    technicians: tuple[Technician, ...]
    """Candidates of the offered slots, in the order of the project file."""
    next_cursor: str
    """Empty on the last page."""
    next_free: Slot | None
    """The first slot after the range, if the range has none."""
    blocked: RangeReasons
    """If no slot was found: the reasons."""
    requested_technician: Technician | None
    location: Location | None
    """Location of the job, if it is known."""
    postal_code: str
    """Postal code of the job; empty: unknown."""
    priority: Priority
    area: ServiceArea | None
    """Area of the job; None: the project has none, or the rules of none apply."""
    either_day: EitherDay | None
    """The two days of the search, if the words of the range can mean either."""
    travel: TravelSource | None
    """Source of the travel times; None if the project ignores them or the location is unknown."""

    @property
    def reasons(self) -> Mapping[Reason, int]:
        """Informative reasons of all technicians together, most frequent first."""
        return dict(combined_reasons(self.blocked.by_technician).most_common())

    @property
    def lacks_postal_code(self) -> bool:
        """True if the project has areas, and the search was made without their rules."""
        return bool(self.offer.project.areas) and not self.postal_code

    @property
    def now_ms(self) -> int:
        """Time of the search, by the store's clock."""
        return self.offer.now_ms


@dataclass(frozen=True, slots=True)
class _Search:
    """A query whose service, time zone, range and filters are resolved."""

    query: SlotQuery
    availability: Availability
    service: ServiceType
    need: Need
    postal_code: str
    zone_key: str
    page: Cursor
    is_wanted: StartFilter | None
    """Filter by weekday and part of the day; None: every start is wanted."""

    def starts(self, start_from: Minute, start_to: Minute) -> list[Minute]:
        """Return the bookable and wanted starts of a range."""
        starts = list_starts(self.availability, self.need, start_from, start_to)
        return starts if self.is_wanted is None else list(filter(self.is_wanted, starts))

    def slots(self, starts: Sequence[Minute]) -> list[Slot]:
        """Return the slots of these starts."""
        return slots_at(self.availability, self.need, starts, best=self.query.best)


class SlotService:
    """Use case get_slots."""

    def __init__(
        self, *, availability_cache: AvailabilityCache, travel_lookup: TravelLookup, verification: VerificationService
    ) -> None:
        self._availability_cache = availability_cache
        self._travel_lookup = travel_lookup
        self._verification = verification

    async def get_slots(self, query: SlotQuery) -> SlotAnswer:
        """Find bookable starts. The first page is spread over the range; further pages list the rest in order of time.

        Raises:
            InvalidArgument, NotFound, VerificationNeeded, TooManyGuesses, BookingClosed, Unavailable.
        """
        if not 1 <= query.limit <= MAX_LIMIT:
            raise InvalidArgument("limit", f"give a number from 1 to {MAX_LIMIT}.")
        availability = await self._availability_cache.availability(query.project_id)
        project_id = availability.schedule.project.id
        await self._verification.check_move(project_id, query)
        query = await self._travel_lookup.places.located(availability.schedule, query)
        pseudonym = await self._availability_cache.pseudonyms(project_id)
        search = _resolve(availability, query, pseudonym)
        page = search.page
        travel_times = await self._travel_lookup.between(availability, query.place, page.from_, page.to)
        if travel_times is not None:
            site = site_at(query.place, availability.schedule.project.travel, travel_times)
            search = replace(search, need=replace(search.need, site=site))
        with span("engine"):
            await collect_in_turns(new_starts(search.availability, search.need))
            await collect_in_turns(new_days(search.availability, search.need, page.from_, page.to), at_once=1)
            answer = _run(search)
        if builder := current_trace():
            _record(builder, search, answer)
        return answer


def _resolve(availability: Availability, query: SlotQuery, pseudonym: Pseudonym) -> _Search:
    schedule, moving = availability.schedule, find_moving(availability, query.booking_id)
    availability = availability.without(*free_holds(availability, pseudonym, query), *([moving] if moving else []))
    service = find_service(schedule, check_service_of_move(query.service_id, moving) if moving else query.service_id)
    duration_minutes = query.duration_minutes or (moving.end - moving.start if moving else None)
    check_location(schedule, query.location)
    postal_code = query.postal_code or (moving.postal_code if moving else "")
    need = find_need(
        schedule,
        service,
        duration_minutes=duration_minutes,
        technician_id=query.technician_id,
        location=location_of_move(query, moving) if moving else query.place,
        postal_code=postal_code,
        priority=query.priority or (moving.priority if moving else None),
    )
    need = need_of_move(need, moving, postal_code) if moving else need
    check_length(service, need)
    zone_key = check_zone(query.timezone, "timezone") if query.timezone else schedule.project.timezone
    days, part = _wanted(query)
    fingerprint = _fingerprint(
        schedule.project.id,
        service.id,
        need.duration_minutes,
        zone_key,
        part,
        tuple(sorted(days or ())),
        query.technician_id,
        query.location and (query.location.latitude, query.location.longitude),
        postal_code,
        need.priority,
    )
    if query.cursor:
        page = Cursor.decode(query.cursor, fingerprint)
    else:
        start_from, start_to = _range(availability, query, need, zone_key)
        page = Cursor(query=fingerprint, from_=start_from, to=start_to, after=start_from - 1, offered=())
    is_wanted = _filter(availability, zone_key, days, part)
    return _Search(query, availability, service, need, postal_code, zone_key, page, is_wanted)


def _wanted(query: SlotQuery) -> tuple[frozenset[int] | None, PartOfDay | None]:
    """Return the requested weekdays and part of the day. "Next Tuesday" includes nothing between the two Tuesdays."""
    days, part = query.days_of_week, query.part_of_day
    from_, to = query.from_, query.from_ if query.to is None else query.to
    if not isinstance(from_, EitherDay) or not isinstance(to, EitherDay) or to.days != from_.days:
        return days, part
    weekday = frozenset({from_.days[0].weekday()})
    return weekday if days is None else days & weekday, part or (from_.part if to.part is from_.part else None)


def _filter(
    availability: Availability, zone_key: str, days: frozenset[int] | None, part: PartOfDay | None
) -> StartFilter | None:
    if days is None and part is None:
        return None
    midnights, parts = availability.frame.midnights, availability.schedule.project.parts_of_day
    return start_filter(zone_key, days, part, (midnights[0], midnights[-1]), parts)


@lru_cache(maxsize=1024)
def _fingerprint(*query: object) -> str:
    """Return a digest of the fields that a cursor depends on. Cached, because callers repeat queries."""
    return hashlib.sha256(json.dumps(query).encode()).hexdigest()[:_FINGERPRINT_DIGITS]


def _range(availability: Availability, query: SlotQuery, need: Need, zone_key: str) -> Interval:
    now = minute_at_or_after(availability.now_ms)
    from_, to = query.from_, query.to
    if isinstance(from_, EitherDay):
        to = WallDate(from_.days[1]) if to is None else to
        from_ = from_.first
    start_from = now if from_ is None else resolve_moment(from_, zone_key, "from")
    start_to = max(start_from, now) + DEFAULT_RANGE_MINUTES
    if to is not None:
        end = to.second if isinstance(to, EitherDay) else to
        start_to = resolve_moment(end, zone_key, "to", end_of_day=True)
    if start_to <= start_from:
        raise InvalidArgument("to", "it must be after from.", kind=ProblemKind.TIME)
    if start_to <= now:
        local = utc_to_wall(zone_key, now).isoformat(timespec="minutes")
        raise InvalidArgument("to", f"the range is in the past; it is {local} now.", kind=ProblemKind.PAST)
    if start_from >= availability.horizon_end_of(need):
        raise InvalidArgument(
            "from",
            f"bookings are open up to and including {availability.last_day_of(need)}; ask for an earlier time.",
            kind=ProblemKind.TOO_FAR,
        )
    return max(start_from, now), start_to


def _run(search: _Search) -> SlotAnswer:
    query, page, availability = search.query, search.page, search.availability
    schedule, site = availability.schedule, search.need.site
    starts = search.starts(page.from_, page.to)
    if query.cursor:
        starts = [start for start in starts if start > page.after and start not in page.offered]
        chosen = starts[: query.limit]
    else:
        chosen = spread(starts, query.limit, search.zone_key, schedule.project.parts_of_day)
    slots = search.slots(chosen)
    candidate_ids = {candidate.technician_id for slot in slots for candidate in slot.candidates}
    requested = schedule.technician_schedules.get(query.technician_id or "")
    return SlotAnswer(
        offer=Offer(project=schedule.project, timezone=search.zone_key, slots=tuple(slots), now_ms=availability.now_ms),
        service=search.service,
        duration_minutes=search.need.duration_minutes,
        from_=page.from_,
        to=page.to,
        technicians=tuple(
            [
                technician_schedule.technician
                for technician_id, technician_schedule in schedule.technician_schedules.items()
                if technician_id in candidate_ids
            ]
        ),
        next_cursor=_next_cursor(search, chosen) if len(starts) > len(chosen) else "",
        next_free=None if slots else _next_free(search),
        blocked=_NOT_BLOCKED if slots else _reasons(search),
        requested_technician=requested.technician if requested else None,
        location=query.location,
        postal_code=search.postal_code,
        priority=search.need.priority,
        area=search.need.area,
        either_day=_searched_days(search),
        travel=site.travel.source if site else None,
    )


def _searched_days(search: _Search) -> EitherDay | None:
    """Return the two days that words of the range can mean, if the range includes both."""
    query, page = search.query, search.page
    first, last = (utc_to_wall(search.zone_key, minute).date() for minute in (page.from_, page.to - 1))
    both = (moment for moment in (query.from_, query.to) if isinstance(moment, EitherDay))
    return next((moment for moment in both if first <= moment.days[0] and moment.days[1] <= last), None)


def _next_cursor(search: _Search, chosen: list[Minute]) -> str:
    page, after, offered = search.page, search.page.after, tuple(chosen)
    if search.query.cursor:
        after, offered = chosen[-1], page.offered
    return Cursor(query=page.query, from_=page.from_, to=page.to, after=after, offered=offered).encode()


def _next_free(search: _Search) -> Slot | None:
    later_starts = search.starts(search.page.to, search.availability.frame.midnights[-1])
    return next(iter(search.slots(later_starts[:1])), None)


def _reasons(search: _Search) -> RangeReasons:
    page = search.page
    return reasons_between(search.availability, search.need, page.from_, page.to, is_relevant=search.is_wanted)


def _record(builder: TraceBuilder, search: _Search, answer: SlotAnswer) -> None:
    days, part = _wanted(search.query)
    builder.request = TracedRequest(
        availability=search.availability,
        service_id=search.service.id,
        need=search.need,
        start_from=answer.from_,
        start_to=answer.to,
        timezone=search.zone_key,
        part_of_day=part,
        days_of_week=days or frozenset(),
    )
    builder.result = TracedResult(
        slots=answer.offer.slots, reasons=answer.blocked.by_technician, reason=answer.blocked.main
    )
