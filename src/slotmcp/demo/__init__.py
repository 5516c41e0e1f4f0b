"""`slotmcp demo`: an agent's side of a phone call, through a real MCP client and real server processes."""

import asyncio
import signal
import tempfile
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Final

from slotmcp.demo.day import watch
from slotmcp.demo.office import Office
from slotmcp.demo.paper import Paper
from slotmcp.demo.story import tell

_ENDINGS: Final = ("SIGTERM", "SIGHUP")


def run() -> None:
    """Open a business in a folder of its own, take two calls, and leave nothing behind."""
    with _folder() as folder:
        asyncio.run(tell(Office(Path(folder)), Paper()))


def run_dashboard(port: int) -> None:
    """Open a business in a folder of its own, and let it be called until Ctrl-C; leave nothing behind.

    Raises:
        InvalidArgument: the port cannot be listened on.
    """
    with suppress(KeyboardInterrupt, asyncio.CancelledError):
        asyncio.run(_watch_until_told(port))


async def _watch_until_told(port: int) -> None:
    """Watch, until a signal ends it. What a shell starts in the background is deaf to Ctrl-C, and not to these."""
    this = asyncio.current_task()
    assert this is not None  # noqa: S101  a coroutine runs in a task
    for name in _ENDINGS:
        with suppress(AttributeError, NotImplementedError):  # on Windows there is Ctrl-C alone
            asyncio.get_running_loop().add_signal_handler(getattr(signal, name), this.cancel)
    with _folder() as folder:
        await watch(Path(folder), Paper(), port)


def _folder() -> AbstractContextManager[str]:
    return tempfile.TemporaryDirectory(prefix="slotmcp-demo-", ignore_cleanup_errors=True)
