"""Contract tests of Retell's custom functions: https://docs.retellai.com/build/single-multi-prompt/custom-function."""

import time
from dataclasses import dataclass, replace
from hashlib import sha256
from hmac import new
from pathlib import Path
from typing import Any, Final

import anyio
import httpx2
import orjson
import pytest

from slotmcp.asgi import HttpApp, ServeOptions
from slotmcp.domain.access import Scope
from slotmcp.settings import Settings
from slotmcp.web.limits import MAX_VALUES
from slotmcp.web.retell import MAX_CHARACTERS, RetellSignatures, shorten
from support.denver import PLAN, PROJECT
from support.http_server import open_database
from support.plain_http import PlainClient, running_client

API_KEY: Final = "key_0123456789abcdef0123456789ab"
OTHER: Final = replace(PLAN, project=replace(PROJECT, id="boulder-hvac", name="Boulder Heating"))
CALL_ID: Final = "call_a0b1c2d3e4f5061728394a5b6c7"
MINUTE_MS: Final = 60_000

pytestmark = pytest.mark.usefixtures("quiet_logging")


@dataclass(frozen=True, slots=True)
class Businesses:
    """Database with one project, and database with two and the keys of the first."""

    one: Path
    two: Path
    key: str
    other_key: str


@pytest.fixture(scope="module")
def businesses(tmp_path_factory: pytest.TempPathFactory) -> Businesses:
    folder = tmp_path_factory.mktemp("retell")

    async def prepare() -> list[str]:
        async with open_database(folder / "one.db", PLAN), open_database(folder / "two.db", PLAN, OTHER) as two:
            made = [await two.app.access.create(Scope.CALLER, project=one.project.id) for one in (PLAN, OTHER)]
        return [one.token for one in made]

    return Businesses(folder / "one.db", folder / "two.db", *anyio.run(prepare))


def app_of(path: Path, *, is_open: bool = False, retell_api_key: str = API_KEY) -> HttpApp:
    return HttpApp(Settings(database_url=str(path), retell_api_key=retell_api_key), ServeOptions(is_open=is_open))


def body_of(name: str, /, **args: object) -> bytes:
    """Return a message as the documentation shows it."""
    call = {"call_id": CALL_ID, "call_type": "phone_call", "agent_id": "agent_1", "transcript": "User: hello"}
    return orjson.dumps({"name": name, "call": call, "args": args})


def signed(body: bytes, *, key: str = API_KEY, at_ms: int = 0) -> dict[str, str]:
    """Return the headers of Retell for a body."""
    at_ms = at_ms or int(time.time() * 1000)
    digest = new(key.encode(), body + str(at_ms).encode(), sha256).hexdigest()
    return {"Content-Type": "application/json", "X-Retell-Signature": f"v={at_ms},d={digest}"}


async def send(client: PlainClient, body: bytes, path: str = "/v1/retell", **headers: str) -> httpx2.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.http.post(path, content=body, headers={**signed(body), **named})


def error_in(response: httpx2.Response) -> Any:  # noqa: ANN401  details of any error
    assert response.status_code == 200
    return response.json()["error"]


async def test_a_signature_alone_reaches_the_callers_tools_of_the_only_project(businesses: Businesses) -> None:
    async with running_client(app_of(businesses.one)) as client:
        slots = await send(client, body_of("get_slots", limit=2))
        operators = await send(client, body_of("list_technicians"))
        only_arguments = await send(client, orjson.dumps({"limit": 3}), "/v1/retell/get_slots")
        named = await send(client, body_of("my_function", limit=4), "/v1/retell/get_slots")
        nameless = await send(client, orjson.dumps({"limit": 3}))
    assert [len(one.json()["slots"]) for one in (slots, only_arguments, named)] == [2, 3, 4]
    assert error_in(operators)["code"] == "forbidden"
    assert error_in(nameless)["fields"][0]["field"] == "name"


async def test_with_several_projects_a_key_names_the_project(businesses: Businesses) -> None:
    async with running_client(app_of(businesses.two)) as client:
        signature_only = await send(client, body_of("get_slots"))
        own = await send(client, body_of("list_services"), X_API_Key=businesses.key)
        other = await send(client, body_of("get_slots", projectId=PROJECT.id), X_API_Key=businesses.other_key)
        wrong = await send(client, body_of("get_slots"), Authorization="Bearer slk_wrong")
        unsigned = await client.http.post(
            "/v1/retell", json={"name": "get_slots", "args": {}}, headers={"X-API-Key": businesses.key}
        )
    assert error_in(signature_only)["code"] == "forbidden"
    assert own.json()["projectId"] == PROJECT.id
    assert error_in(other)["code"] == "not_found"
    assert (wrong.status_code, unsigned.status_code) == (401, 401)


async def test_a_wrong_old_or_missing_signature_is_refused(businesses: Businesses) -> None:
    body, now_ms = body_of("get_slots"), int(time.time() * 1000)
    headers = [
        {"Content-Type": "application/json"},
        signed(body, key="key_other"),
        signed(body + b" "),
        signed(body, at_ms=now_ms - 6 * MINUTE_MS),
        signed(body, at_ms=now_ms + 6 * MINUTE_MS),
        {**signed(body), "X-Retell-Signature": "v=1,d=0"},
        {**signed(body), "X-Retell-Signature": signed(body)["X-Retell-Signature"].upper()},
    ]
    async with running_client(app_of(businesses.one)) as client:
        responses = [await client.http.post("/v1/retell", content=body, headers=named) for named in headers]
        again = [await client.http.post("/v1/retell", content=body, headers=headers[1]) for _ in range(60)]
        valid = await send(client, body)
    assert [(one.status_code, one.json()["error"]) for one in responses] == [(401, "unsigned")] * len(headers)
    assert again[-1].status_code == 429
    assert valid.status_code == 200


async def test_an_open_server_checks_signatures_if_a_key_is_set(businesses: Businesses) -> None:
    message = {"name": "get_slots", "args": {}}
    async with running_client(app_of(businesses.one, is_open=True)) as client:
        checked = await client.http.post("/v1/retell", json=message)
    async with running_client(app_of(businesses.one, is_open=True, retell_api_key="")) as client:
        unchecked = await client.http.post("/v1/retell", json=message)
    async with running_client(app_of(businesses.one, retell_api_key="")) as client:
        without_credential = await send(client, orjson.dumps(message))
    assert [one.status_code for one in (checked, unchecked, without_credential)] == [401, 200, 401]


async def test_a_repeated_message_books_once_and_its_call_scopes_keys(businesses: Businesses) -> None:
    async with running_client(app_of(businesses.one)) as client:
        start = (await send(client, body_of("get_slots", limit=1))).json()["slots"][0]["start"]
        body = body_of("book_slot", start=start, customerName="Kim Doe", customerPhone="+1 303 555 0142")
        headers = signed(body)
        booked, again = [await client.http.post("/v1/retell", content=body, headers=headers) for _ in range(2)]
        hold = body_of("create_hold", start=start, serviceType="furnace-check", idempotencyKey="1", durationMinutes=30)
        outcomes = [(await send(client, hold)).json().get("holdToken") for _ in range(2)]
    assert [booked.json()["replayed"], again.json()["replayed"]] == [False, True]
    assert booked.json()["booking"]["bookingId"] == again.json()["booking"]["bookingId"]
    assert outcomes[0] == outcomes[1]


async def test_invalid_messages_are_errors_that_the_agent_reads(businesses: Businesses) -> None:
    async with running_client(app_of(businesses.one)) as client:
        for body in (b"{", b"[]", b"[" * 5_000, b'{"name": 1, "args": {}}', b'{"name": "", "args": []}'):
            assert error_in(await send(client, body))["code"] == "invalid_argument"
        assert error_in(await send(client, body_of("get_slot")))["code"] == "not_found"
        large = error_in(await send(client, body_of("get_slots", limit=[1] * MAX_VALUES)))
    assert large["fields"][0]["field"] == "arguments"


async def test_a_message_without_arguments_is_no_list_of_arguments(businesses: Businesses) -> None:
    call: dict[str, Any] = {"call": {"call_id": CALL_ID}}
    async with running_client(app_of(businesses.one)) as client:
        for message in ({"name": "list_services"}, {"name": "list_services", "args": None, **call}):
            assert (await send(client, orjson.dumps(message))).json()["projectId"] == PROJECT.id
        in_path = await send(client, orjson.dumps({"name": "services", **call}), "/v1/retell/list_services")
        no_object = await send(client, orjson.dumps({"name": "list_services", "args": [1]}))
    assert in_path.json()["projectId"] == PROJECT.id
    assert error_in(no_object)["fields"][0]["field"] == "args"


def test_a_long_response_is_cut_at_the_end_of_its_longest_list() -> None:
    slots = [{"start": f"2026-11-23T{hour:02}:00:00Z", "label": "x" * 100} for hour in range(24)] * 20
    text = orjson.dumps({"result": "I have times.", "slots": slots, "nextCursor": "abc", "traceId": "1"}).decode()
    cut = orjson.loads(shorten(text))
    assert len(shorten(text)) <= MAX_CHARACTERS < len(text)
    assert cut["slots"] == slots[: len(cut["slots"])]
    assert cut["leftOut"] == len(slots) - len(cut["slots"])
    assert "nextCursor" not in cut
    short = '{"result":"ok","traceId":"1"}'
    assert shorten(short) == short


def test_a_long_response_without_a_list_keeps_its_sentence() -> None:
    text = orjson.dumps({"result": "Done.", "note": "x" * MAX_CHARACTERS, "traceId": "1"}).decode()
    assert orjson.loads(shorten(text)) == {"result": "Done.", "traceId": "1"}


def test_a_signature_of_retells_library_is_valid() -> None:
    """Check an example with the values of retell-sdk's `verify`: HMAC-SHA256 of the body and the milliseconds."""
    digest = new(b"key", b'{"a":1}1700000000000', sha256).hexdigest()
    signatures = RetellSignatures("key", lambda: 1_700_000_000_000 + 5 * MINUTE_MS)
    assert signatures.is_valid(f"v=1700000000000,d={digest}", b'{"a":1}')
    assert not RetellSignatures("key", lambda: 1_700_000_000_001 + 5 * MINUTE_MS).is_valid(
        f"v=1700000000000,d={digest}", b'{"a":1}'
    )
