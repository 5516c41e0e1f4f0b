"""`slotmcp calcom`: what Cal.com says, what it has to be told, and whether both agree."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, TypeVar

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from slotmcp.bootstrap import open_app
from slotmcp.cli.exits import Exit, leave
from slotmcp.domain.catalog import Project
from slotmcp.domain.interval import MS_PER_MINUTE, Minute
from slotmcp.ports.calendar import CalendarError, CalendarView
from slotmcp.services.app import App
from slotmcp.services.calendar.conflicts import Conflict
from slotmcp.services.calendar.service import ConflictsAnswer, ReplayResult, describe_deferred, describe_push
from slotmcp.settings import Settings
from slotmcp.tools.speech.times import label
from slotmcp.tools.speech.viewpoint import Viewpoint

T = TypeVar("T")

app = typer.Typer(no_args_is_help=True, help="See how a project and its Cal.com account agree, and make them.")

ProjectOption = Annotated[
    str | None, typer.Option("--project", metavar="ID", help="The project's id; not needed where there is one.")
]

NOT_REACHED: Final = "Cal.com was asked, and {}. Nothing is lost: it is tried again."


@dataclass(frozen=True, slots=True)
class _Seen:
    """A project's calendar, and how its times are read."""

    project: Project
    calendar: CalendarView

    def when(self, start: Minute) -> str:
        """A start as a person reads it, where the business is."""
        return _when(self.project, start, self.calendar.now_ms)


@app.command()
def inbox(
    *,
    replay: Annotated[
        str | None, typer.Option(metavar="UID", help="Apply this event now, that the project file has been mended.")
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Apply all of them.")] = False,
    project: ProjectOption = None,
) -> None:
    """Show events that could not be applied, such as those of a host whom the project file does not know."""
    if replay or all_:
        _show_replayed(_run(lambda opened: opened.calendars.replay(project, replay or "")))
        return
    _show_inbox(_run(lambda opened: _look(opened, project)))


@app.command()
def conflicts(*, project: ProjectOption = None) -> None:
    """Show what Cal.com has on time that is promised or sold here. Both are kept; somebody has to decide."""
    _show_conflicts(_run(lambda opened: opened.calendars.conflicts(project)))


@app.command()
def pushes(*, project: ProjectOption = None) -> None:
    """Show the bookings of which Cal.com does not know yet, or does not want to."""
    _show_pushes(_run(lambda opened: _look(opened, project)))


@app.command()
def sync(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
    project: ProjectOption = None,
) -> None:
    """Tell Cal.com what it does not know, and heal whatever differs. Servers do it by themselves every few minutes."""
    for line in _run(lambda opened: _sync(opened, project, is_dry=dry_run)):
        typer.echo(line)


def _run(work: Callable[[App], Awaitable[T]]) -> T:
    return asyncio.run(_opened(Settings.load(), work))


async def _opened(settings: Settings, work: Callable[[App], Awaitable[T]]) -> T:
    async with open_app(settings) as opened:
        return await work(opened)


async def _look(opened: App, asked: str | None) -> _Seen:
    answer = await opened.calendars.conflicts(asked)
    return _Seen(answer.project, await opened.calendars.view(answer.project.id))


async def _sync(opened: App, asked: str | None, *, is_dry: bool) -> list[str]:
    seen = await _look(opened, asked)
    try:
        async with opened.calendar_worker() as worker:
            answer = await worker.sync(seen.project.id, is_dry=is_dry)
    except CalendarError as error:
        leave(Exit.AWAY, NOT_REACHED.format(error.message))
    report = answer.report
    would = "would be " if is_dry else ""
    told = [f"{one.booking_id}: {', '.join(one.steps) or 'nothing'}, {one.outcome}" for one in answer.pushed]
    found = [
        f"{one.kind}: {one.subject}, {seen.when(one.start)}{', no longer' if one.is_gone else ''}"
        for one in report.differences
    ]
    counts = (
        _counted(report.read, "event"),
        _counted(len(found), "difference"),
        _counted(report.conflicts, "conflict"),
    )
    return [
        f"Read {counts[0]}; {counts[1]} {would}healed, {counts[2]} began.",
        *found,
        *(f"told Cal.com of {line}" for line in told),
    ]


def _show_inbox(seen: _Seen) -> None:
    table = _table("Event", "Starts", "Since", "What would help")
    for deferred in seen.calendar.deferred:
        since = _when(seen.project, deferred.at_ms // MS_PER_MINUTE, seen.calendar.now_ms)
        table.add_row(
            Text(deferred.event.uid), seen.when(deferred.event.start), since, Text(describe_deferred(deferred))
        )
    _print(table, len(seen.calendar.deferred), "Nothing was put aside: all that Cal.com said is in the book.")


def _show_replayed(replayed: Sequence[ReplayResult]) -> None:
    if not replayed:
        typer.echo("Nothing was put aside, so there is nothing to replay.")
    for one in replayed:
        typer.echo(f"{one.uid}: {one.effect}")


def _show_conflicts(answer: ConflictsAnswer) -> None:
    table = _table("Technician", "Here", "What it is", "In the calendar")
    for one in answer.conflicts:
        table.add_row(*_conflict(answer, one))
    _print(table, len(answer.conflicts), "There is no conflict.")


def _conflict(answer: ConflictsAnswer, one: Conflict) -> list[str]:
    project, now_ms = answer.project, answer.now_ms
    what = "a hold" if one.claim.is_hold else f"booking {one.claim.id}"
    there = f"{_when(project, one.busy.start, now_ms)}, {one.uid or 'a connected calendar'}"
    return [one.technician_id, _when(project, one.claim.start, now_ms), what, there]


def _show_pushes(seen: _Seen) -> None:
    table = _table("Booking", "Waits since", "Attempts", "How it stands")
    for push in seen.calendar.pushes:
        since = _when(seen.project, push.since_ms // MS_PER_MINUTE, seen.calendar.now_ms)
        table.add_row(push.booking_id, since, str(push.attempts), Text(describe_push(push)))
    _print(table, len(seen.calendar.pushes), "Cal.com knows of every booking that it has to know of.")


def _table(*columns: str) -> Table:
    table = Table()
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _print(table: Table, rows: int, otherwise: str) -> None:
    if rows:
        Console().print(table)
    else:
        typer.echo(otherwise)


def _when(project: Project, start: Minute, now_ms: int) -> str:
    view = Viewpoint.of(project, now_ms, locale="en-US")
    return label(view.local(start), view.voice)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
