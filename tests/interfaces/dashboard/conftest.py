"""Fixtures: a dashboard, with and without a login."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.dashboard import Site, open_site


@pytest.fixture(autouse=True)
def quiet(request: pytest.FixtureRequest) -> None:
    """Restore the logging that the server configures in this process."""
    request.getfixturevalue("quiet_logging")


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """Provide a dashboard without a login."""
    async with open_site(tmp_path) as opened:
        yield opened


@pytest.fixture
async def logged_in(site: Site) -> Site:
    """Provide a dashboard with an operator logged in."""
    await site.browser.log_in(await site.key())
    return site
