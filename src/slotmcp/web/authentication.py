"""Who calls: a bearer token turned into a principal, for all that is done in answer to the request."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from slotmcp.domain.access import Principal
from slotmcp.domain.errors import TryLater
from slotmcp.services.acting import acting_as
from slotmcp.web.answers import refusal, retry

Authenticate = Callable[[str], Awaitable[Principal | None]]
"""Tells who has a token; None: nobody who may call. May raise TryLater."""

Challenge = Callable[[Request], str]
"""More of WWW-Authenticate: where a token can be had."""

CALL_ID: Final = "x-call-id"
_CALL_ID_LENGTH: Final = 128
_UNFIT_FOR_A_CALL_ID: Final = re.compile(r"[^\x21-\x7e]")
_MS_PER_SECOND: Final = 1000


def no_more(request: Request) -> str:
    """Nothing more."""
    del request
    return ""


class Authentication:
    """Lets those in who may call; the others are told how to."""

    def __init__(self, app: ASGIApp, authenticate: Authenticate, *, challenge: Challenge = no_more) -> None:
        self._app = app
        self._authenticate = authenticate
        self._challenge = challenge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        headers = Headers(scope=scope)
        token = _bearer(headers)
        try:
            principal = await self._authenticate(token) if token else None
        except TryLater as error:
            after = -(-error.retry_after_ms // _MS_PER_SECOND)
            await retry(503, error.code, error.message, after_seconds=after)(scope, receive, send)
            return
        if principal is None:
            await self._refused(Request(scope), was_given=bool(token))(scope, receive, send)
        elif not principal.scopes:
            await self._useless(Request(scope))(scope, receive, send)
        else:
            with acting_as(principal.with_call_id(_call_id(headers))):
                await self._app(scope, receive, send)

    def _refused(self, request: Request, *, was_given: bool) -> Response:
        error = {"error": "invalid_token"} if was_given else {}
        sentence = "Send a key or a token that is good: Authorization: Bearer ..."
        return refusal(401, "unauthorized", sentence, headers=self._told(request, error))

    def _useless(self, request: Request) -> Response:
        error = {"error": "insufficient_scope", "scope": "slotmcp:caller"}
        return refusal(403, "insufficient_scope", "This token reaches no tool.", headers=self._told(request, error))

    def _told(self, request: Request, error: Mapping[str, str]) -> Mapping[str, str]:
        said = {"realm": "slotmcp", **error}
        words = ", ".join(f'{name}="{value}"' for name, value in said.items())
        more = self._challenge(request)
        return {"WWW-Authenticate": f"Bearer {words}" + (f", {more}" if more else "")}


class Everybody:
    """Lets everybody in, as one and the same."""

    def __init__(self, app: ASGIApp, principal: Principal) -> None:
        self._app = app
        self._principal = principal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        with acting_as(self._principal.with_call_id(_call_id(Headers(scope=scope)))):
            await self._app(scope, receive, send)


def _bearer(headers: Headers) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _call_id(headers: Headers) -> str:
    return _UNFIT_FOR_A_CALL_ID.sub("", headers.get(CALL_ID, ""))[:_CALL_ID_LENGTH]
