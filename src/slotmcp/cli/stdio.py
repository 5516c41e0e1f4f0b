"""`slotmcp stdio`: an MCP server for one client, on stdin and stdout."""

import asyncio
from contextlib import nullcontext

from slotmcp.bootstrap import open_app, own_preparation
from slotmcp.cli.exits import exit_on_error
from slotmcp.settings import Settings
from slotmcp.tools.gate import Toolset
from slotmcp.tools.server import run_stdio


def run(toolset: str = Toolset.CALLER, *, read_only: bool = False) -> None:
    """Serve until the client closes stdin."""
    with exit_on_error():
        asyncio.run(_serve(Settings.load(), Toolset(toolset), read_only=read_only))


async def _serve(settings: Settings, toolset: Toolset, *, read_only: bool) -> None:
    preparation = own_preparation(settings)
    async with (
        open_app(settings, preparation=preparation) as app,
        nullcontext() if read_only else app.background_tasks(),
    ):
        await run_stdio(app, toolset=toolset, read_only=read_only)
