"""The business that the demo calls: a database of its own, and a server process for each line."""

import json
import shlex
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

from mcp import Client, StdioServerParameters
from mcp.client.stdio import get_default_environment

from slotmcp.demo.paper import Paper
from slotmcp.project_file import sample_text

Answer = Mapping[str, Any]

START_SECONDS = 60
CALL_SECONDS = 30.0
MS_PER_SECOND = 1000
TOKEN_SHOWN = 6


class DemoError(Exception):
    """Something answered otherwise than the demo's story needs."""


class Line:
    """One phone line: an MCP client, and the server process that it started."""

    def __init__(self, client: Client, paper: Paper) -> None:
        self._client = client
        self._paper = paper

    async def ask(self, tool: str, **arguments: object) -> Answer:
        """Call a tool, and show what went over the wire.

        Raises:
            DemoError: it was refused.
        """
        is_error, answer = await self._call(tool, arguments)
        if is_error:
            raise DemoError(f"{tool} was refused: {answer}")
        return answer

    async def ask_in_vain(self, tool: str, **arguments: object) -> Answer:
        """Call a tool that has to refuse.

        Raises:
            DemoError: it did not.
        """
        is_error, answer = await self._call(tool, arguments)
        if not is_error:
            raise DemoError(f"{tool} was not refused: {answer}")
        return answer

    async def _call(self, tool: str, arguments: dict[str, object]) -> tuple[bool, Answer]:
        await self._paper.tool(f"-> {tool} {json.dumps(_shown(arguments))}")
        began = perf_counter()
        result = await self._client.call_tool(tool, arguments)
        took_ms = (perf_counter() - began) * MS_PER_SECOND
        answer: Answer = result.structured_content or {}
        await self._paper.tool(f"<- {_gist(tool, answer)} ({took_ms:.0f} ms)")
        return bool(result.is_error), answer


class Office:
    """A business in a folder."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "denver.yaml"
        self._environment = {
            **get_default_environment(),
            "SLOTMCP_DATABASE_URL": str(folder / "slotmcp.db"),
            "SLOTMCP_CONFIG": str(folder / "config.toml"),
        }
        (folder / "config.toml").touch()

    def open(self) -> str:
        """Import the sample, by the command that anybody would use; what it said."""
        self._file.write_text(sample_text(), encoding="utf-8")
        command = [sys.executable, "-m", "slotmcp", "import", str(self._file)]
        done = subprocess.run(  # noqa: S603  ourselves
            command, env=self._environment, capture_output=True, text=True, timeout=START_SECONDS, check=False
        )
        if done.returncode:
            raise DemoError(f"{shlex.join(command)} said: {done.stderr}")
        return done.stdout.partition("\n")[0]

    @asynccontextmanager
    async def line(self, paper: Paper) -> AsyncIterator[Line]:
        """A line, with a server process of its own."""
        server = StdioServerParameters(command=sys.executable, args=["-m", "slotmcp", "stdio"], env=self._environment)
        async with Client(server, read_timeout_seconds=CALL_SECONDS) as client:
            yield Line(client, paper)


def _shown(arguments: Mapping[str, object]) -> Mapping[str, object]:
    """A hold's token is a secret, and long."""
    return {name: _short(str(value)) if name == "holdToken" else value for name, value in arguments.items()}


def _short(token: str) -> str:
    return f"{token[:TOKEN_SHOWN]}..."


def _gist(tool: str, answer: Answer) -> str:
    """What matters of an answer, in a line."""
    if "error" in answer:
        error = answer["error"]
        return f"{error['code']}, {len(error.get('alternatives', ()))} alternatives"
    return _GISTS[tool](answer)


def _services(answer: Answer) -> str:
    return f"{len(answer['services'])} services of {answer['projectName']}, {answer['timezone']}"


def _slots(answer: Answer) -> str:
    slots = answer["slots"]
    return (
        f"{len(slots)} slots, the first {slots[0]['start']} with capacity {slots[0]['capacity']}" if slots else "none"
    )


def _hold(answer: Answer) -> str:
    return (
        f"holdToken {_short(answer['holdToken'])}, until {answer['expiresAt']}, capacityLeft {answer['capacityLeft']}"
    )


def _booked(answer: Answer) -> str:
    booking = answer["booking"]
    return f"{booking['status']}, {booking['technicianName']}, replayed {str(answer['replayed']).lower()}"


_GISTS: Mapping[str, Callable[[Answer], str]] = {
    "list_services": _services,
    "get_slots": _slots,
    "create_hold": _hold,
    "book_slot": _booked,
}
