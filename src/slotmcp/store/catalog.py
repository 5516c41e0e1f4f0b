"""Catalog of projects, services and technicians: SQL, rows and values."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Generic, TypeVar

import orjson

from slotmcp.domain.booking_rules import OutsideAreas
from slotmcp.domain.calcom import CalcomConnection, CalcomHost, ConnectedCalendar
from slotmcp.domain.catalog import (
    ChangeVerification,
    DateOverride,
    Project,
    ServiceType,
    SlotAlignment,
    Technician,
    TechnicianStatus,
    TimeOff,
    TravelMode,
    TravelPolicy,
    Wording,
)
from slotmcp.domain.recurrence import FloatingBreak, PartsOfDay, RecurringTimeOff, WallSpan, WeeklySpan
from slotmcp.store import columns
from slotmcp.store.booking_rules import (
    areas_json,
    areas_of,
    closures_json,
    closures_of,
    information_json,
    information_of,
    rules_json,
    rules_of,
)
from slotmcp.store.statement import Fetch, Row, Statement, upsert
from slotmcp.store.values import coordinates, json_text, location_of, ranking_of, values_of

Item = TypeVar("Item", ServiceType, Technician)

# List all projects.
PROJECT_IDS = Statement("SELECT id FROM projects ORDER BY id")

# Read the revisions of all projects.
REVISIONS = Statement("SELECT id, revision FROM projects ORDER BY id")

# Read the revisions of the first projects, and the number of all.
FIRST_REVISIONS = Statement(
    "SELECT id, revision, (SELECT count(*) FROM projects) FROM projects ORDER BY id LIMIT :limit"
)

# Read a project's revision.
REVISION = Statement("SELECT revision FROM projects WHERE id = :project_id")

# Read a project's salt.
SALT = Statement("SELECT salt FROM projects WHERE id = :project_id")

# Read a project and its rules.
PROJECT = Statement(f"SELECT {columns.PROJECT_COLUMNS} FROM projects WHERE id = :project_id")

# Create a project or replace its rules; salt and revision stay.
SAVE_PROJECT = Statement(upsert(columns.PROJECTS, unchanged=("salt", "revision"), revision="0"))

# Read the services in the catalog, in order.
SERVICES_IN_CATALOG = Statement(f"""
SELECT {columns.SERVICE_COLUMNS} FROM services WHERE project_id = :project_id AND archived = 0 ORDER BY position
""")

# Add a service to the catalog, restore it, or replace it.
SAVE_SERVICE = Statement(upsert(columns.SERVICES, archived="0"))

# Set a service's position in the catalog.
PLACE_SERVICE = Statement("UPDATE services SET position = :position WHERE project_id = :project_id AND id = :id")

# Remove a service from the catalog.
ARCHIVE_SERVICE = Statement("""
UPDATE services SET archived = 1 WHERE project_id = :project_id AND id = :id AND archived = 0 RETURNING id
""")

# Read the technicians in the catalog, in order.
TECHNICIANS_IN_CATALOG = Statement(f"""
SELECT {columns.TECHNICIAN_COLUMNS} FROM technicians WHERE project_id = :project_id AND archived = 0 ORDER BY position
""")

# Read the ids of the technicians in the catalog, in order.
TECHNICIAN_IDS = Statement("""
SELECT id FROM technicians WHERE project_id = :project_id AND archived = 0 ORDER BY position
""")

# Read a technician if they are in the catalog.
TECHNICIAN = Statement(f"""
SELECT {columns.TECHNICIAN_COLUMNS} FROM technicians
WHERE project_id = :project_id AND id = :technician_id AND archived = 0
""")

# Add a technician to the catalog, restore, or replace them; the number stays.
SAVE_TECHNICIAN = Statement(upsert(columns.TECHNICIANS, archived="0"))

# Set a technician's position in the catalog.
PLACE_TECHNICIAN = Statement("UPDATE technicians SET position = :position WHERE project_id = :project_id AND id = :id")

# Remove a technician from the catalog.
ARCHIVE_TECHNICIAN = Statement("""
UPDATE technicians SET archived = 1 WHERE project_id = :project_id AND id = :id AND archived = 0 RETURNING id
""")


def project_values(project: Project) -> dict[str, object]:
    """Return a project as its statement's values."""
    return values_of(
        columns.ProjectRow._fields,
        project,
        slot_alignment=project.slot_alignment.value,
        candidate_ranking=json_text(project.candidate_ranking),
        assignment_ranking=json_text(project.assignment_ranking),
        travel_mode=project.travel.mode.value,
        travel_speed_kmh=project.travel.speed_kmh,
        travel_minutes_per_stop=project.travel.minutes_per_stop,
        travel_road_factor=project.travel.road_factor,
        holiday_regions=json_text(project.holiday_regions),
        closed_dates=json_text(project.closed_dates),
        calcom=json_text(project.calcom) if project.calcom else None,
        verify_changes=project.verify_changes.value,
        parts_of_day=_parts_json(project.parts_of_day),
        wording=project.wording.value,
        closures=closures_json(project.closures),
        areas=areas_json(project.areas),
        outside_areas=project.outside_areas.value,
    )


def project_of(values: Row) -> Project:
    """Return the project that a row holds."""
    row = columns.ProjectRow(*values)._asdict()
    travel = TravelPolicy(
        mode=TravelMode(row.pop("travel_mode")),
        speed_kmh=row.pop("travel_speed_kmh"),
        minutes_per_stop=row.pop("travel_minutes_per_stop"),
        road_factor=row.pop("travel_road_factor"),
    )
    converted = {
        "slot_alignment": SlotAlignment(row["slot_alignment"]),
        "candidate_ranking": ranking_of(orjson.loads(row["candidate_ranking"])),
        "assignment_ranking": ranking_of(orjson.loads(row["assignment_ranking"])),
        "holiday_regions": tuple(orjson.loads(row["holiday_regions"])),
        "closed_dates": tuple(map(date.fromisoformat, orjson.loads(row["closed_dates"]))),
        "calcom": _connection(orjson.loads(row["calcom"])) if row["calcom"] else None,
        "verify_changes": ChangeVerification(row["verify_changes"] or ChangeVerification.CONTACT),
        "parts_of_day": _parts_of_day(row["parts_of_day"]),
        "wording": Wording(row["wording"] or Wording.VISIT),
        "closures": closures_of(row["closures"]),
        "areas": areas_of(row["areas"]),
        "outside_areas": OutsideAreas(row["outside_areas"] or OutsideAreas.REFUSE),
    }
    return Project(**row | converted, travel=travel)


def service_values(service: ServiceType) -> dict[str, object]:
    """Return a service as its statement's values."""
    return values_of(
        columns.ServiceRow._fields,
        service,
        skills=json_text(sorted(service.skills)),
        spoken=json_text(dict(service.spoken)),
        rules=rules_json(service),
        information=information_json(service),
    )


def service_of(values: Row) -> ServiceType:
    """Return the service that a row holds."""
    row = columns.ServiceRow(*values)._asdict()
    spoken = orjson.loads(row["spoken"]) if row["spoken"] else {}
    rules, information = rules_of(row.pop("rules")), information_of(row.pop("information"))
    skills = frozenset(orjson.loads(row["skills"]))
    return ServiceType(**row | {"skills": skills, "spoken": spoken} | rules | information)


def technician_values(technician: Technician) -> dict[str, object]:
    """Return a technician as their statement's values."""
    latitude, longitude = coordinates(technician.home)
    return values_of(
        columns.TechnicianRow._fields,
        technician,
        status=technician.status.value,
        skills=json_text(sorted(technician.skills)),
        home_latitude=latitude,
        home_longitude=longitude,
        hours=json_text(
            {
                "shifts": [_weekly_json(span) for span in technician.shifts],
                "breaks": [_weekly_json(span) for span in technician.breaks],
                "floating_breaks": [[_weekly_json(one.window), one.minutes] for one in technician.floating_breaks],
                "on_call": [_weekly_json(span) for span in technician.on_call],
                "overrides": [
                    [override.date, [[span.start_minute, span.end_minute] for span in override.windows]]
                    for override in technician.overrides
                ],
                "time_off": [[off.start, off.end, off.reason, off.by_operator] for off in technician.time_off],
                "recurring_time_off": [_recurring_time_off_json(off) for off in technician.recurring_time_off],
            }
        ),
        calcom=json_text(technician.calcom) if technician.calcom else None,
        home_postal_code=technician.home_postal_code or None,
    )


def technician_of(values: Row) -> Technician:
    """Return the technician that a row holds."""
    row = columns.TechnicianRow(*values)
    hours = orjson.loads(row.hours)
    return Technician(
        id=row.id,
        name=row.name,
        timezone=row.timezone,
        priority=row.priority,
        status=TechnicianStatus(row.status),
        skills=frozenset(orjson.loads(row.skills)),
        home=location_of(row.home_latitude, row.home_longitude),
        home_postal_code=row.home_postal_code or "",
        max_bookings_per_day=row.max_bookings_per_day,
        shifts=tuple(map(_weekly, hours["shifts"])),
        breaks=tuple(map(_weekly, hours["breaks"])),
        floating_breaks=tuple(
            FloatingBreak(window=_weekly(window), minutes=minutes)
            for window, minutes in hours.get("floating_breaks", ())  # missing in rows of schema 0013
        ),
        on_call=tuple(map(_weekly, hours.get("on_call", ()))),  # missing in rows of schema 0013
        overrides=tuple(
            DateOverride(date=date.fromisoformat(day), windows=tuple(_wall(*window) for window in windows))
            for day, windows in hours["overrides"]
        ),
        time_off=tuple(
            TimeOff(start=start, end=end, reason=reason, by_operator=by_operator)
            for start, end, reason, by_operator in hours["time_off"]
        ),
        recurring_time_off=tuple(map(_recurring_time_off, hours.get("recurring_time_off", ()))),
        calcom=_host(orjson.loads(row.calcom)) if row.calcom else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogList(Generic[Item]):
    """Ordered list of services or technicians in the catalog, and its statements."""

    read: Statement
    save: Statement
    place: Statement
    from_row: Callable[[Row], Item]
    values: Callable[[Item], Mapping[str, object]]


SERVICE_LIST: Final = CatalogList(
    read=SERVICES_IN_CATALOG, save=SAVE_SERVICE, place=PLACE_SERVICE, from_row=service_of, values=service_values
)
TECHNICIAN_LIST: Final = CatalogList(
    read=TECHNICIANS_IN_CATALOG,
    save=SAVE_TECHNICIAN,
    place=PLACE_TECHNICIAN,
    from_row=technician_of,
    values=technician_values,
)


async def save_items(
    fetch: Fetch, project_id: str, catalog_list: CatalogList[Item], items: Sequence[Item]
) -> tuple[list[Item], bool]:
    """Write the items that differ from the stored ones, and store the order: these items, then all others.

    Returns:
        The items that were written, and whether the order changed.
    """
    rows = await fetch(catalog_list.read, project_id=project_id)
    current = {item.id: item for item in map(catalog_list.from_row, rows)}
    wanted = {item.id: item for item in items}
    order = {item_id: position for position, item_id in enumerate({**wanted, **current})}
    saved = [item for item in wanted.values() if current.get(item.id) != item]
    for item in saved:
        await fetch(catalog_list.save, project_id=project_id, position=order[item.id], **catalog_list.values(item))
    is_moved = list(order) != list(current)
    if is_moved:
        for item_id, position in order.items():
            await fetch(catalog_list.place, project_id=project_id, id=item_id, position=position)
    return saved, is_moved


def _connection(stored: dict[str, Any]) -> CalcomConnection:
    return CalcomConnection(**{**stored, "webhook_secret_envs": tuple(stored["webhook_secret_envs"])})


def _host(stored: dict[str, Any]) -> CalcomHost:
    calendars = tuple(ConnectedCalendar(**calendar) for calendar in stored["calendars"])
    return CalcomHost(**{**stored, "calendars": calendars})


def _weekly_json(weekly: WeeklySpan) -> list[object]:
    span = weekly.span
    stored = [sorted(weekly.days), span.start_minute, span.end_minute, weekly.valid_from, weekly.valid_until]
    recurrence = [weekly.every_weeks, weekly.rrule]
    return stored if recurrence == [1, ""] else stored + recurrence


def _weekly(stored: list[Any]) -> WeeklySpan:
    days, start, end, valid_from, valid_until, *recurrence = stored
    every_weeks, rrule = recurrence or (1, "")
    return WeeklySpan(
        days=frozenset(days),
        span=_wall(start, end),
        valid_from=date.fromisoformat(valid_from) if valid_from else None,
        valid_until=date.fromisoformat(valid_until) if valid_until else None,
        every_weeks=every_weeks,
        rrule=rrule,
    )


def _recurring_time_off_json(off: RecurringTimeOff) -> list[object]:
    return [off.rrule, off.first, off.span.start_minute, off.span.end_minute, off.reason]


def _recurring_time_off(stored: list[Any]) -> RecurringTimeOff:
    rrule, first, start, end, reason = stored
    return RecurringTimeOff(rrule=rrule, first=date.fromisoformat(first), span=_wall(start, end), reason=reason)


def _parts_json(parts: PartsOfDay) -> str:
    return json_text([[span.start_minute, span.end_minute] for span in (parts.morning, parts.afternoon, parts.evening)])


def _parts_of_day(stored: str | None) -> PartsOfDay:
    if stored is None:
        return PartsOfDay()
    morning, afternoon, evening = (_wall(*span) for span in orjson.loads(stored))
    return PartsOfDay(morning=morning, afternoon=afternoon, evening=evening)


def _wall(start_minute: int, end_minute: int) -> WallSpan:
    return WallSpan(start_minute=start_minute, end_minute=end_minute)
