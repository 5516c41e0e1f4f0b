"""Two servers on PostgreSQL and Redis: one shows the bookings of the other."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from mcp import Client
from playwright.async_api import Browser, expect

from slotmcp.bootstrap import open_app
from slotmcp.domain.access import Scope
from slotmcp.settings import Settings
from slotmcp.tools.server import create_server
from support.browsing import KIM, Watch, looking, open_business
from support.http_server import Database, serving
from support.redis_server import RedisServer
from support.server import body_of


@pytest_asyncio.fixture(loop_scope="session")
async def member(postgres_url: str, redis: RedisServer, tmp_path: Path) -> AsyncIterator[Database]:
    """Provide one server of the fleet in this process."""
    async with open_app(Settings(database_url=postgres_url, redis_url=redis.url)) as app:
        yield Database(app, tmp_path)


@pytest.mark.usefixtures("quiet_logging")
async def test_a_booking_at_one_server_appears_at_the_other(
    browser: Browser, member: Database, postgres_url: str, redis: RedisServer
) -> None:
    await member.app.access.create(Scope.OPERATOR, project="*")
    with serving(member.path, database_url=postgres_url, redis_url=redis.url) as other:
        business = await open_business(other, member)
        watch = Watch(other.url)
        async with looking(browser, watch) as look, Client(create_server(member.app)) as client:
            page = await look(business.board, business)
            arguments = {"projectId": business.id, "start": business.at("10:00"), **KIM}
            booked = body_of(await client.call_tool("book_slot", arguments))
            await expect(page.locator(f"#b-{booked['booking']['bookingId']}")).to_be_visible()
        assert (watch.faults, watch.refused) == ([], [])
