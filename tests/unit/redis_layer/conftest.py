"""A link to a real Redis."""

from collections.abc import AsyncIterator

import pytest

from slotmcp.redis_layer.link import RedisLink
from support.fleets import PREFIX
from support.redis_server import RedisServer


@pytest.fixture
async def link(redis: RedisServer) -> AsyncIterator[RedisLink]:
    async with RedisLink.open(redis.url, prefix=PREFIX) as opened:
        yield opened
