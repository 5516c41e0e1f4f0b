"""Fixtures with the project of denver.py, on a SQLite file behind an MCP server."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from slotmcp.tools.gate import Toolset
from support.denver import PLAN, SUNDAY_NOON_MS
from support.server import Caller, open_caller


@pytest.fixture
async def caller(tmp_path: Path) -> AsyncIterator[Caller]:
    async with open_caller(tmp_path / "slotmcp.db", PLAN, now_ms=SUNDAY_NOON_MS) as opened:
        yield opened


@pytest.fixture
async def operator(tmp_path: Path) -> AsyncIterator[Caller]:
    """Caller with the operator toolset."""
    path = tmp_path / "slotmcp.db"
    async with open_caller(path, PLAN, now_ms=SUNDAY_NOON_MS, toolset=Toolset.OPERATOR) as opened:
        yield opened


@pytest.fixture
async def impatient_caller(caller: Caller) -> AsyncIterator[Caller]:
    """Second process over the same file, with a short lock timeout."""
    async with open_caller(caller.path, now_ms=SUNDAY_NOON_MS, timeout_ms=50) as opened:
        yield opened


@pytest.fixture
async def empty_caller(tmp_path: Path) -> AsyncIterator[Caller]:
    async with open_caller(tmp_path / "empty.db", now_ms=SUNDAY_NOON_MS) as opened:
        yield opened


@pytest.fixture
async def two_businesses(tmp_path: Path) -> AsyncIterator[Caller]:
    other = replace(PLAN, project=replace(PLAN.project, id="boulder-hvac", name="Boulder Heating"))
    async with open_caller(tmp_path / "two.db", PLAN, other, now_ms=SUNDAY_NOON_MS) as opened:
        yield opened
