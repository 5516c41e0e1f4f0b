"""Commands that start this installation, for a shell and for MCP clients."""

import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

_SCRIPT = Path(sys.executable).with_name("slotmcp.exe" if sys.platform == "win32" else "slotmcp")


def _temporary_runner() -> list[str]:
    """Return the command that installed slotmcp into a cache for this run only; empty if slotmcp is installed.

    uv keeps such environments in its cache under `archive-v0`, and pipx outside of its folder `venvs`.
    """
    prefix = Path(sys.prefix)
    if prefix.parent.name.startswith("archive-v"):
        return ["uvx", "slotmcp"]
    if "pipx" in prefix.parts and "venvs" not in prefix.parts:
        return ["pipx", "run", "slotmcp"]
    return []


def shell_command() -> str:
    """Return the shortest shell command that works in the current folder."""
    if runner := _temporary_runner():
        return shlex.join(runner)
    if shutil.which("slotmcp"):
        return "slotmcp"
    if not _SCRIPT.exists():
        return shlex.join([sys.executable, "-m", "slotmcp"])
    here = Path.cwd()
    return shlex.quote(str(_SCRIPT.relative_to(here) if _SCRIPT.is_relative_to(here) else _SCRIPT))


def stdio_command() -> list[str]:
    """Return the command and arguments with which a client starts a server, from any folder."""
    if runner := _temporary_runner():
        return [*runner, "stdio"]
    if _SCRIPT.exists():
        return [str(_SCRIPT), "stdio"]
    return [sys.executable, "-m", "slotmcp", "stdio"]


def claude_code_command(environment: Mapping[str, str]) -> str:
    """Return the command that connects Claude Code, with the server's environment variables."""
    variables = [part for name, value in environment.items() for part in ("--env", f"{name}={value}")]
    return shlex.join(["claude", "mcp", "add", "slotmcp", *variables, "--", *stdio_command()])
