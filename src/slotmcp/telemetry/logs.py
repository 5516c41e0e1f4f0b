"""Log events of the services and the HTTP interface. Their fields contain neither secrets nor caller data."""

import logging
from time import monotonic
from typing import Final

REPEAT_SECONDS: Final = 60.0
"""Time in which an event that many requests cause is logged once."""

_log: Final = logging.getLogger("slotmcp.server")


class LogEvent:
    """Message of a log record: the name of an event, and fields that a formatter may write separately."""

    __slots__ = ("fields", "name")

    def __init__(self, name: str, /, **fields: object) -> None:
        self.name = name
        self.fields = fields

    def __str__(self) -> str:
        """Return the event as text, for a process that has not configured its logging."""
        return " ".join([self.name, *(f"{key}={value}" for key, value in self.fields.items())])


def log_info(event: str, **fields: object) -> None:
    """Log an event that an operator reads only when looking for it."""
    _log.info(LogEvent(event, **fields))


def log_warning(event: str, **fields: object) -> None:
    """Log an event that an operator should read."""
    _log.warning(LogEvent(event, **fields))


class RepeatedWarning:
    """Warning that any number of requests may cause. It is logged once a minute, with the number of occurrences."""

    def __init__(self, event: str, *, every_seconds: float = REPEAT_SECONDS) -> None:
        self._event = event
        self._every_seconds = every_seconds
        self._logged_at = -float("inf")
        self._count = 0

    def log(self, **fields: object) -> None:
        """Count an occurrence, and log it unless the event was logged shortly before."""
        self._count += 1
        if monotonic() - self._logged_at >= self._every_seconds:
            log_warning(self._event, occurrences=self._count, **fields)
            self._logged_at, self._count = monotonic(), 0
