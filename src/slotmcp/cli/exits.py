"""Exit codes of commands, and errors as messages on stderr instead of stack traces."""

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
"""Command-line options and arguments by the wire field that an error names."""


class Exit(IntEnum):
    """Exit codes, as listed in docs/reference/cli.md."""

    OK = 0
    REFUSED = 1
    """The request was valid and was refused."""
    USAGE = 2
    """The command line or a setting is invalid."""
    BAD_FILE = 3
    """The project file is invalid."""
    UNAVAILABLE = 4
    """The database or Cal.com is unavailable."""
    BUG = 70
    """slotmcp has a bug."""
    INTERRUPTED = 130
    """Ctrl-C."""
    PIPE_CLOSED = 141
    """The reader of the output closed the pipe."""


@contextmanager
def exit_on_error(*reraised: type[Exception]) -> Iterator[None]:
    """End the process with a message and an exit code on every error except those in `reraised`."""
    try:
        yield
        sys.stdout.flush()
    except reraised:
        raise
    except SettingsError as error:
        exit_with(Exit.USAGE, str(error))
    except SlotmcpError as error:
        exit_with(Exit.UNAVAILABLE if isinstance(error, (TryLater, FixSetup)) else Exit.REFUSED, _message(error))
    except KeyboardInterrupt:
        exit_with(Exit.INTERRUPTED)
    except BrokenPipeError:
        _silence_stdout()
        exit_with(Exit.PIPE_CLOSED)
    except Exception as error:
        logging.getLogger("slotmcp.cli").debug("internal", exc_info=True)
        exit_with(Exit.BUG, _bug_message(_innermost(error)))


def print_error(message: str) -> None:
    """Print a message on stderr."""
    sys.stderr.write(f"{message}\n")


def exit_with(code: Exit, *messages: str) -> NoReturn:
    """Print messages on stderr and end the process."""
    for message in messages:
        print_error(message)
    raise SystemExit(int(code))


def _message(error: SlotmcpError) -> str:
    if isinstance(error, InvalidArgument):
        return "\n".join(f"{_OPTIONS.get(field.field, field.field)}: {field.problem}" for field in error.fields)
    return error.message


def _innermost(error: Exception) -> Exception:
    """Return the first error inside nested exception groups."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


def _bug_message(error: Exception) -> str:
    return (
        f"Internal error ({type(error).__name__}: {error}). No partial changes were made. "
        "Please report it with the output of SLOTMCP_LOG_LEVEL=debug."
    )


def _silence_stdout() -> None:
    """Redirect stdout to the null device, as Python's documentation of SIGPIPE advises."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
