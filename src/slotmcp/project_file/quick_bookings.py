"""Quick reader of single bookings in the usual notation.

It uses the field types of `BookingEntry` without pydantic, and describes no problem: the complete reader decides about
every booking that it does not accept.
"""

from collections.abc import Callable, Container, Iterator, Mapping
from typing import Any, Final, get_args

from slotmcp.domain.booking import Booking, BookingStatus
from slotmcp.domain.catalog import Location
from slotmcp.domain.claim import Claim
from slotmcp.domain.interval import MINUTES_PER_DAY, Minute
from slotmcp.project_file.entry import Entry
from slotmcp.project_file.field_types import FieldType
from slotmcp.project_file.mapping import MAX_BOOKING_DAYS
from slotmcp.project_file.schema import BookingEntry, LocationEntry
from slotmcp.project_file.times import RelativeDay, TimeResolver, minutes_since_epoch, parse_time
from slotmcp.services.imports import ProjectPlan

MAX_CACHED: Final = 10_000
"""Maximum number of dates, and of times of day, that are parsed only once."""

_DATE_CHARACTERS: Final = len("2026-11-27")
_REQUIRED: Final = frozenset({"id", "technicianId", "serviceType", "start"})
_MAX_MINUTES: Final = MAX_BOOKING_DAYS * MINUTES_PER_DAY

Reader = Callable[[Any], object]
"""Function that returns the value of a field, or raises ValueError."""


class QuickBookings:
    """Quick reader of bookings that belong to a plan."""

    def __init__(self, plan: ProjectPlan, resolver: TimeResolver) -> None:
        read_instant = _Instants(resolver).read
        self._services = {service.id: service for service in plan.services}
        self._readers: Mapping[str, tuple[str, Reader]] = dict(_fields(BookingEntry)) | {
            "technicianId": ("technician_id", _one_of(frozenset(technician.id for technician in plan.technicians))),
            "serviceType": ("service_id", _one_of(self._services)),
            "start": ("start", read_instant),
            "end": ("end", read_instant),
            "location": ("location", _location),
        }

    def read(self, keys: object) -> Booking | None:
        """Return the booking with these keys; None if it has a problem or an unusual notation."""
        if not isinstance(keys, dict) or not keys.keys() >= _REQUIRED:
            return None
        readers, values = self._readers, dict[str, Any]()
        try:
            for key, value in keys.items():
                name, read = readers[key]
                values[name] = read(value)
        except (KeyError, ValueError):
            return None
        return self._booking(values)

    def _booking(self, values: dict[str, Any]) -> Booking | None:
        """Return a booking with the defaults of its service; None if its end is wrong."""
        service, start = self._services[values["service_id"]], values["start"]
        end = values.setdefault("end", start + service.duration_minutes)
        if not start < end <= start + _MAX_MINUTES:
            return None
        values.setdefault("buffer_before_minutes", service.buffer_before_minutes)
        values.setdefault("buffer_after_minutes", service.buffer_after_minutes)
        status = values.pop("status", BookingStatus.CONFIRMED)
        return Booking(claim=Claim(**values), status=status)


class _Instants:
    """Reader of instants. Bookings share dates and times of day, so each of them is parsed only once."""

    def __init__(self, resolver: TimeResolver) -> None:
        self._resolver = resolver
        self._minutes_of_day: dict[str, Minute] = {}
        """Minutes from midnight in UTC of a time of day with an offset."""
        self._midnights: dict[str, Minute] = {}
        """First minute in UTC of a date."""

    def read(self, text: object) -> Minute:
        """Return the instant of a date and time.

        Raises:
            ValueError: the text is something else.
        """
        if not isinstance(text, str):
            raise ValueError  # noqa: TRY004  as field types do
        midnight = self._midnights.get(text[:_DATE_CHARACTERS])
        minute_of_day = self._minutes_of_day.get(text[_DATE_CHARACTERS:])
        if midnight is None or minute_of_day is None:
            return self._parse(text)
        return midnight + minute_of_day

    def _parse(self, text: str) -> Minute:
        moment = parse_time(text)
        if moment.clock is None:
            raise ValueError
        if moment.offset_minutes is not None and not isinstance(moment.day, RelativeDay):
            self._cache(self._midnights, text[:_DATE_CHARACTERS], minutes_since_epoch(moment.day))
            self._cache(self._minutes_of_day, text[_DATE_CHARACTERS:], moment.clock - moment.offset_minutes)
        return self._resolver.minute_of(moment)

    @staticmethod
    def _cache(cache: dict[str, Minute], key: str, value: Minute) -> None:
        if len(cache) < MAX_CACHED:
            cache[key] = value


def _fields(entry: type[Entry]) -> Iterator[tuple[str, tuple[str, Reader]]]:
    """Yield each key of an entry with the name and the reader of its field, except keys of further entries."""
    for name, field in entry.model_fields.items():
        annotations = (*field.metadata, *(each for option in get_args(field.annotation) for each in get_args(option)))
        for annotation in annotations:
            if isinstance(annotation, FieldType):
                yield field.alias or name, (name, annotation.read)


_LOCATION: Final = dict(_fields(LocationEntry))


def _location(keys: object) -> Location:
    """Return a location.

    Raises:
        ValueError: the value is something else.
    """
    if not isinstance(keys, dict) or keys.keys() != _LOCATION.keys():
        raise ValueError
    values: dict[str, Any] = {name: read(keys[key]) for key, (name, read) in _LOCATION.items()}
    return Location(**values)


def _one_of(ids: Container[str]) -> Reader:
    """Return a reader of ids that exist."""

    def read(value: object) -> str:
        if isinstance(value, str) and value in ids:
            return value
        raise ValueError

    return read
