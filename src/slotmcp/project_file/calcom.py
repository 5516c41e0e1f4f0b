"""Cal.com settings of a file: the project's account, event types, and technicians' accounts."""

from collections.abc import Sequence
from typing import TypeAlias

from slotmcp.domain.calcom import CalcomConnection, CalcomHost, ConnectedCalendar
from slotmcp.project_file.checks import LISTED_TWICE, KnownIds, Problems, check_repeated
from slotmcp.project_file.schema import CalcomEntry, CalcomHostEntry, FileEntry

NOT_CONNECTED = "the project is not connected to Cal.com; add project.calcom with apiKeyEnv, or remove this"

Owners: TypeAlias = dict[tuple[str, str | int], str]
"""Service or technician that owns an id or address, by kind and value."""


def connection_of(entry: CalcomEntry | None, problems: Problems) -> CalcomConnection | None:
    """Return the project's account, if there is one."""
    if entry is None:
        return None
    check_repeated(entry.webhook_secret_envs, problems.at("webhookSecretEnv"))
    return entry.to(CalcomConnection, webhook_secret_envs=tuple(entry.webhook_secret_envs))


def host_of(entry: CalcomHostEntry | None) -> CalcomHost | None:
    """Return a technician's account, if there is one."""
    if entry is None:
        return None
    return entry.to(
        CalcomHost,
        email=entry.email or "",
        event_type_ids={event_type.service_id: event_type.id for event_type in entry.event_types},
        calendars=tuple(calendar.to(ConnectedCalendar) for calendar in entry.calendars),
    )


def check_calcom(file: FileEntry, known: KnownIds, problems: Problems) -> None:
    """Report duplicate and missing ids and addresses, and settings of a project without an account."""
    is_connected = file.project.calcom is not None or problems.at("project", "calcom").exist
    owners: Owners = {}
    for index, service in enumerate(file.services):
        if service.calcom_event_type_id is not None:
            at_type = problems.at("services", index, "calcomEventTypeId")
            if not is_connected:
                at_type.add(NOT_CONNECTED)
            _check_unique(owners, "event type", service.calcom_event_type_id, service.id, at_type)
    for index, technician in enumerate(file.technicians):
        if technician.calcom is not None:
            at_host = problems.at("technicians", index, "calcom")
            if not is_connected:
                at_host.add(NOT_CONNECTED)
            _check_host(technician.calcom, technician.id, owners, at_host)
            _check_services([event_type.service_id for event_type in technician.calcom.event_types], known, at_host)


def _check_host(host: CalcomHostEntry, owner: str, owners: Owners, problems: Problems) -> None:
    if host.email is not None:
        _check_unique(owners, "email address", host.email, owner, problems.at("email"))
    if host.user_id is not None:
        _check_unique(owners, "id", host.user_id, owner, problems.at("userId"))
    is_reported = problems.at("email").exist or problems.at("userId").exist
    if host.email is None and host.user_id is None and not is_reported:
        problems.add("the Cal.com account is not identified; add email or userId")
    for number, event_type in enumerate(host.event_types):
        _check_unique(owners, "event type", event_type.id, owner, problems.at("eventTypes", number, "id"))


def _check_services(services: Sequence[str], known: KnownIds, problems: Problems) -> None:
    for number, service_id in enumerate(services):
        at_service = problems.at("eventTypes", number, "serviceType")
        known.check("services", service_id, at_service)
        if service_id in services[:number]:
            at_service.add(LISTED_TWICE)


def _check_unique(owners: Owners, noun: str, value: str | int, owner: str, problems: Problems) -> None:
    if (noun, value) in owners:
        problems.add(f"{value} is already the {noun} of {owners[noun, value]}; use another one")
    owners.setdefault((noun, value), owner)
