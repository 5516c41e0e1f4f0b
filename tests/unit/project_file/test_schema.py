"""The packaged JSON Schema: up to date, valid, and consistent with the reader."""

from dataclasses import fields
from pathlib import Path

import jsonschema
import pytest

from slotmcp.domain.booking_rules import BookableSpan, Closure, Price, Reserve, ServiceArea, ServiceQuestion
from slotmcp.domain.calcom import CalcomConnection, CalcomHost, ConnectedCalendar
from slotmcp.domain.catalog import Location, Project, ServiceType, Technician, TimeOff, TravelPolicy
from slotmcp.domain.claim import BusyTime, Claim
from slotmcp.domain.recurrence import PartsOfDay, RecurringTimeOff, WeeklySpan
from slotmcp.project_file import project_schema, sample_text
from slotmcp.project_file.entry import Entry
from slotmcp.project_file.json_schema import build_schema, write_schema
from slotmcp.project_file.packaged import SCHEMA
from slotmcp.project_file.recurrence_schema import BreakEntry, ShiftEntry, TimeOffEntry
from slotmcp.project_file.rule_schema import (
    AreaEntry,
    BookableEntry,
    ClosureEntry,
    PriceEntry,
    QuestionEntry,
    ReserveEntry,
)
from slotmcp.project_file.schema import (
    BookingEntry,
    BusyEntry,
    CalcomEntry,
    CalcomHostEntry,
    ConnectedCalendarEntry,
    HomeEntry,
    LocationEntry,
    PartsOfDayEntry,
    ProjectEntry,
    ServiceEntry,
    SpokenEntry,
    TechnicianEntry,
    TravelEntry,
)
from slotmcp.tools.speech.locales import LOCALES
from unit.project_file.files import GOOD, WITH_RULES, edited, plan
from unit.project_file.values import plain_values


def test_the_packaged_schema_is_generated_from_the_entries() -> None:
    assert project_schema() == build_schema(), "run `make generate`"


def test_the_generator_writes_the_packaged_schema(tmp_path: Path) -> None:
    write_schema(tmp_path / "schema.json")
    assert (tmp_path / "schema.json").read_text(encoding="utf-8") == SCHEMA.read_text(encoding="utf-8")


def test_the_schema_is_valid_in_its_draft() -> None:
    jsonschema.Draft202012Validator.check_schema(project_schema())
    assert project_schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("text", [GOOD, WITH_RULES, sample_text()], ids=["good", "with rules", "sample"])
def test_the_schema_accepts_files_that_the_reader_accepts(text: str) -> None:
    assert plan(text).services
    jsonschema.validate(plain_values(text), project_schema())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("holdTtlSeconds: 90", "holdTtlSeconds: 59"),
        ("holdTtlSeconds: 90", "holdTtlSecs: 90"),
        ("holdTtlSeconds: 90", "travel: {mode: drive}"),
        ("holdTtlSeconds: 90", "country: us"),
        ("holdTtlSeconds: 90", "verifyChanges: code"),
        ("holdTtlSeconds: 90", 'partsOfDay: {morning: "6-12"}'),
        ("bufferAfterMinutes: 15", "spoken: {it: la riparazione}"),
        ("bufferAfterMinutes: 15", "minDurationMinutes: 0"),
        ("holdTtlSeconds: 90", "areas: [{id: city, postalCodes: []}]"),
        ("holdTtlSeconds: 90", "closures: [{from: 2026-12-21}]"),
        ("holdTtlSeconds: 90", "outsideAreas: ignore"),
        ("bufferAfterMinutes: 15", "price: {from: 89, currency: usd}"),
        ("bufferAfterMinutes: 15", "price: {from: -1, currency: USD}"),
        ("bufferAfterMinutes: 15", "reserve: [{for: normal, places: 1, until: 60}]"),
        ("bufferAfterMinutes: 15", "bookable: []"),
        ("bufferAfterMinutes: 15", f"questions: [{', '.join(11 * ['{id: age, ask: Age?}'])}]"),
        ("name: Ben", "name: 7"),
        ("id: t-ben", "id: T Ben"),
        ("    durationMinutes: 60\n", ""),
        ("days: [sat]", "days: [Saturday]"),
        ("days: [sat]", "days: []"),
        ('start: "22:00"', 'start: "8:00"'),
        ("maxBookingsPerDay: 6", "maxBookingsPerDay: null"),
        ("date: 2026-11-27", "date: tomorrow"),
        ("start: today+2T09:00", "start: tomorrowT09:00"),
    ],
)
def test_the_reader_rejects_files_that_the_schema_rejects(old: str, new: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(plain_values(edited(old, new)), project_schema())


def test_every_key_except_obvious_ones_has_a_description() -> None:
    plain = {"id", "name", "start", "end", "latitude", "longitude"}
    silent = [
        f"{entry}.{key}"
        for entry, schema in project_schema()["$defs"].items()
        for key, about in schema["properties"].items()
        if key not in plain and "description" not in about and "$ref" not in about
    ]
    assert silent == []


def test_a_service_can_be_spoken_in_every_locale() -> None:
    assert SpokenEntry.keys() == list(LOCALES)


@pytest.mark.parametrize(
    ("entry", "domain", "other_entry_fields", "other_domain_fields"),
    [
        (LocationEntry, Location, set(), set()),
        (TravelEntry, TravelPolicy, set(), {"road_factor"}),
        (PartsOfDayEntry, PartsOfDay, set(), set()),
        (
            ProjectEntry,
            Project,
            {"ranking", "holidays"},
            {"candidate_ranking", "assignment_ranking", "holiday_regions", "closed_dates"},
        ),
        (ServiceEntry, ServiceType, set(), set()),
        (HomeEntry, Location, {"postal_code"}, set()),
        (TechnicianEntry, Technician, set(), {"home_postal_code", "floating_breaks", "recurring_time_off"}),
        (ClosureEntry, Closure, {"start", "end"}, {"span"}),
        (AreaEntry, ServiceArea, set(), set()),
        (PriceEntry, Price, set(), set()),
        (QuestionEntry, ServiceQuestion, set(), set()),
        (BookableEntry, BookableSpan, {"start", "end"}, {"span"}),
        (ReserveEntry, Reserve, set(), set()),
        (TimeOffEntry, TimeOff, {"rrule", "first"}, {"by_operator"}),
        (TimeOffEntry, RecurringTimeOff, {"start", "end"}, {"span"}),
        (ShiftEntry, WeeklySpan, {"start", "end"}, {"span"}),
        (BreakEntry, WeeklySpan, {"start", "end", "earliest", "latest", "minutes"}, {"span"}),
        (BookingEntry, Claim, {"status"}, {"expires_at_ms", "hold"}),
        (BusyEntry, BusyTime, set(), set()),
        (CalcomEntry, CalcomConnection, set(), set()),
        (CalcomHostEntry, CalcomHost, {"event_types"}, {"event_type_ids"}),
        (ConnectedCalendarEntry, ConnectedCalendar, set(), set()),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_entries_have_the_fields_of_the_domain(
    entry: type[Entry], domain: type, other_entry_fields: set[str], other_domain_fields: set[str]
) -> None:
    """Fields of the same name are mapped and exported without further code."""
    names = {field.name for field in fields(domain)}
    assert set(entry.model_fields) - names == other_entry_fields
    assert names - set(entry.model_fields) == other_domain_fields
