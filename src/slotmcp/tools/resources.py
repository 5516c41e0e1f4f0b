"""Resources that clients can read by a secret id: a waitlist entry and, for operators, a trace."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any, Final

import orjson
from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ResourceNotFoundError
from mcp.shared.exceptions import MCPError
from mcp_types import INTERNAL_ERROR, INVALID_PARAMS

from slotmcp.domain.access import Principal, Scope
from slotmcp.domain.errors import NotFound, SlotmcpError
from slotmcp.services.app import App
from slotmcp.services.traces import TraceAnswer, summarize_trace
from slotmcp.tools.gate import LOCAL_GATE, CallGate
from slotmcp.tools.waitlist import WAITLIST_ENTRY_URI, read_waitlist_entry

TRACE_URI: Final = "slotmcp://trace/{traceId}"
RESOURCE_SCOPES: Final = {WAITLIST_ENTRY_URI: Scope.CALLER, TRACE_URI: Scope.OPERATOR}
"""Scopes of the resources by URI template."""


def add_waitlist_resource(server: MCPServer, app: App, gate: CallGate = LOCAL_GATE) -> None:
    """Let clients of a server read the waitlist entries of the projects that they can access."""

    @server.resource(
        WAITLIST_ENTRY_URI,
        name="wait",
        title="A place on the waitlist",
        description="How a caller on the waitlist stands, and what is kept for them. The id comes from join_waitlist.",
        mime_type="application/json",
    )
    async def wait(waitId: str) -> str:  # noqa: N803  the name in the URI template
        async with _admitted(gate, Scope.CALLER) as principal:
            content = await read_waitlist_entry(app, waitId, principal.projects)
        return orjson.dumps(content).decode()


def add_trace_resource(server: MCPServer, app: App, gate: CallGate = LOCAL_GATE) -> None:
    """Let operators' clients of a server read the traces of the projects that they can access."""

    @server.resource(
        TRACE_URI,
        name="trace",
        title="Why a call was answered as it was",
        description="What was asked, by what it was decided, and what was in the way. The id is an answer's traceId. "
        "For operators.",
        mime_type="application/json",
    )
    async def trace(traceId: str) -> str:  # noqa: N803  the name in the URI template
        if Scope.OPERATOR not in gate.principal.scopes:
            raise ResourceNotFoundError(f"Unknown resource: slotmcp://trace/{traceId}")
        async with _admitted(gate, Scope.OPERATOR) as principal:
            answer = await app.traces.find(traceId)
            if not principal.can_reach(answer.trace.project_id):
                raise app.traces.unknown(traceId)
        return orjson.dumps(trace_as_json(answer)).decode()


def trace_as_json(answer: TraceAnswer) -> dict[str, Any]:
    """Return a trace's narrative and all of its fields."""
    fields = asdict(answer.trace)
    fields["technicians"] = [
        {**technician, "reasons": {reason.value: count for reason, count in technician["reasons"].items()}}
        for technician in fields["technicians"]
    ]
    return {"result": " ".join(line.strip() for line in summarize_trace(answer)), "trace": fields}


@asynccontextmanager
async def _admitted(gate: CallGate, scope: Scope) -> AsyncIterator[Principal]:
    """Run a block as an admitted call; raise its errors as protocol errors."""
    try:
        with gate.enter() as principal:
            await gate.admit(principal, scope)
            yield principal
    except NotFound as error:
        raise MCPError(INVALID_PARAMS, error.message) from None
    except SlotmcpError as error:
        raise MCPError(INTERNAL_ERROR, error.message) from None
