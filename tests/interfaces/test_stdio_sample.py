"""`slotmcp stdio --sample`: an agent books with a sample business at once."""

import sys
from pathlib import Path

from mcp import Client
from mcp.client.stdio import StdioServerParameters

from slotmcp.tools.server import SAMPLE_INSTRUCTIONS
from support.first_booking import book_first_time


async def test_an_agent_books_with_a_sample_and_nothing_is_written(tmp_path: Path) -> None:
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "slotmcp", "stdio", "--sample"],
        env={"HOME": str(tmp_path), "TMPDIR": str(tmp_path)},
        cwd=tmp_path,
    )
    async with Client(server) as client:
        assert (client.instructions or "").endswith(SAMPLE_INSTRUCTIONS)
        assert (await book_first_time(client))["booking"]["status"] == "confirmed"
        assert is_empty(tmp_path)


def is_empty(folder: Path) -> bool:
    return not list(folder.iterdir())
