"""`slotmcp check --explain`: the explanation of one start, from the file alone."""

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from slotmcp.cli.exits import Exit
from support.command_line import Run

SHOP = """\
project:
  id: shop
  name: Shop
  timezone: America/Denver
  country: US
  areas: [{id: city, postalCodes: ["802*"], technicians: [t-ana]}]
services:
  - id: repair
    name: Repair
    durationMinutes: 60
    skills: [hvac]
    bookable:
      - {days: [mon, tue, wed, thu, fri, sat, sun], start: "08:00", end: "16:00"}
      - {days: [mon, tue, wed, thu, fri, sat, sun], start: "16:00", end: "20:00", for: emergency}
technicians:
  - id: t-ana
    name: Ana
    skills: [hvac]
    shifts: [{days: [mon, tue, wed, thu, fri, sat, sun], start: "06:00", end: "22:00"}]
  - id: t-ben
    name: Ben
    shifts: [{days: [mon, tue, wed, thu, fri, sat, sun], start: "06:00", end: "22:00"}]
"""
DAY = str(datetime.now(ZoneInfo("America/Denver")).date() + timedelta(days=3))


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    file = tmp_path / "shop.yaml"
    file.write_text(SHOP)
    return file


def test_a_start_is_explained_by_the_file_alone(slotmcp: Run, shop: Path, home: Path) -> None:
    ended = slotmcp("check", str(shop), "--explain", DAY, "09:00", "repair", "80203")
    assert (ended.code, ended.err) == (Exit.OK, "")
    valid, start, *technicians = ended.out.splitlines()
    assert valid.startswith(f"{shop} is valid")
    assert start.startswith(f"repair at {DAY}T09:00:00-0")
    assert "is offered. I can offer you" in start
    assert [line.partition(":")[0] for line in technicians] == ["  t-ana (can)", "  t-ben (skill_missing)"]
    assert not list(home.rglob("*.db"))


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["17:00", "repair", "80203"], "emergency_only"),
        (["21:00", "repair", "80203"], "not_bookable_then"),
        (["17:00", "repair", "80203", "--priority", "emergency"], "can"),
        (["17:00", "repair", "802", "03-1234", "--priority", "emergency"], "can"),
    ],
)
def test_the_rules_of_a_service_are_explained(slotmcp: Run, shop: Path, words: list[str], reason: str) -> None:
    ended = slotmcp("check", str(shop), "--explain", DAY, *words)
    assert f"  t-ana ({reason}): " in ended.out
    assert ("is offered." in ended.out) == (reason == "can")
    assert ("  Instead (" in ended.out) == (reason != "can")


def test_a_postal_code_outside_the_areas_is_explained(slotmcp: Run, shop: Path) -> None:
    ended = slotmcp("check", str(shop), "--explain", DAY, "09:00", "repair", "99999")
    assert ended.code == Exit.OK
    assert "  t-ana (outside_area): " in ended.out
    assert "is not offered." in ended.out


def test_bookings_of_a_file_of_their_own_count(slotmcp: Run, shop: Path, tmp_path: Path) -> None:
    more = tmp_path / "more.jsonl"
    more.write_text(f'{{"id":"b-1","technicianId":"t-ana","serviceType":"repair","start":"{DAY}T09:00"}}\n')
    ended = slotmcp("check", str(shop), "--bookings", str(more), "--explain", DAY, "09:00", "repair", "80203")
    assert "  t-ana (booked): " in ended.out


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["--explain", DAY, "09:00"], Exit.USAGE, "DAY TIME SERVICE [POSTAL_CODE]"),
        (["--explain"], Exit.USAGE, "DAY TIME SERVICE [POSTAL_CODE]"),
        (["other.yaml"], Exit.USAGE, "add --explain"),
        (["--priority", "emergency"], Exit.USAGE, "requires --explain"),
        (["--explain", DAY, "33:00", "repair", "80203"], Exit.REFUSED, "must have a time of day"),
        (["--explain", DAY, "09:00", "repairs", "80203"], Exit.REFUSED, "There is no service 'repairs'"),
        (["--explain", DAY, "09:00", "repair", "Denver"], Exit.REFUSED, "must be a postal code"),
    ],
)
def test_words_that_name_no_start_are_refused(
    slotmcp: Run, shop: Path, words: list[str], code: Exit, sentence: str
) -> None:
    ended = slotmcp("check", str(shop), *words)
    assert ended.code == code
    assert sentence in " ".join(ended.err.replace("│", " ").split())
