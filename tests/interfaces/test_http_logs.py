"""Test that no token, name or phone number reaches the debug log over HTTP."""

import asyncio
from pathlib import Path

import httpx2

from slotmcp.domain.access import Scope
from support.denver import PLAN
from support.http_server import call_of, headers_of, open_database, serving

CALLER = {"phone": "+1 303 555 0142", "email": "zoe@quux.org"}
PLAIN = {
    "/v1/tools/find_bookings": {"phone": CALLER["phone"]},
    "/v1/tools/Quux": CALLER,
    "/v1/vapi": {
        "message": {"type": "tool-calls", "toolCallList": [{"id": "Quux", "name": "Quux", "arguments": CALLER}]}
    },
    "/v1/retell": {
        "name": "find_bookings",
        "args": {"phone": CALLER["phone"]},
        "call": {"from_number": "+13035550142"},
    },
    "/mcp": {"jsonrpc": "2.0", "id": 1, "method": "resources/read", "params": {"uri": "slotmcp://hours/Quux"}},
}
"""Requests with caller data over the other interfaces."""
CALLER_WORDS = ("Quux", "303 555", "555 0142", "5550142", "quux.org", "sub=ada")


async def test_credentials_and_bodies_are_not_logged(tmp_path: Path) -> None:
    path = tmp_path / "slotmcp.db"
    async with open_database(path, PLAN) as schedules:
        key = (await schedules.app.access.create(Scope.CALLER, project=None, name="Zoe Quux")).token
    with serving(path, log_level="debug", log_format="json") as server:
        async with httpx2.AsyncClient(base_url=server.url, timeout=60) as client:
            headers = headers_of(key, X_Call_Id="call-7")
            call = call_of("find_bookings", **CALLER)
            answers = [
                await client.post("/mcp?sub=ada", json=call, headers=headers),
                await client.post("/mcp?sub=ada", content=b'{"phone": "+1 303 555 0142"', headers=headers),
                await client.post("/mcp", json={**call, "params": {"name": "Quux"}}, headers=headers),
                await client.post("/mcp", json=call, headers=headers_of(key[:-1])),
            ]
            plain = [await client.post(path, json=body, headers=headers) for path, body in PLAIN.items()]
            async with client.stream("GET", "/sse", headers=headers) as stream:
                lines = stream.aiter_lines()
                while not (line := await anext(lines)).startswith("data: "):
                    pass
                messages = line.removeprefix("data: ")
                for wrong in ({"phone": "555 0142", "name": "Quux"}, {**call, "method": 555}, call):
                    await client.post(messages, json=wrong, headers=headers)
                async with asyncio.timeout(30):
                    while not (await anext(lines)).startswith("event: message"):
                        pass
        code, log = await asyncio.to_thread(server.stop)
    assert [answer.status_code for answer in answers] == [200, 400, 200, 401]
    assert [answer.status_code for answer in plain] == [200, 404, 200, 200, 200]
    assert code == 0
    assert '"event": "find_bookings"' in log
    assert '"callId": "call-7"' in log
    assert key[4:30] in log, "the key's id says whose call it was"
    assert [word for word in (*CALLER_WORDS, key, key.split("_", 2)[2][:-1]) if word in log] == []
