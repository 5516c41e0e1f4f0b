"""Authentication: resolve a bearer token or an API key to a principal for the rest of the request."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from hashlib import sha256
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from slotmcp.domain.access import CallId, Principal
from slotmcp.domain.errors import TryLater, Unavailable
from slotmcp.services.concurrency import SingleFlight
from slotmcp.services.current_principal import acting_as
from slotmcp.web.failures import FailureLimit
from slotmcp.web.late_bodies import run_while_valid
from slotmcp.web.responses import error_response, retry_response, try_later_response

Authenticate = Callable[[str], Awaitable[Principal | None]]
"""Resolves a token to its principal, or to None when it is invalid. May raise TryLater."""

Challenge = Callable[[Request], str]
"""Returns further WWW-Authenticate parameters, such as the URL of the OAuth metadata."""

RecordFailure = Callable[[Scope, bytes, TryLater], None]
"""Records a request with a body whose credential could not be checked because of an error."""

CALL_HEADERS: Final = ("x-call-id", "x-chat-id", "x-session-id", "x-conversation-id")
"""Headers with an id of the phone call, in the order in which logs and rate limits prefer them."""
API_KEY_HEADER: Final = "x-api-key"
CREDENTIAL_HEADERS: Final = ("authorization", API_KEY_HEADER)
TOO_MANY: Final = "Too many invalid keys or tokens from this address, or for this key. A valid one still works."
AUTHENTICATION_TIMEOUT_SECONDS: Final = 2.0
"""Time limit of a lookup for metrics: a scrape must not wait longer."""
CACHE_SECONDS: Final = 15 * 60.0
MAX_CACHED: Final = 1_000
"""Maximum number of cached principals; the oldest are dropped."""
RETRY_AFTER_MS: Final = 1_000
_CALL_ID_LENGTH: Final = 128
_INVALID_IN_CALL_ID: Final = re.compile(r"[^\x21-\x7e]")


def no_challenge(request: Request) -> str:
    """Add no parameters to WWW-Authenticate."""
    del request
    return ""


class BearerAuthentication:
    """Middleware that requires a valid bearer token."""

    def __init__(
        self,
        app: ASGIApp,
        authenticate: Authenticate,
        *,
        failures: FailureLimit,
        challenge: Challenge = no_challenge,
        record_failure: RecordFailure = lambda _scope, _body, _error: None,
    ) -> None:
        self._app = app
        self._authenticate = authenticate
        self._failures = failures
        self._challenge = challenge
        self._record_failure = record_failure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        token = credential_of(Headers(scope=scope))
        try:
            principal = await self._authenticate(token) if token else None
        except TryLater as error:
            if scope["method"] == "POST":
                self._record_failure(scope, await Request(scope, receive).body(), error)
            await try_later_response(error)(scope, receive, send)
            return
        if principal is None:
            await (await self._reject(scope, token))(scope, receive, send)
        elif not principal.scopes:
            await self._insufficient_scope(Request(scope))(scope, receive, send)
        else:
            with acting_as(within_call(principal, scope)):
                await run_while_valid(self._app, scope, receive, send, partial(self._check_again, scope, token))

    async def _check_again(self, scope: Scope, token: str) -> Response | None:
        """Return the response if a token has become invalid, or cannot be checked."""
        try:
            principal = await self._authenticate(token)
        except TryLater as error:
            return try_later_response(error)
        return None if principal is not None else self._unauthorized(Request(scope), has_token=True)

    async def _reject(self, scope: Scope, token: str) -> Response:
        """Return the response to a missing or invalid token. Only invalid ones are counted."""
        wait_ms = await self._failures.count(scope, token) if token else 0
        if wait_ms:
            return retry_response(429, "too_many_failures", TOO_MANY, after_ms=wait_ms)
        return self._unauthorized(Request(scope), has_token=bool(token))

    def _unauthorized(self, request: Request, *, has_token: bool) -> Response:
        error = {"error": "invalid_token"} if has_token else {}
        message = "Send a valid key or token, once: Authorization: Bearer ..., or X-API-Key: ..."
        return error_response(401, "unauthorized", message, headers=self._challenge_headers(request, error))

    def _insufficient_scope(self, request: Request) -> Response:
        headers = self._challenge_headers(request, {"error": "insufficient_scope", "scope": "slotmcp:caller"})
        return error_response(403, "insufficient_scope", "This token grants access to no tool.", headers=headers)

    def _challenge_headers(self, request: Request, error: Mapping[str, str]) -> Mapping[str, str]:
        parameters = ", ".join(f'{name}="{value}"' for name, value in {"realm": "slotmcp", **error}.items())
        extra = self._challenge(request)
        return {"WWW-Authenticate": f"Bearer {parameters}" + (f", {extra}" if extra else "")}


class PrincipalCache:
    """Cache of authenticated principals, so that metrics can be scraped while the database is unavailable.

    An entry is used only when the lookup fails. A revoked key is rejected as soon as a lookup succeeds again.
    """

    def __init__(self, authenticate: Authenticate) -> None:
        self._authenticate = authenticate
        self._single_flight = SingleFlight(timeout_seconds=AUTHENTICATION_TIMEOUT_SECONDS)
        self._cached: dict[bytes, tuple[Principal, float]] = {}

    async def __call__(self, token: str) -> Principal | None:
        """Return the token's principal; None when the token is invalid.

        Raises:
            TryLater: the lookup failed, and the cache has no current entry.
        """
        digest, clock_seconds = sha256(token.encode()).digest(), asyncio.get_running_loop().time
        try:
            principal = await self._single_flight.run(digest, partial(self._authenticate, token))
        except (TryLater, TimeoutError) as error:
            if digest in self._cached and clock_seconds() < self._cached[digest][1]:
                return self._cached[digest][0]
            raise _try_later(error) from None
        self._cached.pop(digest, None)
        if principal is not None:
            self._cached[digest] = principal, clock_seconds() + CACHE_SECONDS
            if len(self._cached) > MAX_CACHED:
                del self._cached[next(iter(self._cached))]
        return principal


def _try_later(error: TryLater | TimeoutError) -> TryLater:
    if isinstance(error, TryLater):
        return error
    return Unavailable("Credentials cannot be checked at the moment.", retry_after_ms=RETRY_AFTER_MS)


def credential_of(headers: Headers) -> str:
    """Return the key or token of a request; empty if there is none, or if there are several different ones.

    A proxy may have checked another one than this server would choose.
    """
    parts = [value.partition(" ") for value in headers.getlist("authorization")]
    tokens = [token.strip() for scheme, _, token in parts if scheme.lower() == "bearer"]
    keys = [key.strip() for key in headers.getlist(API_KEY_HEADER)]
    credentials = set(filter(None, [*tokens, *keys]))
    return credentials.pop() if len(credentials) == 1 else ""


def within_call(principal: Principal, scope: Scope) -> Principal:
    """Return the principal with the ids of the phone call that the headers of a request name."""
    headers = Headers(scope=scope)
    return principal.within(*read_call_ids({header: headers.get(header, "") for header in CALL_HEADERS}))


def read_call_ids(values: Mapping[str, str]) -> Sequence[CallId]:
    """Return the ids of a phone call by header, without characters that an id cannot have."""
    cleaned = {header: _INVALID_IN_CALL_ID.sub("", value)[:_CALL_ID_LENGTH] for header, value in values.items()}
    return [CallId(header, value) for header, value in cleaned.items() if value]
