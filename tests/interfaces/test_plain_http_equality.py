"""Tests that the plain HTTP interface answers as MCP does: the same text, for successes and errors of every tool."""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import orjson
from mcp import Client
from mcp_types import TextContent

from slotmcp.domain.errors import ErrorCode
from slotmcp.tools.gate import Toolset
from slotmcp.tools.server import TOOL_NAMES
from slotmcp.web.tool_calls import STATUSES
from support.denver import PLAN, SUNDAY_NOON_MS
from support.plain_http import plain_client, tools_only
from support.server import Caller, open_caller

Call = Callable[..., Awaitable[Any]]
MONDAY: Final = "2026-11-23"
KIM: Final = {"customerName": "Kim Doe", "customerPhone": "+1 303 555 0142"}
LEE: Final = {"customerName": "Lee Poe", "customerPhone": "+1 303 555 0199"}
GENERATED: Final = re.compile(r"01[0-9A-HJKMNP-TV-Z]{24}|(?<=[\"/])[\w-]{32}(?=\")")
"""Ids and tokens, which differ between two databases."""


async def use_every_tool(call: Call) -> None:
    """Call every tool with success and with an error."""
    await call("list_services")
    await call("list_services", serviceType="plumbing")
    slots = (await call("get_slots", limit=5))["slots"]
    await call("get_slots", limit=1000, nonsense="x")
    await call("explain_slot", start=slots[0]["start"])
    await call("explain_slot", start="yesterday-ish")
    hold = await call("create_hold", start=slots[0]["start"], customerHash="kim-1234-abcd-5678")
    await call("create_hold", start=f"{MONDAY}T03:00")
    await call("release_hold", holdToken=hold["holdToken"])
    await call("release_hold")
    booking = (await call("book_slot", start=slots[1]["start"], idempotencyKey="k" * 8 + "12345678", **KIM))["booking"]
    await call("book_slot", start=slots[2]["start"], idempotencyKey="k" * 8 + "12345678", **KIM)
    await call("book_slot", start=slots[1]["start"], **{**KIM, "customerName": "Kimberly Roe"})
    await call("book_slot", holdToken="never-was", **KIM)
    await call("find_bookings", phone=KIM["customerPhone"])
    await call("find_bookings", projectId="nowhere", phone=KIM["customerPhone"])
    await call("reschedule_booking", bookingId=booking["bookingId"], start=slots[3]["start"])
    await call("reschedule_booking", bookingId="none", start=slots[3]["start"])
    await call("update_booking", bookingId=booking["bookingId"], notes="gate 1234")
    await call("update_booking", bookingId="none", notes="gate 1234")
    await call("cancel_booking", bookingId=booking["bookingId"])
    await call("cancel_booking", bookingId="none")
    await call("join_waitlist", **{"from": f"{MONDAY}T00:00", "to": f"{MONDAY}T23:00"}, **LEE)
    await use_the_operators_tools(call)


async def use_the_operators_tools(call: Call) -> None:
    last = (await call("get_slots", serviceType="furnace-check", limit=100))["slots"][-1]
    await call("book_slot", serviceType="furnace-check", start=last["start"], **LEE)
    window = {"from": last["start"], "to": last["end"]}
    await call("join_waitlist", serviceType="furnace-check", **window, **KIM)
    await call("list_technicians")
    await call("list_technicians", projectId="nowhere")
    await call("set_technician_status", technicianId="t-ana", status="off")
    await call("set_technician_status", technicianId="t-ana", status="asleep")
    await call("add_time_off", technicianId="t-ben", start="2026-12-24", end="2026-12-26")
    await call("add_time_off", technicianId="t-nobody", start="2026-12-24", end="2026-12-26")
    await call("list_waitlist")
    await call("list_waitlist", serviceType="plumbing")
    await call("get_metrics")
    await call("get_metrics", projectId="nowhere")


async def over_mcp(caller: Caller) -> list[tuple[str, str]]:
    """Return the text of each call over MCP, with the name of its tool."""
    texts: list[tuple[str, str]] = []
    async with Client(caller.server) as client:

        async def call(tool: str, **arguments: object) -> Any:  # noqa: ANN401  an answer of any tool
            result = await client.call_tool(tool, arguments)
            (block,) = result.content
            assert isinstance(block, TextContent)
            texts.append((tool, block.text))
            return result.structured_content

        await use_every_tool(call)
    return texts


async def over_http(caller: Caller) -> list[tuple[str, str]]:
    """Return the text of each call over plain HTTP, after checking its status."""
    texts: list[tuple[str, str]] = []
    async with plain_client(tools_only(caller)) as client:

        async def call(tool: str, **arguments: object) -> Any:  # noqa: ANN401  an answer of any tool
            response = await client.call(tool, **arguments)
            body = orjson.loads(response.content)
            assert response.status_code == STATUSES.get(body.get("error", {}).get("code"), 200)
            assert response.headers["content-type"] == "application/json"
            texts.append((tool, response.text))
            return body

        await use_every_tool(call)
    return texts


def numbered(texts: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the texts with generated ids replaced by the number of their first appearance."""
    seen: dict[str, str] = {}
    return [(tool, GENERATED.sub(lambda id_: seen.setdefault(id_[0], f"#{len(seen)}"), text)) for tool, text in texts]


async def test_the_text_of_every_tool_equals_that_of_mcp(tmp_path: Path) -> None:
    texts = []
    for name, run in (("mcp", over_mcp), ("http", over_http)):
        path = tmp_path / f"{name}.db"
        async with open_caller(path, PLAN, now_ms=SUNDAY_NOON_MS, toolset=Toolset.OPERATOR) as caller:
            texts.append(await run(caller))
    assert numbered(texts[0]) == numbered(texts[1])
    for tool in TOOL_NAMES:
        assert {'"error":' in text for name, text in texts[1] if name == tool} == {True, False}, tool


def test_every_error_code_has_a_status() -> None:
    assert set(STATUSES) == set(ErrorCode)
