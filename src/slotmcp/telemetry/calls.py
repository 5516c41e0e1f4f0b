"""What is asked, and how it ended."""

from collections.abc import Iterable
from typing import Final

from slotmcp.telemetry.declared import HTTP_REQUESTS, TOOL_CALLS, TOOL_SECONDS

_WATCHED_OUTCOMES: Final = ("ok", "internal", "unavailable")
"""Those that are worth a look when they come for the first time."""


def tools_served(tools: Iterable[str]) -> None:
    """These tools can be called: count from 0 on, or the first failure would be no increase to Prometheus."""
    for tool in tools:
        for outcome in _WATCHED_OUTCOMES:
            TOOL_CALLS.labels(tool, outcome)


def tool_called(tool: str, outcome: str, seconds: float) -> None:
    """A call of a tool ended with "ok" or an error's code."""
    TOOL_CALLS.labels(tool, outcome).inc()
    TOOL_SECONDS.labels(tool).observe(seconds)


def http_answered(route: str, status: int) -> None:
    """A request was answered. The route is one of those that there are."""
    HTTP_REQUESTS.labels(route, status).inc()
