"""Computation of reports in a process of its own, which does not share the interpreter with calls.

The process starts with the first report, and ends when it has been idle, with its server, or if it takes too long.
"""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final, TypeVar

from slotmcp.domain.errors import SlotmcpError, Unavailable
from slotmcp.domain.schedule import Schedule
from slotmcp.domain.units import BYTES_PER_MB
from slotmcp.ports import Store
from slotmcp.services.reporting.computation import Facts, ReportJob, ThreadRunner

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

T = TypeVar("T")

MAX_SECONDS: Final = 60.0
"""Maximum time of a report."""
IDLE_SECONDS: Final = 60.0
"""Time without a report after which the process ends."""
MAX_MEMORY_MB: Final = 2_000
"""Maximum memory of the process, on systems that can limit it."""
NICENESS: Final = 5
"""Niceness that is added on Unix, so that calls have priority."""
RETRY_AFTER_MS: Final = 1_000

_Request = tuple[ReportJob, Callable[[Facts], object]]
OpenStore = Callable[["JobClock"], AbstractAsyncContextManager[Store]]
"""Module-level function, or a partial of one, that opens the store of reports. It is pickled."""


class JobClock:
    """Implementation of the port Clock: the time of the current job."""

    def __init__(self) -> None:
        self.at_ms = 0

    def now_ms(self) -> int:
        """Return the time of the job."""
        return self.at_ms


@dataclass(frozen=True, slots=True)
class _Failure:
    """Error of a job, as it is sent to the server: exceptions with constructors of their own cannot be pickled."""

    type: type[SlotmcpError]
    arguments: tuple[object, ...]
    state: dict[str, object]

    @classmethod
    def of(cls, error: SlotmcpError) -> "_Failure":
        return cls(type(error), error.args, vars(error))

    def rebuild(self) -> SlotmcpError:
        error = self.type.__new__(self.type, *self.arguments)
        vars(error).update(self.state)
        return error


class ProcessRunner:
    """Implementation of ReportRunner: one process, which computes one report at a time."""

    def __init__(
        self, open_store: OpenStore, *, max_seconds: float = MAX_SECONDS, idle_seconds: float = IDLE_SECONDS
    ) -> None:
        """Create a runner without a process."""
        self._open_store = open_store
        self._max_seconds = max_seconds
        self._idle_seconds = idle_seconds
        self._turn = asyncio.Lock()
        self._worker: _Worker | None = None
        self._stopping: asyncio.TimerHandle | None = None

    @property
    def process(self) -> "SpawnProcess | None":
        """Return the process; None: it has not started, or has ended."""
        return self._worker.process if self._worker and self._worker.process.is_alive() else None

    def close(self) -> None:
        """End the process."""
        worker, self._worker = self._worker, None
        if self._stopping is not None:
            self._stopping.cancel()
        if worker is not None:
            worker.process.kill()
            worker.process.join()

    async def run(self, job: ReportJob, compute: Callable[[Facts], T], *, known: Schedule | None = None) -> T:
        """Run a computation.

        Raises:
            NotFound, Unavailable.
        """
        del known  # sending it to the process would take as long as reading it there
        async with self._turn:
            outcome = await self._exchange(job, compute)
            self._stopping = asyncio.get_running_loop().call_later(self._idle_seconds, self.close)
        if isinstance(outcome, _Failure):
            raise outcome.rebuild()
        return outcome

    async def _exchange(self, job: ReportJob, compute: Callable[[Facts], T]) -> "T | _Failure":
        """Let the process compute a report. Where this fails, or the caller is canceled, the process ends."""
        if self._stopping is not None:
            self._stopping.cancel()
        try:
            async with asyncio.timeout(self._max_seconds):
                if self.process is None:
                    self._worker = await asyncio.to_thread(_Worker.start, self._open_store)
                assert self._worker is not None  # noqa: S101  for the type checker
                outcome: T | _Failure = await asyncio.to_thread(self._worker.exchange, (job, compute))
        except TimeoutError as error:
            self.close()
            problem = f"The report took more than {self._max_seconds:g} seconds. Ask for fewer days."
            raise Unavailable(problem, retry_after_ms=RETRY_AFTER_MS) from error
        except (EOFError, OSError) as error:
            self.close()
            problem = "The process that computes reports ended. If it needed too much memory, ask for fewer days."
            raise Unavailable(problem, retry_after_ms=RETRY_AFTER_MS) from error
        except BaseException:
            self.close()
            raise
        return outcome


@dataclass(frozen=True, slots=True)
class _Worker:
    process: "SpawnProcess"
    connection: "Connection"
    """Its end in this process. It closes when nothing refers to it any more, so never while a thread uses it."""

    @classmethod
    def start(cls, open_store: OpenStore) -> "_Worker":
        context = get_context("spawn")
        connection, far_end = context.Pipe()
        process = context.Process(target=serve_jobs, args=(far_end, open_store), name="slotmcp-reports", daemon=True)
        process.start()
        far_end.close()
        return cls(process, connection)

    def exchange(self, request: "_Request") -> Any:  # noqa: ANN401  what the request computes
        self.connection.send(request)
        return self.connection.recv()


def serve_jobs(connection: "Connection", open_store: OpenStore) -> None:
    """Compute reports until the server closes its end of the connection, or is killed."""
    _restrict_process()
    requests: SimpleQueue[_Request] = SimpleQueue()
    threading.Thread(target=_receive, args=(connection, requests), daemon=True).start()
    try:
        asyncio.run(_compute_all(connection, open_store, requests))
    except SlotmcpError as error:
        connection.send(_Failure.of(error))


def _receive(connection: "Connection", requests: "SimpleQueue[_Request]") -> None:
    """Queue the requests, and end the process with its server, even in the middle of a computation."""
    try:
        while True:
            requests.put(connection.recv())
    finally:
        os._exit(0)


async def _compute_all(connection: "Connection", open_store: OpenStore, requests: "SimpleQueue[_Request]") -> None:
    clock = JobClock()
    async with open_store(clock) as store:
        runner = ThreadRunner(store)
        while True:
            job, compute = await asyncio.to_thread(requests.get)
            clock.at_ms = job.now_ms
            outcome: object
            try:
                outcome = await runner.run(job, compute)
            except SlotmcpError as error:
                outcome = _Failure.of(error)
            connection.send(outcome)


def _restrict_process() -> None:
    """Lower the priority of this process, bound its memory, and leave signals of the terminal to the server."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform != "win32":
        import resource  # noqa: PLC0415  Unix only

        with suppress(OSError):
            os.nice(NICENESS)
        with suppress(OSError, ValueError):  # a lower limit exists
            resource.setrlimit(resource.RLIMIT_DATA, (MAX_MEMORY_MB * BYTES_PER_MB,) * 2)
