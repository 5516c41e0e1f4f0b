"""On whose behalf the current call is made. A face says it at its door; a tool asks."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from slotmcp.domain.access import LOCAL, Principal

_ACTING: ContextVar[Principal | None] = ContextVar("slotmcp_acting", default=None)


def acting(otherwise: Principal) -> Principal:
    """Who calls; where nobody has said so, whoever is given."""
    return _ACTING.get() or otherwise


@contextmanager
def acting_as(principal: Principal) -> Iterator[None]:
    """Let all that is done within be done on somebody's behalf, in tasks that are started there too."""
    token = _ACTING.set(principal)
    try:
        yield
    finally:
        _ACTING.reset(token)


def own_credential() -> str:
    """To whom the idempotency keys of the current call belong."""
    return acting(LOCAL).credential


def own_key(given: str) -> str:
    """An idempotency key of the current call, told from those of other phone calls."""
    return acting(LOCAL).key(given)
