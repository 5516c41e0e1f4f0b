"""One event a call, to the log: which tool, how it ended, how long it took. Never what was asked or answered."""

import logging
from traceback import format_exc
from typing import Final

import structlog

from slotmcp.domain.access import Principal

_logger: Final = logging.getLogger("slotmcp.tools")
_log: Final[structlog.stdlib.BoundLogger] = structlog.wrap_logger(
    _logger,  # never stdout, even where nobody has configured logging
    wrapper_class=structlog.stdlib.BoundLogger,
)


def called(tool: str, outcome: str, trace_id: str, duration_ms: float, principal: Principal) -> None:
    """A call ended; `outcome` is "ok" or an error's code."""
    if _logger.isEnabledFor(logging.INFO):
        about = {"callId": principal.call_id} if principal.call_id else {}
        _log.info(
            tool,
            outcome=outcome,
            durationMs=round(duration_ms, 1),
            traceId=trace_id,
            credential=principal.credential,
            **about,
        )


def put_off(work: str, outcome: str) -> None:
    """Something could not be done in the background, for an error's code, and will be tried again."""
    _log.warning(work, outcome=outcome)


def failed(tool: str, trace_id: str) -> None:
    """Something failed that nobody foresaw: the exception that is being handled.

    Formatted here, since a console's renderer would show the values in its frames.
    """
    _log.error(tool, outcome="internal", traceId=trace_id, exception=format_exc())
