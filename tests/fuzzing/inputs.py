"""Random inputs: MCP in each of its forms, HTTP requests on any route, and corrupted bytes."""

import json
from dataclasses import dataclass
from typing import Any, Final

from hypothesis import strategies as st

from fuzzing.memory import Memory
from fuzzing.messages import ANY_JSON, MESSAGES, TEXTS
from fuzzing.wire import Request

MODERN: Final = "2026-07-28"
VERSIONS: Final = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
NAMED_BY: Final = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
PATHS: Final = (
    *(
        "/mcp",
        "/sse",
        "/messages/",
        "/healthz",
        "/readyz",
        "/metrics",
        "/",
        "/mcp/",
        "//mcp",
        "/%6dcp",
        "/mcp/../metrics",
    ),
    *("/messages/?session_id=00000000000000000000000000000000", "/.well-known/oauth-protected-resource", "/docs"),
    *(
        "/.well-known/oauth-protected-resource/mcp",
        "/webhooks/calcom",
        "/webhooks/calcom/denver-hvac",
        "/webhooks/calcom/%00",
        "/dashboard",
        "/metrics?name[]=x",
        "*",
        "/%00",
        "/\xff",
    ),
)
METHODS: Final = ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "CONNECT", "get", "BREW")
TYPES: Final = (
    "application/json",
    "text/event-stream",
    "*/*",
    "text/html",
    "application/json; charset=utf-16",
    "a/b;q=x",
    "",
)
HEADER_TEXTS: Final = st.text(
    st.characters(min_codepoint=32, max_codepoint=255, blacklist_characters="\x7f"), max_size=40
)
HEADERS: Final = (
    *("Accept", "Content-Type", "MCP-Protocol-Version", "Mcp-Method", "Mcp-Name", "Mcp-Session-Id", "Last-Event-ID"),
    *(
        "X-Call-Id",
        "Origin",
        "Host",
        "Authorization",
        "Content-Encoding",
        "Expect",
        "Upgrade",
        "X-Forwarded-For",
        "Cookie",
    ),
    *("Mcp-Param-Limit", "Range", "If-None-Match", "X-Odd"),
)
ODD_VALUES: Final = (
    *(*TYPES, *VERSIONS, MODERN, "gzip", "100-continue", "websocket", "null", "http://evil.example", "Bearer "),
    *("Basic eA==", "tools/call", "999999999999", "\xff\xfe", "Ø", "é" * 300, "-1", "=?base64?!?="),
)
VALUES: Final = st.sampled_from(ODD_VALUES) | HEADER_TEXTS
CREDENTIALS: Final = ("operator", "operator", "operator", "caller", "revoked", "stranger", "nobody")
"""Credentials of requests."""


@dataclass(frozen=True, slots=True)
class McpMessage:
    """Message to /mcp, whose placeholders are filled when it is sent."""

    message: Any
    version: str
    """Protocol version; empty: no header."""
    credential: str
    more: tuple[tuple[str, str], ...] = ()

    def request(self, memory: Memory, keys: dict[str, str]) -> Request:
        """Return the request as it is sent."""
        message = memory.fill(self.message)
        headers = (*_version_headers(self.version, message), *_authorization(self.credential, keys), *self.more)
        body = _modern(message) if self.version == MODERN else message
        return Request("POST", "/mcp", (*_PLAIN, *headers), _encoded(body))


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """Request of any method to any route."""

    plain: Request
    credential: str

    def request(self, memory: Memory, keys: dict[str, str]) -> Request:
        """Return the request as it is sent."""
        del memory
        headers = (*self.plain.headers, *_authorization(self.credential, keys))
        return Request(self.plain.method, self.plain.path, headers, self.plain.body)


@dataclass(frozen=True, slots=True)
class CorruptedRequest:
    """Request with some bytes replaced."""

    original: McpMessage | HttpRequest
    cuts: tuple[tuple[float, int, bytes], ...]
    """Relative position, number of removed bytes, and inserted bytes of each change."""

    def raw(self, memory: Memory, keys: dict[str, str]) -> bytes:
        """Return the request as it is sent."""
        raw = bytes(self.original.request(memory, keys))
        for position, removed, inserted in self.cuts:
            at = int(position * len(raw))
            raw = raw[:at] + inserted + raw[at + removed :]
        return raw


@dataclass(frozen=True, slots=True)
class OverSse:
    """Messages on a new SSE connection."""

    messages: tuple[Any, ...]


Step = McpMessage | HttpRequest | CorruptedRequest | OverSse

_PLAIN: Final = (("Content-Type", "application/json"), ("Accept", "application/json, text/event-stream"))


def _authorization(credential: str, keys: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return () if credential == "nobody" else (("Authorization", f"Bearer {keys[credential]}"),)


def _version_headers(version: str, message: Any) -> tuple[tuple[str, str], ...]:  # noqa: ANN401  any JSON
    if not version:
        return ()
    if version != MODERN or not isinstance(message, dict):
        return (("MCP-Protocol-Version", version),)
    method, params = message.get("method"), message.get("params")
    name = params.get(NAMED_BY.get(str(method), "")) if isinstance(params, dict) else None
    named = (("Mcp-Name", _header(name)),) if isinstance(name, str) else ()
    return (("MCP-Protocol-Version", version), ("Mcp-Method", _header(str(method))), *named)


def _header(value: str) -> str:
    return "".join(char if " " <= char <= "~" else "?" for char in value)


def _modern(message: Any) -> Any:  # noqa: ANN401  any JSON
    if not isinstance(message, dict) or not isinstance(message.get("params", {}), dict):
        return message
    meta = {
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientInfo": {"name": "fuzz", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    return {**message, "params": {"_meta": meta, **message.get("params", {})}}


def _encoded(message: object) -> bytes:
    return json.dumps(message).encode()


FRAMING: Final = ("Content-Length", "Transfer-Encoding", "Expect")
"""Headers that change the framing of a request."""
framing = st.tuples(st.sampled_from(FRAMING), VALUES)
headers = st.tuples(st.sampled_from(HEADERS), VALUES)
call_ids = st.tuples(st.just("X-Call-Id"), VALUES)
mcp_messages = st.builds(
    McpMessage,
    MESSAGES,
    st.sampled_from(["", MODERN, MODERN, *VERSIONS, "1999-01-01"]),
    st.sampled_from(CREDENTIALS),
    st.lists(call_ids | headers, max_size=2).map(tuple),
)
bodies = (
    st.binary(max_size=200) | ANY_JSON.map(_encoded) | TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass"))
)
http_requests = st.builds(
    HttpRequest,
    st.builds(
        Request,
        st.sampled_from(METHODS),
        st.sampled_from(PATHS) | HEADER_TEXTS.map(lambda text: "/" + text.replace(" ", "+")),
        st.lists(headers, max_size=3).map(tuple),
        bodies,
    ),
    st.sampled_from(CREDENTIALS),
)
between = (headers | framing).map(lambda header: f"\r\n{header[0]}: {header[1]}\r\n".encode("latin-1"))
cuts = st.tuples(st.floats(0, 1), st.integers(0, 20), st.binary(max_size=20) | between)
corrupted = st.builds(CorruptedRequest, mcp_messages | http_requests, st.lists(cuts, min_size=1, max_size=2).map(tuple))
over_sse = st.builds(OverSse, st.lists(MESSAGES, min_size=1, max_size=3).map(tuple))
kinds: tuple[st.SearchStrategy[Step], ...] = (*[mcp_messages] * 6, http_requests, http_requests, corrupted, over_sse)
STEPS: Final = st.lists(st.sampled_from(kinds).flatmap(lambda kind: kind), min_size=1, max_size=6)
