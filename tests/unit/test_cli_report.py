"""`slotmcp report`: tables, JSON and CSV."""

import csv
import json
from itertools import groupby

import pytest

from slotmcp.cli.exits import Exit
from support.command_line import Run

DAYS = ("--from", "2026-11-23", "--to", "2026-11-24")


@pytest.mark.usefixtures("imported")
def test_tables_explain_empty_sections(slotmcp: Run) -> None:
    result = slotmcp("report", *DAYS)
    assert result.code == Exit.OK
    assert "denver-hvac, 2026-11-23 to 2026-11-24 (America/Denver)" in result.out
    assert "Try an earlier --from" in result.out
    assert "t-kai" in result.out
    assert "…" not in result.out


@pytest.mark.usefixtures("imported")
def test_json_has_every_section(slotmcp: Run) -> None:
    document = json.loads(slotmcp("report", "--json", *DAYS).out)
    assert (document["projectId"], document["from"], document["to"]) == ("denver-hvac", "2026-11-23", "2026-11-25")
    assert set(document) - {"projectId", "timezone", "from", "to"} == {
        "funnel", "demand", "supply", "refused", "utilisation", "assignment", "fairness", "times", "gaps",
    }  # fmt: skip
    utilization = document["utilisation"][0]
    assert utilization["openMinutes"] == sum(
        value for key, value in utilization.items() if key not in {"technicianId", "openMinutes"}
    )


@pytest.mark.usefixtures("imported")
def test_csv_has_a_table_for_each_section(slotmcp: Run) -> None:
    text = slotmcp("report", "--csv", "--section", "fairness", "--section", "supply", *DAYS).out
    tables = [list(lines) for full, lines in groupby(text.splitlines(), key=bool) if full]
    fairness, supply = (list(csv.DictReader(lines)) for lines in tables)
    assert {row["section"] for row in fairness} == {"fairness"}
    assert [row["day"] for row in supply] == ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def test_csv_and_json_exclude_each_other(slotmcp: Run) -> None:
    assert slotmcp("report", "--csv", "--json").code == Exit.USAGE
