"""A dashboard, and an operator before it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.dashboard import Site, open_site


@pytest.fixture(autouse=True)
def quiet(request: pytest.FixtureRequest) -> None:
    """A server sets up the logging of this process."""
    request.getfixturevalue("quiet_logging")


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """Nobody is logged in."""
    async with open_site(tmp_path) as opened:
        yield opened


@pytest.fixture
async def entered(site: Site) -> Site:
    """An operator is."""
    await site.browser.log_in(await site.key())
    return site
