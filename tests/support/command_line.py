"""Types for tests that run the command line."""

from typing import NamedTuple, Protocol


class CommandResult(NamedTuple):
    """Exit code and output of a command."""

    code: int
    out: str
    err: str


class Run(Protocol):
    """Function that runs a command line in this process."""

    def __call__(self, *words: str) -> CommandResult: ...
