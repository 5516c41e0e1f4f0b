"""Examples that need packages of their own, and their runs."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from rich.console import Console

from clients.matrix import TIMEOUT_SECONDS, command_of
from project.repository import ROOT
from support.example_server import example_server

AGENTS: Final = tuple(sorted((ROOT / "examples").glob("*/agent.py")))
CHECKS: Final = tuple(sorted((ROOT / "examples").glob("*/check.py")))
"""Examples that need no server."""


def main() -> None:
    """Run all examples, print a line for each, and exit with 1 if one fails."""
    with TemporaryDirectory() as folder, example_server(Path(folder)) as settings:
        failed = [script for script in (*AGENTS, *CHECKS) if not _succeeds(script, settings)]
    sys.exit(1 if failed else 0)


def _succeeds(script: Path, settings: Mapping[str, str]) -> bool:
    done = subprocess.run(  # noqa: S603  scripts of this repository
        command_of(script),
        env={**os.environ, **settings, "VIRTUAL_ENV": ""},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    is_success = done.returncode == 0
    shown = done.stdout.strip() if is_success else f"FAILED\n{done.stderr}"
    Console(highlight=False, markup=False, soft_wrap=True).print(f"{script.parent.name:20}", shown)
    return is_success
