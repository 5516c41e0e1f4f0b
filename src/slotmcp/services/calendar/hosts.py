"""Whom a calendar's hosts and event types stand for in the project."""

from collections.abc import Iterable
from dataclasses import dataclass

from slotmcp.domain.calcom import CalcomHost
from slotmcp.domain.calendar import CalendarEvent, HostReference
from slotmcp.domain.catalog import ServiceType
from slotmcp.domain.schedule import Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class EventMatch:
    """What an event means here."""

    technician_ids: tuple[str, ...]
    """Whose time it takes; the one who leads it first. None: nobody of the project has a part in it."""
    service: ServiceType | None
    """None: its event type is none of the project's."""


def match_event(schedule: Schedule, event: CalendarEvent) -> EventMatch:
    """What an event means by the project as it is now."""
    return EventMatch(
        technician_ids=technicians_for_hosts(schedule, event.hosts),
        service=_service(schedule, event) if event.event_type_id else None,
    )


def technicians_for_hosts(schedule: Schedule, hosts: Iterable[HostReference]) -> tuple[str, ...]:
    """The technicians whom hosts stand for, each once, in the hosts' order."""
    known = [
        (technician_schedule.technician.id, technician_schedule.technician.calcom)
        for technician_schedule in schedule.technician_schedules.values()
    ]
    found = [
        technician_id
        for reference in hosts
        for technician_id, host in known
        if host is not None and _is_same(host, reference)
    ]
    return tuple(dict.fromkeys(found))


def _is_same(host: CalcomHost, reference: HostReference) -> bool:
    """Ids decide where both sides have one; an e-mail address may be changed."""
    if host.user_id is not None and reference.user_id is not None:
        return host.user_id == reference.user_id
    return host.email != "" and host.email.casefold() == reference.email.strip().casefold()


def _service(schedule: Schedule, event: CalendarEvent) -> ServiceType | None:
    for service in schedule.services.values():
        if service.calcom_event_type_id == event.event_type_id:
            return service
    hosts = (technician_schedule.technician.calcom for technician_schedule in schedule.technician_schedules.values())
    own = [
        service_id
        for host in hosts
        if host is not None
        for service_id, event_type_id in host.event_type_ids.items()
        if event_type_id == event.event_type_id
    ]
    return next((schedule.services[service_id] for service_id in own if service_id in schedule.services), None)
