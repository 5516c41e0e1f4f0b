"""The checker accepts a sound rush, and finds each kind of problem."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from concurrency.business import Business, Job
from concurrency.callers import utc
from concurrency.checker import check
from concurrency.evidence import Entry, Rows, StoredOffer
from concurrency.wire import Attempt

SHOP = Business(
    id="shop",
    technicians={"ana": frozenset({"gas"}), "ben": frozenset()},
    jobs={"visit": Job(minutes=60, after=15), "gas": Job(minutes=60, skills=frozenset({"gas"}))},
    grid=30,
)
DAY = 20_000 * 1440
BEGAN_MS = 1_000_000_000_000.0
EXPIRES = "2001-09-09T01:48:40Z"  # two minutes later


@dataclass(slots=True)
class Scene:
    """A rush with its messages and its rows."""

    history: list[Attempt] = field(default_factory=list)
    entries: dict[str, Entry] = field(default_factory=dict)
    bookings: dict[str, tuple[str, str]] = field(default_factory=dict)
    receipts: list[tuple[str, str, str]] = field(default_factory=list)
    offers: list[StoredOffer] = field(default_factory=list)

    def say(self, request: int, tool: str, arguments: Mapping[str, Any], body: Mapping[str, Any], **facts: Any) -> None:  # noqa: ANN401  an Attempt's fields
        asked_ms = BEGAN_MS + 10_000 * len(self.history)
        facts_of_attempt = {"asked_ms": asked_ms, "answered_ms": asked_ms + 5_000, "status": 200, "server": 0, **facts}
        self.history.append(Attempt(request=request, tool=tool, arguments=arguments, body=body, **facts_of_attempt))

    def problems(self) -> list[str]:
        rows = Rows(
            entries=self.entries, bookings=self.bookings, receipts=tuple(self.receipts), offers=tuple(self.offers)
        )
        return [one.kind for one in check(SHOP, self.history, rows)]


def entry(id_: str, technician: str, start: int, state: str = "booked", **facts: Any) -> Entry:  # noqa: ANN401  an Entry's fields
    usual = {"service": "visit", "end": start + 60, "before": 0, "after": 15, "expires_at_ms": None, "token": None}
    return Entry(id=id_, technician=technician, start=start, state=state, **{**usual, **facts})


def booking(id_: str, technician: str, start: int, *, replayed: bool = False) -> dict[str, Any]:
    times = {"start": utc(start), "end": utc(start + 60)}
    return {
        "booking": {"bookingId": id_, "technicianId": technician, "serviceType": "visit", **times},
        "replayed": replayed,
    }


def refusal(*starts: int, code: str = "slot_unavailable") -> dict[str, Any]:
    others = [{"start": utc(start), "end": utc(start + 60)} for start in starts]
    return {"error": {"code": code, "alternatives": others}}


TEN, NOON, THREE = DAY + 600, DAY + 720, DAY + 900
KIM = {"serviceType": "visit", "start": utc(TEN), "customerEmail": "kim@example.com", "idempotencyKey": "k"}
LEE = {"serviceType": "visit", "start": utc(TEN), "customerEmail": "lee@example.com"}
MAX = {"holdToken": "t", "customerEmail": "max@example.com"}
HOLD = {"serviceType": "visit", "start": utc(NOON), "customerHash": "max"}


def sound() -> Scene:
    """Return a rush: Kim books twice with one key; Lee books, moves, and is refused; Max holds and books."""
    scene = Scene()
    scene.say(1, "book_slot", KIM, booking("b1", "ana", TEN))
    scene.say(1, "book_slot", KIM, booking("b1", "ana", TEN, replayed=True))
    scene.say(2, "book_slot", LEE, booking("b2", "ben", TEN))
    scene.say(3, "reschedule_booking", {"bookingId": "b2", "start": utc(THREE)}, booking("b2", "ben", THREE))
    scene.say(4, "create_hold", HOLD, {"holdToken": "t", "expiresAt": EXPIRES, "replayed": False})
    scene.say(5, "book_slot", MAX, {}, status=0)
    scene.say(5, "book_slot", MAX, booking("b3", "ana", NOON))
    scene.say(6, "book_slot", {**LEE, "start": utc(NOON - 30)}, refusal(DAY + 480))
    for one in (entry("b1", "ana", TEN), entry("b2", "ben", THREE), entry("b3", "ana", NOON, token="t")):  # noqa: S106  no secret
        scene.entries[one.id] = one
    scene.bookings = {
        "b1": ("kim@example.com", "confirmed"),
        "b2": ("lee@example.com", "rescheduled"),
        "b3": ("max@example.com", "confirmed"),
    }
    scene.receipts = [("book_slot", "hash", json.dumps({"bookingId": "b1"}))]
    return scene


def test_a_sound_rush_has_no_problems() -> None:
    assert sound().problems() == []


def test_an_offer_of_the_waitlist_needs_no_report() -> None:
    scene = sound()
    a_hold_was_not_reported(scene)
    times = {"start": NOON, "end": NOON + 60, "created_at_ms": 0, "expires_at_ms": 1}
    scene.offers.append(StoredOffer(wait="w", token="x", service="visit", **times))  # noqa: S106  no secret
    assert scene.problems() == []


def _alter(scene: Scene, number: int, **facts: Any) -> None:  # noqa: ANN401  an Attempt's fields
    scene.history[number] = replace(scene.history[number], **facts)


def two_overlap_in_the_database(scene: Scene) -> None:
    scene.entries["x"] = entry("x", "ana", TEN + 60, "held", expires_at_ms=1, token="x")  # noqa: S106  no secret
    scene.say(9, "create_hold", {}, {"holdToken": "x", "expiresAt": EXPIRES})


def a_technician_lacks_the_skill(scene: Scene) -> None:
    scene.entries["b2"] = replace(scene.entries["b2"], service="gas")


def two_callers_had_one_time_until_a_release(scene: Scene) -> None:
    _alter(scene, 2, body=booking("b2", "ana", TEN))


def a_hold_is_refused_before_it_expires(scene: Scene) -> None:
    del scene.history[6], scene.bookings["b3"]
    scene.say(5, "book_slot", MAX, refusal(DAY + 480, code="hold_expired"))
    scene.entries["b3"] = replace(scene.entries["b3"], state="held", expires_at_ms=1)


def a_hold_is_gone(scene: Scene) -> None:
    del scene.history[5:7], scene.entries["b3"], scene.bookings["b3"]


def a_hold_has_lapsed_too_early(scene: Scene) -> None:
    del scene.history[5:7], scene.bookings["b3"]
    scene.entries["b3"] = replace(scene.entries["b3"], state="lapsed", expires_at_ms=1)


def a_key_has_two_effects(scene: Scene) -> None:
    _alter(scene, 1, body=booking("b9", "ana", TEN, replayed=True))


def a_key_is_executed_twice(scene: Scene) -> None:
    _alter(scene, 1, body=booking("b1", "ana", TEN))


def a_key_is_forgotten(scene: Scene) -> None:
    scene.receipts.clear()


def a_booking_is_missing(scene: Scene) -> None:
    del scene.entries["b1"], scene.bookings["b1"]
    scene.receipts.clear()


def a_booking_is_at_another_time(scene: Scene) -> None:
    scene.entries["b2"] = replace(scene.entries["b2"], start=THREE + 30, end=THREE + 90)


def a_cancelled_booking_is_active(scene: Scene) -> None:
    scene.say(9, "cancel_booking", {"bookingId": "b1"}, {"booking": {"bookingId": "b1"}})


def a_booking_was_not_reported(scene: Scene) -> None:
    scene.entries["b9"] = entry("b9", "ben", NOON)
    scene.bookings["b9"] = ("noa@example.com", "confirmed")


def a_hold_was_not_reported(scene: Scene) -> None:
    scene.entries["x"] = entry("x", "ben", NOON, "released", token="x")  # noqa: S106  no secret


def a_refused_caller_gets_no_alternatives(scene: Scene) -> None:
    _alter(scene, 7, body=refusal())


def an_alternative_was_sold_before(scene: Scene) -> None:
    _alter(scene, 7, arguments={**LEE, "serviceType": "gas"}, body=refusal(NOON))


def an_alternative_is_at_night(scene: Scene) -> None:
    _alter(scene, 7, body=refusal(DAY + 120))


def a_request_got_no_response(scene: Scene) -> None:
    _alter(scene, 7, status=503, body={})


def a_response_is_unexpected(scene: Scene) -> None:
    _alter(scene, 7, body=refusal(code="internal"))


def a_server_fails(scene: Scene) -> None:
    _alter(scene, 5, status=500)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (two_overlap_in_the_database, "sold twice"),
        (a_technician_lacks_the_skill, "sold twice"),
        (two_callers_had_one_time_until_a_release, "sold twice"),
        (a_hold_is_refused_before_it_expires, "promise broken"),
        (a_hold_is_gone, "promise broken"),
        (a_hold_has_lapsed_too_early, "promise broken"),
        (a_key_has_two_effects, "key"),
        (a_key_is_executed_twice, "key"),
        (a_key_is_forgotten, "key"),
        (a_booking_is_missing, "answer"),
        (a_booking_is_at_another_time, "answer"),
        (a_cancelled_booking_is_active, "answer"),
        (a_booking_was_not_reported, "answer"),
        (a_hold_was_not_reported, "answer"),
        (a_refused_caller_gets_no_alternatives, "alternative"),
        (an_alternative_was_sold_before, "alternative"),
        (an_alternative_is_at_night, "alternative"),
        (a_request_got_no_response, "silence"),
        (a_response_is_unexpected, "answer"),
        (a_server_fails, "answer"),
    ],
    ids=lambda one: one.__name__ if callable(one) else "",
)
def test_the_checker_finds(change: Callable[[Scene], None], kind: str) -> None:
    scene = sound()
    change(scene)
    assert kind in scene.problems()
