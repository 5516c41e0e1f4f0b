"""MCP server: the tools for a caller's agent and, on request, those for operators."""

from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any, Final, TypeAlias

from mcp.server import MCPServer
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.mcpserver import Context
from mcp.server.subscriptions import InMemorySubscriptionBus, SubscriptionBus
from mcp.shared._stream_protocols import ReadStream, WriteStream
from mcp.shared.exceptions import MCPError
from mcp.shared.message import SessionMessage
from mcp_types import INVALID_PARAMS, GetPromptResult, InputRequiredResult, ResourceTemplate, Tool

from slotmcp.domain.access import Scope
from slotmcp.services.app import App
from slotmcp.tools import bookings, catalog, corrections, explanations, holds, metrics, slots, technicians, waitlist
from slotmcp.tools.gate import CallGate, Toolset, local_gate
from slotmcp.tools.resources import RESOURCE_SCOPES, add_trace_resource, add_waitlist_resource
from slotmcp.tools.subscriptions import LISTEN, FilteredBus, check_subscription, watch_waitlists
from slotmcp.tools.tool import SlotmcpTool, ToolDefinition

TOOLS: Final[tuple[ToolDefinition[Any], ...]] = (
    catalog.list_services,
    slots.get_slots,
    explanations.explain_slot,
    holds.create_hold,
    holds.release_hold,
    bookings.book_slot,
    bookings.find_bookings,
    bookings.reschedule_booking,
    corrections.update_booking,
    bookings.cancel_booking,
    waitlist.join_waitlist,
    technicians.list_technicians,
    technicians.set_technician_status,
    technicians.add_time_off,
    waitlist.list_waitlist,
    metrics.get_metrics,
)

TOOL_NAMES: Final = frozenset(tool.name for tool in TOOLS)

INSTRUCTIONS: Final = """\
Appointments with technicians, for an agent that speaks with a caller.
Flow: list_services, then get_slots, then create_hold for the time the caller likes, then book_slot with its holdToken.
- `result` is a sentence that you can say as it is; the other keys are for you. Never read ids or tokens aloud.
- Take the date from `today` and `now` in the answers. Never invent a time or an id: use those you were given.
- Before book_slot, read a phone number, email and address back to the caller: no `result` repeats them.
- Before book_slot, the caller hears `price` and `terms` and answers the required `questions`; create_hold says them.
- Nothing is booked until book_slot has answered with a booking. An error says what to do next; offer its alternatives.
- To change, correct or cancel, find_bookings first, let the caller confirm which, and pass their phone or email again.
- When nothing fits, offer the waitlist: join_waitlist.
- On a timeout, retry with the same arguments: nothing is booked twice."""

READ_ONLY_INSTRUCTIONS: Final = "\nThis server only reads: nothing can be held, booked or changed here."

SAMPLE_INSTRUCTIONS: Final = (
    "\nThis is a sample: the business is fictional, and its bookings are lost when the server stops."
)

ServerExtension: TypeAlias = Callable[[MCPServer], None]
"""Callback that adds tools, resources or prompts to a server."""


def select_tools(toolset: Toolset, *, read_only: bool = False) -> tuple[ToolDefinition[Any], ...]:
    """Return the tools of a toolset; with `read_only`, only those that change nothing."""
    scopes = toolset.scopes
    return tuple(tool for tool in TOOLS if tool.scope in scopes and (tool.hints.read_only_hint or not read_only))


CALLER_TOOLS: Final = select_tools(Toolset.CALLER)


class SlotmcpServer(MCPServer):
    """MCP server that lists to each client the tools and resources that the client may use."""

    def __init__(
        self, app: App, tools: Sequence[ToolDefinition[Any]], bus: SubscriptionBus, gate: CallGate, instructions: str
    ) -> None:
        bound = [tool.bind(app, gate) for tool in tools]
        super().__init__(
            "slotmcp",
            title="slotmcp",
            version=version("slotmcp"),
            instructions=instructions,
            tools=list(bound),
            subscriptions=FilteredBus(bus, gate),
            middleware=[self._check_subscription],
        )
        self._gate = gate
        self._scopes = {tool.name: tool.scope for tool in tools}
        self.bound_tools: Final[Sequence[SlotmcpTool]] = bound
        """The tools of slotmcp, without those of an extension."""

    async def serve_connection(
        self, messages: ReadStream[SessionMessage | Exception], responses: WriteStream[SessionMessage]
    ) -> None:
        """Serve one client over a pair of streams, until the client closes the first."""
        server = self._lowlevel_server
        await server.run(messages, responses, server.create_initialization_options())

    async def _check_subscription(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        """Refuse a subscription to resources that the server does not have (middleware)."""
        if ctx.method == LISTEN:
            templates = [template.uri_template for template in await self.list_resource_templates()]
            resources = [resource.uri for resource in await self.list_resources()]
            check_subscription(ctx.params or {}, templates, resources)
        return await call_next(ctx)

    async def list_tools(self) -> list[Tool]:
        """Return the tools that the current principal may call."""
        scopes = self._gate.principal.scopes
        return [tool for tool in await super().list_tools() if self._scopes.get(tool.name, Scope.CALLER) in scopes]

    async def list_resource_templates(self) -> list[ResourceTemplate]:
        """Return the resources that the current principal may read."""
        scopes = self._gate.principal.scopes
        templates = await super().list_resource_templates()
        return [
            template for template in templates if RESOURCE_SCOPES.get(template.uri_template, Scope.CALLER) in scopes
        ]

    async def get_prompt(
        self, name: str, arguments: dict[str, Any] | None = None, context: Context[Any, Any] | None = None
    ) -> GetPromptResult | InputRequiredResult:
        """Return a prompt.

        Raises:
            MCPError: the name is unknown. It is the client's error, while the SDK would report an internal one.
        """
        if name not in {prompt.name for prompt in await self.list_prompts()}:
            raise MCPError(INVALID_PARAMS, "There is no such prompt.")
        return await super().get_prompt(name, arguments, context)


def create_server(  # noqa: PLR0913  one parameter per option
    app: App,
    bus: SubscriptionBus | None = None,
    *,
    toolset: Toolset = Toolset.CALLER,
    read_only: bool = False,
    is_sample: bool = False,
    gate: CallGate | None = None,
) -> SlotmcpServer:
    """Return a server for an app and a gate, by default for the local user. It can serve any number of transports.

    Subscribers receive the events that are published on the bus.
    """
    tools = select_tools(toolset, read_only=read_only)
    gate = gate or local_gate(toolset)
    instructions = INSTRUCTIONS + READ_ONLY_INSTRUCTIONS * read_only + SAMPLE_INSTRUCTIONS * is_sample
    server = SlotmcpServer(app, tools, bus or InMemorySubscriptionBus(), gate, instructions)
    add_waitlist_resource(server, app, gate)
    if toolset is Toolset.OPERATOR:
        add_trace_resource(server, app, gate)
    return server


async def run_stdio(
    app: App, *, toolset: Toolset = Toolset.CALLER, read_only: bool = False, is_sample: bool = False
) -> None:
    """Serve one client over standard input and output, until it closes them."""
    bus = InMemorySubscriptionBus()
    async with watch_waitlists(app, bus, read_only=read_only):
        gate = local_gate(toolset, connection=app.ids.new_id())
        server = create_server(app, bus, toolset=toolset, read_only=read_only, is_sample=is_sample, gate=gate)
        await server.run_stdio_async()
