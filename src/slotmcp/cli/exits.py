"""How a command ends: a code that means something, and sentences on stderr instead of a stack."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import NoReturn

from slotmcp.domain.errors import FixSetup, InvalidArgument, SlotmcpError, TryLater
from slotmcp.settings import SettingsError

_OPTIONS = {
    "projectId": "--project",
    "serviceType": "--service",
    "durationMinutes": "--duration",
    "partOfDay": "--part-of-day",
    "daysOfWeek": "--day",
    "technicianId": "--technician",
    "bookingId": "BOOKING_ID",
    "traceId": "TRACE_ID",
    "reference": "PHONE|EMAIL|HASH",
    "status": "--status",
    "uid": "--replay",
    "port": "--port",
    **{name: f"--{name}" for name in ("from", "to", "timezone", "limit", "cursor")},
}
"""What a field of the wire is called here."""


class Exit(IntEnum):
    """The exit codes, as docs/reference/cli.md lists them."""

    FINE = 0
    REFUSED = 1
    """The request was understood and refused."""
    USAGE = 2
    """The command line or a setting is wrong."""
    BAD_FILE = 3
    """The project file has problems."""
    AWAY = 4
    """The database cannot be used."""
    BROKEN = 70
    """A mistake of slotmcp's own."""
    INTERRUPTED = 130
    """Ended from the keyboard."""
    PIPE_CLOSED = 141
    """Nobody reads the output any more."""


@contextmanager
def told_plainly(*passing: type[Exception]) -> Iterator[None]:
    """Turn whatever is raised within, but for what may pass, into sentences on stderr and an exit code."""
    try:
        yield
        sys.stdout.flush()
    except passing:
        raise
    except SettingsError as error:
        leave(Exit.USAGE, str(error))
    except SlotmcpError as error:
        leave(Exit.AWAY if isinstance(error, (TryLater, FixSetup)) else Exit.REFUSED, _sentence(error))
    except KeyboardInterrupt:
        leave(Exit.INTERRUPTED)
    except BrokenPipeError:
        _silence_stdout()
        leave(Exit.PIPE_CLOSED)
    except Exception as error:
        logging.getLogger("slotmcp.cli").debug("internal", exc_info=True)
        leave(Exit.BROKEN, _confession(_innermost(error)))


def remark(sentence: str) -> None:
    """Say something on stderr, and go on."""
    sys.stderr.write(f"{sentence}\n")


def leave(code: Exit, *sentences: str) -> NoReturn:
    """End the process with a code, saying why on stderr."""
    for sentence in sentences:
        remark(sentence)
    raise SystemExit(int(code))


def _sentence(error: SlotmcpError) -> str:
    if isinstance(error, InvalidArgument):
        return "\n".join(f"{_OPTIONS.get(one.field, one.field)}: {one.problem}" for one in error.fields)
    return error.message


def _innermost(error: Exception) -> Exception:
    """What happened, where a group of tasks has wrapped it."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


def _confession(error: Exception) -> str:
    return (
        f"slotmcp made a mistake ({type(error).__name__}: {error}). Nothing was half done. "
        "Please report it, with what SLOTMCP_LOG_LEVEL=debug says."
    )


def _silence_stdout() -> None:
    """Let the interpreter's last flush go nowhere, as Python's documentation of SIGPIPE advises."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
