"""Shop: every use case over a real store in a file, with a clock that the test sets.

Times without a date are on Monday, 2 June 2025. Times without an offset are in UTC.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from slotmcp.bootstrap import NO_CALENDAR, CalendarConfig, build_app
from slotmcp.domain.booking import Booking, Customer
from slotmcp.domain.caller import is_guessable
from slotmcp.domain.catalog import Project, ServiceType, Technician
from slotmcp.domain.claim import BusyTime, Claim
from slotmcp.domain.recurrence import WallSpan, WeeklySpan
from slotmcp.ports import Geocoder, Travel
from slotmcp.services.app import App
from slotmcp.services.booking_requests import BookRequest
from slotmcp.services.hold_creation import HoldAnswer
from slotmcp.services.hold_rules import HoldRequest
from slotmcp.services.imports import ProjectPlan
from slotmcp.services.in_memory import MemoryAttemptLimiter
from slotmcp.services.lookups import BookAnswer
from slotmcp.services.slots import SlotAnswer, SlotQuery
from slotmcp.store.sqlite import SqliteStore
from support.clock import HandClock
from support.new_file import new_file

MONDAY = "2025-06-02"
OPENING_TIME = "06:00"
EVERY_DAY = frozenset(range(7))
MINUTES_PER_DAY = 1440


def instant_ms(text: str) -> int:
    """Return the milliseconds since the epoch at "10:00" on Monday, or at an instant in ISO 8601."""
    iso = text if "T" in text else f"{MONDAY}T{text}"
    moment = datetime.fromisoformat(iso)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def at(time: str | int) -> int:
    """Return the minute of "10:00" on Monday, or of an instant in ISO 8601; a minute is returned unchanged."""
    return time if isinstance(time, int) else instant_ms(time) // 60_000


def clock_text(minute: int) -> str:
    """Return a minute as "10:00"."""
    return f"{datetime.fromtimestamp(minute * 60, UTC):%H:%M}"


def hours(text: str, *days: int) -> WeeklySpan:
    """Return "09:00-17:00" on these weekdays (Monday is 0), or on every day."""
    start, end = (int(part[:2]) * 60 + int(part[3:]) for part in text.split("-"))
    ends = end if end > start else end + MINUTES_PER_DAY
    return WeeklySpan(days=frozenset(days) or EVERY_DAY, span=WallSpan(start_minute=start, end_minute=ends))


def technician(id_: str, *shifts: str, skills: str = "", **facts: Any) -> Technician:  # noqa: ANN401  a Technician's fields
    """Return a technician who works these hours every day."""
    spans = tuple(hours(text) for text in shifts)
    facts = {"timezone": "UTC", "shifts": spans, **facts}
    return Technician(id=id_, name=id_.title(), skills=frozenset(skills.split()), **facts)


def service(id_: str, minutes: int = 60, *, skills: str = "", before: int = 0, after: int = 0) -> ServiceType:
    """Return a service."""
    return ServiceType(
        id=id_,
        name=id_.title(),
        duration_minutes=minutes,
        buffer_before_minutes=before,
        buffer_after_minutes=after,
        skills=frozenset(skills.split()),
    )


VISIT = service("visit")


def plan(
    *technicians: Technician,
    services: Sequence[ServiceType] = (VISIT,),
    bookings: Sequence[Booking] = (),
    busy: Sequence[BusyTime] = (),
    **rules: Any,  # noqa: ANN401  a Project's fields
) -> ProjectPlan:
    """Return a business without notice, bookable ten dates ahead, on a grid of 30 minutes."""
    rules = {
        "id": "shop",
        "name": "Shop",
        "timezone": "UTC",
        "slot_interval_minutes": 30,
        "min_notice_minutes": 0,
        "horizon_days": 10,
        **rules,
    }
    return ProjectPlan(
        project=Project(**rules),
        services=tuple(services),
        technicians=technicians,
        bookings=tuple(bookings),
        busy=tuple(busy),
    )


def booking(id_: str, technician_id: str, start: str | int, minutes: int = 60, *, service_id: str = "visit") -> Booking:
    """Return a booking as a project file defines it."""
    first = at(start)
    return Booking(
        claim=Claim(id=id_, technician_id=technician_id, service_id=service_id, start=first, end=first + minutes)
    )


def busy(technician_id: str, start: str, end: str) -> BusyTime:
    """Return a busy time of a calendar."""
    return BusyTime(technician_id=technician_id, start=at(start), end=at(end), source="calendar")


CALLER = Customer(name="Kim Doe", phone="+1 303 555 0142")


def secret(who: str) -> str:
    """Return a customerHash that cannot be guessed, as an agent makes one for a caller."""
    return f"{who}-c7a1f93e05b24d68" if who and is_guessable(who) else who


def customer(number: int) -> Customer:
    """Return a different customer for each number."""
    return Customer(name=f"Customer {number}", phone=f"+1 720 555 {number:04}")


@dataclass(frozen=True, slots=True)
class Shop:
    """App with its clock and its file, and shorthands for calls."""

    app: App
    store: SqliteStore
    clock: HandClock
    path: Path

    def at_time(self, text: str) -> None:
        """Set the clock."""
        self.clock.set_ms(instant_ms(text))

    async def hold(self, start: str | int, *, who: str = "caller-1", **facts: Any) -> HoldAnswer:  # noqa: ANN401  a HoldRequest's fields
        """Hold a start."""
        facts = {"customer_reference": secret(who), **facts}
        return await self.app.holds.create_hold(HoldRequest(start=at(start), **facts))

    async def book(self, start: str | int | None = None, **facts: Any) -> BookAnswer:  # noqa: ANN401  a BookRequest's fields
        """Book a start, or a held one by its token."""
        facts = {"customer": CALLER, **facts}
        return await self.app.bookings.book_slot(BookRequest(start=None if start is None else at(start), **facts))

    async def book_hold(self, hold: HoldAnswer, **facts: Any) -> BookAnswer:  # noqa: ANN401  a BookRequest's fields
        """Book a hold."""
        return await self.book(hold_token=hold.hold.token, **facts)

    async def slots(self, **facts: Any) -> SlotAnswer:  # noqa: ANN401  a SlotQuery's fields
        """Search slots; by default on Monday, and up to 100."""
        facts = {"from_": at("00:00"), "to": at(f"{MONDAY}T23:59"), "limit": 100, **facts}
        return await self.app.slots.get_slots(SlotQuery(**facts))

    async def offered(self, **facts: Any) -> str:  # noqa: ANN401  a SlotQuery's fields
        """Return the starts that are free on Monday as "09:00 09:30x2": with the capacity unless it is 1."""
        answer = await self.slots(**facts)
        return " ".join(
            clock_text(slot.start) + (f"x{slot.capacity}" if slot.capacity != 1 else "") for slot in answer.offer.slots
        )

    async def revision(self) -> int:
        """Return the project's revision."""
        return (await self.store.head("shop")).revision


@asynccontextmanager
async def open_shop(  # noqa: PLR0913  the ports of the environment
    path: Path,
    business: ProjectPlan | None = None,
    *,
    clock: HandClock | None = None,
    travel: Travel | None = None,
    geocoder: Geocoder | None = None,
    calendars: CalendarConfig = NO_CALENDAR,
) -> AsyncIterator[Shop]:
    """Open a shop over the file at this path, and import a business first, if there is one."""
    clock = clock or HandClock(instant_ms(OPENING_TIME))
    async with SqliteStore.open(new_file(path), clock=clock) as store:
        attempts = MemoryAttemptLimiter(clock.seconds)
        app = build_app(store, travel, attempts=attempts, calendars=calendars, geocoder=geocoder)
        shop = Shop(app, store, clock, path)
        if business:
            await shop.app.projects.import_project(business, prune=False)
        yield shop


def with_technicians(business: ProjectPlan, *technicians: Technician) -> ProjectPlan:
    """Return the business with other technicians."""
    return replace(business, technicians=technicians)
