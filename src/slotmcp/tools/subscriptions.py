"""What clients can read and subscribe to: a wait, also where another process makes the offer.

The id of a wait is the secret that opens it. On protocol 2026-07-28 a client is told over `subscriptions/listen` that a
wait has changed, and reads it again; older clients can read it whenever they like.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final

import orjson
from mcp.server import MCPServer
from mcp.server.subscriptions import InMemorySubscriptionBus, ResourceUpdated, ServerEvent, SubscriptionBus
from mcp.shared.exceptions import MCPError
from mcp_types import INTERNAL_ERROR, INVALID_PARAMS

from slotmcp.domain.access import Principal, Scope
from slotmcp.domain.errors import NotFound, SlotmcpError
from slotmcp.services.app import App
from slotmcp.services.waitlist import WaitlistService
from slotmcp.tools import events
from slotmcp.tools.gate import LOCAL_GATE, CallGate
from slotmcp.tools.waitlist import WAIT_URI, read_wait, uri_of

SWEEP_SECONDS: Final = 10
"""How long after a hold has expired its time is offered, and a subscriber is told, at most."""

_SWEEP: Final = "sweep_waitlist"


@dataclass(frozen=True)
class WaitChanged(ResourceUpdated):
    """Something happened to a wait of a project."""

    project_id: str


class ReachableBus:
    """A bus on which each subscriber hears what is within their reach, and nothing else."""

    def __init__(self, bus: SubscriptionBus, gate: CallGate) -> None:
        self._bus = bus
        self._gate = gate

    async def publish(self, event: ServerEvent) -> None:
        """Tell those who may hear it."""
        await self._bus.publish(event)

    def subscribe(self, listener: Callable[[ServerEvent], None]) -> Callable[[], None]:
        """Let whoever calls listen; what it returns ends that."""
        principal = self._gate.principal

        def hear(event: ServerEvent) -> None:
            if _may_hear(principal, event):
                listener(event)

        return self._bus.subscribe(hear)


def new_bus() -> SubscriptionBus:
    """A bus within this process."""
    return InMemorySubscriptionBus()


def _may_hear(principal: Principal, event: ServerEvent) -> bool:
    return not isinstance(event, WaitChanged) or principal.can_reach(event.project_id)


def add_wait_resource(server: MCPServer, app: App, gate: CallGate = LOCAL_GATE) -> None:
    """Let clients of a server read waits by their ids, those within their reach."""

    @server.resource(
        WAIT_URI,
        name="wait",
        title="A place on the waitlist",
        description="How a caller on the waitlist stands, and what is kept for them. The id comes from join_waitlist.",
        mime_type="application/json",
    )
    async def wait(waitId: str) -> str:  # noqa: N803  as the template has it
        try:
            with gate.entered() as principal:
                await gate.admit(principal, Scope.CALLER)
                return orjson.dumps(await read_wait(app, waitId, principal.projects)).decode()
        except NotFound as error:
            raise MCPError(INVALID_PARAMS, error.message) from None
        except SlotmcpError as error:
            raise MCPError(INTERNAL_ERROR, error.message) from None


class Watch:
    """Offers what became free by itself, and tells subscribers what happened to waits, whoever did it."""

    def __init__(self, waitlist: WaitlistService, bus: SubscriptionBus, *, read_only: bool = False) -> None:
        self._waitlist = waitlist
        self._bus = bus
        self._read_only = read_only
        self._told: dict[str, int] = {}
        """The number of the last event that subscribers have been told of, by project."""

    async def begin(self) -> None:
        """Let what has happened so far be known: whoever subscribes now reads first.

        Raises:
            Unavailable.
        """
        await self._news()

    async def look(self) -> None:
        """Sweep once, unless that is for others to do, and tell what has happened since the last look.

        Raises:
            Unavailable.
        """
        if not self._read_only:
            await self._waitlist.sweep()
        await self.tell()

    async def tell(self) -> None:
        """Tell what has happened since it was last told.

        Raises:
            Unavailable.
        """
        for project_id, wait_id in await self._news():
            await self._bus.publish(WaitChanged(uri=uri_of(wait_id), project_id=project_id))

    async def _news(self) -> list[tuple[str, str]]:
        """The waits that something has happened to, each once, with their projects."""
        found: dict[tuple[str, str], None] = {}
        for project_id, happened in (await self._waitlist.events(self._told)).items():
            found |= dict.fromkeys((project_id, event.subject_id) for event in happened)
            if happened:
                self._told[project_id] = happened[-1].number
        return list(found)


@asynccontextmanager
async def watching(
    app: App, bus: SubscriptionBus, *, read_only: bool = False, every_seconds: float = SWEEP_SECONDS
) -> AsyncIterator[None]:
    """Look after the waitlists until the block ends, or with `read_only` only tell what others did.

    What goes wrong is logged, and tried again.
    """
    watch = Watch(app.waitlist, bus, read_only=read_only)
    await _logged(watch.begin)
    task = asyncio.create_task(_keep_looking(watch, app.waitlist, every_seconds))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _keep_looking(watch: Watch, waitlist: WaitlistService, every_seconds: float) -> None:
    seconds, heard = asyncio.get_running_loop().time, 0
    while True:
        await _logged(watch.look)
        next_look = seconds() + every_seconds
        while (left := next_look - seconds()) > 0:
            news = await waitlist.wait_for_news(heard, left)
            if news > heard:
                heard = news
                await _logged(watch.tell)


async def _logged(step: Callable[[], Awaitable[None]]) -> None:
    try:
        await step()
    except SlotmcpError as error:
        events.put_off(_SWEEP, error.code)
    except Exception:  # noqa: BLE001  the next look may work
        events.failed(_SWEEP, "")
