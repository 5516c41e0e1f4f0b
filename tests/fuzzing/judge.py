"""What may never be in an answer, whatever was asked."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from fuzzing.wire import Answer

SERVER_ERROR: Final = 500
INTERNAL_ERROR: Final = -32603
"""JSON-RPC's own word for a failure."""
STACK: Final = re.compile(rb'Traceback|File "|site-packages|line \d+, in |sqlalche\.me|<[a-z_.]+ object at 0x')
LIBRARY: Final = re.compile(rb"pydantic\.dev")
"""In what tools say. The protocol's own library refuses messages that are none of its own in pydantic's words."""


def faults(answer: Answer) -> list[str]:
    """Everything that is wrong with an answer."""
    return list(_faults(answer))


def _faults(answer: Answer) -> Iterator[str]:
    if answer.status >= SERVER_ERROR:
        yield f"status {answer.status}"
    told = b"\n".join([answer.body, *(value.encode("latin-1", "replace") for value in answer.headers.values())])
    if found := STACK.search(told):
        yield f"tells of its inside: {found[0]!r}"
    content = content_of(answer)
    if LIBRARY.search(answer.body) and isinstance(content, dict) and "result" in content:
        yield "tells which library read it"
    yield from _failures(content)


def content_of(answer: Answer) -> Any:  # noqa: ANN401  any JSON
    """An answer's JSON, None where it is none."""
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
    """What a tool answered, in an answer's message."""
    result = message.get("result")
    body = result.get("structuredContent") if isinstance(result, dict) else None
    return body if isinstance(body, dict) else {}


def _code(told: dict[str, Any]) -> object:
    error = told.get("error")
    return error.get("code") if isinstance(error, dict) else error
