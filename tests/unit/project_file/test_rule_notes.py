"""Notes on rules that are valid but offer nothing, or not what they seem to."""

import pytest

from unit.project_file.files import read

SHOP = """\
project:
  id: shop
  name: Shop
  timezone: America/Denver
  country: US
  # project
services:
  - id: repair
    name: Repair
    durationMinutes: 60
    skills: [hvac]
    # repair
  - id: ducts
    name: Ducts
    durationMinutes: 60
technicians:
  - id: t-ana
    name: Ana
    skills: [hvac]
    shifts: [{days: [mon, tue, wed, thu, fri], start: "08:00", end: "17:00"}]
    # ana
  - id: t-ben
    name: Ben
    shifts: [{days: [sat], start: "09:00", end: "12:00"}]
    # ben
"""


def notes(*edits: tuple[str, str]) -> list[tuple[str, str]]:
    """Return the paths and notes of the shop with keys in place of its comments."""
    text = SHOP
    for comment, keys in edits:
        assert f"# {comment}\n" in text
        text = text.replace(f"# {comment}\n", f"{keys}\n")
    return [(note.path, note.problem) for note in read(text).notes]


LUNCH = 'breaks: [{days: [mon, tue, wed, thu, fri], earliest: "11:00", latest: "14:00", minutes: 30}]'


def area(keys: str) -> tuple[str, str]:
    return "project", f'areas: [{{id: city, postalCodes: ["80202"], {keys}}}]'


def test_the_shop_has_no_notes() -> None:
    assert notes() == []


@pytest.mark.parametrize(
    ("where", "keys", "path", "note"),
    [
        (
            "project",
            "locale: pt-BR",
            "project.locale",
            "pt-BR is not spoken, so answers are in English; the languages are en-US, en-GB, es, es-US, fr, de",
        ),
        (
            "project",
            "minNoticeMinutes: 10081\n  horizonDays: 7",
            "project.minNoticeMinutes",
            (
                "a notice of 10081 minutes is longer than a horizon of 7 days, so nothing is offered; "
                "write at most 10080 minutes, or a longer horizon"
            ),
        ),
        (
            "repair",
            "minNoticeMinutes: 2880\n    horizonDays: 1",
            "services[0].minNoticeMinutes",
            (
                "repair: a notice of 2880 minutes is longer than a horizon of 1 day, so nothing is offered; "
                "write at most 1440 minutes, or a longer horizon"
            ),
        ),
        (
            "repair",
            'bookable: [{days: [sat], start: "09:00", end: "12:00"}]',
            "services[0].bookable",
            "repair: no technician with the skills can start in these hours, so it is never offered",
        ),
        (
            "repair",
            'bookable: [{days: [mon], start: "16:15", end: "20:00"}]',
            "services[0].bookable",
            "repair: no technician with the skills can start in these hours, so it is never offered",
        ),
        (
            "repair",
            'bookable: [{days: [mon], start: "08:00", end: "12:00"}, {days: [fri, sat], start: "17:00", end: "02:00"}]',
            "services[0].bookable[1]",
            "repair: no technician with the skills can start on fri, sat 17:00-02:00, so nothing is offered then",
        ),
        (
            "repair",
            "reserve: [{places: 2, until: 240}]",
            "services[0].reserve[0].places",
            (
                "repair: 2 places are kept, but only 1 active technician has the skills, so until 240 minutes before "
                "a start only emergencies are offered"
            ),
        ),
        (
            "repair",
            "reserve: [{places: 1, until: 240}]",
            "services[0].reserve[0].places",
            (
                "repair: 1 place is kept, but only 1 active technician has the skills, so until 240 minutes before "
                "a start only emergencies are offered"
            ),
        ),
        (
            "project",
            "outsideAreas: accept",
            "project.outsideAreas",
            "there are no areas, so outsideAreas has no effect; add areas",
        ),
        (
            *area("technicians: [t-ben]"),
            "project.areas[0].technicians",
            "city: no active technician of the area has the skills of repair, which is never offered there",
        ),
        (
            "project",
            'areas: [{id: city, postalCodes: ["80202", "80210..80219"]}, {id: hills, postalCodes: ["80219..80225"]}]',
            "project.areas[1].postalCodes[0]",
            "80219..80225 overlaps 80210..80219 of the area city; postal codes in both are in city",
        ),
        (
            "project",
            'areas: [{id: city, postalCodes: ["80212..80214"]}, {id: hills, postalCodes: ["80201..80299"]}]',
            "project.areas[1].postalCodes[0]",
            "80201..80299 overlaps 80212..80214 of the area city; postal codes in both are in city",
        ),
        (
            "project",
            (
                'areas: [{id: city, postalCodes: ["80201..80299", "80203..80204"]}, '
                '{id: hills, postalCodes: ["80250..80251"]}]'
            ),
            "project.areas[1].postalCodes[0]",
            "80250..80251 overlaps 80201..80299 of the area city; postal codes in both are in city",
        ),
    ],
)
def test_rules_that_offer_nothing_are_noted(where: str, keys: str, path: str, note: str) -> None:
    assert notes((where, keys)) == [(path, note)]


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ("days: [sat, sun]", "city: no active technician of the area works on sun, so nothing is offered there then"),
        ("days: [sun]", "city: no active technician of the area works on sun, so nothing is offered there at all"),
        (
            "days: [tue, fri, sat], technicians: [t-ana]",
            "city: no active technician of the area works on sat, so nothing is offered there then",
        ),
    ],
)
def test_days_of_an_area_on_which_nobody_works_are_noted(keys: str, sentence: str) -> None:
    found = [note for note in notes(area(keys)) if note[0].startswith("project.areas")]
    assert ("project.areas[0].days", sentence) in found


def test_a_shift_past_midnight_and_on_call_time_serve_an_area() -> None:
    night = area("days: [sun]")
    assert notes(night, ("ana", "onCall: [{days: [sun], start: '08:00', end: '09:00'}]")) == []
    shop = SHOP.replace('start: "09:00", end: "12:00"', 'start: "21:00", end: "02:00"').replace("# project", night[1])
    assert read(shop).notes == ()


@pytest.mark.parametrize(
    ("where", "keys"),
    [
        ("project", "locale: de-AT"),
        ("project", "minNoticeMinutes: 10080\n  horizonDays: 7"),
        ("project", "minNoticeMinutes: 0\n  horizonDays: 1"),
        ("repair", 'bookable: [{days: [mon], start: "16:00", end: "20:00"}]'),
        ("repair", 'bookable: [{days: [sun], start: "22:00", end: "08:15"}]'),
        ("project", 'areas: [{id: city, postalCodes: ["E1*"]}]'),
        area("technicians: [t-ana]"),
        area("days: [mon]"),
        ("project", 'areas: [{id: city, postalCodes: ["802*"]}, {id: hills, postalCodes: ["80201", "80210..80219"]}]'),
        ("project", 'areas: [{id: city, postalCodes: ["80201..80209", "80205..80219"]}]'),
        ("project", 'areas: [{id: city, postalCodes: ["802..804"]}, {id: hills, postalCodes: ["80201..80409"]}]'),
        ("ana", "home: {postalCode: 80202-1234}"),
        area("days: [sat], technicians: [t-ben, t-ana]"),
    ],
)
def test_rules_that_offer_something_are_not_noted(where: str, keys: str) -> None:
    assert notes((where, keys)) == []


def test_a_technician_on_call_works() -> None:
    on_call = SHOP.replace('shifts: [{days: [sat], start: "09:00"', 'onCall: [{days: [sat], start: "09:00"')
    assert read(on_call).notes == ()


NIGHTS = 'onCall: [{days: [sat], start: "22:00", end: "06:00"}]'
DAYS = '{days: [mon, tue, wed, thu, fri], start: "08:00", end: "17:00"}'


@pytest.mark.parametrize(
    ("span", "is_noted"),
    [
        ('{days: [sat], start: "08:00", end: "12:00", for: emergency}', True),
        ('{days: [sun], start: "05:00", end: "12:00", for: emergency}', False),
        ('{days: [sat], start: "23:00", end: "24:00"}', False),
    ],
)
def test_on_call_time_needs_bookable_hours(span: str, *, is_noted: bool) -> None:
    ducts = ("repair", f"bookable: [{DAYS}, {span}]\n  - {{id: heat, name: Heat, durationMinutes: 30, skills: [gas]}}")
    of_ducts = ("ben", "skills: [gas]")
    found = [note for note in notes(ducts, of_ducts, ("ana", NIGHTS)) if note[0] == "technicians[0].onCall"]
    assert found == []  # the ducts are bookable at any time
    only = SHOP.replace("  - id: ducts\n    name: Ducts\n    durationMinutes: 60\n", "")
    text = only.replace("# repair", f"bookable: [{DAYS}, {span}]").replace("# ana", NIGHTS)
    found = [(note.path, note.problem) for note in read(text).notes if "on call" in note.problem]
    sentence = "t-ana is on call when no service of t-ana is bookable; add bookable hours with for: emergency"
    assert found == ([("technicians[0].onCall", sentence)] if is_noted else [])


@pytest.mark.parametrize(("priority", "is_noted"), [("emergency", False), ("normal", True)])
def test_hours_for_emergencies_can_be_on_call_time(priority: str, *, is_noted: bool) -> None:
    spans = f'bookable: [{DAYS}, {{days: [sat], start: "22:00", end: "23:00", for: {priority}}}]'
    assert bool(notes(("repair", spans), ("ana", NIGHTS))) == is_noted


@pytest.mark.parametrize(
    "keys", ["durationMinutes: 600", "skills: [gas]"], ids=["a service that is too long", "a service without skills"]
)
def test_a_service_that_is_never_offered_has_one_note(keys: str) -> None:
    old = "durationMinutes: 60" if keys.startswith("duration") else "skills: [hvac]"
    text = SHOP.replace(f"    {old}\n", f"    {keys}\n", 1).replace("# repair", f"bookable: [{DAYS}]")
    assert len([note for note in read(text).notes if note.path.startswith("services[0]")]) == 1


def test_an_area_of_technicians_who_are_off_is_noted() -> None:
    reported = notes(area("technicians: [t-ben]"), ("ben", "status: off"))
    assert (
        "project.areas[0].technicians",
        "city: every technician of the area is off, so nothing is offered there",
    ) in (reported)


def test_closures_and_absences_do_not_make_hours_unused() -> None:
    rules = ("repair", 'bookable: [{days: [mon], start: "08:00", end: "12:00"}]')
    mondays = ["2026-11-23", "2026-11-30", "2026-12-07", "2026-12-14", "2026-12-21", "2026-12-28"]
    closed = "project", f"closures: [{', '.join(f'{{from: {day}, to: {day}}}' for day in mondays)}]"
    absent = "ana", f"timeOff: [{', '.join(f'{{start: {day}, end: {day}}}' for day in mondays)}]"
    assert notes(rules, closed) == notes(rules, absent) == []


LONG_JOBS = SHOP.replace("durationMinutes: 60\n    skills", "durationMinutes: {minutes}\n    skills").replace(
    "# ana", LUNCH
)


@pytest.mark.parametrize("bookable", ["", 'bookable: [{days: [mon], start: "08:00", end: "17:00", for: emergency}]'])
def test_a_job_that_leaves_no_room_for_a_floating_break_is_noted(bookable: str) -> None:
    """The lunch of 30 minutes ends at 14:00, so a job that starts at 8:00 has at most 330 minutes."""
    text = LONG_JOBS.replace("# repair", bookable)
    paths = [note.path for note in read(text.replace("{minutes}", "331")).notes]
    assert "services[0].durationMinutes" in paths
    assert read(text.replace("{minutes}", "330")).notes == ()


def test_a_british_prefix_that_contains_other_districts_is_noted() -> None:
    areas = 'areas: [{id: east, postalCodes: ["E1 *", "E2 0AA..E2 9ZZ", "EC1A*", "E16*"]}]'
    british = SHOP.replace("country: US", "country: GB")
    (note,) = read(british.replace("# project", areas)).notes
    assert note.path == "project.areas[0].postalCodes[0]"
    assert note.problem == (
        'E1* also contains E10 to E19; for one district write a range of its codes, such as "E1 0AA..E1 9ZZ"'
    )
