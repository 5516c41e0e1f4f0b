"""What is thrown at a server, one step after another: MCP in each of its forms, HTTP on any route, and broken bytes."""

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
WHO: Final = ("operator", "operator", "operator", "caller", "revoked", "stranger", "nobody")
"""Whose credential a request bears."""


@dataclass(frozen=True, slots=True)
class Said:
    """A message to /mcp, whose places for what was seen are filled when it is sent."""

    message: Any
    version: str
    """Of the protocol; empty: not told."""
    who: str
    more: tuple[tuple[str, str], ...] = ()

    def request(self, memory: Memory, keys: dict[str, str]) -> Request:
        """As it is sent."""
        message = memory.fill(self.message)
        told = (*_of_version(self.version, message), *_of_whom(self.who, keys), *self.more)
        body = _modern(message) if self.version == MODERN else message
        return Request("POST", "/mcp", (*_PLAIN, *told), _encoded(body))


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of any kind, to any route."""

    plain: Request
    who: str

    def request(self, memory: Memory, keys: dict[str, str]) -> Request:
        """As it is sent."""
        del memory
        headers = (*self.plain.headers, *_of_whom(self.who, keys))
        return Request(self.plain.method, self.plain.path, headers, self.plain.body)


@dataclass(frozen=True, slots=True)
class Mangled:
    """A request some of whose bytes are others."""

    whole: Said | Asked
    cuts: tuple[tuple[float, int, bytes], ...]
    """Where, as a share of the whole; how many bytes go; what comes instead."""

    def raw(self, memory: Memory, keys: dict[str, str]) -> bytes:
        """As it is sent."""
        raw = bytes(self.whole.request(memory, keys))
        for place, gone, come in self.cuts:
            at = int(place * len(raw))
            raw = raw[:at] + come + raw[at + gone :]
        return raw


@dataclass(frozen=True, slots=True)
class OverSse:
    """Messages on an SSE connection of their own."""

    messages: tuple[Any, ...]


Step = Said | Asked | Mangled | OverSse

_PLAIN: Final = (("Content-Type", "application/json"), ("Accept", "application/json, text/event-stream"))


def _of_whom(who: str, keys: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return () if who == "nobody" else (("Authorization", f"Bearer {keys[who]}"),)


def _of_version(version: str, message: Any) -> tuple[tuple[str, str], ...]:  # noqa: ANN401  any JSON
    if not version:
        return ()
    if version != MODERN or not isinstance(message, dict):
        return (("MCP-Protocol-Version", version),)
    method, params = message.get("method"), message.get("params")
    name = params.get(NAMED_BY.get(str(method), "")) if isinstance(params, dict) else None
    named = (("Mcp-Name", _header(name)),) if isinstance(name, str) else ()
    return (("MCP-Protocol-Version", version), ("Mcp-Method", _header(str(method))), *named)


def _header(value: str) -> str:
    return "".join(one if " " <= one <= "~" else "?" for one in value)


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
"""With one of these a whole request is whole no more."""
framing = st.tuples(st.sampled_from(FRAMING), VALUES)
headers = st.tuples(st.sampled_from(HEADERS), VALUES)
call_ids = st.tuples(st.just("X-Call-Id"), VALUES)
said = st.builds(
    Said,
    MESSAGES,
    st.sampled_from(["", MODERN, MODERN, *VERSIONS, "1999-01-01"]),
    st.sampled_from(WHO),
    st.lists(call_ids | headers, max_size=2).map(tuple),
)
bodies = (
    st.binary(max_size=200) | ANY_JSON.map(_encoded) | TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass"))
)
asked = st.builds(
    Asked,
    st.builds(
        Request,
        st.sampled_from(METHODS),
        st.sampled_from(PATHS) | HEADER_TEXTS.map(lambda text: "/" + text.replace(" ", "+")),
        st.lists(headers, max_size=3).map(tuple),
        bodies,
    ),
    st.sampled_from(WHO),
)
between = (headers | framing).map(lambda header: f"\r\n{header[0]}: {header[1]}\r\n".encode("latin-1"))
cuts = st.tuples(st.floats(0, 1), st.integers(0, 20), st.binary(max_size=20) | between)
mangled = st.builds(Mangled, said | asked, st.lists(cuts, min_size=1, max_size=2).map(tuple))
over_sse = st.builds(OverSse, st.lists(MESSAGES, min_size=1, max_size=3).map(tuple))
kinds: tuple[st.SearchStrategy[Step], ...] = (said, said, said, said, said, said, asked, asked, mangled, over_sse)
STEPS: Final = st.lists(st.sampled_from(kinds).flatmap(lambda kind: kind), min_size=1, max_size=6)
