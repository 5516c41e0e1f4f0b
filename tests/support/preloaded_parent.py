"""`python -m support.preloaded_parent FD PARENT`: import slotmcp once, and fork a process for each request on a socket.

A request is a pickled `Start` with the three standard streams. The response is the new process's id. A process is
forked twice, so that the kernel hands it to the test process, which adopts orphans until it has the response.
"""

import gc
import os
import pickle
import runpy
import signal
import socket
import sys
import time
from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages
from typing import Final

from support.preloaded import NUMBER, STANDARD_STREAMS, Start

ALSO_LOADED: Final = (
    *("uvicorn.loops.uvloop", "uvicorn.protocols.http.httptools_impl", "uvicorn.lifespan.on"),
    *("concurrency.rush", "support.shop"),
)
"""Modules that slotmcp imports when it serves, and those of the tests' own processes."""
NOT_LOADED: Final = ("slotmcp.__main__", "slotmcp.store.migrations.")
"""Modules that run something when they are imported."""
PATHS_OF_TESTS: Final = (sys.path[0], *os.environ.get("PYTHONPATH", "").split(os.pathsep))


def main() -> None:
    """Fork a process for each request until the socket closes."""
    control, parent = socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the tests, which close the socket
    _import_all()
    gc.freeze()
    for start, streams in _requests(control):
        pid = _fork_orphan()
        if pid is None:
            control.close()
            _become(start, streams, parent)
            runpy.run_module(start.module, run_name="__main__", alter_sys=True)
            return
        for stream in streams:
            os.close(stream)
        control.sendall(NUMBER.pack(pid))


def _import_all() -> None:
    packages = import_module("slotmcp").__path__
    names = [module.name for module in walk_packages(packages, "slotmcp.") if not module.name.startswith(NOT_LOADED)]
    for name in (*names, *ALSO_LOADED):
        import_module(name)


def _requests(control: socket.socket) -> Iterator[tuple[Start, list[int]]]:
    while True:
        header, streams, _, _ = socket.recv_fds(control, NUMBER.size, STANDARD_STREAMS)
        if not header:
            return
        (length,) = NUMBER.unpack(header)
        yield pickle.loads(control.recv(length, socket.MSG_WAITALL)), streams  # noqa: S301  from the tests


def _fork_orphan() -> int | None:
    """Fork a process whose parent has ended. Return its id, and None in the process itself."""
    reading, writing = os.pipe()
    between = os.fork()
    if not between:
        pid = os.fork()
        if not pid:
            os.close(reading)
            os.close(writing)
            return None
        os.write(writing, NUMBER.pack(pid))
        os._exit(0)
    os.waitpid(between, 0)
    (pid,) = NUMBER.unpack(os.read(reading, NUMBER.size))
    os.close(reading)
    os.close(writing)
    return int(pid)


def _become(start: Start, streams: list[int], parent: int) -> None:
    """Make this process equal to a new one."""
    while os.getppid() != parent:
        time.sleep(0)  # the process between them is ending
    if start.has_own_session:
        os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for standard, stream in enumerate(streams):
        os.dup2(stream, standard)
        os.close(stream)
    os.chdir(start.folder)
    os.environ.clear()
    os.environ.update(start.environment)
    time.tzset()
    installed = [path for path in sys.path if path not in PATHS_OF_TESTS]
    own = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:] = [start.folder, *filter(None, own), *installed]
    sys.argv[1:] = start.arguments


if __name__ == "__main__":
    main()
