"""Formatter of log events, including those of libraries, for terminals and for log collectors."""

import logging
import sys
from functools import cached_property
from typing import TYPE_CHECKING

from slotmcp.telemetry.logs import LogEvent

if TYPE_CHECKING:
    from structlog.stdlib import ProcessorFormatter
    from structlog.typing import EventDict, Processor


class EventFormatter(logging.Formatter):
    """Formatter that loads structlog with its first event. A stdio server usually logs none.

    Args:
        is_json: write one JSON object per event.
    """

    def __init__(self, *, is_json: bool) -> None:
        super().__init__()
        self._is_json = is_json

    def format(self, record: logging.LogRecord) -> str:
        """Return an event as one line, followed by the traceback of an exception on a terminal."""
        return self._formatter.format(record)

    @cached_property
    def _formatter(self) -> "ProcessorFormatter":
        from structlog.processors import TimeStamper  # noqa: PLC0415  with rich, a tenth of the start of a server
        from structlog.stdlib import ProcessorFormatter, add_log_level  # noqa: PLC0415  as above

        return ProcessorFormatter(
            foreign_pre_chain=[_add_fields, add_log_level, TimeStamper(fmt="iso")],
            processors=[ProcessorFormatter.remove_processors_meta, *_renderers(is_json=self._is_json)],
        )


def _add_fields(_logger: object, _method: str, event: "EventDict") -> "EventDict":
    message = event["_record"].msg
    return {**event, "event": message.name, **message.fields} if isinstance(message, LogEvent) else event


def _renderers(*, is_json: bool) -> "list[Processor]":
    from structlog.dev import ConsoleRenderer, plain_traceback  # noqa: PLC0415  as above
    from structlog.processors import JSONRenderer, format_exc_info  # noqa: PLC0415  as above

    if is_json:
        return [format_exc_info, JSONRenderer()]
    formatter = plain_traceback  # a rich traceback would show the values in its frames
    return [ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=formatter)]
