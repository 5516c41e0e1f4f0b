"""Stateful test of a careless agent that acts for several people, who all use the same words.

It repeats, corrects, omits and mistypes arguments. After every step, each person has exactly the visits that responses
reported. No response contains another person's data. Each person can cancel their visits and release their holds.
"""

import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import ClassVar, Final

import anyio
import orjson
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from interfaces.careless_people import (
    COMPANY,
    PEOPLE,
    Arguments,
    Known,
    Person,
    Platform,
    Sent,
    mistyped,
    open_platform,
)
from support.clock import HandClock
from support.shop import at, clock_text, instant_ms, open_shop
from support.sqlite_file import Entry, entries, overlaps

BEGIN: Final = "08:15"
DAY: Final = "2025-06-02"
ALLOWED_ERRORS: Final = frozenset(
    {
        "slot_unavailable", "hold_expired", "hold_limit", "idempotency_mismatch", "invalid_argument", "not_found",
        "already_booked", "booking_closed", "slots_available", "verification_needed", "rate_limited",
    }
)  # fmt: skip
people = st.sampled_from(PEOPLE)
starts = st.sampled_from(["09:00", "09:00", "09:30", "10:00", "10:00", "11:00"]).map(lambda time: f"{DAY}T{time}")
names = st.sampled_from(["Alex Smith", "Alex Smith", "alex smith ", "Alex Smyth"])
keys = st.sampled_from([{}, {}, {"idempotencyKey": "1"}])
words = st.builds(lambda name, key: {"customerName": name, **key}, names, keys)
notes = st.sampled_from([{}, {"notes": "dog in the yard"}])
delays = st.sampled_from([0, 20, 300])
chances = st.integers(0, 3)


@pytest.fixture(scope="module", autouse=True)
def template(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Path of the company's initial database, which each example copies."""
    CarelessAgent.template = tmp_path_factory.mktemp("careless") / "template.db"
    anyio.run(_create, CarelessAgent.template)


class CarelessAgent(RuleBasedStateMachine):
    """State machine with the mistakes of agents."""

    template: ClassVar[Path]

    def __init__(self) -> None:
        super().__init__()
        self.open = ExitStack()
        folder = Path(self.open.enter_context(tempfile.TemporaryDirectory()))
        self.clock = HandClock(instant_ms(BEGIN))
        path = Path(shutil.copy(self.template, folder / "company.db"))
        self.portal: BlockingPortal = self.open.enter_context(start_blocking_portal())
        self.platform: Platform = self.open.enter_context(
            self.portal.wrap_async_context_manager(open_platform(path, self.clock))
        )
        self.known = {person.number: Known() for person in PEOPLE}
        self.recoverable: dict[str, Person] = {}
        """Person of each hold whose request named its caller, by token."""

    def teardown(self) -> None:
        try:
            for person in PEOPLE:
                self._get_out(person)
        finally:
            self.open.close()

    # -- what agents do -----------------------------------------------------------------------

    @rule(person=people, start=starts, key=keys, says_hash=st.booleans(), says_contact=st.booleans())
    def hold(self, person: Person, start: str, key: Arguments, says_hash: bool, says_contact: bool) -> None:  # noqa: FBT001  drawn by name
        arguments = {"start": start, **key, **({"customerHash": "caller"} if says_hash else {})}
        sent = self._send(person, "create_hold", {**arguments, **(person.proof if says_contact else {})})
        if "error" not in sent.body and (says_contact or len(person.call_id) > len("call")):
            self.recoverable[sent.body["holdToken"]] = person

    @rule(person=people, start=starts, extra=words, house=chances, is_additional=chances)
    def book(self, person: Person, start: str, extra: Arguments, house: int, is_additional: int) -> None:
        self._send(
            person,
            "book_slot",
            {
                "start": start,
                "address": person.houses[house == 0],
                **person.contact,
                **extra,
                **({"additional": True} if is_additional == 0 else {}),
            },
        )

    @rule(person=people, extra=words, chance=chances, more=notes)
    def book_held(self, person: Person, extra: Arguments, chance: int, more: Arguments) -> None:
        """Book by a token, which is sometimes mistyped, and sometimes an old one."""
        tokens = self.known[person.number].tokens
        if not tokens:
            return
        token = mistyped(tokens[-1]) if chance == 0 else tokens[0] if chance == 1 else tokens[-1]
        self._send(person, "book_slot", {"holdToken": token, **person.contact, **extra, **more})

    @rule(person=people, age=chances, later_seconds=st.sampled_from([0, 0, 10, 120]))
    def repeat(self, person: Person, age: int, later_seconds: int) -> None:
        """Send an old request again. If it made a booking that is still active, it makes no other one."""
        sent = self.known[person.number].sent[-1 - age :][:1]
        if not sent:
            return
        self.clock.advance(seconds=later_seconds)
        before = self.platform.visits_of(person)
        made = sent[0].body.get("booking", {}).get("bookingId")
        again = self._send(person, sent[0].tool, sent[0].arguments)
        if sent[0].tool == "book_slot" and made in before:
            assert self.platform.visits_of(person).keys() == before.keys(), "a retry booked again"
            assert "error" in again.body or again.body["booking"]["bookingId"] in before

    @rule(person=people, start=starts, extra=words, corrected=names, later_seconds=delays)
    def lose_the_response(
        self, person: Person, start: str, extra: Arguments, corrected: str, later_seconds: int
    ) -> None:
        """Book without hearing the response, then send the request again, perhaps with a corrected name."""
        arguments = {"start": start, "address": person.houses[0], **person.contact, **extra}
        lost = self.portal.call(self.platform.send, person, "book_slot", arguments)
        self._check_secrets(person, lost)
        self.clock.advance(seconds=later_seconds)
        self._send(person, "book_slot", {**arguments, "customerName": corrected})

    @rule(person=people, start=starts, chance=chances, key=keys)
    def move(self, person: Person, start: str, chance: int, key: Arguments) -> None:
        if booking := self._some_booking(person, chance):
            self._send(person, "reschedule_booking", {"bookingId": booking, "start": start, **person.proof, **key})

    @rule(person=people, chance=chances)
    def cancel(self, person: Person, chance: int) -> None:
        if booking := self._some_booking(person, chance):
            self._send(person, "cancel_booking", {"bookingId": booking, **person.proof})

    @rule(person=people, chance=chances, name=names)
    def correct(self, person: Person, chance: int, name: str) -> None:
        if booking := self._some_booking(person, chance):
            correction = {"customerName": name, "address": person.houses[1]}
            self._send(person, "update_booking", {"bookingId": booking, **person.proof, **correction})

    @rule(person=people, chance=chances)
    def release(self, person: Person, chance: int) -> None:
        if tokens := self.known[person.number].tokens:
            self._send(person, "release_hold", {"holdToken": mistyped(tokens[-1]) if chance == 0 else tokens.pop()})

    @rule(person=people, start=starts, extra=words)
    def join_waitlist(self, person: Person, start: str, extra: Arguments) -> None:
        """Wait for one start. An offer is a hold like any other."""
        window = {"from": start, "to": start[:-2] + ("59" if start.endswith("30") else "29")}
        sent = self._send(person, "join_waitlist", {**window, **person.contact, **extra})
        if token := sent.body.get("offer", {}).get("holdToken"):
            self.known[person.number].tokens.append(token)

    @rule(person=people)
    def forget_tokens(self, person: Person) -> None:
        self.known[person.number].tokens.clear()

    @rule(person=people, other=people, start=starts)
    def pry(self, person: Person, other: Person, start: str) -> None:
        """Try another person's booking with one's own contact. Nothing changes."""
        if person == other:
            return
        for booking in list(self.known[other.number].visits)[:1]:
            for tool, more in (
                ("cancel_booking", {}),
                ("reschedule_booking", {"start": start}),
                ("update_booking", {"notes": "mine"}),
            ):
                sent = self._send(person, tool, {"bookingId": booking, **person.proof, **more})
                assert sent.body["error"]["code"] in {"verification_needed", "rate_limited"}

    @rule(one=people, other=people, start=starts, name=names)
    def book_at_once(self, one: Person, other: Person, start: str, name: str) -> None:
        """Book the same start at the same time: two people, or the request and its retry of one person."""
        requests: list[tuple[Person, str, Arguments]] = [
            (person, "book_slot", {"start": start, "customerName": name, "address": person.houses[0], **person.contact})
            for person in (one, other)
        ]
        for (person, _, _), sent in zip(requests, self.portal.call(self.platform.send_at_once, requests), strict=True):
            self._record(person, sent)

    @rule(person=people)
    def ask(self, person: Person) -> None:
        """Check that find_bookings reports exactly the visits that earlier responses reported."""
        found = self._send(person, "find_bookings", person.proof).body["bookings"]
        active = {one["bookingId"]: one["start"] for one in found if one["status"] in {"confirmed", "rescheduled"}}
        assert active == self.known[person.number].visits

    @rule(seconds=st.sampled_from([1, 15, 45, 90, 130, 3600]))
    def time_passes(self, seconds: float) -> None:
        self.clock.advance(seconds=seconds)

    # -- what must hold -----------------------------------------------------------------------

    @invariant()
    def each_person_has_the_visits_they_were_told(self) -> None:
        for person in PEOPLE:
            told = {booking: at(start) for booking, start in self.known[person.number].visits.items()}
            assert self.platform.visits_of(person) == told

    @invariant()
    def no_technician_has_overlapping_claims(self) -> None:
        now_ms = self.clock.now_ms()
        assert overlaps([one for one in entries(self.platform.path) if one.is_live(now_ms)]) == []

    def _get_out(self, person: Person) -> None:
        """Check that a person can release or replace what is held for them, and cancel what is booked."""
        now_ms = self.clock.now_ms()
        for token in [token for token, owner in self.recoverable.items() if owner == person]:
            if (one := self._live_hold(token)) is None:
                continue
            start = f"{DAY}T{clock_text(one.start)}"
            again = self._send(person, "create_hold", {"start": start, **person.proof}).body
            assert again.get("error", {}).get("code") in {None, "hold_limit"}, "locked out by an own hold"
            assert self._send(person, "release_hold", {"holdToken": again.get("holdToken", token)}).body["released"]
            assert self._live_hold(token) is None, "an own hold is kept although its caller released the time"
        for booking, start in list(self.known[person.number].visits.items()):
            body = self._send(person, "cancel_booking", {"bookingId": booking, **person.proof}).body
            has_begun = at(start) * 60_000 <= now_ms
            assert body.get("error", {}).get("code") in ({"booking_closed"} if has_begun else {None, "rate_limited"})

    def _live_hold(self, token: str) -> Entry | None:
        found = next((one for one in entries(self.platform.path) if one.token == token), None)
        return found if found and found.state == "held" and found.is_live(self.clock.now_ms()) else None

    # -- calls --------------------------------------------------------------------------------

    def _send(self, person: Person, tool: str, arguments: Arguments) -> Sent:
        sent: Sent = self.portal.call(self.platform.send, person, tool, arguments)
        self._record(person, sent)
        return sent

    def _record(self, person: Person, sent: Sent) -> None:
        assert sent.body.get("error", {}).get("code") in {None, *ALLOWED_ERRORS}
        self._check_secrets(person, sent)
        self.known[person.number].record(sent)

    def _check_secrets(self, person: Person, sent: Sent) -> None:
        text = orjson.dumps(sent.body).decode()
        heard = [secret for other in PEOPLE if other != person for secret in other.secrets if secret in text]
        assert heard == []

    def _some_booking(self, person: Person, chance: int) -> str:
        """Return the id of one of the person's bookings, which is sometimes mistyped; empty if there is none."""
        told = list(self.known[person.number].visits)
        if not told:
            return ""
        return mistyped(told[-1]) if chance == 0 else told[0] if chance == 1 else told[-1]


async def _create(path: Path) -> None:
    async with open_shop(path, COMPANY, clock=HandClock(instant_ms(BEGIN))):
        pass


pytestmark = pytest.mark.timeout(600)

TestCarelessAgent = CarelessAgent.TestCase
TestCarelessAgent.settings = settings(
    max_examples=settings().max_examples // 7,
    stateful_step_count=30,
    phases=[phase for phase in Phase if phase is not Phase.explain],
)
