"""uvicorn, by itself or with workers: one socket that all of them listen on."""

import signal
import socket
import tempfile
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final, NoReturn

import uvicorn
from starlette.types import ASGIApp
from uvicorn.supervisors import Multiprocess

from slotmcp.web.limits import BoundedHeaders

BACKLOG: Final = 2048
_KEEP_ALIVE_SECONDS: Final = 30
_START_SECONDS: Final = 30
"""A worker that does not answer its parent for so long is replaced; on a busy machine, importing takes a while."""
_LAST_SECONDS: Final = 3
"""How long uvicorn waits for connections after the app's own graceful stop."""


def listen(host: str, port: int) -> socket.socket:
    """A socket on which connections are taken from now on; port 0: any that is free.

    Raises:
        OSError: the address is taken, or not of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, port), family=family, backlog=BACKLOG)
    listening.set_inheritable(True)
    return listening


def serve(create: Callable[[], ASGIApp], listening: socket.socket, *, workers: int) -> None:
    """Serve until the process is told to stop. With several workers, `create` is called in each of their processes."""
    config = uvicorn.Config(create, factory=True, workers=workers, **_OPTIONS)
    if workers == 1:
        signal.signal(signal.SIGTERM, _end_well)  # uvicorn raises the signal again when it has stopped
        uvicorn.Server(config).run(sockets=[listening])
    else:
        Multiprocess(config, sockets=[listening]).run()


def _end_well(number: int, frame: FrameType | None) -> NoReturn:
    del number, frame
    raise SystemExit(0)


@contextmanager
def shared_metrics(environment: MutableMapping[str, str]) -> Iterator[None]:
    """Let processes that are started within, and no others, add up what they count."""
    with tempfile.TemporaryDirectory(prefix="slotmcp-metrics-") as folder:
        environment["PROMETHEUS_MULTIPROC_DIR"] = str(Path(folder))
        try:
            yield
        finally:
            del environment["PROMETHEUS_MULTIPROC_DIR"]


_OPTIONS: Final[dict[str, Any]] = {
    "http": BoundedHeaders,
    "loop": "auto",
    "lifespan": "on",
    "ws": "none",
    "access_log": False,  # a query names sessions
    "log_config": None,  # ours is configured already, in each process by its app
    "log_level": None,
    "server_header": False,
    "date_header": False,
    "proxy_headers": False,
    "timeout_keep_alive": _KEEP_ALIVE_SECONDS,
    "timeout_graceful_shutdown": _LAST_SECONDS,
    "timeout_worker_healthcheck": _START_SECONDS,
}
