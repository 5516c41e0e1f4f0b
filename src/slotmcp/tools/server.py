"""The MCP server: every tool that a caller's agent needs."""

from importlib.metadata import version
from typing import Final

from mcp.server import MCPServer
from mcp.server.subscriptions import InMemorySubscriptionBus, SubscriptionBus

from slotmcp.services.app import App
from slotmcp.tools.bookings import book_slot
from slotmcp.tools.catalog import list_services
from slotmcp.tools.explanations import explain_slot
from slotmcp.tools.holds import create_hold, release_hold
from slotmcp.tools.slots import get_slots
from slotmcp.tools.subscriptions import add_wait_resource, watching
from slotmcp.tools.use_case import Hints, UseCase
from slotmcp.tools.waitlist import join_waitlist

_READ: Final = Hints(read_only=True, idempotent=True)
_SAFE_TO_REPEAT: Final = Hints(read_only=False, idempotent=True)
_ANEW_EACH_TIME: Final = Hints(read_only=False, idempotent=False)

CALLER_TOOLS: Final = (
    UseCase(list_services, "List services", _READ),
    UseCase(get_slots, "Find free times", _READ),
    UseCase(explain_slot, "Explain a time", _READ),
    UseCase(create_hold, "Hold a time", _ANEW_EACH_TIME),
    UseCase(release_hold, "Release a held time", _SAFE_TO_REPEAT),
    UseCase(book_slot, "Book an appointment", _SAFE_TO_REPEAT),
    UseCase(join_waitlist, "Join the waitlist", _SAFE_TO_REPEAT),
)

INSTRUCTIONS: Final = """\
Appointments with technicians, for an agent that speaks with a caller.
Flow: list_services, then get_slots, then create_hold for the time the caller likes, then book_slot with its holdToken.
- `result` is a sentence that you can say as it is; the other keys are for you. Never read ids or tokens aloud.
- Take the date from `today` and `now` in the answers. Never invent a time or an id: use those you were given.
- Nothing is booked until book_slot has answered with a booking. An error says what to do next; offer its alternatives.
- On a timeout, retry with the same arguments: nothing is booked twice."""


def create_server(app: App, bus: SubscriptionBus | None = None) -> MCPServer:
    """A server whose tools work on an app. It can serve any number of transports.

    Its subscribers are told what is published on the bus.
    """
    server: MCPServer = MCPServer(
        "slotmcp",
        title="slotmcp",
        version=version("slotmcp"),
        instructions=INSTRUCTIONS,
        tools=[use_case.tool_of(app) for use_case in CALLER_TOOLS],
        subscriptions=bus,
    )
    add_wait_resource(server, app)
    return server


async def run_stdio(app: App) -> None:
    """Serve one client over standard input and output, until it closes them."""
    bus = InMemorySubscriptionBus()
    async with watching(app, bus):
        await create_server(app, bus).run_stdio_async()
