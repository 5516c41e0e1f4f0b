"""Clients, and the conversation of each with one server."""

import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import anyio

from slotmcp.domain.access import Scope
from support.denver import PLAN
from support.http_server import open_database, serving

CLIENTS: Final = Path(__file__).parent
PYTHON_SCRIPTS: Final = tuple(
    path for path in sorted((CLIENTS / "python").glob("*.py")) if path.stem not in ("conversation", "reference")
)
JAVASCRIPT_SCRIPTS: Final = tuple(
    path for path in sorted((CLIENTS / "javascript").glob("*.mjs")) if path.stem not in ("conversation", "reference")
)
TIMEOUT_SECONDS: Final = 300
_PINNED: Final = re.compile(r'^# dependencies = \["([\w-]+)(?:\[[\w,]+\])?==([\w.]+)"', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Report:
    """Report of a client."""

    package: str
    version: str
    tools: int
    """Number of tools that it lists."""
    instructions: bool
    """True if it hands the server's instructions over."""
    booking: str
    """Id of the booking that it made."""
    success: str
    """Form in which its model sees an answer, such as "text"."""
    error: str
    """Form in which its model sees an error."""
    flag: str
    """Mark of an error beside its text; empty if there is none."""
    sentence: bool
    """True if the model sees what to do after an error."""
    wrong: bool
    """True if the model sees which argument is wrong."""

    @classmethod
    def of(cls, values: Mapping[str, object]) -> "Report":
        """Return a report from its JSON."""
        return cls(**{field.name: values[field.name] for field in fields(cls)})  # type: ignore[arg-type]


class ClientFailedError(Exception):
    """Conversation that did not end. The text is the end of the client's output."""


@contextmanager
def server_settings() -> Iterator[Mapping[str, str]]:
    """Run a server with a sample business until the block ends; yield the environment variables of its clients."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "clients.db"

        async def create_key() -> str:
            async with open_database(path, PLAN) as schedules:
                return (await schedules.app.access.create(Scope.CALLER, project=None)).token

        key = anyio.run(create_key)
        with serving(path) as server:
            yield {"SLOTMCP_URL": f"{server.url}/mcp", "SLOTMCP_KEY": key}


def command_of(script: Path) -> Sequence[str]:
    """Return the command that runs a client in an environment of its own."""
    if script.suffix == ".mjs":
        return ["node", str(script)]
    return [os.environ.get("UV", "uv"), "run", "--quiet", "--no-project", "--script", str(script)]


def converse(script: Path, settings: Mapping[str, str], command: Sequence[str] | None = None) -> Report:
    """Return the report of a client.

    Raises:
        ClientFailedError.
    """
    try:
        done = subprocess.run(  # noqa: S603  scripts of this folder
            command or command_of(script),
            env={**os.environ, **settings, "VIRTUAL_ENV": ""},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ClientFailedError(f"no report within {TIMEOUT_SECONDS} s") from None
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if not lines:
        raise ClientFailedError((done.stderr or done.stdout)[-600:])
    return Report.of(json.loads(lines[-1]))


def pinned_version(script: Path) -> tuple[str, str]:
    """Return the package of a client in Python, and the version that its script names."""
    found = _PINNED.search(script.read_text(encoding="utf-8"))
    assert found is not None, script
    return found[1], found[2]
