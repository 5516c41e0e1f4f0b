"""Joining the waitlist: what is asked for, once understood, and whether there is anything to wait for."""

from dataclasses import dataclass, field
from typing import Final

from slotmcp.domain.booking import Customer
from slotmcp.domain.catalog import Location, Project
from slotmcp.domain.errors import InvalidArgument, SlotsAvailable
from slotmcp.domain.interval import MINUTES_PER_DAY, Interval, Minute
from slotmcp.domain.moment import Moment
from slotmcp.domain.offer import Offer
from slotmcp.domain.waitlist import WaitlistEntry
from slotmcp.engine.availability import Availability
from slotmcp.engine.slots import list_starts, slots_at
from slotmcp.engine.zones import utc_to_wall
from slotmcp.ports import Transaction
from slotmcp.services.contacts import normalised, references_of
from slotmcp.services.intents import find_need, find_service, resolve
from slotmcp.services.receipts import Keys, keys_of
from slotmcp.services.spread import spread
from slotmcp.services.waiting import need_of

MOST_DAYS_AHEAD: Final = 366
_ALTERNATIVES: Final = 3
_CANDIDATES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinRequest:
    """Somebody who would take any start in a window. None: not given."""

    customer: Customer
    from_: Moment
    """A date means its first minute."""
    to: Moment
    """Starts before it; a date means its end."""
    project_id: str | None = None
    service_id: str | None = None
    duration_minutes: int | None = None
    technician_id: str | None = None
    location: Location | None = None
    """Where the job is."""
    timezone: str | None = None
    """IANA zone in which dates and local times are meant. Default: the project's."""
    customer_reference: str = ""
    """The caller's opaque reference; only its hash with the project's salt is kept."""
    idempotency_key: str = field(default="", repr=False)
    credential: str = "local"
    """Whose idempotency keys these are."""


def understand(transaction: Transaction, availability: Availability, asked: JoinRequest, wait_id: str) -> WaitlistEntry:
    """The wait that is asked for.

    Raises:
        InvalidArgument, NotFound.
    """
    schedule = availability.schedule
    service = find_service(schedule, asked.service_id)
    need = find_need(
        schedule,
        service,
        duration_minutes=asked.duration_minutes,
        technician_id=asked.technician_id,
        location=asked.location,
    )
    start_from, start_to = window_of(asked, schedule.project)
    customer = normalised(asked.customer, schedule.project)
    references = [*([asked.customer_reference] if asked.customer_reference else []), *references_of(customer)]
    keys = tuple(map(transaction.pseudonym, references))
    return WaitlistEntry(
        id=wait_id,
        service_id=service.id,
        duration_minutes=need.duration_minutes,
        start_from=start_from,
        start_to=start_to,
        customer=customer,
        customer_pseudonym=keys[0],
        joined_at_ms=transaction.now_ms,
        technician_id=asked.technician_id,
        location=asked.location,
        contact_keys=keys,
    )


def keys_of_join(transaction: Transaction, asked: JoinRequest, wait: WaitlistEntry) -> Keys:
    """The key of a request that has one."""
    return keys_of(
        transaction,
        use_case="join_waitlist",
        credential=asked.credential,
        keys=(asked.idempotency_key,),
        request=("wait", *_what(wait), *sorted(wait.contact_keys)),
    )


def is_same(one: WaitlistEntry, other: WaitlistEntry) -> bool:
    """Whether two waits are of the same customer for the same thing."""
    return _what(one) == _what(other) and not set(one.contact_keys).isdisjoint(other.contact_keys)


def check_window(availability: Availability, wait: WaitlistEntry) -> None:
    """Something can be had in the window, sooner or later.

    Raises:
        InvalidArgument: nothing ever, or not before long.
    """
    frame, zone_key = availability.frame, availability.schedule.project.timezone
    if wait.start_to <= availability.earliest_start:
        first = _local(zone_key, availability.earliest_start)
        raise InvalidArgument("to", f"the window has passed; starts can be had from {first} on.")
    if wait.start_from >= frame.midnights[-1]:
        raise InvalidArgument("from", f"bookings are open up to and including {frame.last_day}; give an earlier time.")
    if wait.start_to > frame.midnights[0] + MOST_DAYS_AHEAD * MINUTES_PER_DAY:
        raise InvalidArgument("to", f"give a time within the next {MOST_DAYS_AHEAD} days.")


def check_nothing_free(availability: Availability, wait: WaitlistEntry) -> None:
    """Nobody waits for what can be had.

    Raises:
        SlotsAvailable: with some of the starts that can be had now.
    """
    schedule = availability.schedule
    need = need_of(wait, schedule.services[wait.service_id], schedule.project.travel, availability.cached_travel)
    starts = list_starts(availability, need, wait.start_from, wait.start_to)
    if starts:
        project = schedule.project
        chosen = spread(starts, _ALTERNATIVES, project.timezone)
        slots = tuple(slots_at(availability, need, chosen, best=_CANDIDATES))
        offer = Offer(project=project, timezone=project.timezone, slots=slots, now_ms=availability.now_ms)
        raise SlotsAvailable("Something in that window is free, so nobody has to wait for it.", alternatives=offer)


def _what(wait: WaitlistEntry) -> tuple[object, ...]:
    return wait.service_id, wait.duration_minutes, wait.start_from, wait.start_to, wait.technician_id


def window_of(asked: JoinRequest, project: Project) -> Interval:
    """The starts that would do, the end exclusive.

    Raises:
        InvalidArgument: it is empty, or the clocks skip one of its ends or show it twice.
    """
    zone_key = asked.timezone or project.timezone
    start_from = resolve(asked.from_, zone_key, "from")
    start_to = resolve(asked.to, zone_key, "to", end_of_day=True)
    if start_to <= start_from:
        raise InvalidArgument("to", "it must be after from.")
    return start_from, start_to


def _local(zone_key: str, minute: Minute) -> str:
    return utc_to_wall(zone_key, minute).isoformat(timespec="minutes")
