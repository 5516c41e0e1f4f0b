"""uvicorn as one process, or as several workers, which accept evenly from one listening socket."""

import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from math import ceil
from pathlib import Path
from types import FrameType
from typing import Any, Final, NoReturn

import uvicorn
from starlette.types import ASGIApp
from uvicorn.supervisors import Multiprocess

from slotmcp.web.connections import ConnectionLimits
from slotmcp.web.wire import LimitedHttpProtocolFactory

BACKLOG: Final = 2048
RESERVED_FILES: Final = 100
"""Number of open files that are kept free for everything but clients and the database's connections."""
MIN_CONNECTIONS: Final = 16
_START_SECONDS: Final = 120
"""Time after which an unresponsive worker is replaced. Imports took more than 30 seconds on a busy machine."""
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


def allowed_connections(wanted: int, *, reserved_files: int) -> int:
    """Return the number of connections that the limit of open files permits, at most `wanted`.

    The process's soft limit is raised first, if its hard limit allows it. The limit applies to each worker process.
    """
    if sys.platform == "win32":
        return wanted
    import resource  # noqa: PLC0415  Unix only

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    needed = wanted + reserved_files
    if soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(hard, needed)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return min(wanted, max(MIN_CONNECTIONS, soft - reserved_files))


def serve(
    create: Callable[[], ASGIApp], listener: socket.socket, *, workers: int, limits: ConnectionLimits, stop_seconds: int
) -> None:
    """Serve until the process receives a signal. Each worker process calls `create`.

    `stop_seconds` limits the time for running requests after the listener has closed.
    """
    options = {
        "workers": workers,
        "timeout_keep_alive": ceil(limits.timeout_seconds),
        "timeout_graceful_shutdown": stop_seconds + CLOSE_SECONDS,
        **_OPTIONS,
    }
    with _config(create, limits, options) as config:
        if workers == 1:
            signal.signal(signal.SIGTERM, _exit_normally)  # uvicorn raises the signal again when it has stopped
            uvicorn.Server(config).run(sockets=[listener])
        else:
            _Supervisor(config, sockets=[listener]).run()


@contextmanager
def _config(
    create: Callable[[], ASGIApp], limits: ConnectionLimits, options: dict[str, Any]
) -> Iterator[uvicorn.Config]:
    """Yield uvicorn's configuration. Its event loops accept connections evenly, except on Windows."""
    protocol: Any
    if sys.platform == "win32":
        protocol = LimitedHttpProtocolFactory(limits)
        yield uvicorn.Config(create, factory=True, http=protocol, **options)
        return
    from slotmcp.web.balance import TABLE_BYTES, BalancedConfig, SharedCounts  # noqa: PLC0415  Unix only

    with tempfile.NamedTemporaryFile(prefix="slotmcp-connections-") as file:
        file.truncate(TABLE_BYTES)
        counts = SharedCounts(Path(file.name))
        protocol = LimitedHttpProtocolFactory(limits, counts.publish)
        yield BalancedConfig(create, factory=True, http=protocol, counts=counts, **options)


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
    "loop": "auto",
    "lifespan": "on",
    "ws": "none",
    "access_log": False,  # query strings contain session ids
    "log_config": None,  # each process configures its own logging
    "log_level": None,
    "server_header": False,
    "date_header": False,
    "proxy_headers": False,
    "timeout_worker_healthcheck": _START_SECONDS,
}
