"""Random connections: what a client sends, with pauses, and whether it reads. A seed determines all of them."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from fuzzing.wire import HOST

MAX_HUGE_BYTES: Final = 24_000_000
MAX_SLOW_SECONDS: Final = 45
PIECE_BYTES: Final = 65_536

Action = bytes | float
"""Bytes to send, or seconds to wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One connection of a client."""

    kind: str
    actions: Callable[[], Iterator[Action]]
    """Creates the actions one after another, because some are large."""
    reads: bool = True
    """False: the client never reads a response."""
    resets: bool = False
    """True: the client aborts the connection (RST) after its actions."""
    seconds: float = 3
    """Time after which the client leaves."""


def scripts_of(seed: int, keys: dict[str, str], count: int) -> Iterator[Script]:
    """Yield the scripts of a round."""
    rng = Random(seed)  # noqa: S311  a seed that reproduces the round
    for _ in range(count):
        yield rng.choice(KINDS)(rng, keys)


def request(rng: Random, keys: dict[str, str]) -> bytes:
    """Return a valid request to any route."""
    method, path, headers, body = rng.choice(
        [
            ("GET", "/healthz", (), b""),
            ("GET", "/mcp", (), b""),
            ("GET", "/sse", (), b""),
            ("GET", "/metrics", (), b""),
            ("GET", "/dashboard/login", (), b""),
            ("OPTIONS", "/mcp", (("Origin", "http://localhost"), ("Access-Control-Request-Method", "POST")), b""),
            ("POST", "/mcp", _JSON, _call(rng)),
            ("POST", "/mcp", _JSON, _call(rng)),
            ("POST", "/mcp", _JSON, _call(rng)),
            ("POST", "/messages/?session_id=" + "0" * 32, _JSON, _call(rng)),
            ("POST", "/dashboard/login", (("Content-Type", "application/x-www-form-urlencoded"),), b"key=slk_x&next=/"),
            ("POST", "/webhooks/calcom/denver-hvac", (("X-Cal-Signature-256", "0" * 64),), b"{}"),
        ]
    )
    key = rng.choice([*keys.values(), ""])
    credential = (("Authorization", f"Bearer {key}"),) if key else ()
    return head(method, path, (*headers, *credential, ("Content-Length", str(len(body))))) + body


def head(method: str, path: str, headers: tuple[tuple[str, str], ...] = ()) -> bytes:
    """Return the head of a request."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}", *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode("latin-1")


def _call(rng: Random) -> bytes:
    """Return a call of a tool, or another message."""
    tool = rng.choice(["list_services", "get_slots", "find_bookings", "create_hold"])
    message: dict[str, object] = rng.choice(
        [
            {"method": "tools/call", "params": {"name": tool, "arguments": {"phone": "+13035550142", "limit": 3}}},
            {"method": "tools/list"},
            {"method": "ping"},
        ]
    )
    return json.dumps({"jsonrpc": "2.0", "id": 1, **message}).encode()


_JSON: Final = (("Content-Type", "application/json"), ("Accept", "application/json, text/event-stream"))

ODD_BYTES: Final = (
    b"\r\n", b"\n", b"\r", b"\0", b"\xff\xfe", b"\x16\x03\x01\x02\x00\x01", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"Transfer-Encoding: chunked\r\n", b"Content-Length: 5\r\n", b"Content-Length: -1\r\n", b"Expect: 100-continue\r\n",
    b"Host: a\r\nHost: b\r\n", b" folded\r\n", b"GET / HTTP/0.9\r\n\r\n", b"0\r\n\r\n", b"fffffffffffffffff\r\n",
    b"Upgrade: h2c\r\nConnection: upgrade\r\n", b"Content-Encoding: gzip\r\n", b": no name\r\n", b"\xe2\x80\xae",
)  # fmt: skip


def _mutated(rng: Random, raw: bytes) -> bytes:
    """Return bytes with some of them removed, replaced, repeated or inserted."""
    for _ in range(rng.randint(1, 6)):
        start = rng.randrange(len(raw) + 1)
        stop = min(len(raw), start + rng.choice([0, 1, 4, 40]))
        middle = rng.choice([b"", rng.choice(ODD_BYTES), rng.randbytes(rng.randint(1, 30)), raw[start:stop] * 3])
        raw = raw[:start] + middle + raw[stop:]
    return raw


def _invalid(rng: Random, keys: dict[str, str]) -> Script:
    raw = _mutated(rng, request(rng, keys))
    return Script(kind="invalid", actions=lambda: iter([raw]), resets=rng.random() < 0.2, seconds=2)


def _random_bytes(rng: Random, keys: dict[str, str]) -> Script:
    del keys
    raw = rng.randbytes(rng.choice([1, 16, 500, 70_000]))
    return Script(kind="random bytes", actions=lambda: iter([raw]), seconds=2)


def _interleaved(rng: Random, keys: dict[str, str]) -> Script:
    """Send several requests in pieces that do not end where the requests end."""
    raw = b"".join(request(rng, keys) for _ in range(rng.randint(2, 30)))
    size = rng.choice([1, 7, 100, 1500])
    pieces = [raw[at : at + size] for at in range(0, min(len(raw), 400 * size), size)]
    return Script(kind="interleaved", actions=lambda: iter(pieces), resets=rng.random() < 0.3)


def _pipelined(rng: Random, keys: dict[str, str]) -> Script:
    raw = request(rng, keys) * rng.choice([10, 100, 2_000])
    return Script(kind="pipelined", actions=lambda: iter([raw]), reads=rng.random() < 0.7)


def _huge(rng: Random, keys: dict[str, str]) -> Script:
    """Send one part of a request that does not end."""
    size = int(100_000 * (MAX_HUGE_BYTES / 100_000) ** rng.random())
    key = rng.choice([*keys.values(), ""])
    credential = (("Authorization", f"Bearer {key}"),) if key else ()
    chunked = head("POST", "/mcp", (*_JSON, *credential, ("Transfer-Encoding", "chunked")))
    length = head("POST", "/mcp", (*_JSON, *credential, ("Content-Length", str(size))))
    start, piece = rng.choice(
        [
            (b"GET /", b"a" * 1000),
            (b"GET /?", b"a=%20&" * 200),
            (b"", b"\r\n" * 500),
            (b"G" * 1000, b"G" * 1000),
            (head("GET", "/healthz")[:-2] + b"X-Long: ", b"a" * 1000),
            (head("GET", "/healthz")[:-2], b"X-Many: a\r\n" * 100),
            (head("GET", "/healthz")[:-2], b"Cookie: a=b; c=d\r\n" * 60),
            (chunked, b"5;" + b"e" * 1000),
            (chunked + b"1", b";a=b" * 250),
            (chunked, b"1\r\na\r\n" * 150),
            (chunked + b"0\r\n", b"Trailer: a\r\n" * 80),
            (chunked + b"0\r\nTrailer: ", b"a" * 1000),
            (chunked, b"3e8\r\n" + b"a" * 1000 + b"\r\n"),
            (length, b"a" * 1000),
            (length, b"[" * 1000),
        ]
    )
    return Script(kind="huge", actions=lambda: _repeat(start, piece, size), seconds=8)


def _repeat(start: bytes, piece: bytes, size: int) -> Iterator[bytes]:
    yield start
    block = piece * max(1, PIECE_BYTES // len(piece))
    for _ in range(size // len(block) + 1):
        yield block


def _costly_json(rng: Random, keys: dict[str, str]) -> Script:
    """Send a complete body of a permitted size that is costly to parse or to check."""
    own = Random(rng.random())  # noqa: S311  as above
    return Script(kind="costly JSON", actions=lambda: iter([_costly(own, keys)]), seconds=10)


def _costly(rng: Random, keys: dict[str, str]) -> bytes:
    size = rng.choice([10_000, 200_000, 900_000])
    inner = rng.choice(
        [
            b"[" * (size // 2) + b"]" * (size // 2),
            b'{"a":' * (size // 6) + b"1" + b"}" * (size // 6),
            b"9" * size,
            b"1e" + b"9" * 300,
            b'"' + b"\\u0000" * (size // 6) + b'"',
            b'"' + b"\\ud83d\\ude00" * (size // 12) + b'"',
            b"{" + b",".join(b'"k%d":0' % number for number in range(size // 12)) + b"}",
            b"[" + b",".join([b"{}"] * (size // 3)) + b"]",
            b'"' + b"\xc3\xa9" * (size // 2) + b'"',
            b"[" + b"0," * (size // 2) + b"0]",
        ]
    )
    name = rng.choice([b"get_slots", b"book_slot", b"explain_slot", b"join_waitlist", b"nothing"])
    field = rng.choice([b"notes", b"customerName", b"daysOfWeek", b"phone", b"start", b"timezone", b"cursor", b"zzz"])
    body = rng.choice(
        [
            inner,
            b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":' + inner + b"}",
            b'{"jsonrpc":"2.0","id":' + inner + b',"method":"ping"}',
            b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"%b","arguments":{"%b":%b}}}'
            % (name, field, inner),
            b'{"jsonrpc":"2.0","id":1,"method":"resources/subscribe","params":{"uri":' + inner + b"}}",
        ]
    )
    key = rng.choice([keys["operator"], keys["caller"]])
    headers = (*_JSON, ("Authorization", f"Bearer {key}"), ("Content-Length", str(len(body))), ("Connection", "close"))
    return head("POST", "/mcp", headers) + body


def _slow(rng: Random, keys: dict[str, str]) -> Script:
    """Send a request byte by byte, or pause within it."""
    raw = request(rng, keys)
    pause = rng.choice([0.05, 0.5, 4.0])
    whole = rng.choice([raw, b"\r\n" * 200, raw + b"\r\n" * 50])

    def actions() -> Iterator[Action]:
        for at in range(len(whole)):
            yield whole[at : at + 1]
            yield pause

    return Script(kind="slow", actions=actions, seconds=rng.choice([3, MAX_SLOW_SECONDS]))


def _unread(rng: Random, keys: dict[str, str]) -> Script:
    """Ask for much, and read nothing."""
    headers = (("Authorization", f"Bearer {keys['operator']}"),)
    body = b'{"jsonrpc":"2.0","id":1,"method":"tools/list"}'
    raw = rng.choice(
        [
            head("GET", "/metrics", headers),
            head("POST", "/mcp", (*_JSON, *headers, ("Content-Length", str(len(body))))) + body,
        ]
    )
    return Script(
        kind="unread", actions=lambda: iter([raw] * rng.choice([5, 300])), reads=False,
        seconds=rng.choice([3, MAX_SLOW_SECONDS]),
    )  # fmt: skip


KINDS: Final = (
    *[_invalid] * 8, *[_interleaved] * 3, *[_huge] * 4, *[_costly_json] * 3,
    _random_bytes, _pipelined, _slow, _slow, _unread,
)  # fmt: skip
