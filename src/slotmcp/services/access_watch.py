"""Watch over the credentials of one process: open streams end with them, and the first key closes open access."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from traceback import format_exc
from typing import Final

from slotmcp.domain.access import LOCAL
from slotmcp.domain.errors import SlotmcpError
from slotmcp.services.concurrency import in_background
from slotmcp.services.open_access import OpenAccess
from slotmcp.services.open_streams import OpenStreams
from slotmcp.telemetry.logs import log_warning

CHECK_SECONDS: Final = 0.5
"""Interval between checks: with the check itself, a revocation takes effect within a second."""


@asynccontextmanager
async def watch_access(
    open_access: OpenAccess, streams: OpenStreams, *, every_seconds: float = CHECK_SECONDS
) -> AsyncIterator[None]:
    """Check once, and then periodically until the block ends.

    Raises:
        Unavailable: the first check failed.
    """
    await _check(open_access, streams)
    async with in_background(_keep_checking(open_access, streams, every_seconds)):
        yield


async def _keep_checking(open_access: OpenAccess, streams: OpenStreams, every_seconds: float) -> None:
    while True:
        await asyncio.sleep(every_seconds)
        try:
            await _check(open_access, streams)
        except SlotmcpError:
            continue  # the database is unavailable: nothing that needs it can be read either
        except Exception:  # noqa: BLE001  the next check may succeed
            log_warning("access_check_failed", exception=format_exc())


async def _check(open_access: OpenAccess, streams: OpenStreams) -> None:
    if await open_access.close_with_first_key():
        streams.end_all(LOCAL.credential)
    await streams.end_invalid()
