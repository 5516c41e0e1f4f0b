"""Proxy to PostgreSQL that can disturb its connections."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from support.proxy import Observer, Proxy


@asynccontextmanager
async def proxied(
    url: str, folder: Path, observer_of_connection: Callable[[], Observer] | None = None
) -> AsyncIterator[tuple[Proxy, str]]:
    """Start a proxy to the PostgreSQL of a URL; yield it and the URL through it."""
    parts = urlsplit(url)
    (host,) = parse_qs(parts.query)["host"]
    opened = partial(asyncio.open_unix_connection, Path(host) / ".s.PGSQL.5432")
    proxy = Proxy(opened, observer_of_connection)
    server = await asyncio.start_unix_server(proxy.accept, folder / ".s.PGSQL.5432")
    try:
        yield proxy, parts._replace(query=f"host={folder}").geturl()
    finally:
        server.close()
        await proxy.close()
        await server.wait_closed()
