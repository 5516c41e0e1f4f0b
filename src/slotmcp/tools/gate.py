"""The door that every call of a tool goes through: may they, and are there too many of them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from slotmcp.domain.access import LOCAL, Principal, Scope
from slotmcp.domain.errors import NotFound, RateLimited
from slotmcp.ports import Rate, RateLimiter
from slotmcp.services.acting import acting, acting_as

Observe = Callable[[str, str, float], None]
"""Told of each call that ended: the tool, "ok" or an error's code, and how many seconds it took."""


def _unobserved(tool: str, outcome: str, seconds: float) -> None:
    del tool, outcome, seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """How many calls may be made, and who counts them. None: any number."""

    limits: RateLimiter
    per_credential: Rate | None
    per_call_id: Rate | None

    async def count(self, principal: Principal) -> None:
        """Count a call.

        Raises:
            RateLimited.
        """
        waits = [await self._wait(f"credential:{principal.credential}", self.per_credential)]
        if principal.call_id:
            waits.append(await self._wait(f"call:{principal.credential}:{principal.call_id}", self.per_call_id))
        if any(waits):
            raise RateLimited("Too many calls in a short time; nothing was done.", retry_after_ms=max(waits))

    async def _wait(self, name: str, rate: Rate | None) -> int:
        return 0 if rate is None else await self.limits.acquire(name, rate)


@dataclass(slots=True, kw_only=True)
class CallGate:
    """Lets calls in, one server's: knows who calls, what they may, and how many are inside."""

    otherwise: Principal = LOCAL
    """Who calls where the face has not said so."""
    counting: Counting | None = None
    observe: Observe = _unobserved
    inside: int = field(default=0, init=False)
    """How many calls are being answered now."""

    @property
    def principal(self) -> Principal:
        """Who calls."""
        return acting(self.otherwise)

    @contextmanager
    def entered(self) -> Iterator[Principal]:
        """Let somebody be inside, and all that is done there be done on their behalf."""
        principal = self.principal
        self.inside += 1
        try:
            with acting_as(principal):
                yield principal
        finally:
            self.inside -= 1

    async def admit(self, principal: Principal, scope: Scope) -> None:
        """Let a principal go on to a tool of a scope.

        Raises:
            Forbidden, RateLimited.
        """
        principal.require_scope(scope)
        if self.counting is not None:
            await self.counting.count(principal)


LOCAL_GATE: Final = CallGate()
"""Where only the local user is."""


def as_seen_by(principal: Principal, error: NotFound) -> NotFound:
    """An error for a project that is not there, without the names of those that are out of reach."""
    if principal.can_reach_all or error.field != "projectId":
        return error
    return principal.project_not_found(error.wanted)
