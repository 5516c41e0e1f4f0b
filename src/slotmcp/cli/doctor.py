"""`slotmcp doctor`: what is configured, what works, and what to do next."""

import os
from collections.abc import AsyncIterator, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from urllib.parse import urlsplit

from rich.console import Console
from rich.text import Text

from slotmcp.bootstrap import CalendarConfig, OpenedStore, build_app, open_store, open_travel
from slotmcp.cli.doctor_calcom import examine_calendar
from slotmcp.cli.exits import Exit
from slotmcp.cli.findings import STYLES, Finding, Mark
from slotmcp.domain.catalog import Location, TravelMode
from slotmcp.domain.errors import SlotmcpError
from slotmcp.domain.schedule import Schedule
from slotmcp.engine.travel import TravelSource
from slotmcp.installation import claude_code, typed
from slotmcp.ports import Store
from slotmcp.redis_layer.link import RedisLink
from slotmcp.services.app import App
from slotmcp.services.slots import SlotQuery
from slotmcp.settings import Settings, SettingsError, config_file
from slotmcp.tools.speech.times import label
from slotmcp.tools.speech.viewpoint import Viewpoint


async def examine() -> list[Finding]:
    """Look at everything, as far as the first thing that is broken."""
    return [finding async for finding in _findings()]


def show(findings: Sequence[Finding]) -> None:
    """Print the findings, a line each."""
    console = Console()
    width = max(len(finding.subject) for finding in findings)
    for finding in findings:
        line = Text.assemble(
            (f"{finding.mark:<6}", STYLES[finding.mark]), f"  {finding.subject:<{width}}  ", finding.text
        )
        console.print(line, soft_wrap=True)


def verdict(findings: Sequence[Finding]) -> Exit:
    """The exit code: that of the first thing that is broken."""
    return next((finding.code for finding in findings if finding.mark is Mark.BROKEN), Exit.FINE)


async def _findings() -> AsyncIterator[Finding]:
    yield Finding(Mark.GOOD, "program", f"slotmcp {version('slotmcp')}, Python {python_version()}")
    try:
        settings = Settings.load()
    except SettingsError as error:
        yield Finding(Mark.BROKEN, "settings", str(error), Exit.USAGE)
        return
    yield Finding(Mark.GOOD, "settings", _settings_told(settings))
    if settings.redis_url:
        yield await _redis(settings)
    if not settings.is_postgres and not settings.database_path.exists():
        for finding in _no_database(settings.database_path):
            yield finding
        return
    try:
        async with open_store(settings) as store:
            async for finding in _database(settings, store):
                yield finding
    except SlotmcpError as error:
        yield Finding(Mark.BROKEN, "database", error.message, Exit.AWAY)


async def _redis(settings: Settings) -> Finding:
    """Whether Redis can be written. Without it all is well, and slower."""
    address = urlsplit(settings.redis_url)
    where = address.netloc.rpartition("@")[2] or address.path
    async with RedisLink.open(settings.redis_url, prefix=settings.redis_prefix) as link:
        problem = await link.find_problem()
    if problem:
        return Finding(Mark.NEXT, "redis", f"{where} cannot be used ({problem}); answers come from the database")
    return Finding(Mark.GOOD, "redis", f"{where} answers; keys begin with {settings.redis_prefix}:")


def _no_database(path: Path) -> Iterator[Finding]:
    nearest = next(parent for parent in path.parents if parent.exists())
    if nearest.is_dir() and os.access(nearest, os.W_OK):
        yield Finding(Mark.GOOD, "database", f"{path} is not there yet; the first import makes it")
        yield _first_import()
    else:
        yield Finding(Mark.BROKEN, "database", f"{path} cannot be made: {nearest} cannot be written to", Exit.AWAY)


def _first_import() -> Finding:
    begin = f"{typed()} sample > denver.yaml, make it your business, then {typed()} import denver.yaml"
    return Finding(Mark.NEXT, "import", begin)


def _settings_told(settings: Settings) -> str:
    path = config_file()
    read = f"{path} and the environment" if path.is_file() else f"the environment; there is no {path}, and need not be"
    return f"from {read}; log level {settings.log_level}, log format {settings.log_format}"


async def _database(settings: Settings, store: OpenedStore) -> AsyncIterator[Finding]:
    status = await store.status()
    if status.problem:
        yield Finding(Mark.BROKEN, "database", status.problem, Exit.AWAY)
        return
    yield Finding(Mark.GOOD, "database", status.description)
    app = build_app(store, calendars=CalendarConfig.of(settings))
    for project_id in await store.project_ids():
        yield await _project(app, store, project_id)
        async for finding in examine_calendar(app, settings, project_id):
            yield finding
    if settings.routing_url:
        yield await _routing(settings, [await store.schedule(project_id) for project_id in await store.project_ids()])
    yield _how_to_connect(settings) if status.projects else _first_import()


async def _project(app: App, store: Store, project_id: str) -> Finding:
    schedule = await store.schedule(project_id)
    counts = f"{len(schedule.services)} services, {len(schedule.technician_schedules)} technicians"
    service = schedule.project.default_service_id or next(iter(schedule.services))
    answer = await app.slots.get_slots(SlotQuery(project_id=project_id, service_id=service, limit=1))
    first = answer.offer.slots[0] if answer.offer.slots else answer.next_free
    if first is None:
        return Finding(
            Mark.NEXT, project_id, f"{counts}; {service} has nothing free: look at shifts, skills and horizon"
        )
    view = Viewpoint.of(schedule.project, answer.now_ms, locale="en-US")
    return Finding(
        Mark.GOOD, project_id, f"{counts}; {service} is next free on {label(view.local(first.start), view.voice)}"
    )


def _how_to_connect(settings: Settings) -> Finding:
    if settings.is_postgres:
        return Finding(Mark.NEXT, "connect", f"{claude_code({})}, with database_url in {config_file()} for all clients")
    own_file = "database_url" in settings.model_fields_set
    environment = {"SLOTMCP_DATABASE_URL": str(settings.database_path)} if own_file else {}
    return Finding(Mark.NEXT, "connect", claude_code(environment))


async def _routing(settings: Settings, schedules: Sequence[Schedule]) -> Finding:
    """Whether the routing service knows the way between two technicians of a project."""
    address = urlsplit(settings.routing_url).netloc.rpartition("@")[2]
    for schedule in schedules:
        homes = _homes(schedule)
        if not homes[1:]:
            continue
        async with open_travel(settings) as travel:
            times = None if travel is None else await travel.times(schedule.project, homes[0], homes[1:2])
        if times is not None and times.source is TravelSource.ROUTED:
            return Finding(Mark.GOOD, "routing", f"{address} tells how long ways take")
        return Finding(Mark.NEXT, "routing", f"{address} gave no answer, so ways are estimated; is it running?")
    nobody = "no project has travel in its file, and technicians with homes"
    return Finding(Mark.NEXT, "routing", f"{address} is not asked: {nobody}")


def _homes(schedule: Schedule) -> list[Location]:
    """Different homes of technicians; none where the way does not count."""
    if schedule.project.travel.mode is TravelMode.NONE:
        return []
    homes = (technician_schedule.technician.home for technician_schedule in schedule.technician_schedules.values())
    return list(dict.fromkeys(home for home in homes if home is not None))
