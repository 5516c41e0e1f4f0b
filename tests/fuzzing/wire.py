"""Requests as bytes, whether or not they are HTTP, and what a server makes of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse
from socket import create_connection
from typing import Final

HOST: Final = "127.0.0.1"
PATIENCE_SECONDS: Final = 60
"""How long an answer to what is whole may take."""
IMPATIENCE_SECONDS: Final = 0.05
"""How long somebody waits who may not have said all."""
MOST_BYTES: Final = 10_000_000


@dataclass(frozen=True, slots=True)
class Request:
    """One request, framed as it should be."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def __bytes__(self) -> bytes:
        """As it is sent, on a connection of its own."""
        framing = (("Host", HOST), ("Connection", "close"), ("Content-Length", str(len(self.body))))
        lines = [
            f"{self.method} {self.path} HTTP/1.1",
            *(f"{name}: {value}" for name, value in (*framing, *self.headers)),
        ]
        return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + self.body


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. Of a stream, only that it is one."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    is_stream: bool = False


def exchange(port: int, raw: bytes, *, patience_seconds: float = PATIENCE_SECONDS) -> Answer | None:
    """Send bytes on a connection of their own, and read the answer. None: the server closed, or waits for more."""
    try:
        with create_connection((HOST, port), timeout=patience_seconds) as connection:
            connection.sendall(raw)
            with HTTPResponse(connection, method=_method(raw)) as response:
                response.begin()
                return _read(response)
    except (OSError, HTTPException):
        return None


def _read(response: HTTPResponse) -> Answer:
    headers = {name.lower(): value for name, value in response.getheaders()}
    is_stream = headers.get("content-type", "").startswith("text/event-stream")
    body = response.readline() + response.readline() if is_stream else response.read(MOST_BYTES)
    return Answer(response.status, headers, body, is_stream)


def _method(raw: bytes) -> str:
    return raw.partition(b" ")[0].decode("latin-1").upper()
