"""A trace as a resource: for an agent of whoever runs the business."""

from dataclasses import asdict
from typing import Any, Final

import orjson
from mcp.server import MCPServer
from mcp.shared.exceptions import MCPError
from mcp_types import INTERNAL_ERROR, INVALID_PARAMS

from slotmcp.domain.access import Scope
from slotmcp.domain.errors import NotFound, SlotmcpError
from slotmcp.services.app import App
from slotmcp.services.trace_story import story_of
from slotmcp.services.traces import TraceAnswer
from slotmcp.tools.gate import LOCAL_GATE, CallGate

TRACE_URI: Final = "slotmcp://trace/{traceId}"


def add_trace_resource(server: MCPServer, app: App, gate: CallGate = LOCAL_GATE) -> None:
    """Let operators' clients of a server read traces by their ids, those within their reach."""

    @server.resource(
        TRACE_URI,
        name="trace",
        title="Why a call was answered as it was",
        description="What was asked, by what it was decided, and what was in the way. The id is an answer's traceId. "
        "For operators.",
        mime_type="application/json",
    )
    async def trace(traceId: str) -> str:  # noqa: N803  as the template has it
        try:
            with gate.entered() as principal:
                await gate.admit(principal, Scope.OPERATOR)
                answer = await app.traces.find(traceId)
                if not principal.can_reach(answer.trace.project_id):
                    raise app.traces.unknown(traceId)
                return orjson.dumps(told(answer)).decode()
        except NotFound as error:
            raise MCPError(INVALID_PARAMS, error.message) from None
        except SlotmcpError as error:
            raise MCPError(INTERNAL_ERROR, error.message) from None


def told(answer: TraceAnswer) -> dict[str, Any]:
    """A trace as JSON: its story, and all of its facts."""
    facts = asdict(answer.trace)
    facts["technicians"] = [
        {**one, "reasons": {reason.value: count for reason, count in one["reasons"].items()}}
        for one in facts["technicians"]
    ]
    return {"result": " ".join(line.strip() for line in story_of(answer)), "trace": facts}
