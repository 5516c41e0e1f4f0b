"""People who call one company at once, and the client through which their careless agents act for them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from anyio import create_task_group
from mcp import Client

from slotmcp.domain.access import CallId, Principal, Scope
from slotmcp.services.current_principal import acting_as
from slotmcp.tools.server import create_server
from support.clock import HandClock
from support.server import Body, body_of
from support.shop import open_shop, plan, technician
from support.sqlite_file import rows

ACTIVE: Final = "status IN ('confirmed', 'rescheduled')"
_BOOKED: Final = (
    "SELECT b.claim_id, c.start_minute FROM bookings AS b JOIN claims AS c ON c.id = b.claim_id "  # noqa: S608  a constant
    f"WHERE {ACTIVE} AND (b.customer_phone = ? AND ? <> '' OR b.customer_email = ? AND ? <> '')"
)
COMPANY: Final = plan(technician("ana", "09:00-13:00"), technician("ben", "09:00-13:00"))
Arguments = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Person with a contact of their own. Their agents use the same words as those of all others."""

    number: int
    phone: str = ""
    email: str = ""
    call_id: str = ""
    """Id of the call, if the platform reports one."""
    houses: tuple[str, str]
    """Addresses that no other person has."""

    @property
    def contact(self) -> dict[str, str]:
        """Contact as arguments of book_slot."""
        return {"customerPhone": self.phone} if self.phone else {"customerEmail": self.email}

    @property
    def proof(self) -> dict[str, str]:
        """Contact as arguments of the other tools."""
        return {"phone": self.phone} if self.phone else {"email": self.email}

    @property
    def secrets(self) -> tuple[str, ...]:
        """Texts that no response to another person may contain."""
        return tuple(filter(None, (self.phone, self.email, *self.houses)))

    @property
    def principal(self) -> Principal:
        """Principal of the calls for this person: one credential for all, as on a voice platform."""
        call_ids = [CallId("x-call-id", self.call_id)] if self.call_id else []
        return Principal(credential="platform", scopes=Scope.CALLER.included, projects=None).within(*call_ids)


PEOPLE: Final = (
    Person(number=0, phone="+13035550142", call_id="c7a1f93e05b24d68", houses=("1 Acorn Way", "2 Birch Way")),
    Person(number=1, phone="+13035550177", call_id="call", houses=("3 Cedar Way", "4 Dogwood Way")),
    Person(number=2, phone="+13035550199", houses=("5 Elm Way", "6 Fir Way")),
    Person(number=3, email="dee@example.com", call_id="9b0e3d5f71ac4826", houses=("7 Grove Way", "8 Hazel Way")),
)


@dataclass(frozen=True, slots=True)
class Sent:
    """Request that an agent sent, with its response."""

    tool: str
    arguments: Arguments
    body: Body


@dataclass(slots=True)
class Known:
    """Facts that the responses to one person reported."""

    visits: dict[str, str] = field(default_factory=dict)
    """Start of each visit that the person has, by booking id."""
    tokens: list[str] = field(default_factory=list)
    """Tokens of holds."""
    sent: list[Sent] = field(default_factory=list)
    """Writing requests, newest last."""

    def record(self, sent: Sent) -> None:
        """Record the visits and tokens of a response."""
        self.sent.append(sent)
        body = sent.body
        if token := body.get("holdToken"):
            self.tokens.append(token)
        for booking in _bookings_in(body):
            if booking["status"] in {"confirmed", "rescheduled"}:
                self.visits[booking["bookingId"]] = booking["start"]
            else:
                self.visits.pop(booking["bookingId"], None)


def _bookings_in(body: Body) -> list[Body]:
    error = body.get("error", {})
    single = [found for found in (body.get("booking"), error.get("booking")) if found]
    return [*single, *body.get("bookings", ()), *error.get("bookings", ())]


@dataclass(frozen=True, slots=True)
class Platform:
    """Voice platform: one MCP client over which the agents of all people act."""

    client: Client
    clock: HandClock
    path: Path

    async def send(self, person: Person, tool: str, arguments: Arguments) -> Sent:
        """Send one request for a person."""
        with acting_as(person.principal):
            return Sent(tool, arguments, body_of(await self.client.call_tool(tool, dict(arguments))))

    async def send_at_once(self, requests: list[tuple[Person, str, Arguments]]) -> list[Sent]:
        """Send several requests at the same time, and return the responses in the same order."""
        answers: dict[int, Sent] = {}

        async def one(number: int, request: tuple[Person, str, Arguments]) -> None:
            answers[number] = await self.send(*request)

        async with create_task_group() as group:
            for number, request in enumerate(requests):
                group.start_soon(one, number, request)
        return [answers[number] for number in range(len(requests))]

    def visits_of(self, person: Person) -> dict[str, int]:
        """Return the start minute of each active booking with a person's contact, by id."""
        values = (person.phone, person.phone, person.email, person.email)
        return dict(rows(self.path, _BOOKED, *values))


@asynccontextmanager
async def open_platform(path: Path, clock: HandClock) -> AsyncIterator[Platform]:
    """Open the platform over a copy of the company's database."""
    async with open_shop(path, clock=clock) as shop, Client(create_server(shop.app)) as client:
        yield Platform(client, clock, path)


def mistyped(text: str) -> str:
    """Return an id or a token with two characters swapped for others."""
    return text[:-2] + ("zz" if text[-2:] != "zz" else "yy")
