"""Matching of a calendar's hosts, event types and attendees with the project's technicians, services and customers."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from slotmcp.domain.booking import Customer
from slotmcp.domain.calcom import CalcomHost
from slotmcp.domain.calendar import CalendarEvent, HostReference
from slotmcp.domain.catalog import Project, ServiceType
from slotmcp.domain.errors import InvalidArgument
from slotmcp.domain.schedule import Schedule
from slotmcp.ports import Transaction
from slotmcp.services.contacts import normalize_customer, normalize_email, references_of


@dataclass(frozen=True, slots=True, kw_only=True)
class EventMatch:
    """Technicians and service that match an event."""

    technician_ids: tuple[str, ...]
    """Technicians whose time the event takes, the organizer first. Empty: no host is a technician."""
    service: ServiceType | None
    """None: no service of the project has the event type."""


def match_event(schedule: Schedule, event: CalendarEvent) -> EventMatch:
    """Return the technicians and the service that match an event in the current schedule."""
    return EventMatch(
        technician_ids=technicians_for_hosts(schedule, event.hosts),
        service=_service(schedule, event.event_type_id) if event.event_type_id else None,
    )


def technicians_for_hosts(schedule: Schedule, references: Iterable[HostReference]) -> tuple[str, ...]:
    """Return the ids of the technicians that match hosts, in the hosts' order and without duplicates."""
    hosts = list(connected_hosts(schedule))
    ids = [technician_id for reference in references for technician_id, host in hosts if _is_same_host(host, reference)]
    return tuple(dict.fromkeys(ids))


def connected_hosts(schedule: Schedule) -> Iterator[tuple[str, CalcomHost]]:
    """Yield the id and the host of each technician who has one."""
    for technician_id, technician_schedule in schedule.technician_schedules.items():
        if (host := technician_schedule.technician.calcom) is not None:
            yield technician_id, host


def normalize_event_customer(customer: Customer | None, project: Project) -> Customer | None:
    """Return the customer with a normalized phone number and email address. An invalid number is dropped."""
    if customer is None:
        return None
    try:
        return normalize_customer(customer, project)
    except InvalidArgument:
        return replace(customer, phone="", email=normalize_email(customer.email))


def contact_keys_of(transaction: Transaction, customer: Customer | None, project: Project) -> tuple[str, ...]:
    """Return keyed hashes of a customer's phone number and email address."""
    normalized = normalize_event_customer(customer, project)
    return tuple(map(transaction.pseudonym, references_of(normalized))) if normalized else ()


def _is_same_host(host: CalcomHost, reference: HostReference) -> bool:
    """Compare by id where both sides have one, because an email address may change."""
    if host.user_id is not None and reference.user_id is not None:
        return host.user_id == reference.user_id
    return host.email != "" and host.email.casefold() == reference.email.strip().casefold()


def _service(schedule: Schedule, event_type_id: int) -> ServiceType | None:
    """Return the service with an event type, or else the service of a technician's own event type."""
    for service in schedule.services.values():
        if service.calcom_event_type_id == event_type_id:
            return service
    for _, host in connected_hosts(schedule):
        for service_id, own_event_type_id in host.event_type_ids.items():
            if own_event_type_id == event_type_id and service_id in schedule.services:
                return schedule.services[service_id]
    return None
