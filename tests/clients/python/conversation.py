"""Conversation that every client has with the server, and a report of what its model sees. Standard library only.

Each client runs in an environment of its own, with the packages that its script names.
"""

import asyncio
import json
import os
import re
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any
from zlib import crc32

URL = os.environ.get("SLOTMCP_URL", "")
HEADERS = {"Authorization": f"Bearer {os.environ.get('SLOTMCP_KEY', '')}"}
SENTENCE = "Pass the holdToken exactly"
"""Part of the message for a hold that is unknown. It says what to do next, so every model must see it."""


@dataclass(frozen=True)
class Seen:
    """Value and flag that a model sees of a call."""

    value: object
    """Text, object or list, as the client hands it to the model."""
    flag: str = ""
    """Mark of an error beside the value; empty if there is none."""


Call = Callable[[str, dict[str, Any]], Awaitable[Seen]]


@dataclass(frozen=True)
class Connection:
    """Open connection of a client."""

    tools: Sequence[str]
    call: Call
    instructions: str | None = None
    """Server instructions that the client hands over; None if it drops them."""


Connecting = Callable[[], AbstractAsyncContextManager[Connection]]


def run(package: str, connecting: Connecting) -> None:
    """Have the conversation, and print the report as JSON."""
    report = asyncio.run(_converse(package, connecting))
    sys.stdout.write(json.dumps({"package": package, "version": version(package), **report}) + "\n")
    sys.stdout.flush()
    os._exit(0)  # some clients leave threads that never end


async def _converse(caller: str, connecting: Connecting) -> Mapping[str, object]:
    async with asyncio.timeout(60), connecting() as connection:
        found = await connection.call("get_slots", {"limit": 3})
        held = await connection.call("create_hold", {"start": _value(found, "start"), "customerHash": caller})
        customer = {
            "customerName": f"Jo of {caller}",
            "customerPhone": f"+1 303 555 {crc32(caller.encode()) % 10_000:04}",
        }
        booked = await connection.call("book_slot", {"holdToken": _value(held, "holdToken"), **customer})
        refused = await connection.call("book_slot", {"holdToken": "hold_unknown", **customer})
        wrong = await connection.call("get_slots", {"durationMinutes": "soon"})
        return {
            "tools": len(connection.tools),
            "instructions": bool(connection.instructions),
            "booking": _value(booked, "bookingId"),
            "success": _form(found.value),
            "error": _form(refused.value),
            "flag": refused.flag,
            "sentence": SENTENCE in _text(refused.value),
            "wrong": "durationMinutes" in _text(wrong.value),
        }


def _value(seen: Seen, name: str) -> str:
    """Return the first value with a name, in any form of an answer."""
    text = _text(seen.value)
    found = re.search(rf"""{name}\\*["']: ?\\*["']([^"'\\]+)""", text)
    if found is None:
        raise SystemExit(f"no {name} in {text[:600]}")
    return found[1]


def _form(value: object) -> str:
    """Return the form in which a model sees an answer."""
    if isinstance(value, Mapping):
        if "result" in value or "error" in value:
            return "structured" if "content" not in value else "both"
        return "both" if {"content", "structuredContent"} <= set(value) else "wrapped"
    if isinstance(value, list):
        return "text" if len(value) == 1 else "list"
    try:
        inner = json.loads(str(value))
    except ValueError:
        return "text" if str(value).lstrip().startswith(("{", "Error")) else "repr"
    return "text" if "result" in inner or "error" in inner else "JSON in JSON"


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)
