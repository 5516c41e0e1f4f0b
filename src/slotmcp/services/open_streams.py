"""Registry of the event streams that a process has open. A stream ends when its credential does."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

from slotmcp.domain.access import Principal
from slotmcp.ports import Clock, Store
from slotmcp.services.access import is_key_id
from slotmcp.telemetry.logs import log_info

STREAM_KEY: Final = "slotmcp.stream"
"""Key of a request's stream in its ASGI scope."""


@dataclass(eq=False, slots=True, kw_only=True)
class OpenStream:
    """Event stream of a client."""

    principal: Principal
    dashboard_session_id: str = ""
    """Id of the dashboard session that opened the stream; empty for a stream of MCP."""
    _end: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def has_ended(self) -> bool:
        """True once the server has ended the stream."""
        return self._end.is_set()

    async def wait_for_end(self) -> None:
        """Wait until the server ends the stream."""
        await self._end.wait()

    async def sleep(self, seconds: float) -> None:
        """Wait for a time, or until the server ends the stream."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._end.wait()

    def end(self) -> None:
        """End the stream."""
        self._end.set()


class OpenStreams:
    """Registry of one process's open streams."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        """Create an empty registry. `clock` is the one by which tokens expire."""
        self._store = store
        self._clock = clock
        self._streams: set[OpenStream] = set()

    @contextmanager
    def opened(self, stream: OpenStream) -> Iterator[None]:
        """Register a stream for the duration of the block."""
        self._streams.add(stream)
        try:
            yield
        finally:
            self._streams.discard(stream)

    async def end_invalid(self) -> None:
        """End the streams whose key is revoked or expired, whose session is over, or whose token has expired.

        Raises:
            Unavailable: the database does not respond; no stream of a key was ended.
        """
        now_ms = self._clock.now_ms()
        self._end(lambda stream: _has_expired(stream.principal, now_ms))
        ids = {_stored_id(stream) for stream in self._streams} - {""}
        if not ids:
            return
        valid = await self._store.valid_credentials(ids)
        self._end(lambda stream: _stored_id(stream) in ids - valid)

    def end_all(self, credential: str) -> None:
        """End all streams of a credential."""
        self._end(lambda stream: stream.principal.credential == credential)

    def _end(self, is_over: Callable[[OpenStream], bool]) -> None:
        ended = [stream for stream in self._streams if not stream.has_ended and is_over(stream)]
        for stream in ended:
            stream.end()
        for credential, count in Counter(stream.principal.credential for stream in ended).items():
            log_info("streams_ended", credential=credential, streams=count)


def _has_expired(principal: Principal, now_ms: int) -> bool:
    return principal.expires_at_ms is not None and principal.expires_at_ms <= now_ms


def _stored_id(stream: OpenStream) -> str:
    """Return the id of the session or key in the database; empty for tokens and the local user."""
    credential = stream.principal.credential
    return stream.dashboard_session_id or (credential if is_key_id(credential) else "")
