"""uvicorn as one process, or as several workers that share one listening socket."""

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

from slotmcp.web.limits import HeaderLimitProtocol

BACKLOG: Final = 2048
KEEP_ALIVE_SECONDS: Final = 30
_START_SECONDS: Final = 30
"""Time after which an unresponsive worker is replaced. Imports take long on a busy machine."""
CLOSE_SECONDS: Final = 3
"""Time for connections to close after the app's graceful shutdown."""


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 chooses a free port.

    Raises:
        OSError: the address is in use, or is not an address of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    listener.set_inheritable(True)
    return listener


def serve(create: Callable[[], ASGIApp], listener: socket.socket, *, workers: int, stop_seconds: int) -> None:
    """Serve until the process receives a signal. Each worker process calls `create`.

    `stop_seconds` limits the time for running requests after the listener has closed.
    """
    timeout = stop_seconds + CLOSE_SECONDS
    config = uvicorn.Config(create, factory=True, workers=workers, timeout_graceful_shutdown=timeout, **_OPTIONS)
    if workers == 1:
        signal.signal(signal.SIGTERM, _exit_normally)  # uvicorn raises the signal again when it has stopped
        uvicorn.Server(config).run(sockets=[listener])
    else:
        _Supervisor(config, sockets=[listener]).run()


class _Supervisor(Multiprocess):
    """Parent of the workers. SIGHUP replaces them one by one; SIGTERM and SIGINT stop them together."""

    def terminate_all(self) -> None:
        """Stop the workers, which still listen while they drain. Otherwise, no worker would serve new connections."""
        super().terminate_all()
        for listener in self.sockets:
            listener.close()


def _exit_normally(number: int, frame: FrameType | None) -> NoReturn:
    del number, frame
    raise SystemExit(0)


@contextmanager
def shared_metrics(environment: MutableMapping[str, str]) -> Iterator[None]:
    """Combine the metrics of all processes that are started in the block."""
    with tempfile.TemporaryDirectory(prefix="slotmcp-metrics-") as folder:
        environment["PROMETHEUS_MULTIPROC_DIR"] = str(Path(folder))
        try:
            yield
        finally:
            del environment["PROMETHEUS_MULTIPROC_DIR"]


_OPTIONS: Final[dict[str, Any]] = {
    "http": HeaderLimitProtocol,
    "loop": "auto",
    "lifespan": "on",
    "ws": "none",
    "access_log": False,  # query strings contain session ids
    "log_config": None,  # each process configures its own logging
    "log_level": None,
    "server_header": False,
    "date_header": False,
    "proxy_headers": False,
    "timeout_keep_alive": KEEP_ALIVE_SECONDS,
    "timeout_worker_healthcheck": _START_SECONDS,
}
