"""Business of the scripted demo: a temporary database, and a stdio server process for each phone line."""

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

from slotmcp.demo.transcript import Transcript
from slotmcp.domain.interval import MS_PER_SECOND
from slotmcp.project_file import sample_text

ToolResult = Mapping[str, Any]

START_SECONDS = 60
CALL_SECONDS = 30.0
TOKEN_PREFIX_LENGTH = 6


class DemoError(Exception):
    """Unexpected result of a tool or a command."""


class PhoneLine:
    """MCP client with its own server process, whose calls are printed."""

    def __init__(self, client: Client, transcript: Transcript) -> None:
        self._client = client
        self._transcript = transcript

    async def call(self, tool: str, **arguments: object) -> ToolResult:
        """Call a tool.

        Raises:
            DemoError: the call was refused.
        """
        is_error, result = await self._call(tool, arguments)
        if is_error:
            raise DemoError(f"{tool} was refused: {result}")
        return result

    async def call_refused(self, tool: str, **arguments: object) -> ToolResult:
        """Call a tool that is expected to refuse.

        Raises:
            DemoError: the call succeeded.
        """
        is_error, result = await self._call(tool, arguments)
        if not is_error:
            raise DemoError(f"{tool} was not refused: {result}")
        return result

    async def _call(self, tool: str, arguments: dict[str, object]) -> tuple[bool, ToolResult]:
        await self._transcript.tool(f"-> {tool} {json.dumps(_shorten_token(arguments))}")
        start_seconds = perf_counter()
        response = await self._client.call_tool(tool, arguments)
        duration_ms = (perf_counter() - start_seconds) * MS_PER_SECOND
        result: ToolResult = response.structured_content or {}
        await self._transcript.tool(f"<- {_summarize(tool, result)} ({duration_ms:.0f} ms)")
        return bool(response.is_error), result


class StdioBusiness:
    """Business in a folder, served over stdio."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "denver.yaml"
        self._environment = {
            **get_default_environment(),
            "SLOTMCP_DATABASE_URL": str(folder / "slotmcp.db"),
            "SLOTMCP_CONFIG": str(folder / "config.toml"),
        }
        (folder / "config.toml").touch()

    def import_sample(self) -> str:
        """Run `slotmcp import` on the sample file, and return its first line of output.

        Raises:
            DemoError: the import failed.
        """
        self._file.write_text(sample_text(), encoding="utf-8")
        command = [sys.executable, "-m", "slotmcp", "import", str(self._file)]
        done = subprocess.run(  # noqa: S603  slotmcp itself
            command, env=self._environment, capture_output=True, text=True, timeout=START_SECONDS, check=False
        )
        if done.returncode:
            raise DemoError(f"{shlex.join(command)} failed: {done.stderr}")
        return done.stdout.partition("\n")[0]

    @asynccontextmanager
    async def phone_line(self, transcript: Transcript) -> AsyncIterator[PhoneLine]:
        """Open a phone line with its own server process."""
        server = StdioServerParameters(command=sys.executable, args=["-m", "slotmcp", "stdio"], env=self._environment)
        async with Client(server, read_timeout_seconds=CALL_SECONDS) as client:
            yield PhoneLine(client, transcript)


def _shorten_token(arguments: Mapping[str, object]) -> Mapping[str, object]:
    """Shorten the hold token, which is secret and long."""
    return {name: _short(str(value)) if name == "holdToken" else value for name, value in arguments.items()}


def _short(token: str) -> str:
    return f"{token[:TOKEN_PREFIX_LENGTH]}..."


def _summarize(tool: str, result: ToolResult) -> str:
    """Summarize a result in one line."""
    if "error" in result:
        error = result["error"]
        return f"{error['code']}, {len(error.get('alternatives', ()))} alternatives"
    return _SUMMARIES[tool](result)


def _services(result: ToolResult) -> str:
    return f"{len(result['services'])} services of {result['projectName']}, {result['timezone']}"


def _slots(result: ToolResult) -> str:
    slots = result["slots"]
    return (
        f"slots: {len(slots)}, the first {slots[0]['start']} with capacity {slots[0]['capacity']}" if slots else "none"
    )


def _hold(result: ToolResult) -> str:
    return (
        f"holdToken {_short(result['holdToken'])}, until {result['expiresAt']}, capacityLeft {result['capacityLeft']}"
    )


def _booked(result: ToolResult) -> str:
    booking = result["booking"]
    return f"{booking['status']}, {booking['technicianName']}, replayed {str(result['replayed']).lower()}"


_SUMMARIES: Mapping[str, Callable[[ToolResult], str]] = {
    "list_services": _services,
    "get_slots": _slots,
    "create_hold": _hold,
    "book_slot": _booked,
}
