"""Contract tests of the messages that Vapi documents: https://docs.vapi.ai/tools/custom-tools."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import anyio
import httpx2
import orjson
import pytest

from slotmcp.asgi import HttpApp, ServeOptions
from slotmcp.settings import Settings
from slotmcp.tools.gate import Toolset
from slotmcp.web.limits import MAX_VALUES
from slotmcp.web.vapi import MAX_CALLS, MAX_RESULTS
from support.denver import PLAN
from support.http_server import write_database
from support.plain_http import PlainClient, running_client

KIM: Final = {"customerName": "Kim Doe", "customerPhone": "+1 303 555 0142"}
CALL_ID: Final = "7420f27a-30fd-4f49-a995-5549ae7cc00d"

pytestmark = pytest.mark.usefixtures("quiet_logging")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("vapi") / "slotmcp.db"
    anyio.run(write_database, made, PLAN)
    return made


@pytest.fixture
async def client(path: Path) -> AsyncIterator[PlainClient]:
    options = ServeOptions(is_open=True, toolset=Toolset.OPERATOR)
    async with running_client(HttpApp(Settings(database_url=str(path)), options)) as opened:
        yield opened


def message_of(*calls: object, key: str = "toolCallList", **more: Any) -> dict[str, Any]:  # noqa: ANN401  further keys
    """Return a message as the documentation shows it, with the parts that a server does not need."""
    return {
        "message": {
            "timestamp": 1678901234567,
            "type": "tool-calls",
            key: calls,
            "artifact": {"messages": [{"role": "user", "message": "tomorrow, please"}]},
            "assistant": {"name": "Receptionist"},
            "call": {"id": CALL_ID, "orgId": "eb166faa-7145-46ef-8044-589b47ae3b56"},
            **more,
        }
    }


async def results_of(client: PlainClient, message: object) -> list[dict[str, str]]:
    """Return the results, after checking their documented form."""
    response = await client.http.post("/v1/vapi", json=message)
    assert response.status_code == 200, response.text
    results: list[dict[str, str]] = response.json()["results"]
    for result in results:
        assert set(result) == {"name", "toolCallId", "result"}
        assert all(isinstance(value, str) for value in result.values())
        assert len(result["result"].splitlines()) == 1
    return results


FORMS: Final = (
    ("toolCallList", {"id": "toolu_01", "name": "get_slots", "arguments": {"limit": 2}}),
    ("toolCallList", {"id": "toolu_01", "name": "get_slots", "parameters": {"limit": 2}}),
    (
        "toolCallList",
        {"id": "toolu_01", "type": "function", "function": {"name": "get_slots", "arguments": {"limit": 2}}},
    ),
    (
        "toolCalls",
        {"id": "toolu_01", "type": "function", "function": {"name": "get_slots", "arguments": '{"limit": 2}'}},
    ),
    (
        "toolWithToolCallList",
        {"type": "function", "name": "get_slots", "toolCall": {"id": "toolu_01", "parameters": {"limit": 2}}},
    ),
    (
        "toolWithToolCallList",
        {"toolCall": {"id": "toolu_01", "function": {"name": "get_slots", "parameters": {"limit": 2}}}},
    ),
)


async def test_each_documented_form_of_a_call_is_answered_with_the_text_of_the_tool(client: PlainClient) -> None:
    for key, call in FORMS:
        (result,) = await results_of(client, message_of(call, key=key))
        assert (result["name"], result["toolCallId"]) == ("get_slots", "toolu_01")
        assert len(orjson.loads(result["result"])["slots"]) == 2, call


async def test_several_calls_are_made_in_their_order(client: PlainClient) -> None:
    start = (await client.call("get_slots", limit=1)).json()["slots"][0]["start"]
    book = {"id": "1", "name": "book_slot", "arguments": {"start": start, **KIM}}
    find = {"id": "2", "name": "find_bookings", "arguments": {"phone": KIM["customerPhone"]}}
    booked, found = await results_of(client, message_of(book, find))
    booking = orjson.loads(booked["result"])["booking"]["bookingId"]
    assert [one["bookingId"] for one in orjson.loads(found["result"])["bookings"]] == [booking]


async def test_the_call_of_a_message_scopes_keys_like_the_header(client: PlainClient) -> None:
    start = (await client.call("get_slots", limit=100)).json()["slots"][-1]["start"]
    hold = {"id": "1", "name": "create_hold", "arguments": {"start": start, "idempotencyKey": "1"}}
    same: dict[str, Any] = {}
    other: dict[str, Any] = {"call": {"id": "f0e1d2c3-30fd-4f49-a995-5549ae7cc00d"}}
    results = [(await results_of(client, message_of(hold, **more)))[0]["result"] for more in (same, same, other)]
    tokens = [orjson.loads(result)["holdToken"] for result in results]
    over_http = await client.call("create_hold", {"X-Call-Id": CALL_ID}, start=start, idempotencyKey="1")
    assert tokens[0] == tokens[1] == over_http.json()["holdToken"] != tokens[2]


async def test_errors_are_results(client: PlainClient) -> None:
    calls = [
        {"id": "1", "name": "get_slot", "arguments": {}},
        {"id": "2", "name": "get_slots", "arguments": "{"},
        {"id": "3", "name": "get_slots", "arguments": [1]},
        {"id": "4", "name": "book_slot", "arguments": {}},
        {"id": "5"},
    ]
    results = await results_of(client, message_of(*calls, "no call", None))
    bodies = [orjson.loads(result["result"]) for result in results]
    assert [result["toolCallId"] for result in results] == ["1", "2", "3", "4", "5"]
    assert [body["error"]["code"] for body in bodies] == ["not_found", *["invalid_argument"] * 3, "not_found"]
    assert all(body["result"].startswith("I'm sorry") for body in bodies)


async def test_the_calls_of_a_message_are_limited(client: PlainClient) -> None:
    calls = [{"id": str(number), "name": "list_services", "arguments": {}} for number in range(MAX_CALLS + 2)]
    results = await results_of(client, message_of(*calls))
    refused = ["error" in orjson.loads(result["result"]) for result in results]
    assert refused == [False] * MAX_CALLS + [True] * 2


async def test_the_results_of_a_message_are_limited(client: PlainClient) -> None:
    for key in ("toolCallList", "toolWithToolCallList"):
        assert len(await results_of(client, message_of(*[{}] * (MAX_RESULTS + 100), key=key))) == MAX_RESULTS


async def test_the_arguments_of_a_message_are_limited_together(client: PlainClient) -> None:
    half = {"limit": [1] * (MAX_VALUES // 2 + 1)}
    for arguments in (half, orjson.dumps(half).decode()):
        call = {"id": "1", "name": "get_slots", "arguments": arguments}
        alone, both = [await results_of(client, message_of(*[call] * number)) for number in (1, 2)]
        problems = [orjson.loads(one["result"])["error"]["fields"][0]["field"] for one in (*alone, *both)]
        assert problems == ["limit", "arguments", "arguments"]


async def test_other_messages_are_answered_as_documented(client: PlainClient) -> None:
    async def answer(kind: str) -> httpx2.Response:
        return await client.http.post("/v1/vapi", json={"message": {"type": kind, "call": {"id": CALL_ID}}})

    for kind in ("status-update", "end-of-call-report", "transcript", "hang", "a-new-one"):
        assert ((response := await answer(kind)).status_code, response.json()) == (200, {})
    assert set((await answer("assistant-request")).json()) == {"error"}
    assert (await answer("knowledge-base-request")).json() == {"documents": []}


async def test_a_long_transcript_is_accepted_and_another_body_is_refused(client: PlainClient) -> None:
    words = [{"word": "hello", "start": 0.1, "end": 0.2}] * 10_000
    call = {"id": "1", "name": "list_services", "arguments": {}}
    assert len(await results_of(client, message_of(call, artifact={"messages": words}))) == 1
    bodies: tuple[Any, ...] = (
        {},
        [],
        {"message": "x"},
        {"message": {}},
        {"message": {"type": 1}},
        {"message": {"type": "tool-calls"}},
        message_of(),
    )
    for body in bodies:
        response = await client.http.post("/v1/vapi", json=body)
        assert (response.status_code, response.json()["error"]) == (400, "unreadable")
