"""What is asked, and how it ended."""

from slotmcp.telemetry.declared import HTTP_REQUESTS, TOOL_CALLS, TOOL_SECONDS


def tool_called(tool: str, outcome: str, seconds: float) -> None:
    """A call of a tool ended with "ok" or an error's code."""
    TOOL_CALLS.labels(tool, outcome).inc()
    TOOL_SECONDS.labels(tool).observe(seconds)


def http_answered(route: str, status: int) -> None:
    """A request was answered. The route is one of those that there are."""
    HTTP_REQUESTS.labels(route, status).inc()
