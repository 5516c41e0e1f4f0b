"""The command line. A stdio server starts by the short way, past everything that only a person needs."""

import gc
import sys
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import Any

_SERVER = "slotmcp.cli.stdio"
_COMMANDS = "slotmcp.cli.commands"


def main() -> None:
    """Run the command that the process was started with."""
    match sys.argv[1:]:
        case ["stdio", *options] if (asked := _read(options)) is not None:
            _loaded(_SERVER).run(**asked)
        case _:
            _loaded(_COMMANDS).run()


def _loaded(name: str) -> ModuleType:
    """A module with all that it needs, of which nothing is garbage: looking for some is a seventh of the start."""
    if name not in sys.modules:
        gc.disable()
        import_module(name)
        gc.freeze()
        gc.enable()
    return sys.modules[name]


def _read(options: Sequence[str]) -> dict[str, Any] | None:
    """A server's options as clients write them; None where they are for the real command line to judge."""
    left = [word for option in options for word in option.split("=", 1) if word != "--read-only"]
    asked: dict[str, Any] = {"read_only": True} if "--read-only" in options else {}
    match left:
        case []:
            return asked
        case ["--toolset", ("caller" | "operator") as toolset]:
            return {**asked, "toolset": toolset}
        case _:
            return None
