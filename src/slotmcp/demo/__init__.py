"""`slotmcp demo`: phone calls through real MCP clients and server processes, on a temporary database."""

import asyncio
import signal
import tempfile
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Final

from slotmcp.demo.dashboard_demo import run_simulation
from slotmcp.demo.scripted_calls import play
from slotmcp.demo.stdio_business import StdioBusiness
from slotmcp.demo.transcript import Transcript

_STOP_SIGNALS: Final = ("SIGTERM", "SIGHUP")


def run() -> None:
    """Play two scripted calls with a business in a temporary folder."""
    with _temporary_folder() as folder:
        asyncio.run(play(StdioBusiness(Path(folder)), Transcript()))


def run_dashboard(port: int) -> None:
    """Serve a dashboard of a business in a temporary folder, with simulated calls until Ctrl-C.

    Raises:
        InvalidArgument: the port cannot be listened on.
    """
    with suppress(KeyboardInterrupt, asyncio.CancelledError):
        asyncio.run(_run_until_signal(port))


async def _run_until_signal(port: int) -> None:
    """Run the simulation until a signal. SIGTERM and SIGHUP also end it, because background jobs ignore SIGINT."""
    task = asyncio.current_task()
    assert task is not None  # noqa: S101  a coroutine runs in a task
    for name in _STOP_SIGNALS:
        with suppress(AttributeError, NotImplementedError):  # Windows has only Ctrl-C
            asyncio.get_running_loop().add_signal_handler(getattr(signal, name), task.cancel)
    with _temporary_folder() as folder:
        await run_simulation(Path(folder), Transcript(), port)


def _temporary_folder() -> AbstractContextManager[str]:
    return tempfile.TemporaryDirectory(prefix="slotmcp-demo-", ignore_cleanup_errors=True)
