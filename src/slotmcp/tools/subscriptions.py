"""Notifications to clients that subscribe to a waitlist entry, even if another process changes the entry.

With protocol 2026-07-28, `subscriptions/listen` notifies a client that an entry has changed, and the client reads it.
Clients of older protocol revisions can read it at any time.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from mcp.server.subscriptions import InMemorySubscriptionBus, ResourceUpdated, ServerEvent, SubscriptionBus
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS

from slotmcp.domain.errors import SlotmcpError
from slotmcp.services.app import App
from slotmcp.services.concurrency import in_background
from slotmcp.services.waitlist import WaitlistService
from slotmcp.services.waitlist_queue import EVENT_PREFIX
from slotmcp.tools.gate import CallGate, log_failure, log_retry
from slotmcp.tools.waitlist import entry_uri

SWEEP_SECONDS: Final = 10
"""Interval between sweeps: the longest time from a hold's expiry to the offer of its time."""

LISTEN: Final = "subscriptions/listen"
"""Method that opens a subscription."""
MAX_URIS: Final = 100
"""Number of resources in one subscription."""
MAX_URI_CHARACTERS: Final = 256

_SWEEP: Final = "sweep_waitlist"


def check_subscription(params: Mapping[str, Any], templates: Iterable[str], resources: Collection[str]) -> None:
    """Check the resources of a subscription against the URI templates and URIs of a server's resources.

    Parameters of another shape are left to the SDK, which refuses them.

    Raises:
        MCPError: too many URIs, or one that is too long or unknown.
    """
    notifications = params.get("notifications")
    uris = notifications.get("resourceSubscriptions") if isinstance(notifications, Mapping) else None
    if not isinstance(uris, list):
        return
    if len(uris) > MAX_URIS:
        raise MCPError(INVALID_PARAMS, f"Subscribe to at most {MAX_URIS} resources at once.")
    prefixes = tuple(template.partition("{")[0] for template in templates)
    for uri in uris:
        if not isinstance(uri, str) or len(uri) > MAX_URI_CHARACTERS:
            raise MCPError(INVALID_PARAMS, f"A URI has at most {MAX_URI_CHARACTERS} characters.")
        if not uri.startswith(prefixes) and uri not in resources:
            raise MCPError(INVALID_PARAMS, "There is no such resource to subscribe to.")


@dataclass(frozen=True)
class WaitlistEntryChanged(ResourceUpdated):
    """Change of a waitlist entry of a project."""

    project_id: str


class FilteredBus:
    """Bus on which each subscriber receives only the events of projects that it can access."""

    def __init__(self, bus: SubscriptionBus, gate: CallGate) -> None:
        self._bus = bus
        self._gate = gate

    async def publish(self, event: ServerEvent) -> None:
        """Publish an event on the underlying bus."""
        await self._bus.publish(event)

    def subscribe(self, listener: Callable[[ServerEvent], None]) -> Callable[[], None]:
        """Subscribe the current principal; return a function that ends the subscription."""
        principal = self._gate.principal

        def receive(event: ServerEvent) -> None:
            if not isinstance(event, WaitlistEntryChanged) or principal.can_reach(event.project_id):
                listener(event)

        return self._bus.subscribe(receive)


def create_bus() -> SubscriptionBus:
    """Return a bus within this process."""
    return InMemorySubscriptionBus()


class WaitlistWatcher:
    """Worker that offers free times to the waitlist, and publishes the changes that any process made."""

    def __init__(self, waitlist: WaitlistService, bus: SubscriptionBus, *, read_only: bool = False) -> None:
        self._waitlist = waitlist
        self._bus = bus
        self._read_only = read_only
        self._published: dict[str, int] = {}
        """Number of the last published event, by project."""

    async def skip_past_events(self) -> None:
        """Mark all earlier events as published, because a new subscriber reads the entry first.

        Raises:
            Unavailable.
        """
        self._published = dict(await self._waitlist.newest_events())

    async def sweep_and_publish(self) -> None:
        """Sweep the waitlist once, unless read-only, and publish the changes.

        Raises:
            Unavailable.
        """
        if not self._read_only:
            await self._waitlist.sweep()
        await self.publish_changes()

    async def publish_changes(self) -> None:
        """Publish the changes since the last call.

        Raises:
            Unavailable.
        """
        for project_id, entry_id in await self._changed_entries():
            await self._bus.publish(WaitlistEntryChanged(uri=entry_uri(entry_id), project_id=project_id))

    async def _changed_entries(self) -> list[tuple[str, str]]:
        """Return the project and id of each changed entry, once each."""
        changed: dict[tuple[str, str], None] = {}
        for project_id, events in (await self._waitlist.events(self._published)).items():
            entries = [event.subject_id for event in events if event.kind.startswith(EVENT_PREFIX)]
            changed |= dict.fromkeys((project_id, entry_id) for entry_id in entries)
            if events:
                self._published[project_id] = events[-1].number
        return list(changed)


@asynccontextmanager
async def watch_waitlists(
    app: App, bus: SubscriptionBus, *, read_only: bool = False, every_seconds: float = SWEEP_SECONDS
) -> AsyncIterator[None]:
    """Sweep the waitlists and publish changes until the block ends; with `read_only`, only publish.

    Errors are logged, and the step is retried.
    """
    watcher = WaitlistWatcher(app.waitlist, bus, read_only=read_only)
    await _log_errors(watcher.skip_past_events)
    async with in_background(_run(watcher, app.waitlist, every_seconds)):
        yield


async def _run(watcher: WaitlistWatcher, waitlist: WaitlistService, every_seconds: float) -> None:
    seconds, seen = asyncio.get_running_loop().time, 0
    while True:
        await _log_errors(watcher.sweep_and_publish)
        next_sweep = seconds() + every_seconds
        while (remaining_seconds := next_sweep - seconds()) > 0:
            latest = await waitlist.notifier.wait(seen, remaining_seconds)
            if latest > seen:
                seen = latest
                await _log_errors(watcher.sweep_and_publish if waitlist.needs_sweep else watcher.publish_changes)


async def _log_errors(step: Callable[[], Awaitable[None]]) -> None:
    try:
        await step()
    except SlotmcpError as error:
        log_retry(_SWEEP, error.code)
    except Exception:  # noqa: BLE001  the next sweep may succeed
        log_failure(_SWEEP, "")
