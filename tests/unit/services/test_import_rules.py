"""Import of the rules and texts in a project file: each of them is stored, compared, reported and exported."""

from slotmcp.services.imports import ImportReport
from unit.project_file.files import WITH_RULES, plan
from unit.services.conftest import Open

EDITS = {
    "from: 2026-12-21": ("from: 2026-12-22", "project denver"),
    "to: 2027-01-02": ("to: 2027-01-03", "project denver"),
    "reason: winter break": ("reason: holidays", "project denver"),
    "80203-1234": ("80204", "project denver"),
    "id: hills": ("id: foothills", "project denver"),
    '"802*"], technicians: [t-ana]': ('"802*"], technicians: [t-ben]', "project denver"),
    "days: [tue, thu]": ("days: [tue]", "project denver"),
    "extraMinutes: 30": ("extraMinutes: 31", "project denver"),
    "$45": ("$46", "project denver"),
    "outsideAreas: accept": ("outsideAreas: refuse", "project denver"),
    "cancelNoticeMinutes: 1440": ("cancelNoticeMinutes: 0", "project denver"),
    "that does not cool": ("that does not start", "service ac-repair"),
    "Use for no cooling": ("Use for no air", "service ac-repair"),
    "from: 89.5": ("from: 89.25", "service ac-repair"),
    "currency: USD": ("currency: CAD", "service ac-repair"),
    "per: visit": ("per: hour", "service ac-repair"),
    "is $89.50": ("costs $89.50", "service ac-repair"),
    "Cancel a day before": ("Cancel in time", "service ac-repair"),
    "id: equipment-age": ("id: age", "service ac-repair"),
    "About how old": ("How old", "service ac-repair"),
    "required: true": ("required: false", "service ac-repair"),
    "minNoticeMinutes: 120": ("minNoticeMinutes: 0", "service ac-repair"),
    "horizonDays: 14": ("horizonDays: 15", "service ac-repair"),
    "maxBookingsPerDay: 10": ("maxBookingsPerDay: 11", "service ac-repair"),
    'end: "16:00"': ('end: "15:00"', "service ac-repair"),
    'end: "06:00", for: emergency': ('end: "06:00", for: normal', "service ac-repair"),
    "places: 1": ("places: 2", "service ac-repair"),
    "until: 240": ("until: 0", "service ac-repair"),
    "postalCode: 80202-1234": ("postalCode: 80204-1234", "technician t-ana"),
    'home: {postalCode: "80203"}': ("home: {latitude: 39.7, longitude: -104.9}", "technician t-ben"),
    'start: "00:00", end: "24:00"': ('start: "00:00", end: "23:00"', "technician t-ben"),
}
"""New text, and the name of what an import updates, by old text."""
BOOKING_EDITS = {", priority: emergency": "", ', postalCode: "80202"': ', postalCode: "80203"'}


async def test_the_rules_of_a_file_are_stored_and_exported(opened: Open) -> None:
    shop, read = await opened(), plan(WITH_RULES)
    await shop.app.projects.import_project(read, prune=False)
    assert await shop.app.projects.export_project("denver") == read
    again = await shop.app.projects.import_project(read, prune=False)
    assert again == ImportReport(project_id="denver", unchanged=8)


async def test_a_change_of_each_rule_is_reported(opened: Open) -> None:
    shop = await opened()
    await shop.app.projects.import_project(plan(WITH_RULES), prune=False)
    for old, (new, name) in EDITS.items():
        assert WITH_RULES.count(old) == 1, old
        changed = plan(WITH_RULES.replace(old, new))
        report = await shop.app.projects.import_project(changed, prune=False, dry_run=True)
        assert report.updated == (name,), old


async def test_a_booking_with_another_priority_or_postal_code_is_reported_and_kept(opened: Open) -> None:
    shop, read = await opened(), plan(WITH_RULES)
    await shop.app.projects.import_project(read, prune=False)
    for old, new in BOOKING_EDITS.items():
        assert WITH_RULES.count(old) == 1, old
        report = await shop.app.projects.import_project(plan(WITH_RULES.replace(old, new)), prune=False)
        assert report.kept_bookings == ("b-2",)
    assert await shop.app.projects.export_project("denver") == read
