"""A shop for each test, in its own file."""

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
    """Opener of shops that stay open until the test ends."""

    def __call__(self, *businesses: ProjectPlan, clock: HandClock | None = None) -> Awaitable[Shop]:
        """Open a shop with these projects in the test's only file."""
        ...


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Open]:
    """Return an opener of shops."""
    async with AsyncExitStack() as stack:

        async def open_another(*businesses: ProjectPlan, clock: HandClock | None = None) -> Shop:
            return await stack.enter_async_context(open_shop(tmp_path / "shop.db", *businesses, clock=clock))

        yield open_another


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """Open a shop that is connected to the Cal.com stand-in and has just been reconciled."""
    async with open_office(tmp_path / "office.db") as opened:
        await opened.run_worker()
        yield opened
