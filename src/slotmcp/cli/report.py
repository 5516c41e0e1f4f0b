"""What `slotmcp report` prints: tables for a person, JSON or CSV for a program."""

import csv
import io
import json
from collections.abc import Sequence
from enum import StrEnum

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from slotmcp.bootstrap import open_app
from slotmcp.cli.report_sections import Row, Section, sections_of
from slotmcp.domain.report import Report
from slotmcp.services.reporting.reports import ReportRequest, SectionName
from slotmcp.settings import Settings


class Form(StrEnum):
    """How a report is printed."""

    TABLES = "tables"
    JSON = "json"
    CSV = "csv"


async def show(settings: Settings, request: ReportRequest, wanted: Sequence[SectionName], form: Form) -> None:
    """Print the wanted sections of a period's report; all of them where none is named.

    Raises:
        InvalidArgument, NotFound, Unavailable.
    """
    wanted = wanted or list(SectionName)
    async with open_app(settings) as app:
        report = (await app.reports.get_metrics(request)).report
        gaps = (await app.reports.gaps(request)).gaps if SectionName.GAPS in wanted else None
    sections = sections_of(report, gaps, wanted)
    console = Console(soft_wrap=form is not Form.TABLES)
    match form:
        case Form.JSON:
            console.out(_json(report, sections), highlight=False)
        case Form.CSV:
            console.out(_csv(sections), highlight=False, end="")
        case Form.TABLES:
            _show_tables(console, report, sections)


def _json(report: Report, sections: Sequence[Section]) -> str:
    told = {
        "projectId": report.project_id,
        "timezone": report.timezone,
        "from": report.period.first_day.isoformat(),
        "to": report.period.end_day.isoformat(),
        **{one.name.value: list(one.rows) for one in sections},
    }
    return json.dumps(told, indent=2)


def _csv(sections: Sequence[Section]) -> str:
    """A table for each section with rows, an empty line between them; each row begins with its section's name."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    filled = [one for one in sections if one.rows]
    for number, section in enumerate(filled):
        if number:
            text.write("\n")
        writer.writerow(["section", *section.rows[0]])
        writer.writerows([section.name.value, *row.values()] for row in section.rows)
    return text.getvalue()


def _show_tables(console: Console, report: Report, sections: Sequence[Section]) -> None:
    period = report.period
    heading = f"{report.project_id}, from {period.first_day} until before {period.end_day}, {report.timezone}"
    console.print(heading, markup=False, highlight=False)
    for section in sections:
        console.print()
        console.print(section.title, markup=False, highlight=False, style="bold")
        if section.rows:
            console.print(_table(section))
        else:
            console.print(section.empty, markup=False, highlight=False)


def _table(section: Section) -> Table:
    rows = _by_hour(section.rows) if section.name in {SectionName.DEMAND, SectionName.SUPPLY} else section.rows
    table = Table(box=SIMPLE, pad_edge=False, padding=(0, 1, 0, 0))
    for name, value in rows[0].items():
        table.add_column(_heading(name), justify="left" if isinstance(value, str) else "right")
    for row in rows:
        table.add_row(*(Text(str(value)) for value in row.values()))
    return table


def _by_hour(rows: Sequence[Row]) -> Sequence[Row]:
    """A row for each hour in which anything is counted, a column for each weekday: that fits any window."""
    hours = [hour for hour in rows[0] if hour != "day" and any(row[hour] for row in rows)]
    return [{"hour": f"{hour}:00", **{str(row["day"]): row[hour] for row in rows}} for hour in hours]


def _heading(name: str) -> str:
    """Read `openMinutes` as open minutes."""
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name)
