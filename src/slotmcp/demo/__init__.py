"""`slotmcp demo`: an agent's side of a phone call, through a real MCP client and real server processes."""

import asyncio
import tempfile
from pathlib import Path

from slotmcp.demo.office import Office
from slotmcp.demo.paper import Paper
from slotmcp.demo.story import tell


def run() -> None:
    """Open a business in a folder of its own, take two calls, and leave nothing behind."""
    with tempfile.TemporaryDirectory(prefix="slotmcp-demo-", ignore_cleanup_errors=True) as folder:
        asyncio.run(tell(Office(Path(folder)), Paper()))
