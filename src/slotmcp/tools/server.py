"""MCP server: the tools for a caller's agent and, on request, those for operators."""

from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from typing import Any, Final, TypeAlias

from mcp.server import MCPServer
from mcp.server.context import CallNext, HandlerResult, ServerMiddleware, ServerRequestContext
from mcp.server.mcpserver import Context
from mcp.server.subscriptions import InMemorySubscriptionBus, SubscriptionBus
from mcp.shared._stream_protocols import ReadStream, WriteStream
from mcp.shared.exceptions import MCPError
from mcp.shared.message import SessionMessage
from mcp_types import (
    INVALID_PARAMS,
    GetPromptResult,
    InputRequiredResult,
    Prompt,
    ResourceTemplate,
    Tool,
)

from slotmcp.domain.access import Scope
from slotmcp.services.app import App
from slotmcp.tools import bookings, catalog, corrections, explanations, holds, metrics, slots, technicians, waitlist
from slotmcp.tools.completions import add_completions
from slotmcp.tools.gate import CallGate, Toolset, local_gate
from slotmcp.tools.instructions import INSTRUCTIONS, READ_ONLY
from slotmcp.tools.prompts import add_receptionist_prompt
from slotmcp.tools.resources import (
    RESOURCE_SCOPES,
    UNANNOUNCED_RESOURCES,
    add_catalog_resources,
    add_technician_resource,
    add_trace_resource,
    add_waitlist_resource,
)
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

CALL_TOOL: Final = "tools/call"
_DISCOVER: Final = "server/discover"
_LIST_CHANGED: Final = "listChanged"

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
            middleware=[_announce_constant_lists, self._check_subscription],
        )
        self._own_middleware = [*self.middleware]
        self._own_call_handler = self._lowlevel_server.get_request_handler(CALL_TOOL)
        self._own_tools = {tool.name: tool for tool in bound}
        self._gate = gate
        self._scopes = {tool.name: tool.scope for tool in tools}
        self.bound_tools: Final[Sequence[SlotmcpTool]] = bound
        """The tools of slotmcp, without those of an extension."""

    @property
    def server_info(self) -> Mapping[str, object]:
        """Description of the server, as the SDK adds it to responses."""
        return self._lowlevel_server.server_info_stamp

    def add_own_middleware(self, middleware: ServerMiddleware[Any]) -> None:
        """Add middleware that leaves tool calls over HTTP as they are."""
        self.middleware.append(middleware)
        self._own_middleware.append(middleware)

    def direct_tool(self, name: str) -> SlotmcpTool | None:
        """Return a tool of slotmcp that the SDK would call with nothing in between.

        An extension can add middleware, or replace the tool or its handler.
        """
        is_own_handler = self._lowlevel_server.get_request_handler(CALL_TOOL) is self._own_call_handler
        if not is_own_handler or self.middleware != self._own_middleware:
            return None
        tool = self._own_tools.get(name)
        return tool if tool is self._tool_manager.get_tool(name) else None

    async def serve_connection(
        self, messages: ReadStream[SessionMessage | Exception], responses: WriteStream[SessionMessage]
    ) -> None:
        """Serve one client over a pair of streams, until the client closes the first."""
        server = self._lowlevel_server
        await server.run(messages, responses, server.create_initialization_options())

    async def _check_subscription(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        """Refuse a subscription to resources that the server does not have (middleware)."""
        if ctx.method == LISTEN:
            listed = {template.uri_template for template in await self.list_resource_templates()}
            templates = listed - UNANNOUNCED_RESOURCES
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

    async def list_prompts(self) -> list[Prompt]:
        """Return the prompts that the current principal may use."""
        return await super().list_prompts() if Scope.CALLER in self._gate.principal.scopes else []

    async def get_prompt(
        self, name: str, arguments: dict[str, Any] | None = None, context: Context[Any, Any] | None = None
    ) -> GetPromptResult | InputRequiredResult:
        """Return a prompt.

        Raises:
            MCPError: the name or an argument is unknown. The SDK would report the client's error as an internal one.
        """
        prompt = next((prompt for prompt in await self.list_prompts() if prompt.name == name), None)
        if prompt is None:
            raise MCPError(INVALID_PARAMS, "There is no such prompt.")
        known = [argument.name for argument in prompt.arguments or ()]
        if not set(arguments or ()) <= set(known):
            raise MCPError(INVALID_PARAMS, f"The prompt takes only these arguments: {', '.join(known) or 'none'}.")
        return await super().get_prompt(name, arguments, context)


async def _announce_constant_lists(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Announce that the lists of tools, prompts and resources never change (middleware).

    The SDK announces the opposite if it serves subscriptions.
    """
    result = await call_next(ctx)
    if ctx.method == _DISCOVER and isinstance(result, dict):
        for capability in result["capabilities"].values():
            if _LIST_CHANGED in capability:
                capability[_LIST_CHANGED] = False
    return result


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
    instructions = INSTRUCTIONS + f"\n{READ_ONLY}" * read_only + SAMPLE_INSTRUCTIONS * is_sample
    server = SlotmcpServer(app, tools, bus or InMemorySubscriptionBus(), gate, instructions)
    add_waitlist_resource(server, app, gate)
    add_catalog_resources(server, app, gate)
    if toolset is Toolset.OPERATOR:
        add_technician_resource(server, app, gate)
        add_trace_resource(server, app, gate)
    add_receptionist_prompt(server, app, gate, is_read_only=read_only)
    add_completions(server, app, gate)
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
