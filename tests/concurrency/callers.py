"""Simulated callers who compete for times: they search, hold, book, release, wait, move, correct, cancel and retry."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any, Final

from concurrency.business import MINUTES_A_DAY, Business
from concurrency.calls import Switchboard
from concurrency.wire import Body, minute_of

Wish = Mapping[str, Any]
"""Arguments that select a service and a start."""

TRIES: Final = 4
"""Maximum number of starts that a caller tries."""
TWICE: Final = 0.3
"""Share of requests that are sent twice at once, as some platforms do."""
WITHOUT_A_KEY: Final = 0.2
"""Share of holds that are requested without an idempotency key."""
DECLINED: Final = 0.3
"""Share of offers that are declined."""
HESITATION_SECONDS: Final = 30
"""Longest lifetime of a hold whose expiry a caller waits for."""
HOT_STARTS: Final = 6
LENGTHS: Final = (None, None, None, 45, 60, 75, 120)
"""Share of callers who use the service's own length."""


@dataclass(slots=True)
class Kept:
    """A hold whose caller has not decided yet."""

    token: str
    email: str


@dataclass(slots=True)
class Caller:
    """One person on the phone, whose requests may go to any server."""

    name: str
    board: Switchboard
    business: Business
    day: int
    """The first minute of the day that every caller wants."""
    random: Random
    period: range | None = None
    """Minutes in which the caller takes alternatives; None: at any time."""
    kept: list[Kept] = field(default_factory=list)
    waits: list[Wish] = field(default_factory=list)
    """Arguments of join_waitlist, for entries that were added."""
    _requests: int = 0
    _has_hesitated: bool = False
    _email: str = ""
    """Email address of the newest booking."""

    @classmethod
    def numbered(cls, number: int, *, seed: object, board: Switchboard, business: Business, day: int) -> "Caller":
        """Return a caller whose choices follow from a seed and a number."""
        chance = Random(f"{seed}-{number}")  # noqa: S311  a choice that can be repeated
        return cls(f"{business.id}-{number}", board, business, day, chance)

    async def call(self) -> None:
        """Make a random call."""
        stories = (
            self.book,
            self.hold_and_book,
            self.hold_and_release,
            self.hold_and_think,
            self.look_and_book,
            self.hold_and_hesitate,
            self.wait_in_line,
        )
        whim, story = self.random.random(), self.random.choice(stories)  # of the seed alone, whoever is served first
        if booking := await story():
            await self._change_mind(booking, whim)
            await self.find()

    async def book(self) -> str:
        """Book directly; return the booking's id, or ""."""
        wish = self.wish()
        self._email = self.address()
        customer = {"customerName": self.name, "customerEmail": self._email}
        answer = await self._insist("book_slot", wish, **customer)
        return str(answer["booking"]["bookingId"]) if "booking" in answer else ""

    async def hold_and_book(self) -> str:
        """Hold a start and book it."""
        token = await self.hold()
        return await self.confirm(Kept(token, self.address())) if token else ""

    async def hold_and_release(self) -> None:
        """Hold a start and release it."""
        if token := await self.hold():
            await self.ask("release_hold", holdToken=token)

    async def hold_and_think(self) -> None:
        """Hold a start, and decide on it after every other caller is done."""
        if token := await self.hold():
            self.kept.append(Kept(token, self.address()))

    async def look_and_book(self) -> str:
        """Search the day, then book."""
        await self.look()
        return await self.book()

    async def hold_and_hesitate(self) -> str:
        """Hold a start, and book it around its expiry, once and if that is soon."""
        if self._has_hesitated or self.business.hold_seconds > HESITATION_SECONDS:
            return await self.hold_and_book()
        self._has_hesitated = True
        token = await self.hold()
        await asyncio.sleep(self.business.hold_seconds * self.random.uniform(0.8, 1.4))
        return await self.confirm(Kept(token, self.address())) if token else ""

    async def wait_in_line(self) -> None:
        """Join the waitlist for one start, unless it is available."""
        wish = self.wish()
        window = {"from": wish["start"], "to": utc(minute_of(wish["start"]) + self.business.grid)}
        customer = {"customerName": self.name, "customerEmail": self.address()}
        entry = {"serviceType": wish["serviceType"], **window, **customer}
        if "waitId" in await self.ask("join_waitlist", **entry):
            self.waits.append(entry)

    async def decide_on_offers(self) -> None:
        """Ask for each waitlist entry, and book or decline its offer."""
        for entry in self.waits:
            answer = await self.ask("join_waitlist", **entry)
            token = answer.get("offer", {}).get("holdToken", "")
            if token and self.random.random() < DECLINED:
                await self.ask("release_hold", holdToken=token)
            elif token:
                await self.confirm(Kept(token, entry["customerEmail"]))

    async def see_the_end(self) -> None:
        """Ask for the newest booking and for each waitlist entry once more."""
        await self.find()
        for entry in self.waits:
            await self.ask("join_waitlist", **entry)

    async def look(self) -> None:
        """Search the whole day for one service."""
        service = self.random.choice(sorted(self.business.jobs))
        first, last = utc(self.day + self.business.opens), utc(self.day + self.business.closes)
        await self.ask("get_slots", serviceType=service, **{"from": first, "to": last}, limit=100)

    async def find(self) -> None:
        """Ask for the bookings of the newest customer."""
        if self._email:
            await self.ask("find_bookings", email=self._email)

    async def hold(self) -> str:
        """Hold a start; return its token, or ""."""
        answer = await self._insist("create_hold", self.wish(), customerHash=self.address())
        return str(answer.get("holdToken", ""))

    async def confirm(self, kept: Kept) -> str:
        """Book a held start; return the booking's id, or ""."""
        self._email = kept.email
        key = {} if self.random.random() < WITHOUT_A_KEY else {"idempotencyKey": self._key()}
        answer = await self.ask(
            "book_slot", holdToken=kept.token, customerName=self.name, customerEmail=kept.email, **key
        )
        return str(answer["booking"]["bookingId"]) if "booking" in answer else ""

    async def _change_mind(self, booking: str, whim: float) -> None:
        """Cancel, move or correct a booking, or leave it; `whim` is between 0 and 1."""
        if whim < 0.25:
            await self.ask("cancel_booking", bookingId=booking, email=self._email)
        if 0.2 < whim < 0.5:  # some move a canceled booking
            await self.ask(
                "reschedule_booking",
                bookingId=booking,
                email=self._email,
                start=self.wish()["start"],
                idempotencyKey=self._key(),
            )
        if 0.4 < whim < 0.7:
            await self.ask("update_booking", bookingId=booking, email=self._email, address=f"{self._key()} Main St")

    async def _insist(self, tool: str, wish: Wish, **more: object) -> Body:
        """Request a start, and others while it is taken."""
        for _ in range(TRIES):
            key = {} if self._does_without_a_key(tool) else {"idempotencyKey": self._key()}
            answer = await self.ask(tool, **wish, **more, **key)
            others = [one["start"] for one in answer.get("error", {}).get("alternatives", ()) if self._takes(one)]
            if not others:
                return answer
            wish = {**wish, "start": self.random.choice(others)}
        return answer

    def _takes(self, alternative: Body) -> bool:
        return self.period is None or minute_of(alternative["start"]) in self.period

    def _does_without_a_key(self, tool: str) -> bool:
        return tool == "create_hold" and self.random.random() < WITHOUT_A_KEY

    async def ask(self, tool: str, **arguments: object) -> Body:
        """Call any server; sometimes twice at once, if a repeated request has no second effect."""
        is_known_again = tool != "create_hold" or "idempotencyKey" in arguments
        is_twice = is_known_again and self.random.random() < TWICE
        ask = self.board.ask_twice if is_twice else self.board.ask
        return await ask(tool, projectId=self.business.id, **arguments)

    async def want_nothing_else(self, wish: Wish) -> None:
        """Hold or book one start, with or without a key, and try no other."""
        is_known = self.random.random() < 0.5
        key = {"idempotencyKey": self._key()} if is_known else {}
        if self.random.random() < 0.5:
            customer = {"customerName": self.name, "customerEmail": self.address()}
            await self.ask("book_slot", **wish, **customer, **key)
            return
        email = self.address()
        held = await self.ask("create_hold", **wish, customerHash=email, **key)
        if "holdToken" in held:
            self.kept.append(Kept(held["holdToken"], email))

    def wish(self) -> Wish:
        """Return one of a few contested starts, with any service and length."""
        service = self.random.choice(sorted(self.business.jobs))
        start = self.day + self.business.opens + 60 * self.random.randrange(HOT_STARTS)
        length = self.random.choice(LENGTHS)
        wanted: dict[str, Any] = {"serviceType": service, "start": utc(start)}
        return wanted if length is None else {**wanted, "durationMinutes": length}

    def address(self) -> str:
        """Return a new e-mail address."""
        self._requests += 1
        return f"{self.name}.{self._requests}@example.com"

    def _key(self) -> str:
        self._requests += 1
        return f"{self.name}-{self._requests}"


def utc(minute: int) -> str:
    """Return a minute since the epoch in the wire format."""
    return f"{datetime.fromtimestamp(minute * 60, UTC):%Y-%m-%dT%H:%M:%SZ}"


def tomorrow(now_ms: float) -> int:
    """Return the first minute of tomorrow, in UTC."""
    today = int(now_ms / 60_000) // MINUTES_A_DAY
    return (today + 1) * MINUTES_A_DAY
