"""Descriptions of messages for people."""

from typing import Any, Final

from concurrency.wire import Attempt

SHOWN: Final = (
    "holdToken",
    "expiresAt",
    "bookingId",
    "status",
    "technicianId",
    "start",
    "released",
    "waitId",
    "state",
    "replayed",
)
"""Facts of a result that are printed."""


def line(attempt: Attempt) -> str:
    """Describe an attempt and its result for people."""
    arguments = {name: value for name, value in attempt.arguments.items() if name != "projectId"}
    said = " ".join(f"{name}={value}" for name, value in arguments.items())
    return f"{attempt.tool} {said} -> {_result(attempt)}"


def _result(attempt: Attempt) -> str:
    if not attempt.is_final:
        return f"no result ({attempt.error or attempt.status})"
    if attempt.error:
        return attempt.error
    facts: dict[str, Any] = {**attempt.body, **attempt.body.get("booking", {})}
    text = " ".join(f"{name}={facts[name]}" for name in SHOWN if name in facts)
    slots = [f"{slot['start']}:{slot['capacity']}" for slot in attempt.body.get("slots", ())]
    return " ".join([text, *slots]).strip() or "nothing"
