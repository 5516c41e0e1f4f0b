"""`slotmcp slots`: available times as a table."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from slotmcp.cli.common import ProjectOption, run_in_app
from slotmcp.domain.moment import Moment, PartOfDay
from slotmcp.services.slots import SlotAnswer, SlotQuery
from slotmcp.tools.moments import read_absolute
from slotmcp.tools.speech.times import label
from slotmcp.tools.speech.viewpoint import Viewpoint

WeekdayOption = StrEnum("WeekdayOption", ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"])
"""Weekday, as --day accepts it."""


@dataclass(frozen=True, slots=True)
class MomentOption:
    """Date or time, as --from and --to accept it."""

    moment: Moment


def _parse_moment(text: str) -> MomentOption:
    try:
        return MomentOption(read_absolute(text))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def slots(  # noqa: PLR0913  one parameter per option
    *,
    project: ProjectOption = None,
    service: Annotated[
        str | None, typer.Option(metavar="ID", help="Service id; default: the project's default service.")
    ] = None,
    from_: Annotated[
        MomentOption | None,
        typer.Option(
            "--from", parser=_parse_moment, metavar="WHEN", help="2026-11-23 or 2026-11-23T09:00; default: now."
        ),
    ] = None,
    to: Annotated[
        MomentOption | None,
        typer.Option(
            parser=_parse_moment, metavar="WHEN", help="Only starts before this; default: a week after --from."
        ),
    ] = None,
    duration: Annotated[
        int | None, typer.Option(min=1, metavar="MINUTES", help="Default: the service's duration.")
    ] = None,
    part_of_day: Annotated[
        PartOfDay | None, typer.Option(metavar="PART", help="morning, afternoon, evening or night.")
    ] = None,
    day: Annotated[
        list[WeekdayOption] | None, typer.Option(metavar="DAY", help="mon, tue, ...; can be repeated.")
    ] = None,
    technician: Annotated[str | None, typer.Option(metavar="ID", help="Only this technician.")] = None,
    timezone: Annotated[
        str | None, typer.Option(metavar="ZONE", help="Time zone of all times; default: the project's.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, metavar="NUMBER", help="Number of starts, 1 to 100.")] = 10,
    cursor: Annotated[str, typer.Option(metavar="TEXT", help="Cursor that the previous page printed.")] = "",
) -> None:
    """Show available times: the result of get_slots, as a table."""
    query = SlotQuery(
        project_id=project,
        service_id=service,
        from_=from_.moment if from_ else None,
        to=to.moment if to else None,
        duration_minutes=duration,
        part_of_day=part_of_day,
        days_of_week=frozenset(map(list(WeekdayOption).index, day)) if day else None,
        technician_id=technician,
        timezone=timezone,
        limit=limit,
        cursor=cursor,
    )
    _show(run_in_app(lambda app: app.slots.get_slots(query)), is_continued=bool(cursor))


def _show(answer: SlotAnswer, *, is_continued: bool) -> None:
    """Print the sentence that an agent says, and a row for each start. `is_continued` marks a page after a cursor."""
    from slotmcp.tools.slots import describe_slots  # noqa: PLC0415  loads the MCP SDK

    console = Console()
    view = Viewpoint.of(answer.offer.project, answer.now_ms, timezone=answer.offer.timezone)
    console.print(
        describe_slots(answer, view, is_continued=is_continued), markup=False, highlight=False, soft_wrap=True
    )
    if answer.offer.slots:
        console.print(Padding(_table(answer, view), (1, 0)))
    if answer.next_cursor:
        console.print(f"More results: --cursor {answer.next_cursor}", markup=False, highlight=False, soft_wrap=True)


def _table(answer: SlotAnswer, view: Viewpoint) -> Table:
    title = f"{answer.service.name}, {answer.duration_minutes} minutes, {answer.offer.timezone}"
    table = Table(title=Text(title), title_justify="left")
    table.add_column("Start", no_wrap=True)
    table.add_column("Capacity", justify="right")
    table.add_column("Technicians, best first")
    names = {technician.id: technician.name for technician in answer.technicians}
    for slot in answer.offer.slots:
        technicians = ", ".join(names[candidate.technician_id] for candidate in slot.candidates)
        table.add_row(label(view.local(slot.start), view.voice), str(slot.capacity), Text(technicians))
    return table
