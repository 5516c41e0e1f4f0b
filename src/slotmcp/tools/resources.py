"""Resources that clients can read: the catalog by its ids, a waitlist entry and, for operators, a trace."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import Any, Final

import orjson
from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ResourceNotFoundError

from slotmcp.domain.access import Principal, Scope
from slotmcp.services.app import App
from slotmcp.services.traces import TraceAnswer, summarize_trace
from slotmcp.tools.admission import admitted
from slotmcp.tools.catalog import read_hours, read_service, read_services
from slotmcp.tools.gate import LOCAL_GATE, CallGate
from slotmcp.tools.technicians import read_technician
from slotmcp.tools.waitlist import WAITLIST_ENTRY_URI, read_waitlist_entry

SERVICES_URI: Final = "slotmcp://services/{projectId}"
SERVICE_URI: Final = "slotmcp://services/{projectId}/{serviceType}"
HOURS_URI: Final = "slotmcp://hours/{projectId}"
TECHNICIAN_URI: Final = "slotmcp://technicians/{projectId}/{technicianId}"
TRACE_URI: Final = "slotmcp://trace/{traceId}"
RESOURCE_SCOPES: Final = {
    WAITLIST_ENTRY_URI: Scope.CALLER,
    SERVICES_URI: Scope.CALLER,
    SERVICE_URI: Scope.CALLER,
    HOURS_URI: Scope.CALLER,
    TECHNICIAN_URI: Scope.OPERATOR,
    TRACE_URI: Scope.OPERATOR,
}
"""Scopes of the resources by URI template."""
UNANNOUNCED_RESOURCES: Final = frozenset(RESOURCE_SCOPES) - {WAITLIST_ENTRY_URI}
"""URI templates of the resources whose changes are not announced to subscribers."""
_JSON: Final = "application/json"


def add_waitlist_resource(server: MCPServer, app: App, gate: CallGate = LOCAL_GATE) -> None:
    """Let clients of a server read the waitlist entries of the projects that they can access."""

    @server.resource(
        WAITLIST_ENTRY_URI,
        name="wait",
        title="A place on the waitlist",
        description="How a caller on the waitlist stands, and what is kept for them. The id comes from join_waitlist.",
        mime_type=_JSON,
    )
    async def wait(waitId: str) -> str:  # noqa: N803  the name in the URI template
        return await _read(gate, Scope.CALLER, lambda principal: read_waitlist_entry(app, waitId, principal.projects))


def add_catalog_resources(server: MCPServer, app: App, gate: CallGate = LOCAL_GATE) -> None:
    """Let clients of a server read the services and the hours of the projects that they can access."""

    @server.resource(
        SERVICES_URI,
        name="services",
        title="Services of a business",
        description="The services that can be booked, as list_services gives them.",
        mime_type=_JSON,
    )
    async def services(projectId: str) -> str:  # noqa: N803  the name in the URI template
        return await _read(
            gate, Scope.CALLER, lambda principal: read_services(app, principal.resolve_project(projectId))
        )

    @server.resource(
        SERVICE_URI,
        name="service",
        title="One service in full",
        description="When to choose a service, its price, terms and questions.",
        mime_type=_JSON,
    )
    async def service(projectId: str, serviceType: str) -> str:  # noqa: N803  the names in the URI template
        return await _read(
            gate, Scope.CALLER, lambda principal: read_service(app, principal.resolve_project(projectId), serviceType)
        )

    @server.resource(
        HOURS_URI,
        name="hours",
        title="Opening hours of a business",
        description="The hours of the next seven dates, the current time and the time zone.",
        mime_type=_JSON,
    )
    async def hours(projectId: str) -> str:  # noqa: N803  the name in the URI template
        return await _read(gate, Scope.CALLER, lambda principal: read_hours(app, principal.resolve_project(projectId)))


def add_technician_resource(server: MCPServer, app: App, gate: CallGate = LOCAL_GATE) -> None:
    """Let operators' clients of a server read the technicians of the projects that they can access."""

    @server.resource(
        TECHNICIAN_URI,
        name="technician",
        title="One technician",
        description="Status, skills, bookings and time off of a technician, as list_technicians gives them. "
        "For operators.",
        mime_type=_JSON,
    )
    async def technician(projectId: str, technicianId: str) -> str:  # noqa: N803  the names in the URI template
        if Scope.OPERATOR not in gate.principal.scopes:
            raise ResourceNotFoundError(f"Unknown resource: slotmcp://technicians/{projectId}/{technicianId}")
        return await _read(
            gate,
            Scope.OPERATOR,
            lambda principal: read_technician(app, principal.resolve_project(projectId), technicianId),
        )


def add_trace_resource(server: MCPServer, app: App, gate: CallGate = LOCAL_GATE) -> None:
    """Let operators' clients of a server read the traces of the projects that they can access."""

    @server.resource(
        TRACE_URI,
        name="trace",
        title="Why a call was answered as it was",
        description="What was asked, by what it was decided, and what was in the way. The id is an answer's traceId. "
        "For operators.",
        mime_type=_JSON,
    )
    async def trace(traceId: str) -> str:  # noqa: N803  the name in the URI template
        if Scope.OPERATOR not in gate.principal.scopes:
            raise ResourceNotFoundError(f"Unknown resource: slotmcp://trace/{traceId}")
        async with admitted(gate, Scope.OPERATOR) as principal:
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


async def _read(gate: CallGate, scope: Scope, read: Callable[[Principal], Awaitable[Mapping[str, object]]]) -> str:
    """Return what an admitted principal reads, as JSON."""
    async with admitted(gate, scope) as principal:
        content = await read(principal)
    return orjson.dumps(content).decode()
