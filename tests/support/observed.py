"""Calls of a function, as they happen."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


@contextmanager
def observed(function: Callable[..., object], notify: Callable[[], object]) -> Iterator[None]:
    """Call `notify` at each call of a function in this thread until the block ends."""

    def profile(frame: FrameType, event: str, _argument: Any) -> None:  # noqa: ANN401  as Python declares it
        if event == "call" and frame.f_code is function.__code__:
            notify()

    sys.setprofile(profile)
    try:
        yield
    finally:
        sys.setprofile(None)
