"""Every command: what it takes, and what it says of itself. The work is done next door."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from slotmcp.bootstrap import open_app
from slotmcp.cli import calcom, customers, files, keys, traces
from slotmcp.cli import doctor as health
from slotmcp.cli import report as reports
from slotmcp.cli.exits import leave, told_plainly
from slotmcp.cli.slots_table import show_slots
from slotmcp.domain.moment import Moment, PartOfDay
from slotmcp.project_file import sample_text
from slotmcp.services.reporting.reports import ReportRequest, SectionName
from slotmcp.services.slots import SlotAnswer, SlotQuery
from slotmcp.settings import Settings
from slotmcp.tools.gate import Toolset
from slotmcp.tools.moments import read_moment

EPILOG = (
    "Exit codes: 0 fine, 1 the request was refused, 2 the command line or a setting is wrong, 3 the project file has "
    "problems, 4 the database cannot be used. Settings are SLOTMCP_* variables; `slotmcp doctor` shows them."
)


class PlainGroup(TyperGroup):
    """Commands whose errors are sentences; those of the command line itself are told by Typer."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401  the Context it is given is private to Typer
        """Run the command that was given."""
        with told_plainly(TyperException, typer.Exit, typer.Abort):
            return super().invoke(ctx)


app = typer.Typer(
    cls=PlainGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    epilog=EPILOG,
    help="Let an AI agent on the phone find, hold and book appointments with a pool of technicians.",
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.add_typer(keys.app, name="keys")
app.add_typer(calcom.app, name="calcom")

ProjectFile = Annotated[
    Path,
    typer.Argument(metavar="FILE", exists=True, dir_okay=False, readable=True, help="A project file, YAML or JSON."),
]


class Weekday(StrEnum):
    """A day, as --day takes it."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


def run() -> None:
    """Run the command line of this process, and end it."""
    app(prog_name="slotmcp")


@dataclass(frozen=True, slots=True)
class When:
    """A point in time, as --from and --to take it."""

    moment: Moment


def _when(text: str) -> When:
    try:
        return When(read_moment(text))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _show_version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"slotmcp {version('slotmcp')}")
        raise typer.Exit


@app.callback()
def slotmcp(
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Say the version, and leave.")
    ] = False,
) -> None:
    """Take the options that come before a command."""


@app.command()
def stdio(
    *,
    toolset: Annotated[Toolset, typer.Option(help="operator: also the tools of who runs the business.")] = (
        Toolset.CALLER
    ),
    read_only: Annotated[bool, typer.Option("--read-only", help="Only the tools that change nothing.")] = False,
) -> None:
    """Serve one MCP client over stdin and stdout. Clients run this themselves."""
    import_module("slotmcp.cli.stdio").run(toolset, read_only=read_only)


@app.command()
def http(  # noqa: PLR0913  an option each
    *,
    host: Annotated[str, typer.Option(help="The address to listen on; 0.0.0.0 for every one.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0: any that is free.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that share the port.")] = 1,
    toolset: Annotated[
        Toolset | None, typer.Option(help="The most that is served; default: what each key or token reaches.")
    ] = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="Only the tools that change nothing.")] = False,
    no_auth: Annotated[bool, typer.Option("--no-auth", help="Let everybody in who reaches the port.")] = False,
) -> None:
    """Serve MCP clients over HTTP: Streamable HTTP at /mcp, SSE at /sse."""
    import_module("slotmcp.cli.http").run(
        Settings.load(), toolset, is_read_only=read_only, is_open=no_auth, address=(host, port), workers=workers
    )


@app.command()
def demo(
    *,
    dashboard: Annotated[
        bool, typer.Option("--dashboard", help="Serve a dashboard, and let callers come until Ctrl-C.")
    ] = False,
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="Of the dashboard; default: any that is free.")
    ] = None,
) -> None:
    """Watch an agent's side of a phone call, on a database of its own."""
    if port is not None and not dashboard:
        raise typer.BadParameter("goes with --dashboard", param_hint="--port")
    shown = import_module("slotmcp.demo")
    if dashboard:
        shown.run_dashboard(port or 0)
    else:
        shown.run()


@app.command()
def sample() -> None:
    """Print a project file to begin with: a heating and cooling company in Denver."""
    typer.echo(sample_text(), nl=False)


@app.command()
def check(file: ProjectFile) -> None:
    """Say whether a project file is right; where it is not, point at the line."""
    typer.echo(files.contents(file, files.read(file)))


@app.command("import")
def import_(
    file: ProjectFile,
    *,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove services, technicians and busy times that the file does not have.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
) -> None:
    """Create a project from its file, or bring it up to date. Holds and bookings are never touched."""
    typer.echo(asyncio.run(files.bring_in(Settings.load(), files.read(file), prune=prune, dry_run=dry_run)))


@app.command()
def export(
    project: Annotated[str | None, typer.Argument(help="The project's id; not needed where there is one.")] = None,
) -> None:
    """Print a project as a file. Importing that again changes nothing."""
    typer.echo(asyncio.run(files.give_back(Settings.load(), project)), nl=False)


@app.command()
def slots(  # noqa: PLR0913  an option each
    *,
    project: Annotated[
        str | None, typer.Option(metavar="ID", help="The project's id; not needed where there is one.")
    ] = None,
    service: Annotated[str | None, typer.Option(metavar="ID", help="Default: the project's own default.")] = None,
    from_: Annotated[
        When | None,
        typer.Option("--from", parser=_when, metavar="WHEN", help="2026-11-23 or 2026-11-23T09:00; default: now."),
    ] = None,
    to: Annotated[
        When | None,
        typer.Option(parser=_when, metavar="WHEN", help="Starts before this; default: a week after --from."),
    ] = None,
    duration: Annotated[int | None, typer.Option(min=1, metavar="MINUTES", help="Default: the service's own.")] = None,
    part_of_day: Annotated[
        PartOfDay | None, typer.Option(metavar="PART", help="morning, afternoon or evening.")
    ] = None,
    day: Annotated[list[Weekday] | None, typer.Option(metavar="DAY", help="mon, tue, ...; as often as needed.")] = None,
    technician: Annotated[str | None, typer.Option(metavar="ID", help="Only with this technician.")] = None,
    timezone: Annotated[
        str | None, typer.Option(metavar="ZONE", help="Read times there; default: the project's.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, metavar="NUMBER", help="How many starts, 1 to 100.")] = 10,
    cursor: Annotated[str, typer.Option(metavar="TEXT", help="What the last answer said to go on with.")] = "",
) -> None:
    """Show what is free: the answer that an agent gets from get_slots, as a table."""
    query = SlotQuery(
        project_id=project,
        service_id=service,
        from_=from_.moment if from_ else None,
        to=to.moment if to else None,
        duration_minutes=duration,
        part_of_day=part_of_day,
        days_of_week=frozenset(map(list(Weekday).index, day)) if day else None,
        technician_id=technician,
        timezone=timezone,
        limit=limit,
        cursor=cursor,
    )
    show_slots(asyncio.run(_slots(Settings.load(), query)), goes_on=bool(cursor))


async def _slots(settings: Settings, query: SlotQuery) -> SlotAnswer:
    async with open_app(settings) as opened:
        return await opened.slots.get_slots(query)


Project = Annotated[str | None, typer.Option(metavar="ID", help="The project's id; not needed where there is one.")]


@app.command()
def booking(
    booking_id: Annotated[str, typer.Argument(metavar="BOOKING_ID", help="As find_bookings and book_slot tell it.")],
    *,
    status: Annotated[
        customers.Outcome | None, typer.Option(help="Say what came of the visit; without it, only show the booking.")
    ] = None,
    customer: Annotated[
        bool, typer.Option("--customer", help="Show whose it is, too: whom to call, and where.")
    ] = False,
    project: Project = None,
) -> None:
    """Show a booking, or say what came of it. Its customer is shown only on request."""
    settings = Settings.load()
    if status and customer:
        raise typer.BadParameter("goes with showing a booking, not with --status", param_hint="--customer")
    work = (
        customers.tell(settings, project, booking_id, status)
        if status
        else customers.show(settings, project, booking_id, with_customer=customer)
    )
    typer.echo(asyncio.run(work))


@app.command()
def forget(
    reference: Annotated[
        str, typer.Argument(metavar="PHONE|EMAIL|HASH", help="A phone number, an e-mail address or a customerHash.")
    ],
    *,
    project: Project = None,
) -> None:
    """Erase a customer at their wish. The history of times, technicians and services stays, without the person."""
    typer.echo(asyncio.run(customers.forget(Settings.load(), project, reference)))


@app.command()
def trace(
    trace_id: Annotated[str, typer.Argument(metavar="TRACE_ID", help="The traceId of an answer.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="All of its facts, for a program.")] = False,
) -> None:
    """Tell why a call was answered as it was: what was asked, what was in the way, and how long it took."""
    typer.echo(asyncio.run(traces.tell(Settings.load(), trace_id, as_json=as_json)))


@app.command()
def copy(
    *,
    from_: Annotated[str, typer.Option("--from", metavar="URL", help="The database that is read.")],
    to: Annotated[str, typer.Option(metavar="URL", help="The database that gets the copy.")],
    project: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Only this project; as often as needed. Default: all.")
    ] = None,
) -> None:
    """Copy books to another database, SQLite or PostgreSQL, and check the copy. Stop the servers first."""
    import_module("slotmcp.cli.copying").run(from_, to, project or [])


@app.command()
def report(  # noqa: PLR0913  an option each
    *,
    project: Project = None,
    from_: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], metavar="DATE", help="The first date; default: a week with --to."),
    ] = None,
    to: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="The last date; default: today.")
    ] = None,
    section: Annotated[
        list[SectionName] | None, typer.Option(help="Only this one; as often as needed. Default: all.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="A table for each section.")] = False,
) -> None:
    """Tell what came of a period's calls: who was lost and why, how time was used, and what would have helped."""
    if as_json and as_csv:
        raise typer.BadParameter("give --json or --csv, not both", param_hint="--csv")
    form = reports.Form.JSON if as_json else reports.Form.CSV if as_csv else reports.Form.TABLES
    request = ReportRequest(
        project_id=project,
        first_day=from_.date() if from_ else None,
        end_day=to.date() + timedelta(days=1) if to else None,
    )
    asyncio.run(reports.show(Settings.load(), request, section or [], form))


@app.command()
def doctor() -> None:
    """Say what is configured, what works, and what to do next."""
    findings = asyncio.run(health.examine())
    health.show(findings)
    leave(health.verdict(findings))
