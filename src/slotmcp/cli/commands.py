"""Every command: what it takes, and what it says of itself. The work is done next door."""

import asyncio
from enum import StrEnum
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from slotmcp.bootstrap import open_app
from slotmcp.cli import doctor as health
from slotmcp.cli import files
from slotmcp.cli.exits import leave, told_plainly
from slotmcp.cli.slots_table import slots_table
from slotmcp.domain.moment import Moment, PartOfDay
from slotmcp.project_file import sample_text
from slotmcp.services.slots import SlotAnswer, SlotQuery
from slotmcp.settings import Settings
from slotmcp.tools.moments import read_moment

EPILOG = (
    "Exit codes: 0 fine, 1 the request was refused, 2 the command line or a setting is wrong, 3 the project file has "
    "problems, 4 the database cannot be used. Settings are SLOTMCP_* variables; `slotmcp doctor` shows them."
)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    epilog=EPILOG,
    help="Let an AI agent on the phone find, hold and book appointments with a pool of technicians.",
    context_settings={"help_option_names": ["-h", "--help"]},
)

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
    with told_plainly():
        app(prog_name="slotmcp")


def _moment(text: str) -> Moment:
    try:
        return read_moment(text)
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
def stdio() -> None:
    """Serve one MCP client over stdin and stdout. Clients run this themselves."""
    import_module("slotmcp.cli.stdio").run()


@app.command()
def demo() -> None:
    """Watch an agent's side of a phone call, on a database of its own."""
    import_module("slotmcp.demo").run()


@app.command()
def sample() -> None:
    """Print a project file to begin with: a heating and cooling company in Denver."""
    typer.echo(sample_text(), nl=False)


@app.command()
def check(file: ProjectFile) -> None:
    """Say whether a project file is right; where it is not, point at the line."""
    typer.echo(files.check(file))


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
    typer.echo(asyncio.run(files.bring_in(Settings.load(), file, prune=prune, dry_run=dry_run)))


@app.command()
def export(
    project: Annotated[str | None, typer.Argument(help="The project's id; not needed where there is one.")] = None,
) -> None:
    """Print a project as a file. Importing that again changes nothing."""
    typer.echo(asyncio.run(files.give_back(Settings.load(), project)), nl=False)


@app.command()
def slots(  # noqa: PLR0913  an option each
    *,
    project: Annotated[str | None, typer.Option(help="The project's id; not needed where there is one.")] = None,
    service: Annotated[str | None, typer.Option(help="The service's id; default: the project's own default.")] = None,
    from_: Annotated[
        Moment | None,
        typer.Option("--from", parser=_moment, metavar="WHEN", help="2026-11-23 or 2026-11-23T09:00; default: now."),
    ] = None,
    to: Annotated[
        Moment | None,
        typer.Option(parser=_moment, metavar="WHEN", help="Starts before this; default: a week after --from."),
    ] = None,
    duration: Annotated[int | None, typer.Option(min=1, metavar="MINUTES", help="Default: the service's own.")] = None,
    part_of_day: Annotated[PartOfDay | None, typer.Option(help="Only then.")] = None,
    day: Annotated[list[Weekday] | None, typer.Option(help="Only on this day; may be given several times.")] = None,
    technician: Annotated[str | None, typer.Option(help="Only with this technician, by id.")] = None,
    timezone: Annotated[
        str | None, typer.Option(metavar="ZONE", help="Read times there; default: the project's.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many starts.")] = 10,
    cursor: Annotated[str, typer.Option(help="What the last answer said to go on with.")] = "",
) -> None:
    """Show what is free: the answer that an agent gets from get_slots, as a table."""
    query = SlotQuery(
        project_id=project,
        service_id=service,
        from_=from_,
        to=to,
        duration_minutes=duration,
        part_of_day=part_of_day,
        days_of_week=frozenset(map(list(Weekday).index, day)) if day else None,
        technician_id=technician,
        timezone=timezone,
        limit=limit,
        cursor=cursor,
    )
    Console().print(slots_table(asyncio.run(_slots(Settings.load(), query))))


async def _slots(settings: Settings, query: SlotQuery) -> SlotAnswer:
    async with open_app(settings) as opened:
        return await opened.slots.get_slots(query)


@app.command()
def doctor() -> None:
    """Say what is configured, what works, and what to do next."""
    findings = asyncio.run(health.examine())
    Console().print(health.told(findings))
    leave(health.verdict(findings))
