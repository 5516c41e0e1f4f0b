"""`slotmcp stdio`: an MCP server for one client, on stdin and stdout."""

import asyncio
from contextlib import nullcontext

from slotmcp.bootstrap import SystemClock, open_app, own_preparation
from slotmcp.cli.exits import exit_on_error, print_error
from slotmcp.services.app import App
from slotmcp.settings import Settings
from slotmcp.tools.gate import Toolset
from slotmcp.tools.server import run_stdio


def run(toolset: str = Toolset.CALLER, *, read_only: bool = False, sample: str = "") -> None:
    """Serve until the client closes stdin. `sample` names a sample business to serve from memory."""
    with exit_on_error():
        asyncio.run(_serve(Settings.load(), Toolset(toolset), read_only=read_only, sample=sample))


async def _serve(settings: Settings, toolset: Toolset, *, read_only: bool, sample: str) -> None:
    async with (
        open_app(settings.in_memory() if sample else settings, preparation=own_preparation(settings)) as app,
        nullcontext() if read_only else app.background_tasks(),
    ):
        if sample:
            await _import_sample(app, sample)
        elif not await app.projects.ids():
            print_error(
                "slotmcp has no project yet, so there is nothing to book. `slotmcp stdio --sample` serves a sample "
                "business from memory; `slotmcp import FILE` creates your own."
            )
        await run_stdio(app, toolset=toolset, read_only=read_only, is_sample=bool(sample))


async def _import_sample(app: App, name: str) -> None:
    from slotmcp.project_file import read_project_file, sample_text  # noqa: PLC0415  most servers read no file

    plan = read_project_file(sample_text(name), source=name, now_ms=SystemClock().now_ms()).plan
    await app.projects.import_project(plan, prune=False)
