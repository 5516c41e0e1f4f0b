"""The calendars that hosts have connected at the calendar service: when those are busy, nobody is sent."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from slotmcp.domain.calcom import CalcomHost
from slotmcp.domain.calendar import CONNECTED_CALENDAR_SOURCE, CalendarEntry
from slotmcp.domain.claim import BusyTime
from slotmcp.domain.interval import MINUTES_PER_DAY, MS_PER_MINUTE, Interval, overlaps
from slotmcp.domain.schedule import Schedule, TechnicianSchedule
from slotmcp.services.calendar.conflicts import resolve_conflicts
from slotmcp.services.calendar.line import CalendarConnection
from slotmcp.services.unit_of_work import UnitOfWork

SPARE_DAYS: Final = 2
"""Beyond the horizon: a day is longer somewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectedBusyTimes:
    """What the calendars of the hosts said."""

    within: Interval
    by_technician: Mapping[str, frozenset[Interval]]


async def read_connected_calendars(line: CalendarConnection, schedule: Schedule, now_ms: int) -> ConnectedBusyTimes:
    """When the connected calendars are busy, from now to the horizon.

    Raises:
        CalendarUnavailable, CalendarRejected.
    """
    now = now_ms // MS_PER_MINUTE
    within = (now, now + (schedule.project.horizon_days + SPARE_DAYS) * MINUTES_PER_DAY)
    hosts = [
        (technician_schedule.technician.id, technician_schedule.technician.calcom)
        for technician_schedule in schedule.technician_schedules.values()
    ]
    return ConnectedBusyTimes(
        within=within,
        by_technician={
            technician_id: frozenset(await _busy(line, host, within))
            for technician_id, host in hosts
            if host is not None and host.calendars
        },
    )


async def _busy(line: CalendarConnection, host: CalcomHost, within: Interval) -> Iterable[Interval]:
    return await line.read(lambda account: account.busy_times(host, within))


async def update_connected_busy(unit: UnitOfWork, outside: ConnectedBusyTimes) -> tuple[list[BusyTime], list[BusyTime]]:
    """Let the technicians be busy when their calendars are, and only then; what was added, and what was removed.

    What the calendar service itself wrote into those calendars is left out: it stands in the book already.
    """
    transaction = unit.transaction
    schedule = await transaction.schedule()
    entries = await transaction.calendar.open_entries(outside.within[0])
    added, removed = [], []
    for technician_id, technician_schedule in schedule.technician_schedules.items():
        known = {
            one
            for one in technician_schedule.busy
            if one.source == CONNECTED_CALENDAR_SOURCE and overlaps(_span(one), outside.within)
        }
        said = outside.by_technician.get(technician_id, frozenset()) - _known_here(technician_schedule, entries)
        wanted = {_busy_time(technician_id, interval) for interval in said}
        added += sorted(wanted - known, key=_span)
        removed += sorted(known - wanted, key=_span)
    await transaction.remove_busy(removed)
    await transaction.add_busy(added)
    for technician_id in dict.fromkeys(one.technician_id for one in (*added, *removed)):
        changed = [_span(one) for one in (*added, *removed) if one.technician_id == technician_id]
        await resolve_conflicts(unit, technician_id, changed)
    return added, removed


def _known_here(technician_schedule: TechnicianSchedule, entries: Iterable[CalendarEntry]) -> set[Interval]:
    return {claim.interval for claim in technician_schedule.claims} | {entry.event.interval for entry in entries}


def _busy_time(technician_id: str, interval: Interval) -> BusyTime:
    return BusyTime(technician_id=technician_id, start=interval[0], end=interval[1], source=CONNECTED_CALENDAR_SOURCE)


def _span(busy: BusyTime) -> Interval:
    return busy.start, busy.end
