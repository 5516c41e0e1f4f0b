"""Requests as bytes, valid or invalid, and the server's responses."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse
from socket import create_connection
from typing import Final

HOST: Final = "127.0.0.1"
TIMEOUT_SECONDS: Final = 60
"""Maximum time for the response to a complete request."""
INCOMPLETE_TIMEOUT_SECONDS: Final = 0.05
"""Time to wait for the response to a request that may be incomplete."""
MAX_BYTES: Final = 10_000_000


@dataclass(frozen=True, slots=True)
class Request:
    """Request with valid framing."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def __bytes__(self) -> bytes:
        """Return the request as it is sent on a new connection."""
        framing = (("Host", HOST), ("Connection", "close"), ("Content-Length", str(len(self.body))))
        lines = [
            f"{self.method} {self.path} HTTP/1.1",
            *(f"{name}: {value}" for name, value in (*framing, *self.headers)),
        ]
        return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + self.body


@dataclass(frozen=True, slots=True)
class Response:
    """Response, with only the first event of a stream."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    is_stream: bool = False


def exchange(port: int, raw: bytes, *, timeout_seconds: float = TIMEOUT_SECONDS) -> Response | None:
    """Send bytes on a new connection, and read the response. None: the server closed it, or waits for more."""
    try:
        with create_connection((HOST, port), timeout=timeout_seconds) as connection:
            connection.sendall(raw)
            with HTTPResponse(connection, method=_method(raw)) as response:
                response.begin()
                return _read(response)
    except (OSError, HTTPException):
        return None


def _read(response: HTTPResponse) -> Response:
    headers = {name.lower(): value for name, value in response.getheaders()}
    is_stream = headers.get("content-type", "").startswith("text/event-stream")
    body = response.readline() + response.readline() if is_stream else response.read(MAX_BYTES)
    return Response(response.status, headers, body, is_stream)


def _method(raw: bytes) -> str:
    return raw.partition(b" ")[0].decode("latin-1").upper()
