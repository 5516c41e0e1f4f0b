"""Conversion of a recorded message to actions of the sequential specification."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from concurrency.wire import Attempt, Body
from concurrency.wire import minute_of as minute
from linearizability.actions import (
    Expected,
    Hold,
    NothingReleased,
    Refusal,
    Release,
    RepeatedHold,
    ShopAction,
    Unexpected,
)
from linearizability.booking_actions import (
    Book,
    BookingRead,
    Cancel,
    Closed,
    Correct,
    Found,
    HoldRefusal,
    Move,
    MoveRefusal,
)
from linearizability.capacity import Claim, Stage
from linearizability.printing import line
from linearizability.records import Records
from linearizability.search_actions import Alternatives, Join, JoinRefusal, Look, Shown, Wait


@dataclass(frozen=True, slots=True)
class Reader:
    """Reader of single messages."""

    records: Records

    def known(self, attempt: Attempt) -> list[ShopAction]:
        """Return the actions of an attempt with a result."""
        handlers = {
            "create_hold": self._hold,
            "release_hold": self._release,
            "book_slot": self._book,
            "reschedule_booking": self._move,
            "cancel_booking": self._cancel,
            "update_booking": self._correct,
            "find_bookings": self._find,
            "get_slots": self._look,
            "join_waitlist": self._join,
        }
        found = handlers[attempt.tool](attempt)
        if not found:
            found = [Unexpected(text=f"{line(attempt)}: the specification has no such result")]
        return found

    def unknown(self, attempt: Attempt) -> Iterator[ShopAction]:
        """Return the actions of an attempt without a result, by the results of the request's other attempts.

        It did not make what another attempt made. A repeated request shows a booking as it is then: other calls may
        have moved it to another technician since.
        """
        bodies = self.records.bodies[attempt.request]
        match attempt.tool:
            case "create_hold":
                tokens = _not_made_by_others("holdToken", bodies) if bodies else {f"of request {attempt.request}"}
                yield from (self._new_hold(attempt, token) for token in tokens)
            case "book_slot":
                shown = {body["booking"]["bookingId"] for body in bodies if body["replayed"]}
                made = {body["booking"]["bookingId"] for body in bodies if not body["replayed"]}
                ids = sorted(shown - made) if bodies else [f"of request {attempt.request}"]
                yield from (self._new_booking(attempt, id_, {}) for id_ in ids)
            case "release_hold":
                yield self._released(attempt)
            case "reschedule_booking":
                if all(body["replayed"] for body in bodies):
                    yield self._moved(attempt, {})
            case "cancel_booking":
                booking = attempt.arguments["bookingId"]
                yield Cancel(text=line(attempt), subjects=names(booking), booking=booking, claim=None)
            case "update_booking":
                booking, details = attempt.arguments["bookingId"], attempt.arguments["address"]
                yield Correct(text=line(attempt), subjects=names(booking), booking=booking, claim=None, details=details)
            case "join_waitlist":
                yield from (self._joined(attempt, wait) for wait in _not_made_by_others("waitId", bodies))

    def _hold(self, attempt: Attempt) -> list[ShopAction]:
        if attempt.error == "slot_unavailable":
            return [*self._refusal(attempt, self.records.wanted(attempt)), *self._alternatives(attempt)]
        if attempt.error:
            return []
        token = attempt.body["holdToken"]
        if attempt.body["replayed"]:
            has_key = "idempotencyKey" in attempt.arguments
            return [RepeatedHold(text=line(attempt), subjects=names(token, attempt), token=token, has_key=has_key)]
        return [self._new_hold(attempt, token)]

    def _new_hold(self, attempt: Attempt, token: str) -> Hold:
        return Hold(
            text=line(attempt),
            subjects=names(token, attempt),
            team=self.records.team,
            request=str(attempt.request),
            token=token,
            claim=self.records.wanted(attempt),
            has_key="idempotencyKey" in attempt.arguments,
        )

    def _release(self, attempt: Attempt) -> list[ShopAction]:
        token = attempt.arguments["holdToken"]
        if attempt.error:
            return []
        if attempt.body["released"]:
            return [self._released(attempt)]
        return [NothingReleased(text=line(attempt), subjects=names(token), token=token)]

    def _released(self, attempt: Attempt) -> Release:
        token = attempt.arguments["holdToken"]
        return Release(text=line(attempt), subjects=names(token), token=token)

    def _book(self, attempt: Attempt) -> list[ShopAction]:
        token = attempt.arguments.get("holdToken", "")
        if attempt.error in {"slot_unavailable", "hold_expired"}:
            if token:
                refusal = HoldRefusal(
                    text=line(attempt),
                    subjects=names(token, attempt),
                    team=self.records.team,
                    request=str(attempt.request),
                    token=token,
                )
                return [refusal, *self._alternatives(attempt)]
            return [*self._refusal(attempt, self.records.wanted(attempt)), *self._alternatives(attempt)]
        if attempt.error:
            return []
        booking = attempt.body["booking"]
        if attempt.body["replayed"]:
            return [self._booking_read(attempt)]
        return [self._new_booking(attempt, booking["bookingId"], attempt.body)]

    def _new_booking(self, attempt: Attempt, booking: str, body: Body) -> Book:
        token = attempt.arguments.get("holdToken", "")
        wanted = self.records.held(token) if token else self.records.wanted(attempt)
        technicians = [body["booking"]["technicianId"]] if body else list(self.records.business.technicians)
        return Book(
            text=line(attempt),
            subjects=names(booking, token, attempt),
            team=self.records.team,
            request=str(attempt.request),
            booking=booking,
            token=token,
            has_key="idempotencyKey" in attempt.arguments,
            claims=tuple(Claim(wanted.service, wanted.start, wanted.end, "booked", one) for one in technicians),
        )

    def _move(self, attempt: Attempt) -> list[ShopAction]:
        booking = attempt.arguments["bookingId"]
        if attempt.error == "slot_unavailable":
            refusal = MoveRefusal(
                text=line(attempt),
                subjects=names(booking, attempt),
                team=self.records.team,
                request=str(attempt.request),
                booking=booking,
                start=minute(attempt.arguments["start"]),
            )
            return [refusal, *self._alternatives(attempt)]
        if attempt.error:
            return self._closed(attempt)
        return [self._booking_read(attempt) if attempt.body["replayed"] else self._moved(attempt, attempt.body)]

    def _moved(self, attempt: Attempt, body: Body) -> Move:
        start = minute(attempt.arguments["start"])
        technicians = [body["booking"]["technicianId"]] if body else list(self.records.business.technicians)
        booking = attempt.arguments["bookingId"]
        return Move(
            text=line(attempt),
            subjects=names(booking, attempt),
            team=self.records.team,
            request=str(attempt.request),
            booking=booking,
            starts=tuple((technician, start) for technician in technicians),
        )

    def _closed(self, attempt: Attempt) -> list[ShopAction]:
        booking = attempt.arguments["bookingId"]
        if attempt.error != "booking_closed":
            return []
        return [Closed(text=line(attempt), subjects=names(booking), request=str(attempt.request), booking=booking)]

    def _cancel(self, attempt: Attempt) -> list[ShopAction]:
        if attempt.error:
            return []
        booking = attempt.arguments["bookingId"]
        return [Cancel(text=line(attempt), subjects=names(booking), booking=booking, claim=shown(attempt.body))]

    def _correct(self, attempt: Attempt) -> list[ShopAction]:
        if attempt.error:
            return self._closed(attempt)
        booking, details = attempt.arguments["bookingId"], attempt.arguments["address"]
        claim = shown(attempt.body)
        if attempt.body["replayed"]:
            return [
                BookingRead(text=line(attempt), subjects=names(booking), booking=booking, claim=claim, details=details)
            ]
        return [Correct(text=line(attempt), subjects=names(booking), booking=booking, claim=claim, details=details)]

    def _booking_read(self, attempt: Attempt) -> BookingRead:
        booking = attempt.body["booking"]["bookingId"]
        return BookingRead(
            text=line(attempt), subjects=names(booking, attempt), booking=booking, claim=shown(attempt.body)
        )

    def _find(self, attempt: Attempt) -> list[ShopAction]:
        if attempt.error:
            return []
        email = attempt.arguments["email"]
        requests = self.records.requests_of(email)
        bookings = {
            one["bookingId"]: (minute(one["start"]), minute(one["end"]), one["status"] == "cancelled")
            for one in attempt.body["bookings"]
        }
        subjects = names(*bookings) | {f"request {one}" for one in requests}
        return [Found(text=line(attempt), subjects=subjects, requests=requests, bookings=bookings)]

    def _look(self, attempt: Attempt) -> list[ShopAction]:
        if attempt.error or attempt.body["nextCursor"]:
            return []
        slots = {
            minute(slot["start"]): Shown(
                capacity=slot["capacity"], technicians=frozenset(one["technicianId"] for one in slot["candidates"])
            )
            for slot in attempt.body["slots"]
        }
        return [Look(text=line(attempt), team=self.records.team, wanted=self.records.window(attempt), shown=slots)]

    def _join(self, attempt: Attempt) -> list[ShopAction]:
        email = attempt.arguments["customerEmail"]
        if attempt.error == "slots_available":
            waits = self.records.waits[email]
            return [
                JoinRefusal(
                    text=line(attempt), team=self.records.team, waits=waits, wanted=self.records.window(attempt)
                )
            ]
        if attempt.error == "slot_unavailable" and not self.records.window(attempt):
            return [Expected(text=line(attempt))]
        if attempt.error:
            return []
        wait, state = attempt.body["waitId"], attempt.body["state"]
        if not attempt.body["replayed"]:
            return [self._joined(attempt, wait)]
        seen = attempt.body["offer"]["holdToken"] if state == "offered" else state
        return [Wait(text=line(attempt), subjects=names(wait, seen), wait=wait, shown=seen)]

    def _joined(self, attempt: Attempt, wait: str) -> Join:
        wanted = self.records.window(attempt)
        return Join(text=line(attempt), subjects=names(wait), team=self.records.team, wait=wait, wanted=wanted)

    def _refusal(self, attempt: Attempt, wanted: Claim) -> list[ShopAction]:
        has_key = "idempotencyKey" in attempt.arguments
        request = str(attempt.request)
        return [
            Refusal(
                text=line(attempt),
                subjects=names(attempt),
                team=self.records.team,
                request=request,
                claim=wanted,
                has_key=has_key,
            )
        ]

    def _alternatives(self, attempt: Attempt) -> list[ShopAction]:
        service = self.records.service_of(attempt)
        offered = attempt.body["error"].get("alternatives", ())
        wanted = tuple(Claim(service, minute(one["start"]), minute(one["end"]), "held") for one in offered)
        booking = attempt.arguments.get("bookingId", "")
        text = f"alternatives of {line(attempt)}"
        return [Alternatives(text=text, team=self.records.team, wanted=wanted, booking=booking)] if wanted else []


def _not_made_by_others(name: str, bodies: Sequence[Body]) -> set[str]:
    """Return the tokens or ids that results show, but none of them as new."""
    return {body[name] for body in bodies} - {body[name] for body in bodies if not body["replayed"]}


def names(*things: str | Attempt) -> frozenset[str]:
    """Return the names of tokens and ids, and of the request of an attempt."""
    return frozenset(f"request {one.request}" if isinstance(one, Attempt) else one for one in things if one)


def shown(body: Body) -> Claim:
    """Return the booking that a result shows."""
    booking = body["booking"]
    stage: Stage = "cancelled" if booking["status"] == "cancelled" else "booked"
    start, end = minute(booking["start"]), minute(booking["end"])
    return Claim(booking["serviceType"], start, end, stage, booking["technicianId"])
