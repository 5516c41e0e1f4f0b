"""A shop for each test, in a file of its own."""

from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Protocol

import pytest

from slotmcp.services.imports import ProjectPlan
from support.calcom.office import Office, open_office
from support.clock import HandClock
from support.shop import Shop, open_shop


class Open(Protocol):
    """Opens shops that stay open until the test ends."""

    def __call__(self, *businesses: ProjectPlan, clock: HandClock | None = None) -> Awaitable[Shop]:
        """A shop with these businesses in its file; the same file each time."""
        ...


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Open]:
    """Opens shops."""
    async with AsyncExitStack() as stack:

        async def open_another(*businesses: ProjectPlan, clock: HandClock | None = None) -> Shop:
            return await stack.enter_async_context(open_shop(tmp_path / "shop.db", *businesses, clock=clock))

        yield open_another


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """A shop that is connected to the stand-in for Cal.com, and was reconciled just now."""
    async with open_office(tmp_path / "office.db") as opened:
        await opened.work()
        yield opened
