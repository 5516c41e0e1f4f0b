"""Options and helpers that several commands share."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer

from slotmcp.bootstrap import open_app
from slotmcp.domain.catalog import Project
from slotmcp.domain.interval import Minute
from slotmcp.services.app import App
from slotmcp.settings import Settings
from slotmcp.store.schema import Preparation
from slotmcp.tools.speech.times import label
from slotmcp.tools.speech.viewpoint import Viewpoint

T = TypeVar("T")

OPTIONAL_PROJECT = "Project id; optional if there is only one project."
ProjectOption = Annotated[str | None, typer.Option("--project", metavar="ID", help=OPTIONAL_PROJECT)]


def run_in_app(
    work: Callable[[App], Awaitable[T]],
    settings: Settings | None = None,
    *,
    preparation: Preparation = Preparation.OPEN,
) -> T:
    """Run an async function in an app on the configured database."""
    return asyncio.run(_run(work, settings or Settings.load(), preparation))


async def _run(work: Callable[[App], Awaitable[T]], settings: Settings, preparation: Preparation) -> T:
    async with open_app(settings, preparation=preparation) as app:
        return await work(app)


def plural(count: int, noun: str) -> str:
    """Return a count with its noun, such as "1 event" or "2 events"."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def start_label(project: Project, start: Minute, now_ms: int, *, locale: str = "") -> str:
    """Format a start in the project's time zone, as spoken to callers."""
    view = Viewpoint.of(project, now_ms, locale=locale)
    return label(view.local(start), view.voice)
