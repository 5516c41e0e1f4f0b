"""Requests with a tool call: plain ones of each protocol revision, and changes that make them less plain."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

from mcp_types import CLIENT_CAPABILITIES_META_KEY, CLIENT_INFO_META_KEY, PROTOCOL_VERSION_META_KEY

Json: TypeAlias = Any
ENVELOPE: Final = "2026-07-28"
VERSIONS: Final = (None, "2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", ENVELOPE)
"""Protocol versions that a header names; None: no header."""
META: Final[Mapping[str, Json]] = {
    PROTOCOL_VERSION_META_KEY: ENVELOPE,
    CLIENT_CAPABILITIES_META_KEY: {"elicitation": {}, "extensions": {"com.example/x": {}}},
    CLIENT_INFO_META_KEY: {"name": "phone", "version": "1", "title": "Téléphone"},
}


@dataclass(frozen=True, slots=True)
class CallRequest:
    """HTTP request with a JSON-RPC message."""

    message: Mapping[str, Json]
    headers: tuple[tuple[str, str], ...]
    version: str | None
    method: str = "POST"
    path: str = "/mcp"
    write: Callable[[Json], bytes] = field(default=lambda message: json.dumps(message).encode())
    parts: int = 1
    """Number of messages in which the body arrives."""

    @property
    def body(self) -> bytes:
        return self.write(self.message)

    def with_headers(self, *headers: tuple[str, str]) -> "CallRequest":
        return replace(self, headers=(*self.headers, *headers))

    def with_header(self, name: str, value: str | None) -> "CallRequest":
        """Return the request with another value of a header; None removes it."""
        others = tuple(header for header in self.headers if header[0] != name)
        return replace(self, headers=others if value is None else (*others, (name, value)))

    def with_message(self, **fields: Json) -> "CallRequest":
        return replace(self, message={**self.message, **fields})

    def with_params(self, **fields: Json) -> "CallRequest":
        return self.with_message(params={**self.message["params"], **fields})

    def with_meta(self, **fields: Json) -> "CallRequest":
        return self.with_params(_meta={**self.message["params"].get("_meta", {}), **fields})

    def written(self, write: Callable[[str], bytes]) -> "CallRequest":
        return replace(self, write=lambda message: write(json.dumps(message)))


def plain_request(
    tool: str, arguments: Mapping[str, object], version: str | None, request_id: int | str = 1
) -> CallRequest:
    """Return a call as a client of a protocol version sends it."""
    params: dict[str, object] = {"name": tool, "arguments": arguments}
    headers = [("content-type", "application/json"), ("accept", "application/json, text/event-stream")]
    if version is not None:
        headers.append(("mcp-protocol-version", version))
    if version == ENVELOPE:
        params["_meta"] = META
        headers += [("mcp-method", "tools/call"), ("mcp-name", tool)]
    message = {"jsonrpc": "2.0", "id": request_id, "method": "tools/call", "params": params}
    return CallRequest(message, tuple(headers), version)


Change: TypeAlias = Callable[[CallRequest], CallRequest]


def _without(name: str) -> Change:
    def change(request: CallRequest) -> CallRequest:
        return replace(request, message={key: value for key, value in request.message.items() if key != name})

    return change


def _rename(tool: str) -> Change:
    """Name another tool, also in the header."""
    return lambda request: (
        request.with_params(name=tool)
        if request.version != ENVELOPE
        else request.with_params(name=tool).with_header("mcp-name", tool)
    )


def _repeat(name: str) -> Change:
    return lambda request: request.with_headers((name, dict(request.headers).get(name, "x")))


def _written(write: Callable[[str], bytes]) -> Change:
    return lambda request: request.written(write)


KEPT: Final[Mapping[str, Change]] = {
    "nothing": lambda request: request,
    "a text as id": lambda request: request.with_message(id='id "1\\'),
    "an empty id": lambda request: request.with_message(id=""),
    "a negative id": lambda request: request.with_message(id=-7),
    "no arguments": lambda request: replace(
        request,
        message={
            **request.message,
            "params": {key: value for key, value in request.message["params"].items() if key != "arguments"},
        },
    ),
    "any type accepted": lambda request: request.with_header("accept", "*/*"),
    "a charset": lambda request: request.with_header("content-type", "application/json; charset=utf-8"),
    "headers of the call": lambda request: request.with_headers(("x-call-id", "c-1"), ("user-agent", "x")),
    "letters outside ASCII": lambda request: request.with_params(
        arguments={**request.message["params"]["arguments"], "locale": "é\u2028ü\x7f"}
    ),
    "repeated members": _written(lambda text: text.replace('"jsonrpc":', '"id": 0, "jsonrpc":').encode()),
    "not ASCII in the body": lambda request: replace(
        request, write=lambda message: json.dumps(message, ensure_ascii=False).encode(errors="surrogatepass")
    ),
    "white space": lambda request: replace(request, write=lambda message: json.dumps(message, indent=2).encode()),
}
"""Changes after which a request is still plain."""

ENVELOPE_ONLY: Final[Mapping[str, Change]] = {
    "no Mcp-Method": lambda request: request.with_header("mcp-method", None),
    "no Mcp-Name": lambda request: request.with_header("mcp-name", None),
    "another Mcp-Method": lambda request: request.with_header("mcp-method", "tools/list"),
    "another Mcp-Name": lambda request: request.with_header("mcp-name", "book_slot"),
    "an encoded Mcp-Name": lambda request: request.with_header("mcp-name", "=?base64?Z2V0X3Nsb3Rz?="),
    "no metadata": lambda request: request.with_params(_meta=None),
    "another version in the metadata": lambda request: request.with_meta(**{PROTOCOL_VERSION_META_KEY: "2025-11-25"}),
    "invalid capabilities": lambda request: request.with_meta(**{CLIENT_CAPABILITIES_META_KEY: 1}),
    "no capabilities": lambda request: request.with_params(_meta={PROTOCOL_VERSION_META_KEY: ENVELOPE}),
    "an invalid client": lambda request: request.with_meta(**{CLIENT_INFO_META_KEY: {"name": 1}}),
    "large metadata": lambda request: request.with_meta(**{CLIENT_INFO_META_KEY: {"name": "x" * 9_000, "version": ""}}),
    "metadata of a vendor": lambda request: request.with_meta(**{"com.example/x": 1}),
    "half of a character": _written(
        lambda text: text.replace('"arguments": {', '"arguments": {"\\uD800": 1, ').encode()
    ),
    "a huge number in the metadata": lambda request: request.with_meta(
        **{CLIENT_INFO_META_KEY: {"name": "x", "version": "1", "icons": 2**70}}
    ),
}
"""Changes after which only the SDK serves a request of the newest revision."""

HANDSHAKE_ONLY: Final[Mapping[str, Change]] = {
    "a header of the newest revision": lambda request: request.with_headers(("mcp-method", "tools/call")),
    "a name header": lambda request: request.with_headers(("mcp-name", "get_slots")),
    "an unknown key in the metadata": lambda request: request.with_meta(traceparent="00-1-1-01"),
    "a reserved key in the metadata": lambda request: request.with_meta(**{"io.modelcontextprotocol/logLevel": "x"}),
    "another reserved key": lambda request: request.with_meta(**{"dev.mcp/logLevel": "x"}),
    "a reserved key in capitals": lambda request: request.with_meta(**{"dev.MCP/logLevel": "x"}),
    "metadata that is no object": lambda request: request.with_params(_meta=[]),
}
"""Changes after which only the SDK serves a request of an older revision."""

HANDSHAKE_KEPT: Final[Mapping[str, Change]] = {
    "empty metadata": lambda request: request.with_params(_meta={}),
    "metadata of a vendor": lambda request: request.with_meta(**{"com.example/x": [1, {}], "openai/userAgent": None}),
    "an envelope": lambda request: request.with_params(_meta=META),
}
"""Changes of a request of an older revision after which it is still plain."""

LEFT: Final[Mapping[str, Change]] = {
    "an unknown version": lambda request: request.with_header("mcp-protocol-version", "2099-01-01"),
    "an empty version": lambda request: request.with_header("mcp-protocol-version", ""),
    "a repeated version": lambda request: request.with_headers(
        ("mcp-protocol-version", "2025-11-25"), ("mcp-protocol-version", "2025-11-25")
    ),
    "no content type": lambda request: request.with_header("content-type", None),
    "another content type": lambda request: request.with_header("content-type", "text/plain"),
    "a long content type": lambda request: request.with_header("content-type", "application/json-patch+json"),
    "a repeated content type": _repeat("content-type"),
    "no accepted type": lambda request: request.with_header("accept", None),
    "only streams accepted": lambda request: request.with_header("accept", "text/event-stream"),
    "accepted types with qualities": lambda request: request.with_header("accept", "application/json;q=0.1"),
    "repeated accepted types": _repeat("accept"),
    "an encoded body": lambda request: request.with_headers(("content-encoding", "identity")),
    "a session": lambda request: request.with_headers(("mcp-session-id", "s-1")),
    "a parameter header": lambda request: request.with_headers(("mcp-param-limit", "1")),
    "a resumed stream": lambda request: request.with_headers(("last-event-id", "1")),
    "a length that is no number": lambda request: request.with_headers(("content-length", "+1")),
    "a very long length": lambda request: request.with_headers(("content-length", "0" * 30)),
    "two parts": lambda request: replace(request, parts=2),
    "white space in a second part": lambda request: replace(
        request.written(lambda text: f"{text}{' ' * (len(text) + 1)}".encode()), parts=2
    ),
    "another HTTP method": lambda request: replace(request, method="PUT"),
    "a batch": _written(lambda text: f"[{text}]".encode()),
    "a broken body": _written(lambda text: text[:-1].encode()),
    "an empty body": _written(lambda _text: b""),
    "a byte order mark": _written(lambda text: b"\xef\xbb\xbf" + text.encode()),
    "UTF-16": _written(lambda text: text.encode("utf-16")),
    "Latin-1": _written(lambda text: text.replace('"arguments": {', '"arguments": {"é": 1, ').encode("latin-1")),
    "deep nesting": _written(lambda text: text.replace('"id"', f'"x": {"[" * 5000}{"]" * 5000}, "id"').encode()),
    "a notification": _without("id"),
    "no parameters": _without("params"),
    "no version of JSON-RPC": _without("jsonrpc"),
    "another version of JSON-RPC": lambda request: request.with_message(jsonrpc="1.0"),
    "another member": lambda request: request.with_message(result={}),
    "another method": lambda request: request.with_message(method="ping"),
    "null as id": lambda request: request.with_message(id=None),
    "a truth value as id": lambda request: request.with_message(id=True),
    "a fraction as id": lambda request: request.with_message(id=1.0),
    "an object as id": lambda request: request.with_message(id={}),
    "a huge id": lambda request: request.with_message(id=2**70),
    "a long id": lambda request: request.with_message(id="x" * 200),
    "a huge negative id": lambda request: request.with_message(id=-(2**70)),
    "an id outside ASCII": lambda request: request.with_message(id="é"),
    "an id with a line break": lambda request: request.with_message(id="1\n"),
    "a progress token": lambda request: request.with_meta(progressToken=1),
    "an invalid progress token": lambda request: request.with_meta(progressToken=[]),
    "a task": lambda request: request.with_params(task={"ttl": 1}),
    "a state": lambda request: request.with_params(requestState="x"),
    "parameters that are a list": lambda request: request.with_message(params=[]),
    "arguments that are null": lambda request: request.with_params(arguments=None),
    "arguments that are a list": lambda request: request.with_params(arguments=[]),
    "a name that is a number": lambda request: request.with_params(name=1),
    "a name that is a list": lambda request: request.with_params(name=[]),
    "an unknown tool": _rename("nothing"),
    "a tool of an extension": _rename("extra"),
}
"""Changes after which only the SDK serves a request of any revision."""


def changes_of(version: str | None) -> tuple[Mapping[str, Change], Mapping[str, Change]]:
    """Return the changes of a version's requests by name: those that keep them plain, and the others."""
    if version == ENVELOPE:
        return KEPT, {**LEFT, **ENVELOPE_ONLY}
    return {**KEPT, **HANDSHAKE_KEPT}, {**LEFT, **HANDSHAKE_ONLY}
