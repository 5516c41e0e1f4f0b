"""`slotmcp doctor`: check the configuration and the connections, and suggest next steps."""

import os
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from errno import ENAMETOOLONG
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from tempfile import TemporaryFile
from urllib.parse import urlsplit

from rich.console import Console
from rich.text import Text

from slotmcp.bootstrap import CalendarConfig, OpenedStore, build_app, open_geocoder, open_store, open_travel
from slotmcp.cli.common import plural, start_label
from slotmcp.cli.exits import Exit
from slotmcp.domain.calcom import CalcomConnection
from slotmcp.domain.catalog import Location, TravelMode
from slotmcp.domain.errors import SlotmcpError, Unavailable
from slotmcp.domain.interval import MS_PER_MINUTE
from slotmcp.domain.schedule import Schedule
from slotmcp.engine.travel import TravelSource
from slotmcp.installation import claude_code_command, shell_command
from slotmcp.ports import Place, Store
from slotmcp.ports.calendar import CalendarRejected, CalendarUnavailable, CalendarView
from slotmcp.redis_layer.address import RedisAddress
from slotmcp.redis_layer.link import RedisLink
from slotmcp.services.app import App
from slotmcp.services.countries import country_of
from slotmcp.services.slots import SlotQuery
from slotmcp.settings import Settings, SettingsError, config_file
from slotmcp.store.schema import Preparation

_STALE_SYNC_MINUTES = 30


class FindingStatus(StrEnum):
    """Status of a finding, as it is printed."""

    OK = "ok"
    NEXT = "next"
    """Nothing is broken. The text suggests a next step."""
    BROKEN = "broken"


_STYLES = {FindingStatus.OK: "green", FindingStatus.NEXT: "cyan", FindingStatus.BROKEN: "bold red"}


@dataclass(frozen=True, slots=True)
class Finding:
    """Result of one check."""

    status: FindingStatus
    subject: str
    text: str
    code: Exit = Exit.OK


def _ok(subject: str, text: str) -> Finding:
    return Finding(FindingStatus.OK, subject, text)


def _next(subject: str, text: str) -> Finding:
    return Finding(FindingStatus.NEXT, subject, text)


def _broken(subject: str, text: str, code: Exit = Exit.UNAVAILABLE) -> Finding:
    return Finding(FindingStatus.BROKEN, subject, text, code)


async def examine() -> list[Finding]:
    """Run all checks up to the first one that is broken."""
    return [finding async for finding in _findings()]


def show(findings: Sequence[Finding]) -> None:
    """Print each finding on a line."""
    console = Console()
    width = max(len(finding.subject) for finding in findings)
    for finding in findings:
        status = f"{finding.status:<6}", _STYLES[finding.status]
        console.print(Text.assemble(status, f"  {finding.subject:<{width}}  ", finding.text), soft_wrap=True)


def exit_code(findings: Sequence[Finding]) -> Exit:
    """Return the exit code of the first broken finding."""
    return next((finding.code for finding in findings if finding.status is FindingStatus.BROKEN), Exit.OK)


async def _findings() -> AsyncIterator[Finding]:
    yield _ok("program", f"slotmcp {version('slotmcp')}, Python {python_version()}")
    try:
        settings = Settings.load()
    except SettingsError as error:
        yield _broken("settings", str(error), Exit.USAGE)
        return
    yield _ok("settings", _describe_settings(settings))
    if settings.redis_url:
        yield await _redis(settings)
    if not settings.is_postgres:
        path = settings.database_path
        if problem := _file_problem(path):
            yield _broken("database", problem)
            return
        if not _exists(path):
            yield _ok("database", f"{path} does not exist yet; the first import creates it")
            yield _first_import()
            return
    try:
        async with open_store(settings, preparation=Preparation.OPEN) as store:
            async for finding in _database(settings, store):
                yield finding
    except SlotmcpError as error:
        yield _broken("database", error.message)


async def _redis(settings: Settings) -> Finding:
    """Check that Redis is writable. Without it, slotmcp still works, but more slowly."""
    server = RedisAddress.parse(settings.redis_url)
    async with RedisLink.open(settings.redis_url, prefix=settings.redis_prefix) as link:
        problem = await link.find_problem()
        primaries = await link.describe()
    if problem:
        return _next("redis", f"{server} cannot be used ({problem}); the database is used instead")
    details = f" ({primaries})" if primaries else ""
    return _ok("redis", f"{server} responds{details}; keys start with {settings.redis_prefix}:")


def _file_problem(path: Path) -> str:
    """Return why SQLite cannot create or write a file, as a clause; empty if it can."""
    nearest = next(parent for parent in path.parents if _exists(parent))
    try:
        TemporaryFile(dir=nearest).close()  # the permissions are not enough: even the superuser cannot write to /proc
        locked = [file for file in _files_of(path) if file.exists() and not os.access(file, os.W_OK)]
    except OSError as error:
        reason = f"{nearest} is not writable" if error.errno != ENAMETOOLONG else error.strerror
        return f"{path} cannot be {'written' if _exists(path) else 'created'}: {reason}"
    return f"{locked[0]} is not writable (owner {locked[0].stat().st_uid}, mode {_mode(locked[0])})" if locked else ""


def _files_of(path: Path) -> list[Path]:
    """Return the files of which an SQLite database consists."""
    return [path, *(path.with_name(path.name + suffix) for suffix in ("-wal", "-shm"))]


def _mode(path: Path) -> str:
    return f"{path.stat().st_mode & 0o777:o}"


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # the name is too long
        return False


def _first_import() -> Finding:
    slotmcp = shell_command()
    return _next("import", f"{slotmcp} sample > denver.yaml, edit the file, then {slotmcp} import denver.yaml")


def _describe_settings(settings: Settings) -> str:
    path = config_file()
    source = (
        f"{path} and the environment" if path.is_file() else f"the environment; no config file at {path} (optional)"
    )
    return f"from {source}; log level {settings.log_level}, log format {settings.log_format}"


async def _database(settings: Settings, store: OpenedStore) -> AsyncIterator[Finding]:
    status = await store.status()
    if status.problem:
        yield _broken("database", status.problem)
        return
    yield _ok("database", status.description)
    try:
        await store.check_write()
    except Unavailable as error:
        yield _broken("database", error.message)
        return
    if settings.encryption_keys:
        keys = plural(len(settings.encryption_keys), "key")
        yield _ok("encryption", f"contact details and notes are encrypted; {keys} in the settings")
    app = build_app(store, calendars=CalendarConfig.of(settings))
    for project_id in await store.project_ids():
        yield await _project(app, store, project_id)
        async for finding in _calendar(app, settings, project_id):
            yield finding
    schedules = [await store.schedule(project_id) for project_id in await store.project_ids()]
    if settings.routing_url:
        yield await _routing(settings, schedules)
    if settings.geocoder_url or settings.geocoder_file:
        yield await _geocoding(settings, store, schedules)
    yield _how_to_connect(settings) if status.projects else _first_import()


async def _project(app: App, store: Store, project_id: str) -> Finding:
    schedule = await store.schedule(project_id)
    counts = ", ".join(
        (plural(len(schedule.services), "service"), plural(len(schedule.technician_schedules), "technician"))
    )
    service = schedule.project.default_service_id or next(iter(schedule.services))
    answer = await app.slots.get_slots(SlotQuery(project_id=project_id, service_id=service, limit=1))
    first = answer.offer.slots[0] if answer.offer.slots else answer.next_free
    if first is None:
        return _next(project_id, f"{counts}; no times available for {service}: check shifts, skills and horizon")
    start = start_label(schedule.project, first.start, answer.now_ms, locale="en-US")
    return _ok(project_id, f"{counts}; next available time for {service}: {start}")


def _how_to_connect(settings: Settings) -> Finding:
    if settings.is_postgres:
        return _next("connect", f"{claude_code_command({})}, with database_url in {config_file()} for all clients")
    has_own_database = "database_url" in settings.model_fields_set
    environment = {"SLOTMCP_DATABASE_URL": str(settings.database_path)} if has_own_database else {}
    return _next("connect", claude_code_command(environment))


async def _routing(settings: Settings, schedules: Sequence[Schedule]) -> Finding:
    """Check that the routing service returns the travel time between two technicians of a project."""
    address = urlsplit(settings.routing_url).netloc.rpartition("@")[2]
    for schedule in schedules:
        homes = _homes(schedule)
        if not homes[1:]:
            continue
        async with open_travel(settings) as travel:
            times = None if travel is None else await travel.times(schedule.project, homes[0], homes[1:2])
        if times is not None and times.source is TravelSource.ROUTED:
            return _ok("routing", f"{address} returns travel times")
        return _next("routing", f"{address} does not respond, so travel times are estimated; is it running?")
    reason = "no project has travel settings and two technicians with different homes"
    return _next("routing", f"{address} is not used: {reason}")


async def _geocoding(settings: Settings, store: Store, schedules: Sequence[Schedule]) -> Finding:
    """Check that the table or the geocoding service knows the postal code of a technician's home."""
    sources = [settings.geocoder_file] if settings.geocoder_file else []
    if settings.geocoder_url:
        sources.append(urlsplit(settings.geocoder_url).netloc.rpartition("@")[2])
    names = " and ".join(sources)
    for schedule in schedules:
        technicians = (each.technician for each in schedule.technician_schedules.values())
        code = next((each.home_postal_code for each in technicians if each.home_postal_code), "")
        if not code:
            continue
        async with open_geocoder(settings, store) as geocoder:
            place = Place(country=country_of(schedule.project) or "", postal_code=code)
            location = None if geocoder is None else await geocoder.locate(place)
        if location is not None:
            return _ok("geocoding", f"postal code {code} was found in {names}")
        return _next("geocoding", f"postal code {code} was not found in {names}; is it running, and is the code right?")
    return _next("geocoding", f"{names} is set, but no technician's home has a postalCode to check it with")


def _homes(schedule: Schedule) -> list[Location]:
    """Return the technicians' distinct homes; an empty list if the project ignores travel."""
    if schedule.project.travel.mode is TravelMode.NONE:
        return []
    homes = (technician_schedule.technician.home for technician_schedule in schedule.technician_schedules.values())
    return list(dict.fromkeys(home for home in homes if home is not None))


async def _calendar(app: App, settings: Settings, project_id: str) -> AsyncIterator[Finding]:
    """Check a connected project's Cal.com key, its webhook secrets, and its sync."""
    answer = await app.calendars.conflicts(project_id)
    connection = answer.project.calcom
    if connection is None:
        return
    subject = f"{project_id} calcom"
    yield await _calcom_account(app, settings, connection, project_id, subject)
    yield _calcom_webhook(settings, connection, project_id, subject)
    for finding in _calcom_sync(settings, await app.calendars.view(project_id), len(answer.conflicts), subject):
        yield finding


async def _calcom_account(
    app: App, settings: Settings, connection: CalcomConnection, project_id: str, subject: str
) -> Finding:
    name = connection.api_key_env
    if not settings.secret(name):
        return _next(subject, f"{name} is not set: store the Cal.com API key in this variable")
    try:
        async with app.calendar_worker() as worker:
            account = await worker.account_name(project_id)
    except CalendarRejected as error:
        return _next(subject, f"Cal.com rejects the key in {name}: {error.message}; create a new key in Cal.com")
    except CalendarUnavailable as error:
        return _next(subject, f"{settings.calcom_url} does not respond: {error.message}")
    return _ok(subject, f"the key in {name} belongs to the account {account}")


def _calcom_webhook(settings: Settings, connection: CalcomConnection, project_id: str, subject: str) -> Finding:
    names = connection.webhook_secret_envs
    missing = [name for name in names if not settings.secret(name)]
    path = f"/webhooks/calcom/{project_id}"
    if not names:
        problem = f"no webhook secret is configured, so {path} rejects every delivery"
        return _next(subject, f"{problem}: add project.calcom.webhookSecretEnv")
    if missing:
        return _next(subject, f"{', '.join(missing)} is not set: store the webhook's secret there")
    return _ok(subject, f"{path} accepts deliveries signed with {' or '.join(names)}")


def _calcom_sync(settings: Settings, view: CalendarView, conflicts: int, subject: str) -> Iterator[Finding]:
    sync = view.sync
    age_minutes = (view.now_ms - sync.finished_ms) // MS_PER_MINUTE
    if sync.problem:
        yield _next(subject, f"the last sync failed: {sync.problem}; it is retried")
    elif not sync.finished_ms:
        yield _next(subject, "never synced: start a server, or run slotmcp calcom sync")
    elif settings.calcom_sync_seconds and age_minutes > _STALE_SYNC_MINUTES:
        yield _next(subject, f"last synced {plural(age_minutes, 'minute')} ago: is a server running?")
    else:
        yield _ok(subject, f"last synced {plural(age_minutes, 'minute')} ago")
    rejected = sum(bool(push.refused) for push in view.pushes)
    for count, problem, command in (
        (len(view.deferred), f"{plural(len(view.deferred), 'event')} could not be applied", "inbox"),
        (rejected, f"{plural(rejected, 'update')} rejected by Cal.com", "pushes"),
        (conflicts, plural(conflicts, "conflict"), "conflicts"),
    ):
        if count:
            yield _next(subject, f"{problem}: slotmcp calcom {command}")
