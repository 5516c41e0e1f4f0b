"""All problems of a file are reported at once, by line, without those that follow from others."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slotmcp.project_file import ProjectFileError, read_project_file
from unit.project_file.files import GOOD, SUNDAY_NOV_22_2026_MS, WITH_RULES, edited, plan, problems, problems_of

MANY = """\
project:
  id: Denver
  timezone: America/Denver
  holdTtlSeconds: 5
  calcom: {apiKeyEnv: X}
  calcom: {apiKeyEnv: Y}
services:
  - {id: ac-repair, name: AC repair, durationMinutes: sixty}
  - {id: ducts, name: Ducts, durationMinutes: 60}
technicians:
  - id: t-ana
    name: Ana
    priority: high
    timeOff:
      - {start: 2026-12-24T10:00, end: 2026-12-24T09:00}
    shifts:
      - {days: [mon], start: "08:00", end: "8:00"}
      - {days: [tue], start: "09:00", end: "09:00"}
bookings:
  - {id: b-1, technicianId: t-ana, serviceType: ducts, start: 2026-11-23T09:00}
  - {id: b-2, technicianId: t-ana, serviceType: ducts, start: nonsense}
  - {id: b-3, technicianId: t-ana, serviceType: ac-repair, start: 2026-11-23T09:30}
  - {id: b-4, technicianId: t-ana, serviceType: ducts, start: 2026-11-23T09:45}
  - {id: b-5, technicianId: t-bob, serviceType: ducts, start: 2026-11-23T09:45}
"""


def test_all_problems_are_sorted_by_line_with_their_paths() -> None:
    assert [(problem.line, problem.path) for problem in problems(MANY)] == [
        (2, "project.name"),
        (2, "project.id"),
        (4, "project.holdTtlSeconds"),
        (6, "project.calcom"),
        (8, "services[0].durationMinutes"),
        (13, "technicians[0].priority"),
        (15, "technicians[0].timeOff[0].end"),
        (17, "technicians[0].shifts[0].end"),
        (18, "technicians[0].shifts[1].end"),
        (21, "bookings[1].start"),
        (23, "bookings[3]"),
        (24, "bookings[4].technicianId"),
    ]


def test_an_overlap_is_reported_at_the_later_booking_with_the_line_of_the_earlier() -> None:
    overlap = next(problem for problem in problems(MANY) if problem.path == "bookings[3]")
    assert "overlaps booking b-1 on line 20, which takes t-ana from 2026-11-23T09:00" in overlap.problem


def test_a_long_booking_overlaps_a_later_one_past_a_short_one() -> None:
    first, _, rest = GOOD.partition("bookings:\n")
    of_ana = "technicianId: t-ana, serviceType: ac-repair"
    long = f"  - {{id: long, {of_ana}, start: 2026-11-23T08:00, end: 2026-11-23T18:00}}\n"
    short = f"  - {{id: short, {of_ana}, start: 2026-11-23T10:00}}\n"
    after = f"  - {{id: after, {of_ana}, start: 2026-11-23T17:00}}\n"
    reported = problems(f"{first}bookings:\n{after}{long}{short}{rest[rest.index('busy:') :]}")
    assert [(problem.line, problem.problem.split(",")[0]) for problem in reported] == [
        (40, "overlaps booking after on line 39"),
        (41, "overlaps booking long on line 40"),
    ]


def test_the_error_text_has_one_line_per_problem() -> None:
    with pytest.raises(ProjectFileError) as refusal:
        read_project_file(MANY, source="many.yaml", now_ms=SUNDAY_NOV_22_2026_MS)
    lines = str(refusal.value).splitlines()
    assert len(lines) == len(refusal.value.problems)
    assert lines[2].startswith("many.yaml:4:19: project.holdTtlSeconds: write a whole number of seconds from 60 to 120")


def test_a_wrong_time_zone_does_not_cause_problems_of_times() -> None:
    late = "start: 2026-11-23T09:30-07:00"
    text = edited("timezone: America/Denver", "timezone: Nowhere").replace("start: today+2T09:00", late)
    assert [problem.path for problem in problems(text)] == ["project.timezone"]


def test_yaml_problems_are_reported_with_problems_of_values() -> None:
    text = edited("name: Ben", "name: !!str Ben").replace("priority: 1", "priority: 0")
    assert [problem.path for problem in problems(text)] == ["technicians[0].priority", "technicians[1].name"]


def test_problems_before_invalid_yaml_are_reported_too() -> None:
    text = edited("    status: active", "    status: active\n    name: Ana").replace("name: Ben", "name: @ben")
    assert [problem.line for problem in problems(text)] == [23, 38]


def test_an_empty_project_section_reports_all_required_keys() -> None:
    assert [problem.path for problem in problems("project: {}\nservices: []\ntechnicians: []\n")] == [
        "project.id",
        "project.name",
        "project.timezone",
        "services",
        "technicians",
    ]


def test_empty_sections_are_reported_without_the_ids_that_they_lack() -> None:
    first, _, rest = GOOD.partition("services:\n")
    text = first + "services: []\n" + rest[rest.index("technicians:") :]
    assert [problem.path for problem in problems(text)] == ["services"]


KEYS = st.sampled_from(sorted({word.strip(":") for word in WITH_RULES.replace("{", "").split() if word.endswith(":")}))
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), KEYS, st.sampled_from(["US", "mon", "a"])
)
TREES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6), max_leaves=40
)


@given(TREES)
def test_any_content_is_rejected_with_sentences(tree: object) -> None:
    reported = problems(json.dumps(tree))
    assert reported
    assert all(problem.line >= 1 and len(problem.problem.split()) > 2 for problem in reported)
    assert list(reported) == sorted(reported)


@settings(max_examples=settings().max_examples // 3)
@given(KEYS, TREES)
def test_any_value_of_one_key_is_read_or_rejected_with_sentences(key: str, tree: object) -> None:
    text = WITH_RULES.replace(f"{key}: ", f"{key}: {json.dumps(tree)} #", 1).replace("#", "# ")
    found = problems_of(text)
    assert all(len(problem.problem.split()) > 2 for problem in found)
    assert found or plan(text).project.timezone == "America/Denver"
