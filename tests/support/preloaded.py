"""Faster starts of slotmcp: `python -m slotmcp` is forked from a process that has imported it, not executed.

A forked process is a child of the test process, with the streams, environment and folder that it was started with, so
`subprocess` and asyncio send it signals and wait for it as usual. A start with any other option is executed.
"""

import ctypes
import os
import pickle
import socket
import struct
import subprocess
import sys
from _posixsubprocess import fork_exec
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Final, NamedTuple

TESTS: Final = Path(__file__).parents[1]
MODULES: Final = {"slotmcp", "concurrency.caller", "concurrency.crash", "concurrency.interruptions"}
NUMBER: Final = struct.Struct("!I")
"""A length or a process id on the socket."""
STANDARD_STREAMS: Final = 3
_STARTUP_VARIABLES: Final = ("PYTHON", "LC_", "LANG", "LD_", "MALLOC_")
"""Prefixes of the variables that the interpreter and the loader read when they start."""
_PR_SET_CHILD_SUBREAPER: Final = 36


@dataclass(frozen=True, slots=True)
class Start:
    """Process to start as `python -m` would."""

    module: str
    arguments: list[str]
    folder: str
    environment: dict[str, str]
    has_own_session: bool


class ForkExec(NamedTuple):
    """Arguments of `subprocess._fork_exec`, in its order."""

    command: Sequence[str | bytes]
    executables: Sequence[bytes]
    closes_files: bool
    kept_files: Sequence[int]
    folder: str | None
    variables: Sequence[bytes] | None
    stdin: int
    stdin_of_parent: int
    stdout_of_parent: int
    stdout: int
    stderr_of_parent: int
    stderr: int
    error_of_parent: int
    error: int
    restores_signals: bool
    has_own_session: bool
    group: int
    gid: int | None
    gids: Sequence[int] | None
    uid: int | None
    umask: int
    before: object
    may_vfork: bool

    def start(self, parent: Mapping[str, str]) -> Start | None:
        """Return the process that a parent with such an environment can fork, or None if it must be executed."""
        command, environment = [os.fsdecode(word) for word in self.command], self._environment()
        match command:
            case [sys.executable, "-m", module, *arguments] if module in MODULES and not self._is_special():
                if _startup_variables(environment) == _startup_variables(parent):
                    folder = os.path.abspath(self.folder or ".")  # noqa: PTH100  keeps the symbolic links
                    return Start(module, arguments, folder, environment, self.has_own_session)
        return None

    def streams(self) -> list[int]:
        """Return the standard streams, of which -1 is inherited."""
        given = enumerate((self.stdin, self.stdout, self.stderr))
        return [number if stream == -1 else stream for number, stream in given]

    def _environment(self) -> dict[str, str]:
        if self.variables is None:
            return dict(os.environ)
        return {name: value for name, _, value in (os.fsdecode(pair).partition("=") for pair in self.variables)}

    def _is_special(self) -> bool:
        """Return whether the process inherits or changes more than its streams, its folder and its environment."""
        identity = (self.gid, self.gids, self.uid, self.before)
        return any(value is not None for value in identity) or self.umask != -1 or list(self.kept_files) != [self.error]


def _startup_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a forked process cannot apply. It applies the folder of the tests in PYTHONPATH."""
    found = {name: value for name, value in environment.items() if name.startswith(_STARTUP_VARIABLES)}
    paths = found.pop("PYTHONPATH", "").split(os.pathsep)
    return found | {"PYTHONPATH": os.pathsep.join(path for path in paths if path != str(TESTS))}


class PreloadedParent:
    """Process that has imported slotmcp; it starts with the first process to fork."""

    def __init__(self) -> None:
        self._environment = dict(os.environ)
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control, self._its_end = socket.socketpair()

    def fork_or_execute(self, *arguments: Any) -> int:  # noqa: ANN401  as subprocess calls it
        """Start a child of this process, and return its id."""
        call = ForkExec(*arguments)
        start = call.start(self._environment)
        return fork_exec(*arguments) if start is None else self._fork(start, call.streams())

    def close(self) -> None:
        """End the process. Processes that it has forked continue."""
        self._control.close()
        self._its_end.close()
        if self._process is not None:
            self._process.wait()

    def _fork(self, start: Start, streams: Sequence[int]) -> int:
        request = pickle.dumps(start)
        with self._lock:
            self._ensure_running()
            with _adopting():
                socket.send_fds(self._control, [NUMBER.pack(len(request))], streams)
                self._control.sendall(request)
                (pid,) = NUMBER.unpack(self._control.recv(NUMBER.size, socket.MSG_WAITALL))
        return int(pid)

    def _ensure_running(self) -> None:
        if self._process is not None:
            return
        end = self._its_end.fileno()
        self._process = subprocess.Popen(  # noqa: S603  our own module
            [sys.executable, "-m", "support.preloaded_parent", str(end), str(os.getpid())],
            env=self._environment,
            cwd=TESTS,
            pass_fds=[end],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        self._its_end.close()


@contextmanager
def _adopting() -> Iterator[None]:
    """Become the parent of descendants whose parents end before the block does (PR_SET_CHILD_SUBREAPER of Linux)."""
    prctl = ctypes.CDLL(None).prctl
    prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    yield
    prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


@contextmanager
def preloading() -> Iterator[None]:
    """Fork the processes of `MODULES` that this process starts until the block ends."""
    parent = PreloadedParent()
    with _starting_with(parent.fork_or_execute):
        yield
    parent.close()


def executing() -> AbstractContextManager[None]:
    """Execute every process that this process starts until the block ends."""
    return _starting_with(fork_exec)


@contextmanager
def _starting_with(start: Callable[..., int]) -> Iterator[None]:
    before = subprocess._fork_exec  # type: ignore[attr-defined]  # noqa: SLF001  asyncio, mcp and the tests all use it
    subprocess._fork_exec = start  # type: ignore[attr-defined]  # noqa: SLF001  as above
    yield
    subprocess._fork_exec = before  # type: ignore[attr-defined]  # noqa: SLF001  as above
