"""Tests of what makes the MCP SDK serve plain tool calls over HTTP, and of faults outside of a tool."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import orjson
import pytest
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp_types import CallToolRequestParams, CallToolResult

from fuzzing.business import BUSINESS
from slotmcp.asgi import HttpApp, ServeOptions
from slotmcp.domain.access import CallId
from slotmcp.ports import Rate
from slotmcp.settings import Settings
from slotmcp.tools.fast_calls import offers_fast_calls
from slotmcp.tools.gate import CallRateLimits
from support.denver import PLAN
from support.fast_path import OPERATOR, is_left_to_the_sdk, record_calls_of_the_sdk, slots_request
from support.http_server import running, write_database
from support.mcp_over_asgi import HttpResponse, McpOverAsgi, NumberedIds, open_mcp
from support.plain_requests import ENVELOPE
from support.tracer_provider import set_tracer_provider

REVISIONS: Final = (None, ENVELOPE)
"""One revision of each form of messages."""
FAULT: Final = "a disk is on fire"
LOCAL: Final[dict[str, object]] = {
    "scheme": "http",
    "http_version": "1.1",
    "client": ("127.0.0.1", 1),
    "server": ("127.0.0.1", 80),
}


@pytest.fixture
async def mcp(tmp_path: Path) -> AsyncIterator[McpOverAsgi]:
    async with open_mcp(tmp_path / "fast.db", BUSINESS, fast_calls=True, per_minute=6000) as opened:
        yield opened


async def test_calls_reach_the_middleware_of_an_extension(mcp: McpOverAsgi) -> None:
    seen: list[str] = []

    async def watch(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        seen.append(ctx.method)
        return await call_next(ctx)

    mcp.server.middleware.append(watch)
    assert await is_left_to_the_sdk(mcp, slots_request(None))
    await mcp.send(slots_request(None), OPERATOR)
    assert seen == ["tools/call"]


async def test_calls_reach_a_tool_that_an_extension_replaces(mcp: McpOverAsgi) -> None:
    mcp.server.remove_tool("get_slots")
    assert await is_left_to_the_sdk(mcp, slots_request(None))

    @mcp.server.tool(name="get_slots")
    async def replaced() -> str:
        return "replaced"

    assert b"replaced" in (await mcp.send(slots_request(None), OPERATOR)).body


@pytest.mark.parametrize("named_version", REVISIONS)
async def test_calls_reach_a_handler_that_an_extension_replaces(mcp: McpOverAsgi, named_version: str | None) -> None:
    async def replaced(_ctx: ServerRequestContext[Any, Any], params: CallToolRequestParams) -> CallToolResult:
        return CallToolResult(content=[], structured_content={"replaced": params.name})

    mcp.server._lowlevel_server.add_request_handler("tools/call", CallToolRequestParams, replaced)  # noqa: SLF001  the SDK's only way
    response = await mcp.send(slots_request(named_version), OPERATOR)
    assert orjson.loads(response.body)["result"]["structuredContent"] == {"replaced": "get_slots"}


@pytest.mark.parametrize("named_version", REVISIONS)
async def test_calls_have_the_spans_of_the_sdk(
    mcp: McpOverAsgi, monkeypatch: pytest.MonkeyPatch, named_version: str | None
) -> None:
    assert not await is_left_to_the_sdk(mcp, slots_request(named_version))
    exporter = set_tracer_provider(monkeypatch)
    assert await is_left_to_the_sdk(mcp, slots_request(named_version))
    await mcp.send(slots_request(named_version), OPERATOR)
    assert [span.name for span in exporter.get_finished_spans() if "tools/call" in span.name] == [
        "tools/call get_slots"
    ]


@pytest.mark.parametrize("named_version", REVISIONS)
@pytest.mark.parametrize("setting", ["true", "false"])
async def test_a_setting_turns_fast_calls_off(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    setting: str,
    named_version: str | None,
) -> None:
    await write_database(tmp_path / "slotmcp.db", PLAN)
    monkeypatch.setenv("SLOTMCP_DATABASE_URL", f"sqlite:///{tmp_path / 'slotmcp.db'}")
    monkeypatch.setenv("SLOTMCP_FAST_TOOL_CALLS", setting)
    app = HttpApp(Settings.load(), ServeOptions(is_open=True, is_local=True))
    request = slots_request(named_version).with_headers(("host", "localhost"))
    called = record_calls_of_the_sdk(monkeypatch)
    async with running(app):
        response = await McpOverAsgi.send_to(app, request, LOCAL)
    assert "slots" in orjson.loads(response.body)["result"]["structuredContent"]
    assert called == ([] if setting == "true" else ["get_slots"])


@pytest.mark.parametrize(("sdk_version", "expected"), [(version("mcp"), []), ("2.3.1", ["get_slots"])])
async def test_the_sdk_serves_all_calls_if_its_version_is_another(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    sdk_version: str,
    expected: list[str],
) -> None:
    installed = tmp_path / f"mcp-{sdk_version}.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text(f"Metadata-Version: 2.1\nName: mcp\nVersion: {sdk_version}\n")
    monkeypatch.syspath_prepend(tmp_path)
    called = record_calls_of_the_sdk(monkeypatch)
    async with open_mcp(tmp_path / "fast.db", BUSINESS, fast_calls=True, per_minute=6000) as opened:
        await opened.send(slots_request(None), OPERATOR)
    assert called == expected


def test_only_versions_of_the_sdk_that_were_compared_are_bypassed() -> None:
    assert offers_fast_calls(version("mcp")), "compare the responses, and read what its HTTP server checks newly"
    assert not offers_fast_calls("2.3.1")


def fail(*_arguments: object) -> None:
    raise OSError(FAULT)


def tear_the_ids(_server: McpOverAsgi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NumberedIds, "new_id", fail)


def tear_the_metrics(server: McpOverAsgi, _monkeypatch: pytest.MonkeyPatch) -> None:
    server.gate.observe = fail


Fault = Callable[[McpOverAsgi, pytest.MonkeyPatch], None]


async def responses_with(fault: Fault, folder: Path, named_version: str | None) -> list[HttpResponse]:
    """Return the responses of the fast path and of the SDK while something outside of a tool fails."""
    responses: list[HttpResponse] = []
    for fast_calls in (True, False):
        path = folder / f"{fast_calls}.db"
        async with open_mcp(path, BUSINESS, fast_calls=fast_calls, per_minute=6000) as server:
            with pytest.MonkeyPatch.context() as monkeypatch:
                fault(server, monkeypatch)
                responses.append(await server.send(slots_request(named_version), OPERATOR))
    return responses


@pytest.mark.parametrize("named_version", REVISIONS)
async def test_a_fault_in_front_of_a_tool_is_an_internal_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, named_version: str | None
) -> None:
    fast, slow = await responses_with(tear_the_ids, tmp_path, named_version)
    result = orjson.loads(fast.body)["result"]
    assert fast == slow
    assert (result["isError"], result["structuredContent"]["error"]["code"]) == (True, "internal")
    assert FAULT not in fast.body.decode()
    assert FAULT in caplog.text


@pytest.mark.parametrize("named_version", REVISIONS)
async def test_a_fault_after_a_call_does_not_change_its_response(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, named_version: str | None
) -> None:
    fast, slow = await responses_with(tear_the_metrics, tmp_path, named_version)
    assert fast == slow
    assert "slots" in orjson.loads(fast.body)["result"]["structuredContent"]
    assert FAULT in caplog.text


@dataclass(slots=True)
class Doorman:
    """Implementation of the port RateLimiter that lets each phone call wait for an event."""

    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    opened: asyncio.Event = field(default_factory=asyncio.Event)

    async def acquire(self, key: str, rate: Rate) -> int:
        del rate
        if key.startswith("call:"):
            self.arrived.set()
            await self.opened.wait()
        return 0


@pytest.mark.parametrize("named_version", REVISIONS)
async def test_a_call_that_a_stop_overtakes_gets_a_complete_response(tmp_path: Path, named_version: str | None) -> None:
    doorman, rate = Doorman(), Rate(per_minute=1)
    caller = OPERATOR.within(CallId("x-call-id", "c-1"))
    async with open_mcp(tmp_path / "fast.db", BUSINESS, fast_calls=True, per_minute=6000) as server:
        server.gate.rate_limits = CallRateLimits(limits=doorman, per_credential=None, per_call_id=rate)
        running_call = asyncio.create_task(server.send(slots_request(named_version), caller))
        await doorman.arrived.wait()
    assert not running_call.done()
    doorman.opened.set()
    response = await running_call
    assert response.status == HTTPStatus.OK
    assert "traceId" in orjson.loads(response.body)["result"]["structuredContent"]
