"""The MCP server: every tool that a caller's agent needs, and on request those of whoever runs the business."""

from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any, Final, TypeAlias

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.subscriptions import InMemorySubscriptionBus, SubscriptionBus
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, GetPromptResult, InputRequiredResult, Tool

from slotmcp.domain.access import Scope
from slotmcp.services.app import App
from slotmcp.tools.bookings import book_slot
from slotmcp.tools.catalog import list_services
from slotmcp.tools.changes import cancel_booking, find_bookings, reschedule_booking
from slotmcp.tools.explanations import explain_slot
from slotmcp.tools.gate import LOCAL_GATE, CallGate
from slotmcp.tools.holds import create_hold, release_hold
from slotmcp.tools.metrics import get_metrics
from slotmcp.tools.slots import get_slots
from slotmcp.tools.subscriptions import ReachableBus, add_wait_resource, watching
from slotmcp.tools.technicians import add_time_off, list_technicians, set_technician_status
from slotmcp.tools.toolsets import Toolset
from slotmcp.tools.trace_resource import add_trace_resource
from slotmcp.tools.use_case import Hints, UseCase
from slotmcp.tools.waitlist import join_waitlist, list_waitlist

_READ: Final = Hints(read_only=True, idempotent=True)
_SAFE_TO_REPEAT: Final = Hints(read_only=False, idempotent=True)
_ANEW_EACH_TIME: Final = Hints(read_only=False, idempotent=False)
_TAKES_AWAY: Final = Hints(read_only=False, idempotent=True, destructive=True)

CALLER_TOOLS: Final = (
    UseCase(list_services, "List services", _READ),
    UseCase(get_slots, "Find free times", _READ),
    UseCase(explain_slot, "Explain a time", _READ),
    UseCase(create_hold, "Hold a time", _ANEW_EACH_TIME),
    UseCase(release_hold, "Release a held time", _SAFE_TO_REPEAT),
    UseCase(book_slot, "Book an appointment", _SAFE_TO_REPEAT),
    UseCase(find_bookings, "Find bookings", _READ),
    UseCase(reschedule_booking, "Reschedule a booking", _SAFE_TO_REPEAT),
    UseCase(cancel_booking, "Cancel a booking", _TAKES_AWAY),
    UseCase(join_waitlist, "Join the waitlist", _SAFE_TO_REPEAT),
)

OPERATOR_TOOLS: Final = (
    UseCase(list_technicians, "List technicians", _READ, Scope.OPERATOR),
    UseCase(set_technician_status, "Set a technician's status", _TAKES_AWAY, Scope.OPERATOR),
    UseCase(add_time_off, "Add time off", _TAKES_AWAY, Scope.OPERATOR),
    UseCase(list_waitlist, "List the waitlist", _READ, Scope.OPERATOR),
    UseCase(get_metrics, "See what came of calls", _READ, Scope.OPERATOR),
)


INSTRUCTIONS: Final = """\
Appointments with technicians, for an agent that speaks with a caller.
Flow: list_services, then get_slots, then create_hold for the time the caller likes, then book_slot with its holdToken.
- `result` is a sentence that you can say as it is; the other keys are for you. Never read ids or tokens aloud.
- Take the date from `today` and `now` in the answers. Never invent a time or an id: use those you were given.
- Nothing is booked until book_slot has answered with a booking. An error says what to do next; offer its alternatives.
- To change or cancel, find_bookings first, and let the caller confirm which one.
- When nothing fits, offer the waitlist: join_waitlist.
- On a timeout, retry with the same arguments: nothing is booked twice."""


READS_ONLY: Final = "\nThis server only reads: nothing can be held, booked or changed here."


def tools_of(toolset: Toolset, *, read_only: bool = False) -> tuple[UseCase[Any], ...]:
    """The tools of a toolset; with `read_only`, those that change nothing."""
    tools = CALLER_TOOLS if toolset is Toolset.CALLER else (*CALLER_TOOLS, *OPERATOR_TOOLS)
    return tuple(tool for tool in tools if tool.hints.read_only or not read_only)


Extend: TypeAlias = Callable[[MCPServer], None]
"""Gives a server more to offer."""


class SlotmcpServer(MCPServer):
    """Lists to each client what that client may call."""

    def __init__(
        self, app: App, tools: Sequence[UseCase[Any]], bus: SubscriptionBus, gate: CallGate, remark: str
    ) -> None:
        super().__init__(
            "slotmcp",
            title="slotmcp",
            version=version("slotmcp"),
            instructions=INSTRUCTIONS + remark,
            tools=[use_case.tool_of(app, gate) for use_case in tools],
            subscriptions=ReachableBus(bus, gate),
        )
        self._gate = gate
        self._scopes = {use_case.perform.__name__: use_case.scope for use_case in tools}

    async def list_tools(self) -> list[Tool]:
        """The tools within reach of whoever asks."""
        scopes = self._gate.principal.scopes
        return [tool for tool in await super().list_tools() if self._scopes.get(tool.name, Scope.CALLER) in scopes]

    async def get_prompt(
        self, name: str, arguments: dict[str, Any] | None = None, context: Context[Any, Any] | None = None
    ) -> GetPromptResult | InputRequiredResult:
        """A prompt; one that is not there is the client's mistake, and not, as the library has it, a failure here."""
        if name not in {prompt.name for prompt in await self.list_prompts()}:
            raise MCPError(INVALID_PARAMS, "There is no such prompt.")
        return await super().get_prompt(name, arguments, context)


def create_server(
    app: App,
    bus: SubscriptionBus | None = None,
    *,
    toolset: Toolset = Toolset.CALLER,
    read_only: bool = False,
    gate: CallGate = LOCAL_GATE,
) -> MCPServer:
    """A server whose tools work on an app, behind a door. It can serve any number of transports.

    Its subscribers are told what is published on the bus.
    """
    tools = tools_of(toolset, read_only=read_only)
    remark = READS_ONLY if read_only else ""
    server = SlotmcpServer(app, tools, bus or InMemorySubscriptionBus(), gate, remark)
    add_wait_resource(server, app, gate)
    if toolset is Toolset.OPERATOR:
        add_trace_resource(server, app, gate)
    return server


async def run_stdio(app: App, *, toolset: Toolset = Toolset.CALLER, read_only: bool = False) -> None:
    """Serve one client over standard input and output, until it closes them."""
    bus = InMemorySubscriptionBus()
    async with watching(app, bus, read_only=read_only):
        await create_server(app, bus, toolset=toolset, read_only=read_only).run_stdio_async()
