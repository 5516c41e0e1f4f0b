"""Open connections of a process: caps per peer and in total, eviction, and the regular check of deadlines.

A connection waits while no complete request of it is being answered: it is idle, or a request is arriving. When a cap
is reached, a new connection replaces the one that has waited longest: unused connections never keep callers out.
"""

import asyncio
import logging
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from slotmcp import telemetry
from slotmcp.telemetry.logs import REPEAT_SECONDS
from slotmcp.telemetry.metrics import CloseReason
from slotmcp.web.peers import TrustedProxies, limit_key

_CHECKS_PER_TIMEOUT: Final = 10
_CHECK_SECONDS: Final = 1.0
"""Maximum time between two checks of the deadlines."""
_log: Final = logging.getLogger("slotmcp.connections")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLimits:
    """Limits of the connections of one process."""

    max_total: int
    max_per_peer: int
    """Cap for one address, or one /64 network of IPv6 addresses. 0: no cap. It does not apply to trusted proxies."""
    max_body_bytes: int
    timeout_seconds: float
    """Time for a request to arrive, for its answer to be read, and for an idle connection."""
    trusted_proxies: Sequence[str]


class Connection(Protocol):
    """Connection of a client."""

    def evict(self) -> None:
        """Close the connection for another one."""
        ...

    def check_deadlines(self, now: float) -> None:
        """Close the connection if a deadline has passed. `now` is the event loop's time."""
        ...


class Connections:
    """Open connections of a process. Each change calls `publish` with their number."""

    def __init__(self, limits: ConnectionLimits, publish: Callable[[int], None] | None = None) -> None:
        self.limits = limits
        self._publish = publish
        self._proxies = TrustedProxies(limits.trusted_proxies)
        self._total = _Group(limits.max_total)
        self._peers: dict[str, _Group] = {}
        self._groups: dict[Connection, Collection[_Group]] = {}
        self._closed = _ClosedCount()
        self._is_checking = False

    def admit(self, connection: Connection, address: str) -> CloseReason | None:
        """Add a connection, and evict another one if a cap is reached. Return the reason if it is refused."""
        peer = self._peer(address)
        if peer is not None and not self._has_room(peer):
            return CloseReason.PEER
        if not self._has_room(self._total):
            return CloseReason.TOTAL
        groups = (self._total,) if peer is None else (self._total, peer)
        self._groups[connection] = groups
        for group in groups:
            group.open.add(connection)
        if peer is not None:
            self._peers[peer.key] = peer
        self._publish_number()
        self.wait(connection)
        self._check_later()
        return None

    def wait(self, connection: Connection) -> None:
        """Record that a connection begins to wait: it is the last one to be evicted."""
        for group in self._groups.get(connection, ()):
            group.waiting[connection] = None
            group.waiting.move_to_end(connection)

    def answer(self, connection: Connection) -> None:
        """Record that a request of a connection is being answered: it is not evicted."""
        for group in self._groups.get(connection, ()):
            group.waiting.pop(connection, None)

    def remove(self, connection: Connection) -> None:
        """Remove a connection."""
        for group in self._groups.pop(connection, ()):
            group.open.discard(connection)
            group.waiting.pop(connection, None)
            if not group.open and group.key:
                self._peers.pop(group.key, None)
        self._publish_number()

    def record(self, reason: CloseReason) -> None:
        """Count a connection that a limit closed."""
        self._closed.record(reason)

    def _publish_number(self) -> None:
        if self._publish is not None:
            self._publish(len(self._total.open))

    def _peer(self, address: str) -> "_Group | None":
        """Return the group of an address; None for a trusted proxy, which connects for many clients."""
        if not self.limits.max_per_peer or self._proxies.trusts(address):
            return None
        key = limit_key(address)
        return self._peers.get(key) or _Group(self.limits.max_per_peer, key)

    def _has_room(self, group: "_Group") -> bool:
        if len(group.open) < group.cap:
            return True
        longest = next(iter(group.waiting), None)
        if longest is None:
            return False
        self.remove(longest)
        longest.evict()
        self.record(CloseReason.EVICTED)
        return True

    def _check_later(self) -> None:
        if not self._is_checking:
            self._is_checking = True
            seconds = min(_CHECK_SECONDS, self.limits.timeout_seconds / _CHECKS_PER_TIMEOUT)
            asyncio.get_running_loop().call_later(seconds, self._check)

    def _check(self) -> None:
        self._is_checking = False
        now = asyncio.get_running_loop().time()
        for connection in list(self._total.open):
            connection.check_deadlines(now)
        self._closed.log()
        telemetry.record_open_connections(len(self._total.open))
        if self._total.open:
            self._check_later()


class _Group:
    """Connections with a common cap."""

    def __init__(self, cap: int, key: str = "") -> None:
        self.cap = cap
        self.key = key
        """Peer of the connections; empty for the group of all connections."""
        self.open: set[Connection] = set()
        self.waiting: OrderedDict[Connection, None] = OrderedDict()
        """Waiting connections, in the order in which their waits began."""


class _ClosedCount:
    """Count of the connections that limits closed, in a metric and in at most one log line a minute."""

    def __init__(self) -> None:
        self._unlogged: Counter[CloseReason] = Counter()
        self._next_line_at = 0.0

    def record(self, reason: CloseReason) -> None:
        telemetry.record_closed_connection(reason)
        self._unlogged[reason] += 1
        self.log()

    def log(self) -> None:
        if self._unlogged and (now := time.monotonic()) >= self._next_line_at:
            counts = ", ".join(f"{count} {reason}" for reason, count in sorted(self._unlogged.items()))
            _log.warning("Limits closed connections: %s", counts)
            self._unlogged.clear()
            self._next_line_at = now + REPEAT_SECONDS
