"""Bookings of the fake Cal.com, and the actions of its users."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

MINUTE_MS: Final = 60_000
OVER: Final = frozenset({"cancelled", "rejected"})


@dataclass(frozen=True)
class Host:
    """Cal.com user."""

    id: int
    email: str
    name: str


@dataclass(frozen=True)
class EventType:
    """Event type; a booking is assigned to the first free host."""

    id: int
    slug: str
    minutes: int
    hosts: tuple[Host, ...]
    needs_confirmation: bool = False
    seats: int = 0
    """Attendees of one booking; 0: the event type has no seats."""


@dataclass
class Booking:
    """Booking. Rescheduling creates another one."""

    number: int
    uid: str
    event_type: EventType
    host: Host
    status: str
    start: int
    """Minutes since the Unix epoch, like `end`."""
    end: int
    attendee: dict[str, Any]
    created_ms: int
    updated_ms: int
    series: str
    sequence: int = 0
    metadata: dict[str, Any] = field(default_factory=dict)
    notes: str = ""
    replaced_by: str = ""
    replaces: str = ""
    no_show: bool = False
    others: list[dict[str, Any]] = field(default_factory=list)
    """Attendees of the other seats."""

    @property
    def attendees(self) -> list[dict[str, Any]]:
        """All attendees, the first one first."""
        return [self.attendee, *self.others]

    @property
    def is_live(self) -> bool:
        """True if the booking takes its host's time."""
        return self.status not in OVER


class HostBusy(Exception):  # noqa: N818
    """Error for a time at which no host is free."""


class BookingGone(Exception):  # noqa: N818
    """Error for a booking that does not exist or is over."""


def seat_uid(attendee: dict[str, Any]) -> str:
    """Return the uid of an attendee's seat."""
    return f"seat-{attendee['email']}"


WebhookSender = Callable[[str, Booking, dict[str, Any]], None]
"""Receives a trigger, the booking, and additional fields of the payload."""


class CalcomState:
    """State of the fake Cal.com, with a clock that advances at each reading."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._clock = now_ms
        self._last_ms = 0
        self._numbers = 0
        self.event_types: dict[int, EventType] = {}
        self.bookings: dict[str, Booking] = {}
        self.busy: dict[tuple[int, str], list[tuple[int, int]]] = {}
        """Busy times of connected calendars, by credential id and external id."""
        self.on_change: WebhookSender = lambda _trigger, _booking, _more: None
        self.allows_overlaps = False

    @property
    def last_ms(self) -> int:
        """Time of the last change."""
        return self._last_ms

    def now_ms(self) -> int:
        """Return a time later than the last one."""
        self._last_ms = max(self._last_ms + 1, self._clock())
        return self._last_ms

    def book(  # noqa: PLR0913  fields of a booking
        self,
        event_type_id: int,
        start: int,
        attendee: dict[str, Any],
        *,
        minutes: int | None = None,
        metadata: dict[str, Any] | None = None,
        notes: str = "",
    ) -> Booking:
        """Create a booking, pending if the event type needs confirmation."""
        event_type = self.event_types[event_type_id]
        end = start + (minutes or event_type.minutes)
        host = self._free_host(event_type, start, end, but="")
        uid, now_ms = self._new_uid(), self.now_ms()
        status = "pending" if event_type.needs_confirmation else "accepted"
        booking = Booking(
            number=self._numbers,
            uid=uid,
            event_type=event_type,
            host=host,
            status=status,
            start=start,
            end=end,
            attendee=attendee,
            created_ms=now_ms,
            updated_ms=now_ms,
            series=f"{uid}@Cal.com",
            metadata=dict(metadata or {}),
            notes=notes,
        )
        self.bookings[uid] = booking
        self.on_change("BOOKING_REQUESTED" if status == "pending" else "BOOKING_CREATED", booking, {})
        return booking

    def accept(self, uid: str) -> None:
        """Accept a pending booking."""
        booking = self._live(uid)
        self._change(booking, status="accepted")
        self.on_change("BOOKING_CREATED", booking, {})

    def reject(self, uid: str) -> None:
        """Reject a pending booking."""
        booking = self._live(uid)
        self._change(booking, status="rejected")
        self.on_change("BOOKING_REJECTED", booking, {"rejectionReason": "no"})

    def cancel(self, uid: str) -> Booking:
        """Cancel a booking."""
        booking = self._live(uid)
        self._change(booking, status="cancelled", sequence=booking.sequence + 1)
        self.on_change("BOOKING_CANCELLED", booking, {"cancellationReason": "no"})
        return booking

    def take_seat(self, uid: str, attendee: dict[str, Any]) -> None:
        """Add an attendee to a booking."""
        booking = self._live(uid)
        self._change(booking, others=[*booking.others, attendee])
        self.on_change("BOOKING_CREATED", booking, {"attendeeSeatId": seat_uid(attendee)})

    def cancel_seat(self, uid: str, email: str, *, names_seat: str = "attendeeSeatId") -> None:
        """Cancel the seat of one attendee. The last one cancels the booking.

        Cal.com reports only the attendee who left, as if the booking were cancelled, and does not update the booking.
        `names_seat` is the key of the seat's uid in the payload; "" omits it.
        """
        booking = self._live(uid)
        (left,) = (attendee for attendee in booking.attendees if attendee["email"] == email)
        remaining = [attendee for attendee in booking.attendees if attendee is not left]
        if not remaining:
            self.cancel(uid)
            return
        booking.attendee, *booking.others = remaining
        self.now_ms()
        more = {
            "attendees": [left],
            "status": "CANCELLED",
            "iCalSequence": booking.sequence + 1,
            **({names_seat: seat_uid(left)} if names_seat else {}),
        }
        self.on_change("BOOKING_CANCELLED", booking, more)

    def move_seat(self, uid: str, email: str, start: int) -> Booking:
        """Move one attendee to a new booking."""
        old = self._live(uid)
        (moved,) = (attendee for attendee in old.attendees if attendee["email"] == email)
        remaining = [attendee for attendee in old.attendees if attendee is not moved]
        if remaining:
            old.attendee, *old.others = remaining
        else:
            self._change(old, status="cancelled")
        send, self.on_change = self.on_change, lambda _trigger, _booking, _more: None
        new = self.book(old.event_type.id, start, moved)
        self.on_change = send
        new.series, new.sequence, new.replaces = old.series, old.sequence + 1, uid
        self.on_change("BOOKING_RESCHEDULED", new, {"rescheduleUid": uid})
        return new

    def reschedule(self, uid: str, start: int) -> Booking:
        """Replace a booking by one with another start."""
        old = self._live(uid)
        minutes = old.end - old.start
        host = self._free_host(old.event_type, start, start + minutes, but=uid, first=old.host)
        new_uid, now_ms = self._new_uid(), self.now_ms()
        new = Booking(
            number=self._numbers,
            uid=new_uid,
            event_type=old.event_type,
            host=host,
            status=old.status,
            start=start,
            end=start + minutes,
            attendee=old.attendee,
            created_ms=now_ms,
            updated_ms=now_ms,
            series=old.series,
            sequence=old.sequence + 1,
            metadata=dict(old.metadata),
            notes=old.notes,
            replaces=uid,
        )
        self._change(old, status="cancelled", replaced_by=new_uid)
        self.bookings[new_uid] = new
        more = {
            "rescheduleUid": uid,
            "rescheduleId": old.number,
            "rescheduleStartTime": old.start,
            "rescheduleEndTime": old.end,
        }
        self.on_change("BOOKING_RESCHEDULED", new, more)
        return new

    def reassign(self, uid: str, host: Host) -> None:
        """Assign a booking to another host; Cal.com sends the trigger of a changed location."""
        booking = self._live(uid)
        self._change(booking, host=host)
        self.on_change("BOOKING_LOCATION_UPDATED", booking, {})

    def mark_no_show(self, uid: str, *, is_no_show: bool = True) -> None:
        """Mark the attendee as a no-show, or as present."""
        booking = self.bookings[uid]
        self._change(booking, no_show=is_no_show)
        self.on_change("BOOKING_NO_SHOW_UPDATED", booking, {"noShow": is_no_show})

    def live(self) -> list[Booking]:
        """Return the bookings that take time, by start and uid."""
        live = (booking for booking in self.bookings.values() if booking.is_live)
        return sorted(live, key=lambda booking: (booking.start, booking.uid))

    def _live(self, uid: str) -> Booking:
        booking = self.bookings.get(uid)
        if booking is None or not booking.is_live:
            raise BookingGone(uid)
        return booking

    def _change(self, booking: Booking, **facts: Any) -> None:  # noqa: ANN401  its fields
        for name, value in facts.items():
            setattr(booking, name, value)
        booking.updated_ms = self.now_ms()

    def _free_host(self, event_type: EventType, start: int, end: int, *, but: str, first: Host | None = None) -> Host:
        wanted: list[Host] = [first] if first else []
        for host in (*wanted, *event_type.hosts):
            if self.allows_overlaps or not any(
                booking.host == host and booking.uid != but and booking.start < end and start < booking.end
                for booking in self.live()
            ):
                return host
        raise HostBusy

    def _new_uid(self) -> str:
        self._numbers += 1
        return f"uid-{self._numbers}"
