"""Tests with the MCP Inspector's command line over stdio."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from slotmcp.project_file.packaged import SAMPLE
from slotmcp.tools.gate import Toolset
from slotmcp.tools.server import select_tools

INSPECTOR = Path(__file__).parents[1] / "inspector" / "node_modules" / ".bin" / "mcp-inspector"
TOOL_ERRED = 5
CALLER_TOOLS = {tool.name for tool in select_tools(Toolset.CALLER)}


@dataclass(frozen=True)
class Inspector:
    """MCP Inspector, started for each request, on one database."""

    database_url: str

    def request(self, method: str, *arguments: str) -> tuple[int, dict[str, Any]]:
        """Return the exit code and the JSON that it prints."""
        server = [sys.executable, "-m", "slotmcp", "stdio", "-e", f"SLOTMCP_DATABASE_URL={self.database_url}"]
        done = self._run([str(INSPECTOR), "--cli", *server, "--method", method, *arguments])
        return done.returncode, json.loads(done.stdout)

    def call(self, tool: str, **arguments: str) -> tuple[int, dict[str, Any]]:
        """Return the exit code and the tool's response."""
        pairs = [word for name, value in arguments.items() for word in ("--tool-arg", f"{name}={value}")]
        code, response = self.request("tools/call", "--tool-name", tool, *pairs)
        return code, response["structuredContent"]

    def import_project(self, path: Path) -> None:
        self._run([sys.executable, "-m", "slotmcp", "import", str(path)]).check_returncode()

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603  our own server, and a tool that package-lock.json pins
            command,
            env={**os.environ, "SLOTMCP_DATABASE_URL": self.database_url},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture
def inspector(tmp_path: Path) -> Inspector:
    made = Inspector(f"sqlite:///{tmp_path / 'book.db'}")
    made.import_project(SAMPLE)
    return made


def test_the_inspector_lists_every_tool(inspector: Inspector) -> None:
    code, response = inspector.request("tools/list")

    assert code == 0
    assert {tool["name"] for tool in response["tools"]} == CALLER_TOOLS


@pytest.mark.timeout(300)
def test_the_inspector_calls_every_tool_and_reports_a_refusal(inspector: Inspector) -> None:
    services, catalog = inspector.call("list_services")
    searched, free = inspector.call("get_slots", serviceType=catalog["services"][0]["serviceType"])
    start = free["slots"][0]["start"]
    service = free["query"]["serviceType"]
    held, hold = inspector.call("create_hold", serviceType=service, start=start, customerHash="caller-1")
    released, _ = inspector.call("release_hold", holdToken=hold["holdToken"])
    customer = {"customerName": "Jo Doe", "customerPhone": "+1 303 555 0100"}
    booked, booking = inspector.call("book_slot", serviceType=service, start=start, **customer)
    refused, refusal = inspector.call("book_slot", serviceType=service, start="2099-01-04T03:07:00Z", **customer)

    other_start = free["slots"][-1]["start"]
    explained, _ = inspector.call("explain_slot", serviceType=service, start=other_start)
    found, theirs = inspector.call("find_bookings", phone="(303) 555-0100")
    booking_id = theirs["bookings"][0]["bookingId"]
    moved, _ = inspector.call("reschedule_booking", bookingId=booking_id, phone="303 555 0100", start=other_start)
    cancelled, _ = inspector.call("cancel_booking", bookingId=booking_id, phone="303 555 0100")
    window = {"from": free["query"]["from"], "to": free["query"]["to"]}
    joined, no_need = inspector.call("join_waitlist", serviceType=service, **window, **customer)

    assert [services, searched, held, released, booked, explained, found, moved, cancelled] == [0] * 9
    assert (joined, no_need["error"]["code"]) == (TOOL_ERRED, "slots_available")
    assert booking["booking"]["status"] == "confirmed"
    assert (refused, refusal["error"]["code"]) == (TOOL_ERRED, "slot_unavailable")
