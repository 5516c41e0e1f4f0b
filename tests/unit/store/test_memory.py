"""Database in memory: its connections share it, other stores have their own, and readers never make a commit fail."""

import asyncio
from dataclasses import replace
from functools import partial

import pytest

from slotmcp.bootstrap import build_app
from slotmcp.domain.errors import NotFound
from slotmcp.ports import Transaction
from slotmcp.store.connection import MEMORY
from slotmcp.store.sqlite import SqliteStore
from support.clock import HandClock
from support.denver import PLAN, PROJECT

ROUNDS = 150


async def test_reads_and_writes_at_once_all_succeed_and_nothing_is_in_the_file_system() -> None:
    async def read() -> None:
        for _ in range(ROUNDS):
            await store.schedule(PROJECT.id)

    async def write() -> None:
        for number in range(ROUNDS):
            await store.write(PROJECT.id, partial(rename, name=f"Shop {number}"))

    async def rename(transaction: Transaction, name: str) -> None:
        await transaction.save_project(replace(PROJECT, name=name))

    async with SqliteStore.open_in_memory(clock=HandClock()) as store:
        await build_app(store).projects.import_project(PLAN, prune=False)
        await asyncio.gather(read(), write(), read())
        assert (await store.schedule(PROJECT.id)).project.name == f"Shop {ROUNDS - 1}"
        assert not MEMORY.exists()


async def test_each_store_has_its_own_database_which_is_lost_with_it() -> None:
    async with SqliteStore.open_in_memory(clock=HandClock()) as store:
        await build_app(store).projects.import_project(PLAN, prune=False)
        async with SqliteStore.open_in_memory(clock=HandClock()) as other:
            with pytest.raises(NotFound):
                await other.schedule(PROJECT.id)
        assert await store.project_ids() == (PROJECT.id,)
