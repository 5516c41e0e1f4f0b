"""Proxy to PostgreSQL that can disturb its connections."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from support.proxy import Proxy


@asynccontextmanager
async def proxied(url: str, folder: Path) -> AsyncIterator[tuple[Proxy, str]]:
    """Start a proxy to the PostgreSQL of a URL; yield it and the URL through it."""
    parts = urlsplit(url)
    (host,) = parse_qs(parts.query)["host"]
    proxy = Proxy(partial(asyncio.open_unix_connection, Path(host) / ".s.PGSQL.5432"))
    server = await asyncio.start_unix_server(proxy.accept, folder / ".s.PGSQL.5432")
    try:
        yield proxy, parts._replace(query=f"host={folder}").geturl()
    finally:
        server.close()
        await proxy.close()
        await server.wait_closed()
