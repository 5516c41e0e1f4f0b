"""Control over SIGINT in child processes, independent of how the tests were started."""

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType

Handler = Callable[[int, FrameType | None], object] | signal.Handlers


def receiving_ctrl_c() -> AbstractContextManager[None]:
    """Let child processes receive SIGINT, as in a terminal."""
    return _handling_ctrl_c_with(signal.default_int_handler)


def ignoring_ctrl_c() -> AbstractContextManager[None]:
    """Let child processes ignore SIGINT, as in a shell's background."""
    return _handling_ctrl_c_with(signal.SIG_IGN)


@contextmanager
def _handling_ctrl_c_with(handler: Handler) -> Iterator[None]:
    previous = signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
