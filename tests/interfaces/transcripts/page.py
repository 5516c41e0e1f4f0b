"""A page on which a call is written down: what is said on both sides, and what the agent's MCP client asks between."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from mcp import Client

from support.server import Body, Caller, body_of

_RANDOM = ("holdToken", "bookingId", "waitId", "nextCursor")


@dataclass(slots=True)
class Page:
    """A transcript in Markdown."""

    title: str
    lines: list[str] = field(default_factory=list)
    _names: dict[str, str] = field(default_factory=dict)
    """What random ids are called here, in the order in which they turn up."""

    def note(self, words: str) -> None:
        """What happens around the call."""
        self.lines.append(f"*{words}*")

    def caller(self, words: str) -> None:
        """What the person on the phone says."""
        self.lines.append(f"**Caller:** {words}")

    def asked(self, tool: str, arguments: Mapping[str, object]) -> None:
        """What goes over the wire."""
        shown = {name: self._names.get(str(value), value) for name, value in arguments.items()}
        self.lines.append(f"`{tool} {json.dumps(shown, ensure_ascii=False)}`")

    def answered(self, body: Body) -> None:
        """What the agent says, and below it what only the agent is told."""
        self._name_ids(body)
        self.lines.append(f"**Agent:** {body['result']}")
        if told := "; ".join(_beside(body)):
            self.lines.append(f"({told})")

    def text(self) -> str:
        """All of it."""
        return "\n\n".join([f"# {self.title}", *self.lines]) + "\n"

    def _name_ids(self, body: Body) -> None:
        for name, value in _walk(body):
            if name in _RANDOM and value and value not in self._names:
                count = sum(known.startswith(name) for known in self._names.values())
                self._names[value] = f"{name} {count + 1}"


@dataclass(frozen=True, slots=True)
class Line:
    """One phone line: an MCP client at the company's desk, whose every word goes on the page."""

    caller: Caller
    client: Client
    page: Page

    def says(self, words: str) -> None:
        """The caller speaks."""
        self.page.caller(words)

    def pause(self, seconds: int, words: str) -> None:
        """Time passes."""
        self.caller.clock.advance(seconds=seconds)
        self.page.note(words)

    async def call(self, tool: str, /, **arguments: object) -> Body:
        """Call a tool, and say what it answers, be it a refusal."""
        self.page.asked(tool, arguments)
        body = body_of(await self.client.call_tool(tool, arguments))
        self.page.answered(body)
        return body


@asynccontextmanager
async def ring(caller: Caller, page: Page) -> AsyncIterator[Line]:
    """The phone rings: a connection of its own."""
    async with Client(caller.server) as client:
        yield Line(caller, client, page)


def _beside(body: Body) -> list[str]:
    """What of an answer a reader of the page would like to see that is not said aloud."""
    told = []
    if "error" in body:
        told.append(f"error {body['error']['code']}")
    if body.get("replayed"):
        told.append("replayed")
    if reason := body.get("booking", {}).get("assignmentReason"):
        told.append(reason)
    return told


def _walk(value: Any) -> list[tuple[str, Any]]:  # noqa: ANN401  any JSON
    """Every name with its value, however deep."""
    if isinstance(value, Mapping):
        return [pair for name, one in value.items() for pair in ((name, one), *_walk(one))]
    if isinstance(value, list):
        return [pair for one in value for pair in _walk(one)]
    return []
