"""Fake Cal.com: HTTP server, webhooks and injected faults."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, RLock, Thread
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from support.calcom.state import MINUTE_MS, Booking, BookingGone, CalcomState, Host, HostBusy
from support.calcom.wire import (
    Message,
    absence_payload,
    instant,
    minute,
    no_show_payload,
    output_of,
    payload_of,
)

API_KEY: Final = "cal_test_0123456789"
SECRET: Final = "a secret of the tests"  # noqa: S105  of the tests


class Fault(StrEnum):
    """Fault of one request."""

    TOO_MANY = "429"
    ERROR_BEFORE = "500 without effect"
    ERROR_AFTER = "500 after the effect"
    TIMEOUT_BEFORE = "no response, without effect"
    TIMEOUT_AFTER = "no response, after the effect"
    DROPPED_AFTER = "connection closed after the effect"
    MALFORMED_AFTER = "malformed response after the effect"


@dataclass
class FakeCalcom:
    """Fake Cal.com account."""

    state: CalcomState
    url: str = ""
    faults: list[Fault | None] = field(default_factory=list)
    """Faults of the next requests, in order; None: no fault."""
    retry_after: str = "0"
    messages: list[Message] = field(default_factory=list)
    """Webhooks that were sent and not received yet."""
    requests: list[tuple[str, str, Any]] = field(default_factory=list)
    """Method, path and parameters of each request."""
    transform: Callable[[dict[str, Any]], dict[str, Any]] = lambda payload: payload
    """Changes the payload of each webhook, for example by removing optional fields."""
    ended: Event = field(default_factory=Event)
    lock: Any = field(default_factory=RLock)
    _absences: int = 0

    def send_booking(self, trigger: str, booking: Booking, more: dict[str, Any]) -> None:
        """Send the webhook of a booking."""
        payload = no_show_payload(booking) if trigger == "BOOKING_NO_SHOW_UPDATED" else payload_of(booking)
        payload |= {name: minute(value) if name.endswith("Time") else value for name, value in more.items()}
        self.send(trigger, self.transform(payload), max(booking.updated_ms, self.state.last_ms))

    def send(self, trigger: str, payload: dict[str, Any], at_ms: int) -> None:
        """Send a webhook."""
        envelope = {"triggerEvent": trigger, "createdAt": instant(at_ms, ".000Z"), "payload": payload}
        self.messages.append(Message.of(envelope, SECRET))

    def add_absence(self, host: Host, start: int, end: int) -> None:
        """Add an out-of-office entry of a host."""
        self._absences += 1
        at_ms = self.state.now_ms()
        self.send("OOO_CREATED", absence_payload(self._absences, host, start, end, at_ms), at_ms)

    def respond(self, method: str, path: str, params: Any) -> tuple[int, Any]:  # noqa: ANN401  of any JSON
        """Return the status and the JSON of a response."""
        with self.lock:
            self.requests.append((method, path, params))
            try:
                parts = path.removeprefix("/v2/").split("/")
                return self._get(parts, params) if method == "GET" else self._post(parts, params)
            except BookingGone:
                return _error(404 if method == "GET" else 400, "NOT_FOUND")
            except HostBusy:
                return _error(400, "BOOKING_CONFLICT")

    def _get(self, path: list[str], params: Any) -> tuple[int, Any]:  # noqa: ANN401
        match path:
            case ["me"]:
                return _success({"id": 1, "username": "office", "email": "office@example.com"})
            case ["bookings"]:
                return _success(self._updated(params))
            case ["bookings", uid] if uid in self.state.bookings:
                return _success(output_of(self.state.bookings[uid]))
            case ["calendars", "busy-times"]:
                return _success(self._busy(params))
        return _error(404, "NOT_FOUND")

    def _post(self, path: list[str], params: Any) -> tuple[int, Any]:  # noqa: ANN401
        match path:
            case ["bookings"]:
                return _success(output_of(self._book(params)), 201)
            case ["bookings", uid, "cancel"]:
                return _success(output_of(self.state.cancel(uid)))
            case ["bookings", uid, "reschedule"]:
                return _success(output_of(self.state.reschedule(uid, _minutes(params["start"]))), 201)
        return _error(404, "NOT_FOUND")

    def _updated(self, params: dict[str, str]) -> list[dict[str, Any]]:
        after = _milliseconds(params["afterUpdatedAt"])
        updated = sorted(
            (booking for booking in self.state.bookings.values() if booking.updated_ms > after),
            key=lambda booking: (booking.updated_ms, booking.uid),
        )
        first = int(params.get("skip", 0))
        return [output_of(booking) for booking in updated[first : first + int(params["take"])]]

    def _book(self, params: dict[str, Any]) -> Booking:
        if params["eventTypeId"] not in self.state.event_types:
            raise BookingGone(params["eventTypeId"])
        return self.state.book(
            params["eventTypeId"],
            _minutes(params["start"]),
            params["attendee"],
            minutes=params.get("lengthInMinutes"),
            metadata=params.get("metadata"),
            notes=params.get("bookingFieldsResponses", {}).get("notes", ""),
        )

    def _busy(self, params: dict[str, str]) -> list[dict[str, str]]:
        key = int(params["calendarsToLoad[0][credentialId]"]), params["calendarsToLoad[0][externalId]"]
        return [
            {"start": minute(start, ".000Z"), "end": minute(end, ".000Z"), "source": "google"}
            for start, end in self.state.busy.get(key, [])
        ]


def _success(data: Any, status: int = 200) -> tuple[int, Any]:  # noqa: ANN401
    return status, {"status": "success", "data": data}


def _error(status: int, code: str) -> tuple[int, Any]:
    return status, {"status": "error", "error": {"code": code, "message": "Kim Doe cannot have that."}}


def _milliseconds(text: str) -> int:
    from datetime import datetime  # noqa: PLC0415

    return round(datetime.fromisoformat(text).timestamp() * 1000)


def _minutes(text: str) -> int:
    return _milliseconds(text) // MINUTE_MS


class Handler(BaseHTTPRequestHandler):
    """HTTP handler of the fake account."""

    calcom: FakeCalcom
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self._serve("GET", parts.path, dict(parse_qsl(parts.query)))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._serve("POST", urlsplit(self.path).path, json.loads(body))

    def _serve(self, method: str, path: str, params: Any) -> None:  # noqa: ANN401  of any JSON
        with self.calcom.lock:
            fault = self.calcom.faults.pop(0) if self.calcom.faults else None
        if fault is Fault.TOO_MANY:
            self._send_json(429, {"status": "error", "error": {"code": "TOO_MANY_REQUESTS"}})
        elif fault is Fault.ERROR_BEFORE:
            self._send_json(500, {"status": "error"})
        elif fault is Fault.TIMEOUT_BEFORE:
            self._time_out()
        else:
            self._respond(fault, *self._response(method, path, params))

    def _response(self, method: str, path: str, params: Any) -> tuple[int, Any]:  # noqa: ANN401
        if self.headers.get("Authorization") != f"Bearer {API_KEY}":
            return _error(401, "UNAUTHORIZED")
        if path.startswith("/v2/bookings") and self.headers.get("cal-api-version") != "2024-08-13":
            return _error(400, "OLD_VERSION")
        return self.calcom.respond(method, path, params)

    def _respond(self, fault: Fault | None, status: int, data: Any) -> None:  # noqa: ANN401
        if fault is Fault.ERROR_AFTER:
            self._send_json(500, {"status": "error"})
        elif fault is Fault.TIMEOUT_AFTER:
            self._time_out()
        elif fault is Fault.DROPPED_AFTER:
            self.close_connection = True
        elif fault is Fault.MALFORMED_AFTER:
            self._send(200, b"<html>")
        else:
            self._send_json(status, data)

    def _time_out(self) -> None:
        self.calcom.ended.wait(10)
        self.close_connection = True

    def _send_json(self, status: int, data: Any) -> None:  # noqa: ANN401
        self._send(status, json.dumps(data).encode())

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if status in {429, 500}:
            self.send_header("Retry-After", self.calcom.retry_after)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  name of the base class
        del format, args


@contextmanager
def run_fake_calcom(state: CalcomState) -> Iterator[FakeCalcom]:
    """Run a fake Cal.com on a free port until the block ends."""
    calcom = FakeCalcom(state)
    state.on_change = calcom.send_booking
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Handler,), {"calcom": calcom}))
    server.daemon_threads = True
    calcom.url = f"http://127.0.0.1:{server.server_port}/v2"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield calcom
    finally:
        calcom.ended.set()
        server.shutdown()
        thread.join()
        server.server_close()
