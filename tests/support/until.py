"""Waiting for other processes."""

import socket
import time
from collections.abc import Callable
from typing import Final

TIMEOUT_SECONDS: Final = 60


def is_open(port: int) -> bool:
    """Return whether a process listens on a local port."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def until(condition: Callable[[], bool], description: str, *, seconds: float = TIMEOUT_SECONDS) -> None:
    """Wait until a condition is true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"timed out: {description}"
        time.sleep(0.01)
