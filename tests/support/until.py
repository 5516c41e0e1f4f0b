"""Waiting for other processes."""

import time
from collections.abc import Callable
from typing import Final

PATIENCE_SECONDS: Final = 30


def until(is_so: Callable[[], bool], what: str, *, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until a condition is true."""
    gives_up = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < gives_up, f"never: {what}"
        time.sleep(0.01)
