"""Exports are read back unchanged, and contain no customer data."""

from dataclasses import replace

import jsonschema
import pytest
from hypothesis import given, settings

from slotmcp.domain.booking import Customer, Visit
from slotmcp.project_file import dump_project, project_schema, sample_text
from slotmcp.services.imports import ProjectPlan
from unit.project_file.files import GOOD, WITH_RULES, edited, plan
from unit.project_file.plans import plans
from unit.project_file.values import plain_values

LATER_MS = 2_000_000_000_000
DRAWS = settings().max_examples
"""Examples of the profile; plans take longer to draw, write and read than most values."""
SCHEMA = jsonschema.Draft202012Validator(project_schema())


@settings(max_examples=DRAWS // 3)
@given(plans())
def test_an_exported_plan_is_read_back_unchanged(any_plan: ProjectPlan) -> None:
    text = dump_project(any_plan)
    assert plan(text, now_ms=LATER_MS) == any_plan


@settings(max_examples=DRAWS // 10)
@given(plans())
def test_an_export_matches_the_published_schema(any_plan: ProjectPlan) -> None:
    assert not list(SCHEMA.iter_errors(plain_values(dump_project(any_plan))))


def test_the_exported_sample_is_read_back_unchanged_on_another_day() -> None:
    monday = plan(sample_text())
    assert plan(dump_project(monday), now_ms=LATER_MS) == monday


def test_the_second_of_two_equal_local_times_is_exported_in_utc() -> None:
    first = plan(edited("start: 2026-12-24T00:00, end: 2026-12-27T00:00", "start: 2027-11-07T01:30, end: 2027-12-01"))
    second = plan(
        edited("start: 2026-12-24T00:00, end: 2026-12-27T00:00", "start: 2027-11-07T01:30-07:00, end: 2027-12-01")
    )
    assert "{start: 2027-11-07T01:30, end: 2027-12-02T00:00," in dump_project(first)
    assert "{start: 2027-11-07T08:30Z, end: 2027-12-02T00:00," in dump_project(second)
    assert plan(dump_project(second)) == second != first


@pytest.mark.parametrize("source", ["?0", "? b", ": b", ":", "#1", "- a", "{a", "&a", "off", "2026-01-01", "a: b", "'"])
def test_text_that_looks_like_yaml_stays_text(source: str) -> None:
    good = plan(GOOD)
    odd = replace(good, busy=tuple(replace(one, source=source) for one in good.busy))
    assert plan(dump_project(odd), now_ms=LATER_MS) == odd


def test_an_export_has_no_customer_data() -> None:
    good = plan(GOOD)
    customer = Customer(name="Zelda Quimby", phone="+13035550142", email="zelda@example.com")
    visit = Visit(address="1 Elm Street", notes="gate code 4711")
    home = good.technicians[0].home
    sold = tuple(
        replace(one, claim=replace(one.claim, location=home), customer=customer, visit=visit) for one in good.bookings
    )
    text = dump_project(replace(good, bookings=sold))
    assert not [word for word in ("Zelda", "303555", "example.com", "Elm", "4711") if word in text]
    assert text.count("latitude: 39.7337") == 3


def test_an_export_leaves_out_defaults_and_uses_readable_forms() -> None:
    assert dump_project(plan(GOOD)) == AS_WRITTEN


def test_an_export_of_rules_uses_readable_forms() -> None:
    with_rules = plan(WITH_RULES)
    text = dump_project(with_rules)
    assert plan(text) == with_rules
    assert [line for line in RULES_AS_WRITTEN.splitlines() if line not in text.splitlines()] == []


RULES_AS_WRITTEN = """\
  closures:
    - {from: 2026-12-21, to: 2027-01-02, reason: winter break}
      postalCodes: ["80202", "80203", "802*"]
      postalCodes: ["804*", "80501..80519"]
      fee: $45 trip charge
    description: Repair of an air conditioner that does not cool.
    price: {from: 89.5, currency: USD, per: visit, text: The visit is $89.50.}
      - {id: brand, ask: Which brand is it?, required: true}
      - {days: [mon, tue, wed, thu, fri], start: "08:00", end: "16:00"}
      - {days: [sat, sun], start: "22:00", end: "06:00", for: emergency}
      - {for: emergency, places: 1, until: 240}
    home: {postalCode: "80202", latitude: 39.7337, longitude: -104.9806}
    home: {postalCode: "80203"}
      - {days: [sat, sun], start: "00:00", end: "24:00"}
"""

AS_WRITTEN = """\
project:
  id: denver
  name: Front Range
  timezone: America/Denver
  slotIntervalMinutes: 15
  minNoticeMinutes: 60
  horizonDays: 31
  holdTtlSeconds: 90
  defaultService: ac-repair
  holidays: [US]
services:
  - id: ac-repair
    name: AC repair
    durationMinutes: 60
    bufferAfterMinutes: 15
    skills: [hvac]
  - id: duct-cleaning
    name: Duct cleaning
    durationMinutes: 120
    skills: [ducts]
technicians:
  - id: t-ana
    name: Ana
    priority: 1
    skills: [ducts, hvac]
    home: {latitude: 39.7337, longitude: -104.9806}
    maxBookingsPerDay: 6
    shifts:
      - {days: [mon, tue], start: "08:00", end: "17:00", from: 2026-01-01, until: 2026-12-31}
      - {days: [sat], start: "22:00", end: "06:00"}
    breaks:
      - {days: [mon, tue], start: "12:00", end: "13:00"}
    overrides:
      - {date: 2026-11-27, closed: true}
      - {date: 2026-11-28, windows: [{start: "09:00", end: "13:00"}]}
    timeOff:
      - {start: 2026-12-24T00:00, end: 2026-12-27T00:00, reason: holiday}
  - id: t-ben
    name: Ben
    priority: 1
bookings:
  - {id: b-1, technicianId: t-ana, serviceType: ac-repair, start: 2026-11-23T16:00Z, end: 2026-11-23T17:00Z}
  - {id: b-2, technicianId: t-ana, serviceType: ac-repair, start: 2026-11-24T16:00Z, end: 2026-11-24T17:00Z}
busy:
  - {technicianId: t-ana, start: 2026-11-24T16:00Z, end: 2026-11-24T17:30Z, source: calendar}
"""
