"""The command line, as a test runs it."""

from typing import NamedTuple, Protocol


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


class Run(Protocol):
    """Runs a command line in this process."""

    def __call__(self, *words: str) -> Ended: ...
