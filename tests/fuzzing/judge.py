"""Checks of responses: none of these faults may occur for any input."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from fuzzing.wire import Response

SERVER_ERROR: Final = 500
INTERNAL_ERROR: Final = -32603
"""JSON-RPC's code of an internal error."""
STACK: Final = re.compile(rb'Traceback|File "|site-packages|line \d+, in |sqlalche\.me|<[a-z_.]+ object at 0x')
LIBRARY: Final = re.compile(rb"pydantic\.dev")
"""Forbidden in tool results. The MCP library itself uses pydantic's messages for invalid protocol messages."""


def faults(answer: Response) -> list[str]:
    """Return the faults of a response."""
    return list(_faults(answer))


def _faults(answer: Response) -> Iterator[str]:
    if answer.status >= SERVER_ERROR:
        yield f"status {answer.status}"
    text = b"\n".join([answer.body, *(value.encode("latin-1", "replace") for value in answer.headers.values())])
    if match := STACK.search(text):
        yield f"exposes internals: {match[0]!r}"
    content = content_of(answer)
    if LIBRARY.search(answer.body) and isinstance(content, dict) and "result" in content:
        yield "exposes the validation library"
    yield from _failures(content)


def content_of(answer: Response) -> Any:  # noqa: ANN401  any JSON
    """Return the JSON of a response; None if it is not JSON."""
    try:
        return json.loads(answer.body)
    except ValueError:
        return None


def _failures(content: Any) -> Iterator[str]:  # noqa: ANN401  any JSON
    for message in content if isinstance(content, list) else [content]:
        if not isinstance(message, dict):
            continue
        if _code(message) in {INTERNAL_ERROR, "internal"}:
            yield f"an internal error: {message['error']}"
        if _code(body_of(message)) == "internal":
            yield f"a tool's internal error: {body_of(message)}"


def body_of(message: dict[str, Any]) -> dict[str, Any]:
    """Return the structured result of a tool in a message."""
    result = message.get("result")
    body = result.get("structuredContent") if isinstance(result, dict) else None
    return body if isinstance(body, dict) else {}


def _code(body: dict[str, Any]) -> object:
    error = body.get("error")
    return error.get("code") if isinstance(error, dict) else error
