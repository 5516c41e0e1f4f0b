"""Command line. A stdio server starts without loading Typer and the other commands."""

import gc
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any


def main() -> None:
    """Run the command in `sys.argv`."""
    match sys.argv[1:]:
        case ["stdio", *options] if (arguments := parse_stdio_options(options)) is not None:
            with _loading("slotmcp.cli.stdio"):
                from slotmcp.cli import stdio  # noqa: PLC0415  loaded only for its command
            stdio.run(**arguments)
        case _:
            with _loading("slotmcp.cli.commands"):
                from slotmcp.cli import commands  # noqa: PLC0415  not needed by the stdio server
            commands.run()


@contextmanager
def _loading(name: str) -> Iterator[None]:
    """Disable garbage collection while a module is imported, which saves a seventh of the start-up time."""
    if name in sys.modules:
        yield
        return
    gc.disable()
    yield
    gc.freeze()
    gc.enable()


def parse_stdio_options(options: Sequence[str]) -> dict[str, Any] | None:
    """Parse the options in the form that MCP clients use; return None to let Typer parse them."""
    words = [word for option in options for word in option.split("=", 1) if word != "--read-only"]
    arguments: dict[str, Any] = {"read_only": True} if "--read-only" in options else {}
    match words:
        case []:
            return arguments
        case ["--toolset", ("caller" | "operator") as toolset]:
            return {**arguments, "toolset": toolset}
        case _:
            return None
