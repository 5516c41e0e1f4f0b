"""`slotmcp report`: reports as tables, JSON or CSV."""

import csv
import io
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from slotmcp.cli.common import ProjectOption, run_in_app
from slotmcp.cli.report_sections import ReportSection, Row, report_sections
from slotmcp.domain.report import Gaps, Report
from slotmcp.services.app import App
from slotmcp.services.reporting.reports import ReportRequest, SectionName


class Format(StrEnum):
    """Output format of a report."""

    TABLES = "tables"
    JSON = "json"
    CSV = "csv"


def report(  # noqa: PLR0913  one parameter per option
    *,
    project: ProjectOption = None,
    from_: Annotated[
        datetime | None,
        typer.Option(
            "--from", formats=["%Y-%m-%d"], metavar="DATE", help="The first date; default: six days before --to."
        ),
    ] = None,
    to: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="The last date; default: today.")
    ] = None,
    section: Annotated[
        list[SectionName] | None, typer.Option(help="Only this section; can be repeated. Default: all.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print a CSV table for each section.")] = False,
) -> None:
    """Show the results of a period's calls: lost callers, use of time, and changes that would help."""
    if as_json and as_csv:
        raise typer.BadParameter("cannot be combined with --json", param_hint="--csv")
    request = ReportRequest(
        project_id=project,
        first_day=from_.date() if from_ else None,
        end_day=to.date() + timedelta(days=1) if to else None,
    )
    names = section or list(SectionName)

    async def read(app: App) -> tuple[Report, Gaps | None]:
        if SectionName.GAPS not in names:
            return (await app.reports.get_metrics(request)).report, None
        metrics, gaps = await app.reports.report_with_gaps(request)
        return metrics.report, gaps.gaps

    full_report, gaps = run_in_app(read)
    _show(full_report, report_sections(full_report, gaps, names), _format(as_json=as_json, as_csv=as_csv))


def _format(*, as_json: bool, as_csv: bool) -> Format:
    if as_json:
        return Format.JSON
    return Format.CSV if as_csv else Format.TABLES


def _show(report: Report, sections: Sequence[ReportSection], output: Format) -> None:
    console = Console(soft_wrap=output is not Format.TABLES)
    match output:
        case Format.JSON:
            console.out(_json(report, sections), highlight=False)
        case Format.CSV:
            console.out(_csv(sections), highlight=False, end="")
        case Format.TABLES:
            _show_tables(console, report, sections)


def _json(report: Report, sections: Sequence[ReportSection]) -> str:
    document = {
        "projectId": report.project_id,
        "timezone": report.timezone,
        "from": report.period.first_day.isoformat(),
        "to": report.period.end_day.isoformat(),
        **{section.name.value: list(section.rows) for section in sections},
    }
    return json.dumps(document, indent=2)


def _csv(sections: Sequence[ReportSection]) -> str:
    """Format each section that has rows as a table, with the section's name in the first column."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for number, section in enumerate(section for section in sections if section.rows):
        if number:
            text.write("\n")
        writer.writerow(["section", *section.rows[0]])
        writer.writerows([section.name.value, *row.values()] for row in section.rows)
    return text.getvalue()


def _show_tables(console: Console, report: Report, sections: Sequence[ReportSection]) -> None:
    last_day = report.period.end_day - timedelta(days=1)
    heading = f"{report.project_id}, {report.period.first_day} to {last_day} ({report.timezone})"
    console.print(heading, markup=False, highlight=False)
    for section in sections:
        console.print()
        console.print(section.title, markup=False, highlight=False, style="bold")
        if section.rows:
            console.print(_table(section))
        else:
            console.print(section.empty, markup=False, highlight=False)


def _table(section: ReportSection) -> Table:
    rows = _by_hour(section.rows) if section.name in {SectionName.DEMAND, SectionName.SUPPLY} else section.rows
    table = Table(box=SIMPLE, pad_edge=False, padding=(0, 1, 0, 0))
    for name, value in rows[0].items():
        table.add_column(_heading(name), justify="left" if isinstance(value, str) else "right")
    for row in rows:
        table.add_row(*(Text(str(value)) for value in row.values()))
    return table


def _by_hour(rows: Sequence[Row]) -> Sequence[Row]:
    """Transpose to a row for each hour with counts and a column for each weekday, which fits any terminal."""
    hours = [hour for hour in rows[0] if hour != "day" and any(row[hour] for row in rows)]
    return [{"hour": f"{hour}:00", **{str(row["day"]): row[hour] for row in rows}} for hour in hours]


def _heading(name: str) -> str:
    """Split camel case: `openMinutes` becomes "open minutes"."""
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name)
