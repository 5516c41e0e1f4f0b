"""Test of HEAD on the SSE stream: it is refused without a failure."""

from pathlib import Path

import httpx2

from support.denver import PLAN
from support.http_server import serving, write_database


async def test_the_sse_stream_does_not_support_head(tmp_path: Path) -> None:
    await write_database(tmp_path / "slotmcp.db", PLAN)
    with serving(tmp_path / "slotmcp.db") as server:
        async with httpx2.AsyncClient(base_url=server.url) as client:
            answers = [await client.head(path) for path in ("/sse", "/mcp", "/healthz")]
        code, log = server.stop()
    assert [answer.status_code for answer in answers] == [405, 405, 200]
    assert (code, log) == (0, "")
