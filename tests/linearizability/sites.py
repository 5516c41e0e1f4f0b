"""Servers over one database, and the faults that a long run injects into them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from concurrency.chaos import CLOCKWORK, fleet_of
from concurrency.faults import OF_PARTS, freeze, kill_and_start, lock_file, nothing, set_clock_ahead
from concurrency.grounds import Ground, in_a_file
from concurrency.servers import Server, serving_together

TRACEBACK: Final = "Traceback"
SERVERS_ON_A_FILE: Final = 3

Fault = Callable[[], Awaitable[None]]
"""A fault that begins, lasts, and is over when the function returns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Servers over one database, and the faults that they can have."""

    ground: Ground
    servers: Sequence[Server]
    faults: Mapping[str, Fault]

    @property
    def urls(self) -> list[str]:
        return [one.url for one in self.servers]

    def tracebacks(self) -> list[str]:
        """Return the logs of servers with a traceback, since their start."""
        texts = [one.log.read_text() for one in self.servers]
        return [text[text.index(TRACEBACK) :] for text in texts if TRACEBACK in text]


@asynccontextmanager
async def _on_a_file(folder: Path) -> AsyncIterator[Site]:
    path = folder / "slotmcp.db"
    ground = in_a_file(path)
    opened = serving_together(folder, SERVERS_ON_A_FILE, modules=[CLOCKWORK], **ground.settings)
    servers = await asyncio.to_thread(opened.__enter__)
    faults: dict[str, Fault] = {
        "a server killed, and started again": partial(kill_and_start, servers[1]),
        "a server frozen for 3 s": partial(freeze, servers[2]),
        "the file locked by another program for 3 s": partial(lock_file, path),
        "a server's clock 2 minutes ahead for 3 s": partial(set_clock_ahead, servers[0]),
    }
    try:
        yield Site(ground=ground, servers=servers, faults=faults)
    finally:
        await asyncio.to_thread(opened.__exit__, None, None, None)


@asynccontextmanager
async def _in_a_fleet(folder: Path) -> AsyncIterator[Site]:
    async with fleet_of(folder, proxies=False) as (ground, world):
        chosen = {name: fault for name, fault in OF_PARTS.items() if fault is not nothing}
        faults: dict[str, Fault] = {name: partial(fault, world) for name, fault in chosen.items()}
        yield Site(ground=ground, servers=world.servers, faults=faults)


SITES: Final = {"sqlite": _on_a_file, "postgres": _in_a_fleet}
"""Openers of a site over an empty database, which they create in a folder, by the name of the store."""
