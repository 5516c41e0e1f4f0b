"""Tests that the commands on the page about the HTTP routes work as written."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Final
from urllib.parse import urlsplit

import httpx2
import pytest

from slotmcp.asgi import HttpApp
from slotmcp.domain.access import Scope
from slotmcp.settings import Settings
from support.denver import PLAN, PROJECT
from support.http_server import open_database
from support.plain_http import PlainClient, running_client

PAGE: Final = Path(__file__).parents[2] / "docs" / "reference" / "http.md"


@dataclass(frozen=True, slots=True)
class Curl:
    """Request of a curl command."""

    path: str
    headers: dict[str, str]
    body: str | None

    @classmethod
    def parse(cls, command: str) -> "Curl":
        """Return the request of a command with only the options -s, -H and -d."""
        words = iter(shlex.split(command.replace("\\\n", " ")))
        assert (next(words), next(words)) == ("curl", "-s")
        url, headers, body = urlsplit(next(words)), dict[str, str](), None
        assert url.netloc == "localhost:8000"
        for option in words:
            value = next(words)
            if option == "-H":
                name, _, text = value.partition(": ")
                headers[name] = text
            else:
                assert option == "-d"
                body = value
        return cls(url.path, headers, body)

    async def send(self, client: PlainClient) -> httpx2.Response:
        """Send the request, as curl does."""
        method = "GET" if self.body is None else "POST"
        return await client.http.request(method, self.path, headers=self.headers, content=self.body)


def commands() -> list[str]:
    return re.findall(r"^```shell\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.usefixtures("quiet_logging")
async def test_each_command_succeeds(tmp_path: Path) -> None:
    async with open_database(tmp_path / "slotmcp.db", PLAN) as database:
        key = (await database.app.access.create(Scope.CALLER, project=PROJECT.id)).token
    async with running_client(HttpApp(Settings(database_url=str(tmp_path / "slotmcp.db")))) as client:
        slots = await client.call("get_slots", {"X-API-Key": key})
        start = slots.json()["slots"][0]["start"]
        values = {"KEY": key, "CALL": "call-0123456789abcdef", "REQUEST": "request-0123456789abcdef", "START": start}
        sent = [Curl.parse(Template(command).substitute(values)) for command in commands()]
        for request in sent:
            response = await request.send(client)
            assert response.status_code == 200, (request.path, response.text)
            assert '"error"' not in response.text or request.path == "/openapi.json"
    paths = {request.path for request in sent}
    assert {"/v1/tools/book_slot", "/v1/vapi", "/v1/retell", "/v1/retell/get_slots", "/openapi.json"} <= paths
