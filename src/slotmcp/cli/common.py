"""Options and helpers that several commands share."""

import asyncio
import os
import sys
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Annotated, Final, TypeVar

import typer

from slotmcp.bootstrap import open_app
from slotmcp.domain.catalog import Project
from slotmcp.domain.errors import SlotmcpError
from slotmcp.domain.interval import Minute
from slotmcp.services.app import App
from slotmcp.settings import Settings, SettingsError
from slotmcp.store.schema import Preparation
from slotmcp.tools.speech.times import label
from slotmcp.tools.speech.viewpoint import Viewpoint

T = TypeVar("T")

LOW_PRIORITY: Final = 10
"""Niceness of a thread that works for seconds, while other processes answer calls."""

OPTIONAL_PROJECT = "Project id; optional if there is only one project."


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


def complete_project(incomplete: str) -> list[str]:
    """Return the ids of the projects that begin with a text, for the shell; none if the database cannot be read."""
    try:
        return [each for each in run_in_app(lambda app: app.projects.ids()) if each.startswith(incomplete)]
    except (SlotmcpError, SettingsError):
        return []


ProjectOption = Annotated[
    str | None,
    typer.Option("--project", metavar="ID", help=OPTIONAL_PROJECT, autocompletion=complete_project),
]


def plural(count: int, noun: str) -> str:
    """Return a count with its noun, such as "1 event" or "2 events"."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def start_label(project: Project, start: Minute, now_ms: int, *, locale: str = "") -> str:
    """Format a start in the project's time zone, as spoken to callers."""
    view = Viewpoint.of(project, now_ms, locale=locale)
    return label(view.local(start), view.voice)


def run_at_low_priority(work: Callable[[], T]) -> T:
    """Return the result of a function that runs in a thread of low priority, if the system has such threads.

    Do not hold a lock of the database meanwhile: other processes would wait for a thread that rarely runs.

    Raises:
        BaseException: any exception of the function.
    """
    future: Future[T] = Future()

    def run() -> None:
        if sys.platform == "linux":
            with suppress(OSError):
                thread_id = threading.get_native_id()  # Linux accepts a thread in place of a process
                usual = os.getpriority(os.PRIO_PROCESS, thread_id)
                os.setpriority(os.PRIO_PROCESS, thread_id, max(usual, LOW_PRIORITY))
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001  the caller gets it
            future.set_exception(error)

    threading.Thread(target=run, name="slotmcp-low-priority", daemon=True).start()
    return future.result()
