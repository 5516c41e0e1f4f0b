"""Bookings in a file of their own: JSON Lines, each with the keys of `bookings` in a project file.

The file is read and written line by line. An import keeps all of its bookings in memory, an export one page.
"""

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import BinaryIO, TypeAlias

import orjson
from pydantic import ValidationError

from slotmcp.domain.booking import Booking
from slotmcp.domain.catalog import ServiceType
from slotmcp.domain.interval import Minute
from slotmcp.ports import BookingPages
from slotmcp.project_file.checks import Problems
from slotmcp.project_file.document import Node
from slotmcp.project_file.export import export_booking
from slotmcp.project_file.mapping import booking_of
from slotmcp.project_file.problems import Problem, ProjectFileError
from slotmcp.project_file.quick_bookings import QuickBookings
from slotmcp.project_file.schema import BookingEntry
from slotmcp.project_file.shape import sentence_of
from slotmcp.project_file.suggestions import did_you_mean
from slotmcp.project_file.times import TimeResolver
from slotmcp.project_file.yaml_reader import MAX_BYTES, Position
from slotmcp.services.imports import ProjectPlan
from slotmcp.services.project_import import REPORT_EVERY, Progress

MAX_LINE_BYTES = 10_000
MAX_PROBLEMS = 20
MAX_QUOTES = 20
"""Bytes by which the line of a booking may exceed its YAML, which needs no quotes."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_Span: TypeAlias = tuple[Minute, Minute, int]
"""Start and end of a booking, and its line."""


async def read_bookings(pages: BookingPages, plan: ProjectPlan) -> tuple[Booking, ...] | None:
    """Return bookings by start and id, or None if they certainly do not fit into a project file."""
    services = {service.id: service for service in plan.services}
    bookings: list[Booking] = []
    size = 0
    async for page in pages:
        bookings.extend(page)
        size += sum(len(_line(booking, services)) - MAX_QUOTES for booking in page)
        if size > MAX_BYTES:
            return None
    return tuple(sorted(bookings, key=lambda booking: (booking.claim.start, booking.id)))


async def write_bookings(pages: BookingPages, path: Path, plan: ProjectPlan, progress: Progress) -> int:
    """Write a file with the bookings of a plan, without any customer data, and return their number.

    Until all are written, they are in a file beside it.

    Raises:
        OSError: the file cannot be written.
    """
    services = {service.id: service for service in plan.services}
    count = 0
    with _replacing(path) as file:
        async for page in pages:
            for booking in page:
                file.write(_line(booking, services))
                count += 1
                _report(count, progress)
    return count


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a file that replaces the one at `path` at the end; on an error, that one stays."""
    unfinished = path.with_name(f"{path.name}.part")
    try:
        with unfinished.open("wb") as file:
            yield file
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _line(booking: Booking, services: Mapping[str, ServiceType]) -> bytes:
    keys = export_booking(booking, services)
    return orjson.dumps({key: value for key, value in keys.items() if value is not None}) + b"\n"


def _report(count: int, progress: Progress) -> None:
    if count % REPORT_EVERY == 0:
        progress(count)


@dataclass(frozen=True, kw_only=True)
class BookingsFile:
    """Bookings of a file, which belong to the plan of a project file."""

    path: Path
    plan: ProjectPlan
    now_ms: int
    """Time from which relative dates count."""

    def read(self) -> tuple[Booking, ...]:
        """Return the bookings of the file. This reads it once.

        Raises:
            ProjectFileError: the first problems.
        """
        problems: list[Problem] = []
        spans_by_technician: dict[str, list[_Span]] = defaultdict(list)
        bookings: list[Booking] = []
        for line, booking in self._bookings(problems):
            claim = booking.claim
            bookings.append(booking)
            spans_by_technician[claim.technician_id].append((claim.start, claim.end, line))
        problems.extend(islice(_overlaps(spans_by_technician.values()), MAX_PROBLEMS))
        if problems:
            raise ProjectFileError(str(self.path), problems[:MAX_PROBLEMS])
        return tuple(bookings)

    @cached_property
    def _services(self) -> dict[str, ServiceType]:
        return {service.id: service for service in self.plan.services}

    @cached_property
    def _technician_ids(self) -> dict[str, None]:
        return dict.fromkeys(technician.id for technician in self.plan.technicians)

    def _bookings(self, problems: list[Problem]) -> Iterator[tuple[int, Booking]]:
        """Yield the valid bookings with their lines. Problems are added to the list, until there are too many."""
        resolver = TimeResolver(self.plan.project.timezone, self.now_ms)
        quick = QuickBookings(self.plan, resolver)
        ids = {booking.id for booking in self.plan.bookings}
        for number, line in self._lines():
            booking = quick.read(_parsed(line))
            if booking is None or booking.id in ids:
                booking = self._checked_booking(number, line, resolver, ids, problems)
                if len(problems) >= MAX_PROBLEMS:
                    return
            if booking is not None:
                ids.add(booking.id)
                yield number, booking

    def _checked_booking(
        self, number: int, line: bytes, resolver: TimeResolver, ids: Container[str], problems: list[Problem]
    ) -> Booking | None:
        """Return the booking of a line in any notation; None if the line has problems, which are added to the list."""
        at_line = Problems.of(Node(Position(number, 1), {}), lambda place: place, ())
        booking = self._booking(line, resolver, at_line)
        if booking is not None and booking.id in ids:
            at_line.at("id").add(f'"{booking.id}" is already the id of an earlier booking; use another one')
        problems.extend(at_line.all)
        return None if at_line.all else booking

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        """Yield the lines that are not blank, with their numbers."""
        try:
            with self.path.open("rb") as file:
                lines = iter(lambda: file.readline(MAX_LINE_BYTES + 1), b"")
                for number, line in enumerate(lines, start=1):
                    self._check_length(line, number)
                    if text := (line.removeprefix(_BYTE_ORDER_MARK) if number == 1 else line).strip():
                        yield number, text
        except OSError as error:
            sentence = f"the file cannot be read ({(error.strerror or 'unknown').lower()})"
            raise ProjectFileError(str(self.path), [Problem(1, 1, "", sentence)]) from None

    def _check_length(self, line: bytes, number: int) -> None:
        if len(line) > MAX_LINE_BYTES:
            sentence = f"write one booking on each line, in at most {MAX_LINE_BYTES:,} bytes"
            raise ProjectFileError(str(self.path), [Problem(number, 1, "", sentence)])

    def _booking(self, line: bytes, resolver: TimeResolver, problems: Problems) -> Booking | None:
        """Return the booking of a line, or report its problems."""
        entry = _entry(line, problems)
        if entry is None:
            return None
        if entry.technician_id not in self._technician_ids:
            hint = did_you_mean(entry.technician_id, self._technician_ids)
            problems.at("technicianId").add(f'there is no technician "{entry.technician_id}"; {hint}')
        service = self._services.get(entry.service_id)
        if service is None:
            hint = did_you_mean(entry.service_id, self._services)
            problems.at("serviceType").add(f'there is no service "{entry.service_id}"; {hint}')
            return None
        return booking_of(entry, service, resolver, problems)


def _overlaps(spans_by_technician: Iterable[list[_Span]]) -> Iterator[Problem]:
    """Yield a problem for each booking that overlaps an earlier one of its technician."""
    for spans in spans_by_technician:
        latest_end, latest_line = 0, 0
        for start, end, line in sorted(spans):
            if start < latest_end:
                first, second = sorted((line, latest_line))
                sentence = f"overlaps the booking on line {first}; move one, or assign another technician"
                yield Problem(second, 1, "", sentence)
            latest_end, latest_line = max((latest_end, latest_line), (end, line))


def _parsed(line: bytes) -> object:
    """Return the value of a line, or None if it is not JSON."""
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return None


def _entry(line: bytes, problems: Problems) -> BookingEntry | None:
    try:
        return BookingEntry.model_validate(orjson.loads(line))
    except orjson.JSONDecodeError:
        problems.add('this is not JSON; write one booking on each line, such as {"id": "b-1", ...}')
    except ValidationError as error:
        for detail in islice(error.errors(include_url=False), MAX_PROBLEMS):
            problems.at(*detail["loc"]).add(sentence_of(detail, BookingEntry))
    return None
