"""YAML 1.2 and JSON are equivalent, and text is unchanged."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotmcp.domain.catalog import RankingKey, SlotAlignment, TechnicianStatus, TravelMode, TravelPolicy
from unit.project_file.files import GOOD, edited, plan, problems, read
from unit.project_file.values import plain_values

GOOD_AS_JSON = json.dumps(plain_values(GOOD))


@pytest.mark.parametrize("indent", [None, 0, 2, "\t"])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_json_gives_the_same_plan(indent: int | str | None, *, ascii_only: bool) -> None:
    values = json.loads(GOOD_AS_JSON)
    values["technicians"][1]["name"] = "Bën 🔧\u200d"
    text = json.dumps(values, indent=indent, ensure_ascii=ascii_only)
    assert plan(text) == plan(edited("name: Ben", "name: Bën 🔧\u200d"))


def test_tabs_are_allowed_between_tokens() -> None:
    text = '{project: {id: denver,\tname: "Front\tRange", timezone: UTC}, services: [], technicians: []}'
    assert next(problem.problem for problem in problems(text)) == "write a name on one line, without control characters"


def test_a_problem_in_json_is_reported_at_its_line() -> None:
    text = json.dumps({**json.loads(GOOD_AS_JSON), "busy": [{"technicianId": 5}]}, indent="\t")
    first = problems(text)[0]
    assert text.splitlines()[first.line - 2].strip() == '"busy": ['


@pytest.mark.parametrize(
    "form", ["\ufeff{}", "{}", "---\n{}", "%YAML 1.2\n---\n{}", "%YAML 1.1\n---\n{}", "# x\n{}\n...\n"]
)
def test_a_byte_order_mark_directive_or_comment_changes_nothing(form: str) -> None:
    assert plan(form.replace("{}", GOOD)) == plan(GOOD)


def test_json_with_a_byte_order_mark_and_tabs_is_read() -> None:
    assert plan("\ufeff" + json.dumps(json.loads(GOOD_AS_JSON), indent="\t")) == plan(GOOD)


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_line_endings_of_any_system_are_read(ending: str) -> None:
    assert plan(GOOD.replace("\n", ending).encode()) == plan(GOOD)


@pytest.mark.parametrize("word", ["off", '"off"', "'off'"])
@pytest.mark.parametrize("version", ["", "%YAML 1.1\n---\n"])
def test_off_is_text_and_not_a_boolean(word: str, version: str) -> None:
    text = version + edited("status: active", f"status: {word}")
    assert plan(text).technicians[0].status is TechnicianStatus.OFF


def test_norway_has_holidays() -> None:
    assert plan(edited("holidays: [US]", "holidays: [NO, US-CO]")).project.holiday_regions == ("NO", "US-CO")


@pytest.mark.parametrize(
    "name",
    [
        "Robert'); DROP TABLE technicians;--",
        "🦸‍♀️ Ana",
        "null ",
        "Ana & Søn <b>",
        "アナ",
        "\u202eAna",
        "{{ name }}",
        "%s",
        "A" * 200,
    ],
)
def test_text_is_unchanged(name: str) -> None:
    assert plan(edited("name: Ben", f"name: {json.dumps(name)}")).technicians[1].name == name


def test_an_alias_equals_its_anchor() -> None:
    text = edited("days: [mon, tue], start", "days: &early [mon, tue], start")
    text = text.replace('days: [mon, tue], start: "12:00"', 'days: *early, start: "12:00"')
    assert plan(text) == plan(GOOD)


def test_omitted_keys_have_their_defaults() -> None:
    project = plan(GOOD).project
    assert project.locale == "en-US"
    assert (project.slot_interval_minutes, project.slot_alignment) == (15, SlotAlignment.CLOCK)
    assert (project.min_notice_minutes, project.horizon_days, project.max_holds_per_customer) == (60, 31, 3)
    assert project.candidate_ranking == (RankingKey.PRIORITY, RankingKey.LOAD, RankingKey.ETA)
    assert project.assignment_ranking == (RankingKey.LOAD, RankingKey.PRIORITY, RankingKey.ETA)
    assert project.travel == TravelPolicy(mode=TravelMode.NONE, speed_kmh=40, minutes_per_stop=5)


def test_written_keys_replace_the_defaults() -> None:
    given = (
        "holdTtlSeconds: 120\n  slotAlignment: opening\n  locale: es-US\n"
        "  travel: {mode: estimated, speedKmh: 32.5, minutesPerStop: 0}\n"
        "  slotIntervalMinutes: 10\n  minNoticeMinutes: 0\n  horizonDays: 366\n  maxHoldsPerCustomer: 1\n"
        "  ranking: {candidates: [load], assignment: [priority, eta]}"
    )
    project = plan(edited("holdTtlSeconds: 90", given)).project
    assert (project.hold_ttl_seconds, project.slot_alignment, project.locale) == (120, SlotAlignment.OPENING, "es-US")
    assert (project.slot_interval_minutes, project.min_notice_minutes) == (10, 0)
    assert (project.horizon_days, project.max_holds_per_customer) == (366, 1)
    assert (project.candidate_ranking, project.assignment_ranking) == (
        (RankingKey.LOAD,),
        (RankingKey.PRIORITY, RankingKey.ETA),
    )
    assert project.travel == TravelPolicy(mode=TravelMode.ESTIMATED, speed_kmh=32.5, minutes_per_stop=0)


def test_a_booking_inherits_length_and_buffers_from_its_service() -> None:
    usual = plan(GOOD).bookings[1].claim
    own = "start: today+2T09:00, end: today+2T09:45, bufferBeforeMinutes: 5, bufferAfterMinutes: 0"
    other = plan(edited("start: today+2T09:00", own)).bookings[1].claim
    assert (usual.end - usual.start, usual.buffer_before_minutes, usual.buffer_after_minutes) == (60, 0, 15)
    assert (other.end - other.start, other.buffer_before_minutes, other.buffer_after_minutes) == (45, 5, 0)


@given(st.integers(-(10**9), 10**9), st.integers(0, 3))
def test_integers_are_read_in_every_notation(number: int, form: int) -> None:
    written = [str(number), f"{number:+}", f"{number:_}", f"0x{number:x}" if number >= 0 else str(number)][form]
    assert plain_values(f"a: {written}") == {"a": number}


@pytest.mark.parametrize(
    ("old", "new", "path", "note"),
    [
        (
            "skills: [ducts]",
            "skills: [ducts, gas]",
            "services[1]",
            "duct-cleaning: no technician has ducts and gas, so it is never offered",
        ),
        (
            "status: active",
            "status: off",
            "services[0]",
            "ac-repair: every technician who has hvac is off, so it is never offered",
        ),
        (
            "skills: [hvac, ducts]",
            "skills: [hvac, ducts, hvca]",
            "technicians[0].skills",
            'no service requires "hvca"; did you mean "hvac"?',
        ),
        (
            "timezone: America/Denver",
            "timezone: EST",
            "project.timezone",
            "EST is not a place, so its clock never changes; write a place such as America/New_York",
        ),
        (
            "name: Ben",
            "name: Ben\n    timezone: Etc/GMT+6",
            "technicians[1].timezone",
            "Etc/GMT+6 is not a place, so its clock never changes; write a place such as America/Chicago",
        ),
        ("name: Ana", "name: Ana", "technicians[1]", "t-ben has no shifts and is never offered"),
        (
            "technicianId: t-ana, serviceType: ac-repair, start: today",
            "technicianId: t-ben, serviceType: ac-repair, start: today",
            "bookings[1].technicianId",
            "t-ben lacks hvac; the booking is kept",
        ),
    ],
)
def test_valid_but_unusual_values_are_noted(old: str, new: str, path: str, note: str) -> None:
    assert (path, note) in [(one.path, one.problem) for one in read(edited(old, new)).notes]


LONG_SERVICE = """
project: {{id: p, name: P, timezone: America/Denver, country: US, holidays: [US]}}
services: [{{id: install, name: Install, durationMinutes: {minutes}, skills: [gas]}}]
technicians:
  - {{id: t-ana, name: Ana, skills: [gas], {hours}}}
  - {{id: t-ben, name: Ben, shifts: [{{days: [mon], start: "06:00", end: "22:00"}}]}}
  - {{id: t-cy, name: Cy, status: off, skills: [gas], shifts: [{{days: [mon], start: "06:00", end: "22:00"}}]}}
"""
WORKDAY = 'shifts: [{days: [mon, thu], start: "08:00", end: "17:00"}]'
LUNCH = 'breaks: [{days: [mon, thu], start: "12:00", end: "13:00"}]'
LONG_THANKSGIVING = 'overrides: [{date: 2026-11-26, windows: [{start: "06:00", end: "18:00"}]}]'


def notes_on_length(hours: str, minutes: int) -> list[str]:
    text = LONG_SERVICE.format(hours=hours, minutes=minutes)
    return [one.problem for one in read(text).notes if one.path == "services[0].durationMinutes"]


@pytest.mark.parametrize(
    ("hours", "longest"),
    [
        pytest.param(WORKDAY, 540, id="a shift"),
        pytest.param(f"{WORKDAY}, {LUNCH}", 240, id="a break in the shift"),
        pytest.param(f"{WORKDAY}, {LUNCH}, {LONG_THANKSGIVING}", 360, id="a break in an override, too"),
        pytest.param(f"{WORKDAY}, {LONG_THANKSGIVING}", 720, id="an override on a holiday"),
        pytest.param('shifts: [{days: [thu], start: "22:00", end: "06:00"}]', 480, id="a night"),
        pytest.param('shifts: [{days: [sat], start: "08:00", end: "09:00", from: 2026-12-05}]', 60, id="a later shift"),
    ],
)
def test_a_service_that_fits_no_span_of_work_is_noted(hours: str, longest: int) -> None:
    assert notes_on_length(hours, longest) == []
    note = (
        f"install: no technician with the skills works {longest + 1} minutes without a break; "
        f"the longest span is {longest} minutes (t-ana), so it is never offered"
    )
    assert notes_on_length(hours, longest + 1) == [note]


def test_absences_and_missing_shifts_do_not_make_a_service_too_long() -> None:
    assert notes_on_length("timeOff: [{start: 2026-11-01, end: 2027-06-01}], " + WORKDAY, 540) == []
    assert notes_on_length("priority: 2", 540) == []


@pytest.mark.parametrize(
    ("zone_key", "locale", "country", "path"),
    [
        ("Europe/Berlin", "de", "DE", "project.locale"),
        ("Europe/Vienna", "de", "AT", "project.locale"),
        ("America/Mexico_City", "es-419", "MX", "project.locale"),
        ("Australia/Sydney", "", "AU", "project.timezone"),
        ("Canada/Mountain", "", "CA", "project.timezone"),
    ],
)
def test_an_assumed_country_is_noted(zone_key: str, locale: str, country: str, path: str) -> None:
    keys = f"timezone: {zone_key}" + (f"\n  locale: {locale}" if locale else "")
    text = edited("timezone: America/Denver", keys)
    (note,) = [one for one in read(text).notes if "phone" in one.problem]
    assert (note.path, note.line) == (path, 5 if locale else 4)
    sentence = "phone numbers without a country code are read as numbers of {0}; add country: {0}"
    assert note.problem == sentence.format(country)
    named = text.replace("  timezone:", f"  country: {country}\n  timezone:", 1)
    assert [one for one in read(named).notes if "phone" in one.problem] == []


def test_a_country_that_nothing_names_is_noted() -> None:
    text = edited("timezone: America/Denver", "timezone: UTC\n  locale: es")
    note = "phone numbers need a country code; add country, such as country: US"
    assert ("project.locale", note) in [(one.path, one.problem) for one in read(text).notes]


@pytest.mark.parametrize("zone", ["UTC", "Etc/UTC", "America/Phoenix"])
def test_utc_and_places_without_summer_time_are_not_noted(zone: str) -> None:
    file = read(edited("timezone: America/Denver", f"timezone: {zone}"))
    assert [one for one in file.notes if "place" in one.problem] == []
    assert file.plan.project.timezone == zone


def test_a_technician_without_a_home_is_noted_when_travel_times_count() -> None:
    homeless = edited("    home: {latitude: 39.7337, longitude: -104.9806}\n", "")
    travelling = homeless.replace("holdTtlSeconds: 90", "travel: {mode: estimated}")
    without = "t-ana has no home, so travel to the first job of a day is ignored"
    assert without not in [one.problem for one in read(homeless).notes]
    assert [one.problem for one in read(travelling).notes if "home" in one.problem] == [without]


def test_notes_are_sorted_by_line() -> None:
    lines = [note.line for note in read(edited("skills: [ducts]", "skills: [ducts, gas]")).notes]
    assert lines == [14, 36]
