"""Two servers that share PostgreSQL and Redis: what is done at one is seen at the other, by the same login."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Browser, expect

from slotmcp.bootstrap import build_app
from slotmcp.domain.access import Scope
from slotmcp.store.postgres.store import PostgresStore
from support.browsing import Business, Watch, looking, open_business
from support.http_server import Books, serving
from support.redis_server import RedisServer


@pytest_asyncio.fixture(loop_scope="session")
async def books(postgres_url: str, tmp_path: Path) -> AsyncIterator[Books]:
    async with PostgresStore.open(postgres_url) as store:
        yield Books(build_app(store), tmp_path)


async def test_what_is_booked_at_one_is_seen_at_the_other(
    browser: Browser, books: Books, postgres_url: str, redis: RedisServer
) -> None:
    await books.app.access.create(Scope.OPERATOR, project="*")
    shared = {"database_url": postgres_url, "redis_url": redis.url}
    with serving(books.path, **shared) as one, serving(books.path, **shared) as other:
        business = await open_business(one, books)
        watch = Watch(other.url)
        async with looking(browser, watch) as look:
            page = await look(Business(other, books, business.id, business.key).board, business)
            booking = await business.book("10:00")
            await expect(page.locator(f"#b-{booking['bookingId']}")).to_be_visible()
        assert (watch.faults, watch.refused) == ([], [])
