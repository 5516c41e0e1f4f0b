"""Custom functions of Retell: the tool calls of its agents, and the check of their signatures.

Source: https://docs.retellai.com/build/single-multi-prompt/custom-function and
https://docs.retellai.com/features/secure-webhook. Retell repeats a request whose status is not 200 to 299, so errors
of tools have status 200. It cuts a response after 15,000 characters.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest, new
from typing import Any, Final

import orjson
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from slotmcp.domain.access import Principal
from slotmcp.domain.errors import InvalidArgument, TryLater
from slotmcp.domain.interval import MS_PER_MINUTE
from slotmcp.services.current_principal import acting_as
from slotmcp.web.authentication import CREDENTIAL_HEADERS, TOO_MANY, within_call
from slotmcp.web.failures import FailureLimit
from slotmcp.web.json_bodies import JSON, parse_object, require_object
from slotmcp.web.platforms import text_at, too_many_values, within_call_of
from slotmcp.web.responses import error_response, retry_response, try_later_response
from slotmcp.web.tool_calls import OK, JsonEndpoint, ToolAnswer

RETELL_PATH: Final = "/v1/retell"
RETELL_TOOL_PATH: Final = "/v1/retell/{name}"
MAX_CHARACTERS: Final = 15_000
MAX_AGE_MS: Final = 5 * MS_PER_MINUTE
"""Maximum difference between the time of a signature and that of this machine."""
SIGNATURE_HEADER: Final = "x-retell-signature"
_SIGNATURE: Final = re.compile(r"v=([0-9]{1,16}),d=([0-9a-f]{64})")
_UNSIGNED: Final = "Retell's signature is missing, wrong or older than 5 minutes. See SLOTMCP_RETELL_API_KEY."
_NO_NAME: Final = 'must be the name of a tool; send {"name": ..., "args": {...}}, or the name in the path.'
_ENVELOPE: Final = frozenset({"args", "call", "chat"})
"""Keys that distinguish a message from arguments alone: no tool has such an argument."""


@dataclass(frozen=True, slots=True)
class RetellSignatures:
    """Check of signatures: HMAC-SHA256 of the body and the time in milliseconds, with an API key of the account."""

    api_key: str
    now_ms: Callable[[], int]

    def is_current(self, signature: str) -> bool:
        """Return whether a signature is complete and not too old, which needs no body."""
        match = _SIGNATURE.fullmatch(signature)
        return match is not None and abs(self.now_ms() - int(match[1])) <= MAX_AGE_MS

    def is_valid(self, signature: str, body: bytes) -> bool:
        """Return whether a current signature is that of a body."""
        match = _SIGNATURE.fullmatch(signature)
        if match is None or not self.is_current(signature):
            return False
        expected = new(self.api_key.encode(), body + match[1].encode(), sha256).hexdigest()
        return compare_digest(expected, match[2])


class RetellAuthentication:
    """Middleware that requires a signature. A request without a key or token acts as the account that signed it."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        signatures: RetellSignatures,
        authenticate: Callable[[ASGIApp], ASGIApp],
        principal: Callable[[], Awaitable[Principal]],
        failures: FailureLimit,
    ) -> None:
        """Wrap an app.

        Args:
            app: the endpoint.
            signatures: check of signatures.
            authenticate: middleware that authenticates a request with a key or token.
            principal: returns the principal of a request without one; may raise TryLater.
            failures: limit of failed attempts.
        """
        self._app = app
        self._signatures = signatures
        self._authenticated = authenticate(app)
        self._principal = principal
        self._failures = failures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        headers = Headers(scope=scope)
        signature = headers.get(SIGNATURE_HEADER, "")
        body = await Request(scope, receive).body() if self._signatures.is_current(signature) else b""
        if not self._signatures.is_valid(signature, body):
            await (await self._reject(scope, signature))(scope, receive, send)
        elif any(name in headers for name in CREDENTIAL_HEADERS):
            await self._authenticated(scope, _receive_again(body, receive), send)
        else:
            await self._run(scope, _receive_again(body, receive), send)

    async def _run(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            principal = await self._principal()
        except TryLater as error:
            await try_later_response(error)(scope, receive, send)
            return
        with acting_as(within_call(principal, scope)):
            await self._app(scope, receive, send)

    async def _reject(self, scope: Scope, signature: str) -> Response:
        wait_ms = await self._failures.count(scope, "") if signature else 0
        if wait_ms:
            return retry_response(429, "too_many_failures", TOO_MANY, after_ms=wait_ms)
        return error_response(401, "unsigned", _UNSIGNED)


class RetellEndpoint(JsonEndpoint):
    """ASGI app of the tools, for messages of Retell: `name`, `args` and `call`, or only the arguments."""

    async def _respond(self, request: Request) -> Response:
        answer = await self._call(request)
        return Response(shorten(answer.text), OK, {"Cache-Control": "no-store"}, JSON)

    async def _call(self, request: Request) -> ToolAnswer:
        body = await request.body()
        try:
            message = parse_object(body)
            name, arguments = _read(message, request.path_params.get("name", ""))
        except InvalidArgument as error:
            return await self._tools.refuse(error)
        with within_call_of(message):
            return await self._tools.call(name, arguments)


def _read(message: Mapping[str, object], name_in_path: str) -> tuple[str, Mapping[str, object]]:
    """Return the tool and the arguments of a message. Without a name in the path, it has its own and `args`.

    Raises:
        InvalidArgument: it has no name, or its arguments are not an object or too large.
    """
    has_envelope = not name_in_path or not _ENVELOPE.isdisjoint(message)
    name = name_in_path or text_at(message, "name")
    if not name:
        raise InvalidArgument("name", _NO_NAME)
    arguments = require_object(message.get("args") or {}, "args") if has_envelope else message
    if error := too_many_values([arguments]):
        raise error
    return name, arguments


def shorten(text: str) -> str:
    """Return a response of at most 15,000 characters, without the last entries of its longest list."""
    if len(text) <= MAX_CHARACTERS:
        return text
    body: dict[str, Any] = orjson.loads(text)
    body.pop("nextCursor", None)  # a further page would begin after the entries that are left out
    while len(text) > MAX_CHARACTERS and (entries := max(_lists(body), key=len, default=[])):
        left_out = max(1, len(entries) // 8)
        del entries[-left_out:]
        body["leftOut"] = body.get("leftOut", 0) + left_out
        text = orjson.dumps(body).decode()
    if len(text) > MAX_CHARACTERS:
        text = orjson.dumps({"result": body["result"][: MAX_CHARACTERS // 2], "traceId": body["traceId"]}).decode()
    return text


def _lists(body: Mapping[str, object]) -> list[list[object]]:
    return [value for value in body.values() if isinstance(value, list)]


def _receive_again(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` function that yields a body that was already read, and then the events after it."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_body() -> Message:
        return messages.pop() if messages else await receive()

    return receive_body
