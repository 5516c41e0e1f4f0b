"""Ports for programs that cannot choose one themselves."""

import socket
from collections.abc import Iterable
from random import SystemRandom
from typing import Final

PORTS: Final = range(10_000, 22_000)
"""Ports that neither Linux nor macOS gives to clients, so that none takes one before the program starts.

The same holds for those that are 10,000 above, where the nodes of a Redis cluster meet.
"""


def free_port(*, offsets: Iterable[int] = (0,)) -> int:
    """Return a free port of this machine, at which ports with these offsets are free too."""
    offsets = tuple(offsets)
    random = SystemRandom()  # the seed of `random` is the same in all processes of the tests
    while True:
        port = random.choice(PORTS)
        if all(_is_free(port + offset) for offset in offsets):
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
