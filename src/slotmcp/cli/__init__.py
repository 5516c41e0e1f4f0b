"""The command line. A stdio server starts by the short way, past everything that only a person needs."""

import sys
from importlib import import_module

_SERVER = "slotmcp.cli.stdio"
_COMMANDS = "slotmcp.cli.commands"


def main() -> None:
    """Run the command that the process was started with."""
    module = _SERVER if sys.argv[1:] == ["stdio"] else _COMMANDS
    import_module(module).run()
