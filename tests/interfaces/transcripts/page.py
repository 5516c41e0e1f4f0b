"""Page with a written call: the words of both sides, and the requests of the agent's MCP client."""

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
    """Stable replacements of random ids, in order of appearance."""

    def note(self, words: str) -> None:
        """Write an event around the call."""
        self.lines.append(f"*{words}*")

    def caller(self, words: str) -> None:
        """Write the caller's words."""
        self.lines.append(f"**Caller:** {words}")

    def write_request(self, tool: str, arguments: Mapping[str, object]) -> None:
        """Write a request."""
        shown = {name: self._names.get(str(value), value) for name, value in arguments.items()}
        self.lines.append(f"`{tool} {json.dumps(shown, ensure_ascii=False)}`")

    def answered(self, body: Body) -> None:
        """Write the agent's words, and below them the facts for the agent."""
        self._name_ids(body)
        self.lines.append(f"**Agent:** {body['result']}")
        if facts := "; ".join(_beside(body)):
            self.lines.append(f"({facts})")

    def text(self) -> str:
        """Return the complete text."""
        return "\n\n".join([f"# {self.title}", *self.lines]) + "\n"

    def _name_ids(self, body: Body) -> None:
        for name, value in _walk(body):
            if name in _RANDOM and value and value not in self._names:
                count = sum(known.startswith(name) for known in self._names.values())
                self._names[value] = f"{name} {count + 1}"


@dataclass(frozen=True, slots=True)
class Line:
    """Phone line of a caller: an MCP client whose calls are written to the page."""

    caller: Caller
    client: Client
    page: Page

    def says(self, words: str) -> None:
        """Write the caller's words."""
        self.page.caller(words)

    def pause(self, seconds: int, words: str) -> None:
        """Advance the clock."""
        self.caller.clock.advance(seconds=seconds)
        self.page.note(words)

    async def call(self, tool: str, /, **arguments: object) -> Body:
        """Call a tool, and write its response or its error."""
        self.page.write_request(tool, arguments)
        body = body_of(await self.client.call_tool(tool, arguments))
        self.page.answered(body)
        return body


@asynccontextmanager
async def ring(caller: Caller, page: Page) -> AsyncIterator[Line]:
    """Open a connection for the call."""
    async with Client(caller.server) as client:
        yield Line(caller, client, page)


def _beside(body: Body) -> list[str]:
    """List the facts of a response that are not spoken but help the reader."""
    facts = []
    if "error" in body:
        facts.append(f"error {body['error']['code']}")
    if body.get("replayed"):
        facts.append("replayed")
    if reason := body.get("booking", {}).get("assignmentReason"):
        facts.append(reason)
    return facts


def _walk(value: Any) -> list[tuple[str, Any]]:  # noqa: ANN401  any JSON
    """Yield every key with its value, at any depth."""
    if isinstance(value, Mapping):
        return [pair for name, one in value.items() for pair in ((name, one), *_walk(one))]
    if isinstance(value, list):
        return [pair for one in value for pair in _walk(one)]
    return []
