"""Checks and records that apply to every call: permission, rate limits, the number of active calls, and the log."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from enum import StrEnum
from traceback import format_exc
from typing import Final

from slotmcp.domain.access import LOCAL, Principal, Scope
from slotmcp.domain.errors import CredentialHoldLimit, ErrorCode, NotFound, RateLimited, SlotmcpError, WaitLimit
from slotmcp.ports import Rate, RateLimiter
from slotmcp.services.current_principal import acting_as, current_principal
from slotmcp.telemetry.limits import report_limit
from slotmcp.telemetry.logs import LogEvent, RepeatedWarning
from slotmcp.telemetry.metrics import Limit

_log: Final = logging.getLogger("slotmcp.tools")

_WAIT_MS: Final = ContextVar("slotmcp_wait_ms", default=0)
"""Time to wait, if the credential of the current call sends too many messages."""
_unavailable: Final = RepeatedWarning("unavailable")

Observe = Callable[[str, str, float], None]
"""Callback for each finished call: the tool, "ok" or an error code, and the duration in seconds."""


class Toolset(StrEnum):
    """Set of tools that a server offers."""

    CALLER = "caller"
    """Tools for an agent that speaks with callers."""
    OPERATOR = "operator"
    """Those tools, and the ones for running the business."""

    @property
    def scopes(self) -> frozenset[Scope]:
        """Scopes of the tools in the set."""
        return Scope(self.value).included


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRateLimits:
    """Rate limits of a server. A rate of None sets no limit, and the local user has none per credential."""

    limits: RateLimiter
    per_credential: Rate | None
    per_call_id: Rate | None

    async def count_message(self, principal: Principal) -> int:
        """Count a message of a credential, and return the milliseconds to wait if there are too many."""
        if self.per_credential is None or principal.credential == LOCAL.credential:
            return 0
        return await self.limits.acquire(f"credential:{principal.credential}", self.per_credential)

    async def count_call(self, principal: Principal) -> int:
        """Count a tool call of a phone call, and return the milliseconds to wait if there are too many."""
        if self.per_call_id is None or not principal.call_id:
            return 0
        return await self.limits.acquire(f"call:{principal.credential}:{principal.call_id}", self.per_call_id)


@dataclass(slots=True, kw_only=True)
class CallGate:
    """Single entry point for the calls of one server."""

    default_principal: Principal = LOCAL
    """Caller if the interface has not authenticated one."""
    rate_limits: CallRateLimits | None = None
    observe: Observe = lambda _tool, _outcome, _seconds: None
    active_calls: int = field(default=0, init=False)
    """Number of calls in progress."""

    @property
    def principal(self) -> Principal:
        """Principal that makes the current call."""
        return current_principal(self.default_principal)

    @contextmanager
    def enter(self) -> Iterator[Principal]:
        """Run a block as one active call, on behalf of its principal."""
        principal = self.principal
        self.active_calls += 1
        try:
            with acting_as(principal):
                yield principal
        finally:
            self.active_calls -= 1

    async def count_message(self, principal: Principal) -> int:
        """Count a message of any method, and return the milliseconds to wait if its credential sends too many."""
        if self.rate_limits is None:
            return 0
        wait_ms = await self.rate_limits.count_message(principal)
        if wait_ms:
            report_limit(Limit.MESSAGES, credential=principal.credential)
        return wait_ms

    @contextmanager
    def refusing(self, wait_ms: int) -> Iterator[None]:
        """Refuse the calls within the block because their credential sends too many messages."""
        token = _WAIT_MS.set(wait_ms)
        try:
            yield
        finally:
            _WAIT_MS.reset(token)

    async def admit(self, principal: Principal, scope: Scope) -> None:
        """Check that a principal may call a tool of a scope now.

        Raises:
            Forbidden, RateLimited.
        """
        principal.require_scope(scope)
        if self.rate_limits is None:
            return
        wait_ms = _WAIT_MS.get() or await self.rate_limits.count_call(principal)
        if wait_ms:
            raise RateLimited("Too many calls in a short time; nothing was done.", retry_after_ms=wait_ms)


def report_refusal(error: SlotmcpError, principal: Principal) -> None:
    """Report an error that is a limit of the credential."""
    if isinstance(error, CredentialHoldLimit):
        report_limit(Limit.HOLDS, credential=principal.credential)
    elif isinstance(error, WaitLimit):
        report_limit(Limit.WAITS, credential=principal.credential)


def local_principal(toolset: Toolset, *, connection: str = "") -> Principal:
    """Return the local user with the scopes of a toolset: only `--toolset operator` makes the user an operator."""
    return replace(LOCAL, scopes=toolset.scopes, connection=connection)


def local_gate(toolset: Toolset = Toolset.OPERATOR, *, connection: str = "") -> CallGate:
    """Return the gate of a server that only the local user can reach."""
    return CallGate(default_principal=local_principal(toolset, connection=connection))


LOCAL_GATE: Final = local_gate()
"""Gate of tools that only the local user can call."""


def hide_other_projects(principal: Principal, error: NotFound) -> NotFound:
    """Return an unknown-project error without the names of projects that the principal cannot reach."""
    if principal.can_reach_all or error.field != "projectId":
        return error
    return principal.project_not_found(error.wanted)


def log_call(tool: str, outcome: str, trace_id: str, duration_ms: float, principal: Principal) -> None:
    """Log a finished call, without its arguments and its response; `outcome` is "ok" or an error code."""
    if outcome == ErrorCode.UNAVAILABLE:
        log_unavailable(tool, traceId=trace_id)
    if _log.isEnabledFor(logging.INFO):
        call_id = {"callId": principal.call_id} if principal.call_id else {}
        event = LogEvent(
            tool,
            outcome=outcome,
            durationMs=round(duration_ms, 1),
            traceId=trace_id,
            credential=principal.credential,
            **call_id,
        )
        _log.info(event)


def log_unavailable(tool: str, **fields: str) -> None:
    """Count a call that was `unavailable`, and log it unless another one was logged within the last minute."""
    _unavailable.log(tool=tool, **fields)


def log_retry(task: str, outcome: str) -> None:
    """Log a background task that failed with an error code and will be retried."""
    _log.warning(LogEvent(task, outcome=outcome))


def log_failure(tool: str, trace_id: str) -> None:
    """Log the unexpected exception that is being handled.

    It is formatted here, because a console renderer would show the values in its frames.
    """
    _log.error(LogEvent(tool, outcome=ErrorCode.INTERNAL, traceId=trace_id, exception=format_exc()))
