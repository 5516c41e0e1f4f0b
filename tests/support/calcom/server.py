"""The stand-in's HTTP server, its webhooks and its faults."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, RLock, Thread
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from support.calcom.state import MINUTE_MS, Booking, Gone, Host, Taken, World
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
SECRET: Final = "a secret of the tests"  # noqa: S105  it is


class Fault(StrEnum):
    """What may happen to a request."""

    TOO_MANY = "429"
    BROKEN_BEFORE = "500 before anything was done"
    BROKEN_AFTER = "500 after it was done"
    SILENT_BEFORE = "no answer, and nothing was done"
    SILENT_AFTER = "no answer, and it was done"
    DROPPED_AFTER = "the connection is cut, and it was done"
    NONSENSE_AFTER = "an answer that is no JSON, and it was done"


@dataclass
class StandIn:
    """Cal.com, as far as tests need it."""

    world: World
    url: str = ""
    faults: list[Fault | None] = field(default_factory=list)
    """What happens to the next requests, one after the other; None: nothing."""
    retry_after: str = "0"
    messages: list[Message] = field(default_factory=list)
    """Webhooks that are on their way."""
    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    """Each request: method, path, and what it brought."""
    shape: Callable[[dict[str, Any]], dict[str, Any]] = lambda payload: payload
    """Makes another payload of one: without what may be missing, say."""
    ended: Event = field(default_factory=Event)
    lock: Any = field(default_factory=RLock)
    _absences: int = 0

    def say(self, trigger: str, booking: Booking, more: dict[str, Any]) -> None:
        """Put a webhook on its way."""
        payload = no_show_payload(booking) if trigger == "BOOKING_NO_SHOW_UPDATED" else payload_of(booking)
        payload |= {name: minute(told) if name.endswith("Time") else told for name, told in more.items()}
        self.send(trigger, self.shape(payload), booking.updated_ms)

    def send(self, trigger: str, payload: dict[str, Any], at_ms: int) -> None:
        """Put any webhook on its way."""
        said = {"triggerEvent": trigger, "createdAt": instant(at_ms, ".000Z"), "payload": payload}
        self.messages.append(Message.of(said, SECRET))

    def leave(self, host: Host, start: int, end: int) -> None:
        """A host is out of office."""
        self._absences += 1
        at_ms = self.world.now_ms()
        self.send("OOO_CREATED", absence_payload(self._absences, host, start, end, at_ms), at_ms)

    def answer(self, method: str, path: str, asked: Any) -> tuple[int, Any]:  # noqa: ANN401  of any JSON
        """What it says to a request: a status, and JSON."""
        with self.lock:
            self.asked.append((method, path, asked))
            try:
                return self._answer(method, path.removeprefix("/v2/").split("/"), asked)
            except Gone:
                return _error(404 if method == "GET" else 400, "NOT_FOUND")
            except Taken:
                return _error(400, "BOOKING_CONFLICT")

    def _answer(self, method: str, path: list[str], asked: Any) -> tuple[int, Any]:  # noqa: ANN401
        return self._told(path, asked) if method == "GET" else self._made(path, asked)

    def _told(self, path: list[str], asked: Any) -> tuple[int, Any]:  # noqa: ANN401
        match path:
            case ["me"]:
                return _said({"id": 1, "username": "office", "email": "office@example.com"})
            case ["bookings"]:
                return _said(self._feed(asked))
            case ["bookings", uid] if uid in self.world.bookings:
                return _said(output_of(self.world.bookings[uid]))
            case ["calendars", "busy-times"]:
                return _said(self._busy(asked))
        return _error(404, "NOT_FOUND")

    def _made(self, path: list[str], asked: Any) -> tuple[int, Any]:  # noqa: ANN401
        match path:
            case ["bookings"]:
                return _said(output_of(self._schedule(asked)), 201)
            case ["bookings", uid, "cancel"]:
                return _said(output_of(self.world.cancel(uid)))
            case ["bookings", uid, "reschedule"]:
                return _said(output_of(self.world.reschedule(uid, _minutes(asked["start"]))), 201)
        return _error(404, "NOT_FOUND")

    def _feed(self, asked: dict[str, str]) -> list[dict[str, Any]]:
        after = _milliseconds(asked["afterUpdatedAt"])
        found = sorted(
            (one for one in self.world.bookings.values() if one.updated_ms > after),
            key=lambda one: (one.updated_ms, one.uid),
        )
        first = int(asked.get("skip", 0))
        return [output_of(one) for one in found[first : first + int(asked["take"])]]

    def _schedule(self, asked: dict[str, Any]) -> Booking:
        if asked["eventTypeId"] not in self.world.event_types:
            raise Gone(asked["eventTypeId"])
        return self.world.book(
            asked["eventTypeId"],
            _minutes(asked["start"]),
            asked["attendee"],
            minutes=asked.get("lengthInMinutes"),
            metadata=asked.get("metadata"),
            notes=asked.get("bookingFieldsResponses", {}).get("notes", ""),
        )

    def _busy(self, asked: dict[str, str]) -> list[dict[str, str]]:
        key = int(asked["calendarsToLoad[0][credentialId]"]), asked["calendarsToLoad[0][externalId]"]
        return [
            {"start": minute(start, ".000Z"), "end": minute(end, ".000Z"), "source": "google"}
            for start, end in self.world.busy.get(key, [])
        ]


def _said(data: Any, status: int = 200) -> tuple[int, Any]:  # noqa: ANN401
    return status, {"status": "success", "data": data}


def _error(status: int, code: str) -> tuple[int, Any]:
    return status, {"status": "error", "error": {"code": code, "message": "Kim Doe cannot have that."}}


def _milliseconds(text: str) -> int:
    from datetime import datetime  # noqa: PLC0415

    return round(datetime.fromisoformat(text).timestamp() * 1000)


def _minutes(text: str) -> int:
    return _milliseconds(text) // MINUTE_MS


class Handler(BaseHTTPRequestHandler):
    """Speaks HTTP for it."""

    stand_in: StandIn
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self._serve("GET", parts.path, dict(parse_qsl(parts.query)))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._serve("POST", urlsplit(self.path).path, json.loads(body))

    def _serve(self, method: str, path: str, asked: Any) -> None:  # noqa: ANN401  of any JSON
        with self.stand_in.lock:
            fault = self.stand_in.faults.pop(0) if self.stand_in.faults else None
        if fault is Fault.TOO_MANY:
            self._say(429, {"status": "error", "error": {"code": "TOO_MANY_REQUESTS"}})
        elif fault is Fault.BROKEN_BEFORE:
            self._say(500, {"status": "error"})
        elif fault is Fault.SILENT_BEFORE:
            self._keep_silent()
        else:
            self._done(fault, *self._answered(method, path, asked))

    def _answered(self, method: str, path: str, asked: Any) -> tuple[int, Any]:  # noqa: ANN401
        if self.headers.get("Authorization") != f"Bearer {API_KEY}":
            return _error(401, "UNAUTHORIZED")
        if path.startswith("/v2/bookings") and self.headers.get("cal-api-version") != "2024-08-13":
            return _error(400, "OLD_VERSION")
        return self.stand_in.answer(method, path, asked)

    def _done(self, fault: Fault | None, status: int, said: Any) -> None:  # noqa: ANN401
        if fault is Fault.BROKEN_AFTER:
            self._say(500, {"status": "error"})
        elif fault is Fault.SILENT_AFTER:
            self._keep_silent()
        elif fault is Fault.DROPPED_AFTER:
            self.close_connection = True
        elif fault is Fault.NONSENSE_AFTER:
            self._send(200, b"<html>")
        else:
            self._say(status, said)

    def _keep_silent(self) -> None:
        self.stand_in.ended.wait(10)
        self.close_connection = True

    def _say(self, status: int, said: Any) -> None:  # noqa: ANN401
        self._send(status, json.dumps(said).encode())

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if status in {429, 500}:
            self.send_header("Retry-After", self.stand_in.retry_after)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the library's
        del format, args


@contextmanager
def standing_in(world: World) -> Iterator[StandIn]:
    """Cal.com on a port of its own, until the block ends."""
    stand_in = StandIn(world)
    world.tell = stand_in.say
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Handler,), {"stand_in": stand_in}))
    server.daemon_threads = True
    stand_in.url = f"http://127.0.0.1:{server.server_port}/v2"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield stand_in
    finally:
        stand_in.ended.set()
        server.shutdown()
        thread.join()
        server.server_close()
