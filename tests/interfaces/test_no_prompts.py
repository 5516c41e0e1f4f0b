"""Test of prompts: there are none, and a request for one is a client error."""

import logging

import pytest
from mcp import Client, MCPError
from mcp_types import INVALID_PARAMS

from support.server import Caller


@pytest.mark.parametrize("how", ["auto", "legacy"])
async def test_an_unknown_prompt_is_refused_and_not_logged_as_a_failure(
    caller: Caller, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    async with Client(caller.server, mode=how) as client:
        assert (await client.list_prompts()).prompts == []
        with pytest.raises(MCPError, match="There is no such prompt") as refused:
            await client.get_prompt("Kim, 303 555 0142")
    assert refused.value.error.code == INVALID_PARAMS
    assert [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING] == []
