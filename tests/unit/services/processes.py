"""Stores and apps on one database file, which stand for processes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio

from concurrency.rush import DEFAULT_TIMEOUT_MS, GatedStore
from slotmcp.bootstrap import build_app
from slotmcp.services.app import App
from slotmcp.services.imports import ProjectPlan
from slotmcp.store.sqlite import SqliteStore
from support.clock import HandClock
from support.shop import open_shop
from support.sqlite_file import clone


@dataclass(frozen=True, slots=True, kw_only=True)
class Processes:
    """Processes with a common file and clock."""

    stores: list[SqliteStore]
    apps: list[App]
    path: Path
    clock: HandClock


def create_template(path: Path, business: ProjectPlan, now_ms: int) -> Path:
    """Write a business's initial database, which each example copies, and return its path."""

    async def create() -> None:
        async with open_shop(path, business, clock=HandClock(now_ms)):
            pass

    anyio.run(create)
    return path


@asynccontextmanager
async def open_processes(template: Path, number: int, now_ms: int, *, together: int = 0) -> AsyncIterator[Processes]:
    """Open processes on a copy of a file. Their writes begin `together`."""
    path, clock = clone(template, template.with_name("copy.db")), HandClock(now_ms)
    barrier = asyncio.Barrier(together or 1)
    async with AsyncExitStack() as stack:
        stores = [
            await stack.enter_async_context(SqliteStore.open(path, clock=clock, timeout_ms=DEFAULT_TIMEOUT_MS))
            for _ in range(number)
        ]
        apps = [build_app(GatedStore(store, barrier) if together else store) for store in stores]
        yield Processes(stores=stores, apps=apps, path=path, clock=clock)
