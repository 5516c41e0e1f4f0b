"""Whether what is started hears Ctrl-C, however these tests themselves were started."""

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType

Handler = Callable[[int, FrameType | None], object] | signal.Handlers


def hearing_ctrl_c() -> AbstractContextManager[None]:
    """What is started within hears it, like what somebody types at a terminal."""
    return _answering_ctrl_c_by(signal.default_int_handler)


def deaf_to_ctrl_c() -> AbstractContextManager[None]:
    """What is started within does not hear it, like what a shell starts in the background."""
    return _answering_ctrl_c_by(signal.SIG_IGN)


@contextmanager
def _answering_ctrl_c_by(handler: Handler) -> Iterator[None]:
    before = signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
