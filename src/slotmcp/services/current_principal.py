"""Principal of the current call, which the interfaces set and the tools read."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from slotmcp.domain.access import Principal

_CURRENT: ContextVar[Principal | None] = ContextVar("slotmcp_principal", default=None)


def current_principal(default: Principal) -> Principal:
    """Return the current call's principal, or the default outside of a call."""
    return _CURRENT.get() or default


@contextmanager
def acting_as(principal: Principal) -> Iterator[None]:
    """Make a principal the current one within the block, and in tasks started in it."""
    token = _CURRENT.set(principal)
    try:
        yield
    finally:
        _CURRENT.reset(token)
