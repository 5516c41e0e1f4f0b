"""What callers do who all want a time at once: they hold, think, book, give back, change their mind, and ask twice."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any, Final

from concurrency.business import MINUTES_A_DAY, Business
from concurrency.calls import Switchboard
from concurrency.wire import Body

Wish = Mapping[str, Any]
"""The arguments by which somebody says what they want and when."""

TRIES: Final = 4
"""So many starts somebody asks for until they give up."""
TWICE: Final = 0.3
"""How many requests are sent twice at once, as some platforms do."""
WITHOUT_A_KEY: Final = 0.2
"""How many holds are asked for without an idempotency key."""
HOT_STARTS: Final = 6
LENGTHS: Final = (None, None, None, 30, 45, 75, 120)
"""Most take the service's own length."""


@dataclass(slots=True)
class Kept:
    """A hold that its caller thinks about."""

    token: str
    email: str


@dataclass(slots=True)
class Caller:
    """One person on the phone, who asks whatever server answers."""

    name: str
    board: Switchboard
    business: Business
    day: int
    """The first minute of the day that everybody wants."""
    random: Random
    kept: list[Kept] = field(default_factory=list)
    _requests: int = 0

    @classmethod
    def numbered(cls, number: int, *, seed: object, board: Switchboard, business: Business, day: int) -> "Caller":
        """Whose every choice follows from a seed and their number."""
        chance = Random(f"{seed}-{number}")  # noqa: S311  a choice that can be repeated
        return cls(f"{business.id}-{number}", board, business, day, chance)

    async def call(self) -> None:
        """Do what such people do."""
        stories = (self.book, self.hold_and_book, self.hold_and_release, self.hold_and_think, self.hold_and_book)
        booking = await self.random.choice(stories)()
        if booking:
            await self._change_mind(booking)

    async def book(self) -> str:
        """Book directly; the booking's id, or nothing."""
        wish = self.wish()
        customer = {"customerName": self.name, "customerEmail": self.address()}
        answer = await self._insist("book_slot", wish, **customer)
        return str(answer["booking"]["bookingId"]) if "booking" in answer else ""

    async def hold_and_book(self) -> str:
        """Hold, and take it."""
        token = await self.hold()
        return await self.confirm(Kept(token, self.address())) if token else ""

    async def hold_and_release(self) -> None:
        """Hold, and say no."""
        if token := await self.hold():
            await self.ask("release_hold", holdToken=token)

    async def hold_and_think(self) -> None:
        """Hold; whether to take it is decided when everybody else has done what they wanted."""
        if token := await self.hold():
            self.kept.append(Kept(token, self.address()))

    async def hold(self) -> str:
        """Hold something; its token, or nothing."""
        answer = await self._insist("create_hold", self.wish(), customerHash=self.address())
        return str(answer.get("holdToken", ""))

    async def confirm(self, kept: Kept) -> str:
        """Book what is held; the booking's id, or nothing."""
        key = {} if self.random.random() < WITHOUT_A_KEY else {"idempotencyKey": self._key()}
        answer = await self.ask(
            "book_slot", holdToken=kept.token, customerName=self.name, customerEmail=kept.email, **key
        )
        return str(answer["booking"]["bookingId"]) if "booking" in answer else ""

    async def _change_mind(self, booking: str) -> None:
        whim = self.random.random()
        if whim < 0.25:
            await self.ask("cancel_booking", bookingId=booking)
        elif whim < 0.5:
            await self.ask(
                "reschedule_booking", bookingId=booking, start=self.wish()["start"], idempotencyKey=self._key()
            )

    async def _insist(self, tool: str, wish: Wish, **more: object) -> Body:
        """Ask for a start, and for another where it is gone."""
        for _ in range(TRIES):
            key = {} if self._does_without_a_key(tool) else {"idempotencyKey": self._key()}
            answer = await self.ask(tool, **wish, **more, **key)
            others = answer.get("error", {}).get("alternatives", ())
            if not others:
                return answer
            wish = {**wish, "start": self.random.choice(others)["start"]}
        return answer

    def _does_without_a_key(self, tool: str) -> bool:
        return tool == "create_hold" and self.random.random() < WITHOUT_A_KEY

    async def ask(self, tool: str, **arguments: object) -> Body:
        """Ask any server; where a repeated request has no second effect, sometimes twice at once."""
        is_known_again = tool != "create_hold" or "idempotencyKey" in arguments
        is_twice = is_known_again and self.random.random() < TWICE
        ask = self.board.ask_twice if is_twice else self.board.ask
        return await ask(tool, projectId=self.business.id, **arguments)

    async def want_nothing_else(self, wish: Wish) -> None:
        """Hold or book one start, with or without a key; take no other for it."""
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
        """One of a few starts that everybody wants, of any service and length."""
        service = self.random.choice(sorted(self.business.jobs))
        start = self.day + self.business.opens + 60 * self.random.randrange(HOT_STARTS)
        length = self.random.choice(LENGTHS)
        wanted: dict[str, Any] = {"serviceType": service, "start": utc(start)}
        return wanted if length is None else {**wanted, "durationMinutes": length}

    def address(self) -> str:
        """An e-mail address that nobody has had before."""
        self._requests += 1
        return f"{self.name}.{self._requests}@example.com"

    def _key(self) -> str:
        self._requests += 1
        return f"{self.name}-{self._requests}"


def utc(minute: int) -> str:
    """A minute since the epoch, as it is written on the wire."""
    return f"{datetime.fromtimestamp(minute * 60, UTC):%Y-%m-%dT%H:%M:%SZ}"


def tomorrow(now_ms: float) -> int:
    """The first minute of tomorrow, in UTC."""
    today = int(now_ms / 60_000) // MINUTES_A_DAY
    return (today + 1) * MINUTES_A_DAY
