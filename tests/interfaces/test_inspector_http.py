"""Tests with the MCP Inspector's command line over HTTP and SSE, with a key."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from slotmcp.domain.access import Scope
from slotmcp.tools.server import CALLER_TOOLS
from support.denver import PLAN
from support.http_server import open_database, serving

INSPECTOR = Path(__file__).parents[1] / "inspector" / "node_modules" / ".bin" / "mcp-inspector"
TOOL_ERRED = 5


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """URL of a server, and a key."""
    path = tmp_path_factory.mktemp("inspector") / "slotmcp.db"

    async def prepare() -> str:
        async with open_database(path, PLAN) as schedules:
            return (await schedules.app.access.create(Scope.CALLER, project=None)).token

    key = anyio.run(prepare)
    with serving(path) as server:
        yield server.url, key


def call(place: tuple[str, str], transport: str, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Return the Inspector's exit code, and the JSON that it prints."""
    url, key = place
    where = [f"{url}/{'mcp' if transport == 'http' else 'sse'}", "--transport", transport]
    done = subprocess.run(  # noqa: S603  a tool that package-lock.json pins
        [str(INSPECTOR), "--cli", *where, "--header", f"Authorization: Bearer {key}", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.mark.parametrize("transport", ["http", "sse"])
def test_the_inspector_lists_the_tools(place: tuple[str, str], transport: str) -> None:
    code, listed = call(place, transport, "--method", "tools/list")
    assert code == 0
    assert [tool["name"] for tool in listed["tools"]] == [tool.name for tool in CALLER_TOOLS]


def test_the_inspector_calls_a_tool_over_sse_and_reports_a_refusal(place: tuple[str, str]) -> None:
    called, answer = call(place, "sse", "--method", "tools/call", "--tool-name", "get_slots")
    assert (called, bool(answer["structuredContent"]["slots"])) == (0, True)
    unknown = ("--tool-name", "find_bookings", "--tool-arg", "phone=0")
    refused, refusal = call(place, "sse", "--method", "tools/call", *unknown)
    assert (refused, refusal["structuredContent"]["error"]["code"]) == (TOOL_ERRED, "invalid_argument")


def call_tool(place: tuple[str, str], tool: str, **arguments: str) -> tuple[int, dict[str, Any]]:
    """Return the Inspector's exit code and the tool's response."""
    pairs = [word for name, value in arguments.items() for word in ("--tool-arg", f"{name}={value}")]
    code, response = call(place, "http", "--method", "tools/call", "--tool-name", tool, *pairs)
    return code, response["structuredContent"]


@pytest.mark.timeout(300)
def test_the_inspector_calls_every_tool_and_reports_a_refusal(place: tuple[str, str]) -> None:
    services, catalog = call_tool(place, "list_services")
    searched, free = call_tool(place, "get_slots", serviceType=catalog["services"][0]["serviceType"])
    start = free["slots"][0]["start"]
    service = free["query"]["serviceType"]
    held, hold = call_tool(place, "create_hold", serviceType=service, start=start, customerHash="caller-1")
    released, _ = call_tool(place, "release_hold", holdToken=hold["holdToken"])
    customer = {"customerName": "Jo Doe", "customerPhone": "+1 303 555 0100"}
    booked, booking = call_tool(place, "book_slot", serviceType=service, start=start, **customer)
    refused, refusal = call_tool(place, "book_slot", serviceType=service, start="2099-01-04T03:07:00Z", **customer)

    other_start = free["slots"][-1]["start"]
    explained, _ = call_tool(place, "explain_slot", serviceType=service, start=other_start)
    found, theirs = call_tool(place, "find_bookings", phone="(303) 555-0100")
    proof = {"bookingId": theirs["bookings"][0]["bookingId"], "phone": "303 555 0100"}
    moved, _ = call_tool(place, "reschedule_booking", start=other_start, **proof)
    cancelled, _ = call_tool(place, "cancel_booking", **proof)
    window = {"from": free["query"]["from"], "to": free["query"]["to"]}
    joined, no_need = call_tool(place, "join_waitlist", serviceType=service, **window, **customer)

    assert [services, searched, held, released, booked, explained, found, moved, cancelled] == [0] * 9
    assert (joined, no_need["error"]["code"]) == (TOOL_ERRED, "slots_available")
    assert booking["booking"]["status"] == "confirmed"
    assert (refused, refusal["error"]["code"]) == (TOOL_ERRED, "slot_unavailable")
