"""Histories written by hand: a shop with two technicians and its callers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from concurrency.business import Business, Job
from concurrency.callers import utc
from concurrency.evidence import StoredOffer
from concurrency.wire import Attempt
from linearizability.check import Report, check_linearizable
from linearizability.history import EXACT, OFFER_MS, Tolerance

SHOP: Final = Business(
    id="shop",
    technicians={"ana": frozenset({"gas"}), "ben": frozenset()},
    jobs={"visit": Job(minutes=60), "gas": Job(minutes=60, skills=frozenset({"gas"}))},
    grid=60,
    opens=600,
    closes=840,
)
DAY: Final = 20_000 * 1440
TEN, ELEVEN, NOON, ONE = (DAY + 60 * hour for hour in (10, 11, 12, 13))
BEGAN_MS: Final = 1_000_000_000_000.0
LASTS_MS: Final = 100.0
HOLD_MS: Final = 60_000.0

Facts = Mapping[str, Any]

UNAVAILABLE: Final[Facts] = {"error": {"code": "unavailable", "message": "Nothing was done: the database is busy."}}
"""Result that promises that the call had no effect."""


@dataclass(slots=True)
class Scene:
    """Calls, one after the other unless `during` gives their times in milliseconds after the beginning."""

    attempts: list[Attempt] = field(default_factory=list)
    offers: list[StoredOffer] = field(default_factory=list)
    """Offers in the database."""
    now_ms: float = 0.0
    _requests: int = 0

    def call(self, tool: str, arguments: Facts, body: Facts, **facts: Any) -> None:  # noqa: ANN401  an Attempt's fields
        """Add a call and its result; `request` repeats an earlier one, `status` 0 is a lost result."""
        self._requests += 1
        asked_ms, answered_ms = facts.get("during", (self.now_ms, self.now_ms + LASTS_MS))
        self.now_ms = max(self.now_ms, answered_ms) + LASTS_MS
        self.attempts.append(
            Attempt(
                request=facts.get("request", self._requests),
                server=0,
                tool=tool,
                arguments=arguments,
                asked_ms=BEGAN_MS + asked_ms,
                answered_ms=BEGAN_MS + answered_ms,
                status=facts.get("status", 200),
                body={} if facts.get("status") == 0 else body,
            )
        )

    def hold(
        self,
        token: str,
        start: int = TEN,
        *,
        service: str = "visit",
        replayed: bool = False,
        **facts: Any,  # noqa: ANN401  of Scene.call
    ) -> None:
        arguments = {"serviceType": service, "start": utc(start), "customerHash": token, "idempotencyKey": token}
        expires_ms = facts.pop("expires_ms", self.now_ms + HOLD_MS)
        body = {"holdToken": token, "expiresAt": instant(expires_ms), "replayed": replayed}
        self.call("create_hold", arguments, facts.pop("body", body), **facts)

    def book(self, id_: str, technician: str, start: int = TEN, *, service: str = "visit", **facts: Any) -> None:  # noqa: ANN401  of Scene.call
        """Book a start; `token` books a hold instead."""
        token, who = facts.pop("token", ""), f"{facts.pop('who', id_)}@example.com"
        when = {"holdToken": token} if token else {"serviceType": service, "start": utc(start), "idempotencyKey": who}
        replayed = facts.pop("replayed", False)
        body = {**booking(id_, technician, start, service, facts.pop("stage", "confirmed")), "replayed": replayed}
        self.call("book_slot", {**when, "customerEmail": who}, facts.pop("body", body), **facts)

    def move(self, id_: str, technician: str, start: int, **facts: Any) -> None:  # noqa: ANN401  of Scene.call
        body = {**booking(id_, technician, start, "visit", "rescheduled"), "replayed": facts.pop("replayed", False)}
        self.call("reschedule_booking", {"bookingId": id_, "start": utc(start)}, facts.pop("body", body), **facts)

    def cancel(self, id_: str, technician: str, start: int = TEN, **facts: Any) -> None:  # noqa: ANN401  of Scene.call
        body = booking(id_, technician, start, "visit", "cancelled")
        self.call("cancel_booking", {"bookingId": id_}, facts.pop("body", body), **facts)

    def release(self, token: str, *, released: bool = True, **facts: Any) -> None:  # noqa: ANN401  of Scene.call
        self.call("release_hold", {"holdToken": token}, {"released": released}, **facts)

    def look(self, slots: Mapping[int, int], *, service: str = "visit", **facts: Any) -> None:  # noqa: ANN401  of Scene.call
        """Show the capacity by start, of the whole day."""
        arguments = {"serviceType": service, "from": utc(TEN), "to": utc(ONE + 60)}
        shown = [{"start": utc(start), "capacity": number, "candidates": []} for start, number in slots.items()]
        self.call("get_slots", arguments, {"slots": shown, "nextCursor": ""}, **facts)

    def correct(self, id_: str, technician: str, address: str, *, replayed: bool = False, start: int = TEN) -> None:
        body = {**booking(id_, technician, start, "visit", "confirmed"), "replayed": replayed}
        self.call("update_booking", {"bookingId": id_, "address": address}, body)

    def find(self, who: str, *bookings: Facts) -> None:
        self.call("find_bookings", {"email": f"{who}@example.com"}, {"bookings": [one["booking"] for one in bookings]})

    def join(self, wait: str, state: str = "waiting", *, replayed: bool = False, **facts: Any) -> None:  # noqa: ANN401  of Scene.call
        """Join the waitlist for ten; `token` is that of an offer, which ends at `expires_ms`."""
        arguments = {
            "serviceType": "visit",
            "from": utc(TEN),
            "to": utc(TEN + 60),
            "customerEmail": f"{wait}@example.com",
        }
        token, expires_ms = facts.pop("token", ""), facts.pop("expires_ms", self.now_ms + OFFER_MS)
        times = {"start": utc(TEN), "end": utc(TEN + 60), "expiresAt": instant(expires_ms)}
        offer = {"offer": {"holdToken": token, **times}} if token else {}
        body = {"waitId": wait, "state": state, "replayed": replayed, **offer}
        self.call("join_waitlist", arguments, facts.pop("body", body), **facts)

    def free_time_while_one_waits(self) -> None:
        """Book both technicians, join the waitlist as "w", and cancel ana's booking "a"."""
        self.book("a", "ana")
        self.book("b", "ben")
        self.join("w")
        self.cancel("a", "ana")

    def offer(self, wait: str, token: str, *, lives_ms: float = HOLD_MS) -> None:
        """Offer ten to an entry, which no call shows."""
        now_ms = round(BEGAN_MS + self.now_ms)
        times = {"created_at_ms": now_ms, "expires_at_ms": round(now_ms + lives_ms)}
        self.offers.append(StoredOffer(wait=wait, token=token, service="visit", start=TEN, end=TEN + 60, **times))

    def report(self, tolerance: Tolerance = EXACT) -> Report:
        return check_linearizable(SHOP, self.attempts, tolerance, offers=self.offers)

    def is_right(self, tolerance: Tolerance = EXACT) -> bool:
        report = self.report(tolerance)
        assert not report.undecided
        return not report.violations


def booking(id_: str, technician: str, start: int, service: str = "visit", status: str = "confirmed") -> dict[str, Any]:
    """Return a result with a booking."""
    times = {"start": utc(start), "end": utc(start + 60)}
    facts = {"bookingId": id_, "technicianId": technician, "serviceType": service, "status": status, **times}
    return {"booking": facts}


def refusal(code: str = "slot_unavailable", *starts: int) -> dict[str, Any]:
    """Return a result that refuses a start and offers others."""
    others = [{"start": utc(start), "end": utc(start + 60)} for start in starts]
    return {"error": {"code": code, "alternatives": others}}


def instant(after_ms: float) -> str:
    """Return an instant in the wire format, so long after the beginning."""
    seconds = (BEGAN_MS + after_ms) / 1000
    whole = utc(int(seconds) // 60).removesuffix("00Z")
    return f"{whole}{seconds % 60:06.3f}Z"
