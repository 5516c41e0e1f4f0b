"""A valid file, its edits, and the problems of invalid files."""

from pathlib import Path

import pytest

from slotmcp.project_file import Problem, ProjectFile, ProjectFileError, read_project_file
from slotmcp.services.imports import ProjectPlan

SUNDAY_NOV_22_2026_MS = 1_795_374_000_000
"""Noon in Denver."""

GOOD = (Path(__file__).parent / "good.yaml").read_text(encoding="utf-8")
"""A valid file that uses every section."""


_RULES = {
    "  holdTtlSeconds: 90\n": """\
  holdTtlSeconds: 90
  closures:
    - {from: 2026-12-21, to: 2027-01-02, reason: winter break}
    - {from: 2026-12-18, to: 2026-12-18, start: "12:00", end: "24:00", reason: party}
  areas:
    - {id: city, postalCodes: ["80202", "80203-1234", "802*"], technicians: [t-ana]}
    - {id: hills, postalCodes: ["804 *", "80501 .. 80519"], days: [tue, thu], extraMinutes: 30, fee: "$45 trip charge"}
  outsideAreas: accept
  cancelNoticeMinutes: 1440
""",
    "    bufferAfterMinutes: 15\n": """\
    bufferAfterMinutes: 15
    description: >
      Repair of an air conditioner
      that does not cool.
    guidance: Use for no cooling.
    price: {from: 89.5, currency: USD, per: visit, text: The visit is $89.50.}
    terms: Cancel a day before.
    questions:
      - {id: equipment-age, ask: About how old is it?}
      - {id: brand, ask: Which brand is it?, required: true}
    minNoticeMinutes: 120
    horizonDays: 14
    maxBookingsPerDay: 10
    bookable:
      - {days: [mon, tue, wed, thu, fri], start: "08:00", end: "16:00"}
      - {days: [sat, sun], start: "22:00", end: "06:00", for: emergency}
    reserve: [{for: emergency, places: 1, until: 240}]
""",
    "home: {latitude: 39.7337": "home: {postalCode: 80202-1234, latitude: 39.7337",
    "  - id: t-ben\n": """\
  - id: t-ben
    home: {postalCode: "80203"}
    onCall: [{days: [sat, sun], start: "00:00", end: "24:00"}]
    shifts:
      - {days: [sat], start: "08:00", end: "12:00", every: 2, from: 2026-12-05}
      - {rrule: "FREQ=MONTHLY;BYDAY=1MO", start: "13:00", end: "17:00", from: 2026-12-01}
    breaks: [{days: [mon], earliest: "13:30", latest: "16:00", minutes: 30}]
    timeOff:
      - {rrule: "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR", from: 2026-12-04, start: "12:00", end: "17:00", reason: school}
      - {rrule: "rrule:freq=yearly", from: 2026-12-24}
""",
    "start: today+2T09:00}": 'start: today+2T09:00, priority: emergency, postalCode: "80202"}',
}


def with_rules() -> str:
    """Return the valid file with rules of services, areas and closures."""
    text = GOOD
    for old, new in _RULES.items():
        assert old in text
        text = text.replace(old, new, 1)
    return text


WITH_RULES = with_rules()


def read(text: str | bytes, *, now_ms: int = SUNDAY_NOV_22_2026_MS) -> ProjectFile:
    return read_project_file(text, source="test.yaml", now_ms=now_ms)


def plan(text: str | bytes, *, now_ms: int = SUNDAY_NOV_22_2026_MS) -> ProjectPlan:
    return read(text, now_ms=now_ms).plan


def problems_of(text: str | bytes) -> tuple[Problem, ...]:
    """Return the problems of any text; none if it is valid."""
    try:
        read(text)
    except ProjectFileError as error:
        return error.problems
    return ()


def problems(text: str | bytes) -> tuple[Problem, ...]:
    """Return the problems of an invalid text."""
    with pytest.raises(ProjectFileError) as refusal:
        read(text)
    return refusal.value.problems


def edited(old: str, new: str) -> str:
    """Return the valid file with one edit."""
    assert old in GOOD
    return GOOD.replace(old, new, 1)
