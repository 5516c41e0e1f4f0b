"""`slotmcp calcom`: state of the sync with Cal.com."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from slotmcp.cli.common import ProjectOption, plural, run_in_app, start_label
from slotmcp.cli.exits import Exit, exit_with
from slotmcp.domain.catalog import Project
from slotmcp.domain.interval import MS_PER_MINUTE, Minute
from slotmcp.ports.calendar import CalendarError, CalendarView
from slotmcp.services.app import App
from slotmcp.services.calendar.conflicts import Conflict
from slotmcp.services.calendar.service import ConflictsAnswer, ReplayResult, describe_deferred, describe_push

app = typer.Typer(no_args_is_help=True, help="Show and repair the sync between a project and its Cal.com account.")

NOT_SYNCED: Final = "Cal.com could not be used: {}. Nothing is lost; the sync is retried."


@dataclass(frozen=True, slots=True)
class _StoredCalendar:
    """Project with the stored state of its calendar."""

    project: Project
    view: CalendarView

    def label(self, start: Minute) -> str:
        """Format a start in the project's time zone."""
        return _label(self.project, start, self.view.now_ms)


@app.command()
def inbox(
    *,
    replay: Annotated[
        str | None, typer.Option(metavar="UID", help="Apply this event again, after correcting the project file.")
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Apply all of them again.")] = False,
    project: ProjectOption = None,
) -> None:
    """Show events that could not be applied, such as those of a host that is not in the project file."""
    if replay or all_:
        _show_replayed(run_in_app(lambda app: app.calendars.replay(project, replay or "")))
        return
    _show_inbox(run_in_app(lambda app: _read(app, project)))


@app.command()
def conflicts(*, project: ProjectOption = None) -> None:
    """Show Cal.com events at times that are held or booked here. Both are kept until you change one of them."""
    _show_conflicts(run_in_app(lambda app: app.calendars.conflicts(project)))


@app.command()
def pushes(*, project: ProjectOption = None) -> None:
    """Show bookings that Cal.com has not received yet, or has rejected."""
    _show_pushes(run_in_app(lambda app: _read(app, project)))


@app.command()
def sync(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the changes without making them.")] = False,
    project: ProjectOption = None,
) -> None:
    """Send pending updates to Cal.com, and repair differences. Running servers do this every few minutes."""
    for line in run_in_app(lambda app: _sync(app, project, is_dry_run=dry_run)):
        typer.echo(line)


async def _read(app: App, project_id: str | None) -> _StoredCalendar:
    answer = await app.calendars.conflicts(project_id)
    return _StoredCalendar(answer.project, await app.calendars.view(answer.project.id))


async def _sync(app: App, project_id: str | None, *, is_dry_run: bool) -> list[str]:
    calendar = await _read(app, project_id)
    try:
        async with app.calendar_worker() as worker:
            answer = await worker.sync(calendar.project.id, is_dry_run=is_dry_run)
    except CalendarError as error:
        exit_with(Exit.UNAVAILABLE, NOT_SYNCED.format(error.message))
    report = answer.report
    repaired = f"{plural(len(report.differences), 'difference')} {'would be ' if is_dry_run else ''}repaired"
    return [
        f"Read {plural(report.read, 'event')}; {repaired}, {plural(report.conflicts, 'new conflict')}.",
        *(
            f"{_words(difference.kind)}: {difference.subject}, {calendar.label(difference.start)}"
            f"{', now free' if difference.is_gone else ''}"
            for difference in report.differences
        ),
        *(
            f"pushed {pushed.booking_id}: {', '.join(pushed.steps) or 'nothing'}, {pushed.outcome}"
            for pushed in answer.pushed
        ),
    ]


def _show_inbox(calendar: _StoredCalendar) -> None:
    table = _table("Event", "Starts", "Received", "What to do")
    for event in calendar.view.deferred:
        received, start = calendar.label(event.at_ms // MS_PER_MINUTE), calendar.label(event.event.start)
        table.add_row(Text(event.event.uid), start, received, Text(describe_deferred(event)))
    _print(table, "All events have been applied.")


def _show_replayed(replayed: Sequence[ReplayResult]) -> None:
    if not replayed:
        typer.echo("All events have been applied; there is nothing to replay.")
    for result in replayed:
        typer.echo(f"{result.uid}: {_words(result.effect)}")


def _show_conflicts(answer: ConflictsAnswer) -> None:
    table = _table("Technician", "Start", "Here", "In the calendar")
    for conflict in answer.conflicts:
        table.add_row(*_conflict_row(answer, conflict))
    _print(table, "No conflicts.")


def _conflict_row(answer: ConflictsAnswer, conflict: Conflict) -> list[str]:
    claim, busy = conflict.claim, conflict.busy
    start, busy_start = (_label(answer.project, minute, answer.now_ms) for minute in (claim.start, busy.start))
    kind = "a hold" if claim.is_hold else f"booking {claim.id}"
    return [conflict.technician_id, start, kind, f"{busy_start}, {conflict.uid or 'a connected calendar'}"]


def _show_pushes(calendar: _StoredCalendar) -> None:
    table = _table("Booking", "Waiting since", "Attempts", "Status")
    for push in calendar.view.pushes:
        since = calendar.label(push.since_ms // MS_PER_MINUTE)
        table.add_row(push.booking_id, since, str(push.attempts), Text(describe_push(push)))
    _print(table, "Cal.com is up to date.")


def _words(member: Enum) -> str:
    """Return the name of an enumeration's member in lower case; its value is a stable label of metrics or messages."""
    return member.name.replace("_", " ").lower()


def _table(*columns: str) -> Table:
    table = Table()
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _print(table: Table, empty_message: str) -> None:
    if table.rows:
        Console().print(table)
    else:
        typer.echo(empty_message)


def _label(project: Project, start: Minute, now_ms: int) -> str:
    return start_label(project, start, now_ms, locale="en-US")
