"""What a file says of Cal.com: an account, event types and hosts, each told apart from the others."""

from collections.abc import Iterator

from slotmcp.domain.calcom import CalcomConnection, CalcomHost, ConnectedCalendar
from slotmcp.project_file.collector import Problems
from slotmcp.project_file.problems import Place
from slotmcp.project_file.references import KnownIds, check_repeated
from slotmcp.project_file.schema import CalcomEntry, CalcomHostEntry, FileEntry

NOT_CONNECTED = "the project is not connected to Cal.com; add project.calcom with apiKeyEnv, or remove this"


def connection_of(entry: CalcomEntry | None, problems: Problems) -> CalcomConnection | None:
    """The account, if there is one."""
    if entry is None:
        return None
    check_repeated(entry.webhook_secret_env, ("project", "calcom", "webhookSecretEnv"), problems)
    return CalcomConnection(
        api_key_env=entry.api_key_env,
        webhook_secret_envs=tuple(entry.webhook_secret_env),
        pending_blocks=entry.pending_blocks,
    )


def host_of(entry: CalcomHostEntry | None) -> CalcomHost | None:
    """Who a technician is there, if that is said."""
    if entry is None:
        return None
    return CalcomHost(
        email=entry.email or "",
        user_id=entry.user_id,
        event_type_ids={one.service_type: one.id for one in entry.event_types},
        calendars=tuple(
            ConnectedCalendar(credential_id=one.credential_id, external_id=one.external_id) for one in entry.calendars
        ),
    )


def check_calcom(file: FileEntry, known: KnownIds, problems: Problems) -> None:
    """Report what nobody could tell apart, and what needs an account."""
    if file.project.calcom is None and not problems.has_problem_at(("project", "calcom")):
        for place in _places(file):
            problems.add(place, NOT_CONNECTED)
    _check_once(problems, _event_types(file), "the event type of")
    _check_once(problems, _emails(file), "the e-mail address of")
    _check_once(problems, _user_ids(file), "the id of")
    for index, technician in enumerate(file.technicians):
        _check_host(technician.calcom, ("technicians", index, "calcom"), known, problems)


def _check_host(host: CalcomHostEntry | None, place: Place, known: KnownIds, problems: Problems) -> None:
    if host is None:
        return
    is_told = any(problems.has_problem_at((*place, key)) for key in ("email", "userId"))
    if host.email is None and host.user_id is None and not is_told:
        problems.add(place, "say who they are at Cal.com: add email or userId")
    services = [one.service_type for one in host.event_types]
    for number, service_type in enumerate(services):
        known.check("services", service_type, (*place, "eventTypes", number, "serviceType"), problems)
        if service_type in services[:number]:
            problems.add((*place, "eventTypes", number, "serviceType"), "this stands twice in the list; remove one")


def _check_once(problems: Problems, found: Iterator[tuple[str | int, Place, str]], what: str) -> None:
    first: dict[str | int, str] = {}
    for value, place, owner in found:
        if value in first:
            problems.add(place, f"{value} is {what} {first[value]} already; write another one")
        first.setdefault(value, owner)


def _places(file: FileEntry) -> Iterator[Place]:
    for index, service in enumerate(file.services):
        if service.calcom_event_type_id is not None:
            yield ("services", index, "calcomEventTypeId")
    for index, technician in enumerate(file.technicians):
        if technician.calcom is not None:
            yield ("technicians", index, "calcom")


def _event_types(file: FileEntry) -> Iterator[tuple[int, Place, str]]:
    for index, service in enumerate(file.services):
        if service.calcom_event_type_id is not None:
            yield service.calcom_event_type_id, ("services", index, "calcomEventTypeId"), service.id
    for index, technician in enumerate(file.technicians):
        for number, own in enumerate(technician.calcom.event_types if technician.calcom else []):
            yield own.id, ("technicians", index, "calcom", "eventTypes", number, "id"), technician.id


def _emails(file: FileEntry) -> Iterator[tuple[str, Place, str]]:
    for index, technician in enumerate(file.technicians):
        if technician.calcom and technician.calcom.email:
            yield technician.calcom.email, ("technicians", index, "calcom", "email"), technician.id


def _user_ids(file: FileEntry) -> Iterator[tuple[int, Place, str]]:
    for index, technician in enumerate(file.technicians):
        if technician.calcom and technician.calcom.user_id:
            yield technician.calcom.user_id, ("technicians", index, "calcom", "userId"), technician.id
