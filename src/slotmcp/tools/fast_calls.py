"""Tool calls over HTTP without the MCP SDK, for requests of one plain form. The SDK serves all others.

A response has the same bytes as the SDK's. The parsers and validators are those of the SDK, so that both understand a
request alike. docs/decisions/0033-serve-plain-tool-calls-directly.md explains the form.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Protocol, TypeAlias

import orjson
from mcp_types import (
    CLIENT_CAPABILITIES_META_KEY,
    CLIENT_INFO_META_KEY,
    PROTOCOL_VERSION_META_KEY,
    SERVER_INFO_META_KEY,
)
from mcp_types.methods import validate_client_request
from pydantic import ValidationError
from pydantic_core import from_json
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from slotmcp.services.tracing import may_export_spans
from slotmcp.tools.server import CALL_TOOL, SlotmcpServer
from slotmcp.tools.tool import SlotmcpTool, ToolResponse

COMPARED_SDKS: Final = frozenset({"2.3.0"})
"""Versions of the SDK whose responses were compared. With another one, which may check more, the SDK serves all calls.
"""

HANDSHAKE_VERSIONS: Final = (b"2024-11-05", b"2025-03-26", b"2025-06-18", b"2025-11-25")
ENVELOPE_VERSION: Final = "2026-07-28"

_VERSION: Final = b"mcp-protocol-version"
_METHOD: Final = b"mcp-method"
_NAME: Final = b"mcp-name"
_CONTENT_TYPE: Final = b"content-type"
_ACCEPT: Final = b"accept"
_CONTENT_LENGTH: Final = b"content-length"
_READ_HEADERS: Final = frozenset({_VERSION, _METHOD, _NAME, _CONTENT_TYPE, _ACCEPT, _CONTENT_LENGTH})
_OTHER_HEADERS: Final = frozenset({b"content-encoding", b"last-event-id"})
"""Headers of requests that are left to the SDK, besides others that begin with `mcp-`."""
_JSON: Final = b"application/json"
_CONTENT_TYPES: Final = frozenset({_JSON, b"application/json; charset=utf-8", b"application/json;charset=utf-8"})
_ACCEPTED_TYPES: Final = frozenset(
    {
        _JSON,
        b"*/*",
        b"application/json, text/event-stream",
        b"application/json,text/event-stream",
        b"text/event-stream, application/json",
        b"application/json, */*",
    }
)
_MAX_LENGTH_DIGITS: Final = 18

_MESSAGE_KEYS: Final = frozenset({"jsonrpc", "id", "method", "params"})
_PARAMS_KEYS: Final = frozenset({"name", "arguments", "_meta"})
_ENVELOPE_KEYS: Final = frozenset({PROTOCOL_VERSION_META_KEY, CLIENT_CAPABILITIES_META_KEY, CLIENT_INFO_META_KEY})
_MAX_ID: Final = 2**53
_MAX_ID_LENGTH: Final = 128
_MAX_ENVELOPE_BYTES: Final = 2_048
_MAX_ENVELOPES: Final = 256
"""Maximum number of cached envelopes; a client sends the same one with each request."""

_BOOLEANS: Final = (b"false", b"true")
_SURROGATE: Final = b"\\ud"
"""Beginning of an escaped character that may be incomplete, which the SDK's two parsers treat differently."""
_RESERVED: Final = re.compile(r"mcp|modelcontextprotocol", re.IGNORECASE)
"""Prefixes of metadata that MCP defines."""
_to_json: Final = json.JSONEncoder(separators=(",", ":")).encode

RawHeaders: TypeAlias = Iterable[tuple[bytes, bytes]]
RequestId: TypeAlias = int | str


class _Revision(Protocol):
    """Form of the messages of one or several protocol revisions."""

    def parse(self, body: bytes) -> Any:  # noqa: ANN401  any JSON
        """Return a JSON value.

        Raises:
            ValueError, RecursionError.
        """
        ...

    def allows(self, params: Mapping[str, Any]) -> bool:
        """Check the metadata of a call."""
        ...

    def encode(self, request_id: RequestId, response: ToolResponse) -> bytes:
        """Return the message with a response."""
        ...

    def headers(self, length: int) -> RawHeaders:
        """Return the headers of a response, in the order of the SDK's."""
        ...


@dataclass(frozen=True, slots=True)
class _Head:
    """Head of a request of the plain form."""

    revision: _Revision
    tool: bytes | None = None
    """Tool that the header `Mcp-Name` names."""


@dataclass(frozen=True, slots=True)
class _Call:
    """Tool call of the plain form."""

    id: RequestId
    tool: SlotmcpTool
    arguments: Mapping[str, object]


class FastToolCalls:
    """ASGI app that responds to plain tool calls itself, and passes all other requests to the SDK's app unchanged."""

    def __init__(self, app: ASGIApp, server: SlotmcpServer, *, path: str) -> None:
        self._app = app
        self._server = server
        self._path = path
        self._handshake = _Handshake()
        self._envelope = _Envelope(server.server_info)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        head = self._read_head(scope)
        if head is None:
            await self._app(scope, receive, send)
            return
        message = await receive()
        call = self._read_call(message, head)
        if call is None:
            await self._app(scope, replay(message, receive), send)
            return
        response = await call.tool.respond(call.arguments)
        body = head.revision.encode(call.id, response)
        await send({"type": "http.response.start", "status": 200, "headers": head.revision.headers(len(body))})
        await send({"type": "http.response.body", "body": body})

    def _read_head(self, scope: Scope) -> _Head | None:
        """Return the head of a request, or None if it does not have the plain form."""
        if scope["method"] != "POST" or scope["path"] != scope.get("root_path", "") + self._path:
            return None
        headers = _read_headers(scope["headers"])
        if headers is None or may_export_spans():
            return None
        version_name, method, tool = headers.get(_VERSION), headers.get(_METHOD), headers.get(_NAME)
        if version_name is None or version_name in HANDSHAKE_VERSIONS:
            return _Head(self._handshake) if method is None and tool is None else None
        is_call = version_name == ENVELOPE_VERSION.encode() and method == CALL_TOOL.encode()
        return _Head(self._envelope, tool) if is_call and tool is not None else None

    def _read_call(self, message: Message, head: _Head) -> _Call | None:
        """Return the call in a body, or None if the body is incomplete or does not have the plain form."""
        if message["type"] != "http.request" or message.get("more_body", False):
            return None
        try:
            request = head.revision.parse(message.get("body", b""))
        except (ValueError, RecursionError):
            return None
        params = _read_params(request)
        if params is None or not head.revision.allows(params):
            return None
        tool = self._server.direct_tool(params["name"])
        if tool is None or (head.tool is not None and head.tool != tool.name.encode()):
            return None
        return _Call(request["id"], tool, params.get("arguments", {}))


class _Handshake:
    """Messages of the revisions with a handshake. The SDK writes them with pydantic."""

    def parse(self, body: bytes) -> Any:  # noqa: ANN401  any JSON
        return from_json(body)

    def allows(self, params: Mapping[str, Any]) -> bool:
        return "_meta" not in params or _is_inert(params["_meta"])

    def encode(self, request_id: RequestId, response: ToolResponse) -> bytes:
        return (
            b'{"jsonrpc":"2.0","id":%b,"result":{"content":[{"text":%b,"type":"text"}],"isError":%b,'
            b'"structuredContent":%b}}'
            % (
                orjson.dumps(request_id),
                orjson.dumps(response.text),
                _BOOLEANS[response.is_error],
                response.text.encode(),
            )
        )

    def headers(self, length: int) -> RawHeaders:
        return [(_CONTENT_TYPE, _JSON), (_CONTENT_LENGTH, b"%d" % length)]


class _Envelope:
    """Messages of the revision that describes the client in each request. The SDK writes them with `json`."""

    def __init__(self, server_info: Mapping[str, object]) -> None:
        self._end = f',"_meta":{_to_json({SERVER_INFO_META_KEY: server_info})}}}}}'

    def parse(self, body: bytes) -> Any:  # noqa: ANN401  any JSON
        if _SURROGATE in body.lower():
            raise ValueError("half of a character")
        return json.loads(body.decode())

    def allows(self, params: Mapping[str, Any]) -> bool:
        meta = params.get("_meta")
        if not isinstance(meta, dict) or meta.get(PROTOCOL_VERSION_META_KEY) != ENVELOPE_VERSION:
            return False
        if not meta.keys() <= _ENVELOPE_KEYS:
            return False
        try:
            return _is_valid(orjson.dumps(meta))
        except TypeError:
            return False

    def encode(self, request_id: RequestId, response: ToolResponse) -> bytes:
        return (
            f'{{"jsonrpc":"2.0","id":{_to_json(request_id)},"result":{{"content":[{{"text":{_to_json(response.text)},'
            f'"type":"text"}}],"isError":{_to_json(response.is_error)},"resultType":"complete",'
            f'"structuredContent":{_to_json(response.content)}{self._end}'
        ).encode()

    def headers(self, length: int) -> RawHeaders:
        return [(_CONTENT_LENGTH, b"%d" % length), (_CONTENT_TYPE, _JSON)]


def offers_fast_calls(sdk_version: str) -> bool:
    """Return whether the responses of a version of the SDK were compared."""
    return sdk_version in COMPARED_SDKS


def replay(message: Message, receive: Receive) -> Receive:
    """Return the function that receives a message again, and then what follows it."""
    messages = [message]

    async def receive_again() -> Message:
        return messages.pop() if messages else await receive()

    return receive_again


def _read_headers(raw: RawHeaders) -> dict[bytes, bytes] | None:
    """Return the headers that the SDK reads, or None if they do not have the plain form."""
    headers: dict[bytes, bytes] = {}
    for name, value in raw:
        if name in _READ_HEADERS:
            if name in headers:
                return None
            headers[name] = value
        elif name in _OTHER_HEADERS or name.startswith(b"mcp-"):
            return None
    length = headers.get(_CONTENT_LENGTH, b"0")
    if not length.isdigit() or len(length) > _MAX_LENGTH_DIGITS:
        return None
    is_json = headers.get(_CONTENT_TYPE) in _CONTENT_TYPES and headers.get(_ACCEPT) in _ACCEPTED_TYPES
    return headers if is_json else None


def _read_params(request: object) -> dict[str, Any] | None:
    """Return the parameters of a request, or None if it does not have the plain form."""
    if not isinstance(request, dict) or request.keys() != _MESSAGE_KEYS:
        return None
    params = request["params"]
    if request["jsonrpc"] != "2.0" or request["method"] != CALL_TOOL or not _is_plain_id(request["id"]):
        return None
    if not isinstance(params, dict) or not params.keys() <= _PARAMS_KEYS or not isinstance(params.get("name"), str):
        return None
    return params if isinstance(params.get("arguments", {}), dict) else None


def _is_plain_id(request_id: object) -> bool:
    if isinstance(request_id, str):
        return len(request_id) <= _MAX_ID_LENGTH and request_id.isascii() and request_id.isprintable()
    return type(request_id) is int and abs(request_id) <= _MAX_ID


def _is_inert(meta: object) -> bool:
    """Return whether metadata of a handshake revision contains nothing that the SDK reads."""
    return isinstance(meta, dict) and all(_is_of_vendor(key) or key in _ENVELOPE_KEYS for key in meta)


def _is_of_vendor(key: str) -> bool:
    prefix, slash, _ = key.partition("/")
    return bool(slash) and not _RESERVED.search(prefix)


@lru_cache(_MAX_ENVELOPES)
def _is_valid(meta: bytes) -> bool:
    """Return whether the SDK accepts the metadata of a request."""
    if len(meta) > _MAX_ENVELOPE_BYTES:
        return False
    try:
        validate_client_request(CALL_TOOL, ENVELOPE_VERSION, {"name": "", "_meta": json.loads(meta)})
    except ValidationError:
        return False
    return True
