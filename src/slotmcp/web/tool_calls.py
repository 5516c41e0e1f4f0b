"""Tools over plain HTTP: `POST /v1/tools/{name}` with the arguments as a JSON object."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Final, Protocol

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from slotmcp.domain.errors import ErrorCode, InvalidArgument, SlotmcpError
from slotmcp.web.json_bodies import JSON, parse_object, unsupported_type
from slotmcp.web.responses import retry_headers

TOOLS_PATH: Final = "/v1/tools/{name}"
KEY_HEADER: Final = "idempotency-key"
OK: Final = 200
STATUSES: Final[Mapping[str, int]] = {
    ErrorCode.INVALID_ARGUMENT: 400,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.VERIFICATION_NEEDED: 403,
    ErrorCode.ALREADY_BOOKED: 409,
    ErrorCode.HOLD_LIMIT: 409,
    ErrorCode.IDEMPOTENCY_MISMATCH: 422,  # draft-ietf-httpapi-idempotency-key-header
    ErrorCode.SLOT_UNAVAILABLE: 409,
    ErrorCode.SLOTS_AVAILABLE: 409,
    ErrorCode.HOLD_EXPIRED: 409,
    ErrorCode.UNAVAILABLE: 503,
    ErrorCode.RATE_LIMITED: 429,
    ErrorCode.BOOKING_CLOSED: 409,
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.INTERNAL: 500,
}
"""Status of each error of a tool. Every other outcome is a success."""


class ToolAnswer(Protocol):
    """Response of a tool."""

    @property
    def text(self) -> str:
        """JSON object."""

    @property
    def outcome(self) -> str:
        """The word "ok", or the code of the error."""

    @property
    def retry_after_ms(self) -> int:
        """Time after which the same call can succeed; 0: unknown."""


class ToolCalls(Protocol):
    """The tools, called on behalf of the current principal."""

    async def call(self, name: str, arguments: Mapping[str, object], *, idempotency_key: str = "") -> ToolAnswer:
        """Call a tool. An unknown name is an error, too."""

    async def refuse(self, error: SlotmcpError) -> ToolAnswer:
        """Return the response to a request that calls no tool."""

    async def count(self) -> int:
        """Count a message, and return the milliseconds to wait if the credential sends too many; otherwise 0."""


class JsonEndpoint(ABC):
    """ASGI app that calls tools for requests with a JSON body."""

    def __init__(self, tools: ToolCalls) -> None:
        self._tools = tools

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        request = Request(scope, receive)
        response = unsupported_type(request.headers) or await self._respond(request)
        await response(scope, receive, send)

    @abstractmethod
    async def _respond(self, request: Request) -> Response:
        """Return the response to a request whose body is announced as JSON."""


class ToolEndpoint(JsonEndpoint):
    """ASGI app of the tools. The path names the tool."""

    async def _respond(self, request: Request) -> Response:
        return tool_response(await self._call(request))

    async def _call(self, request: Request) -> ToolAnswer:
        body = await request.body()
        try:
            arguments, key = parse_object(body), idempotency_key_of(request.headers)
        except InvalidArgument as error:
            return await self._tools.refuse(error)
        return await self._tools.call(request.path_params["name"], arguments, idempotency_key=key)


def tool_response(answer: ToolAnswer) -> Response:
    """Return a tool's response with the status of its outcome."""
    headers = {"Cache-Control": "no-store", **retry_headers(answer.retry_after_ms)}
    return Response(answer.text, STATUSES.get(answer.outcome, OK), headers, JSON)


def idempotency_key_of(headers: Headers) -> str:
    """Return the key of a request, without the quotation marks of a structured field; empty: it has none.

    Raises:
        InvalidArgument: the request has several different keys.
    """
    keys = {key.removeprefix('"').removesuffix('"') for key in headers.getlist(KEY_HEADER)}
    if len(keys) > 1:
        raise InvalidArgument("Idempotency-Key", "has several values; send one.")
    return keys.pop() if keys else ""
