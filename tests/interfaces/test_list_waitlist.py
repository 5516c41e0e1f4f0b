"""Tests of list_waitlist."""

from dataclasses import replace

import orjson
import pytest
from mcp import Client

from slotmcp.tools.gate import Toolset
from slotmcp.tools.server import create_server
from support.server import Caller, fields

MONDAY_9 = "2026-11-23T16:00:00Z"
WINDOW = {"serviceType": "furnace-check", "from": "2026-11-23T09:00", "to": "2026-11-23T09:15"}
KIM = {
    "customerName": "Kim Doe",
    "customerPhone": "+1 303 555 0142",
    "customerEmail": "kim@example.com",
    "customerHash": "kim-4711",
}
LEE = {"customerName": "Lee Roe", "customerPhone": "+1 303 555 0199"}


@pytest.fixture
def operator(caller: Caller) -> Caller:
    """Caller with the operator toolset."""
    return replace(caller, server=create_server(caller.app, toolset=Toolset.OPERATOR, read_only=True))


async def hold(caller: Caller) -> str:
    held = await caller.call("create_hold", start=MONDAY_9, serviceType="furnace-check", customerHash="somebody")
    token: str = held["holdToken"]
    return token


async def test_waiting_callers_are_listed_in_order(caller: Caller, operator: Caller) -> None:
    token = await hold(caller)
    await caller.call("join_waitlist", **WINDOW, **KIM)
    caller.clock.advance(seconds=30)
    await caller.call("join_waitlist", **WINDOW | {"durationMinutes": 110}, **LEE, technicianId="t-ana")
    await caller.call("release_hold", holdToken=token)
    answer = await operator.call("list_waitlist")
    assert answer["result"] == "2 people are on the waitlist."
    window = {"from": MONDAY_9, "to": "2026-11-23T16:15:00Z"}
    assert answer["waiting"] == [
        {
            "customerName": "Kim Doe",
            "serviceType": "furnace-check",
            "durationMinutes": 120,
            **window,
            "joinedAt": "2026-11-22T19:00:00Z",
            "state": "offered",
            "position": 0,
            "offer": {
                "start": MONDAY_9,
                "end": "2026-11-23T18:00:00Z",
                "startLocal": "2026-11-23T09:00:00-07:00",
                "label": "Monday, November 23 at 9:00 AM",
            },
        },
        {
            "customerName": "Lee Roe",
            "serviceType": "furnace-check",
            "durationMinutes": 110,
            **window,
            "joinedAt": "2026-11-22T19:00:30Z",
            "state": "waiting",
            "position": 1,
            "technicianId": "t-ana",
        },
    ]


async def test_the_list_has_no_contact_details_and_no_secrets(caller: Caller, operator: Caller) -> None:
    token = await hold(caller)
    joined = await caller.call("join_waitlist", **WINDOW, **KIM)
    await caller.call("release_hold", holdToken=token)
    offer = (await caller.call("join_waitlist", **WINDOW, **KIM))["offer"]
    listing = orjson.dumps(await operator.call("list_waitlist")).decode()
    for secret in ("303 555", "555 0142", "5550142", "kim@", "kim-4711", joined["waitId"], offer["holdToken"]):
        assert secret not in listing, secret


async def test_closed_entries_are_left_out(caller: Caller, operator: Caller) -> None:
    answer = await operator.call("list_waitlist")
    assert answer["result"] == "Nobody is on the waitlist."
    assert answer["clock"]["today"] == "Sunday, November 22, 2026"
    await hold(caller)
    await caller.call("join_waitlist", **WINDOW, **KIM)
    assert (await operator.call("list_waitlist"))["result"] == "One person is on the waitlist."
    caller.set_time("2026-11-23T17:00:00Z")
    await caller.app.waitlist.sweep()
    answer = await operator.call("list_waitlist")
    assert (answer["result"], answer["waiting"]) == ("Nobody is on the waitlist.", [])


async def test_callers_cannot_call_list_waitlist(caller: Caller) -> None:
    async with Client(caller.server) as client:
        names = {tool.name for tool in (await client.list_tools()).tools}
    assert "join_waitlist" in names
    assert "list_waitlist" not in names


async def test_an_unknown_project_is_not_found(operator: Caller) -> None:
    error = await operator.expect_error("list_waitlist", projectId="denver")
    assert (error["code"], fields(error)) == ("not_found", ["projectId"])


async def test_the_sentence_follows_the_locale(operator: Caller) -> None:
    assert (await operator.call("list_waitlist", locale="de"))["result"] == "Auf der Warteliste steht niemand."
