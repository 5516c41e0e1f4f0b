"""Origins of requests, as the interfaces report them."""

from slotmcp.domain.access import CallId
from slotmcp.services.callers import RequestOrigin


def call(value: str, *, header: str = "x-call-id") -> RequestOrigin:
    """Return the origin of requests within a phone call."""
    return RequestOrigin(credential="local", call_ids=(CallId(header, value),))


def connection(value: str) -> RequestOrigin:
    """Return the origin of requests on a stdio or SSE connection."""
    return RequestOrigin(credential="local", connection=value)
