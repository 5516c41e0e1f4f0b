"""Tests of the tools over plain HTTP: credentials, keys of requests, statuses, and requests that call no tool."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import anyio
import httpx2
import pytest

from slotmcp.asgi import HttpApp, ServeOptions
from slotmcp.domain.access import Scope
from slotmcp.domain.errors import ErrorCode
from slotmcp.settings import Settings
from slotmcp.tools.gate import Toolset
from slotmcp.tools.tool_caller import ToolText
from slotmcp.web import late_bodies
from slotmcp.web.tool_calls import STATUSES, tool_response
from support.denver import PLAN, PROJECT
from support.http_server import open_database
from support.plain_http import PlainClient, running_client

ORIGIN: Final = "https://desk.example.com"
OTHER: Final = replace(PLAN, project=replace(PROJECT, id="boulder-hvac", name="Boulder Heating"))
KIM: Final = {"customerName": "Kim Doe", "customerPhone": "+1 303 555 0142"}

pytestmark = pytest.mark.usefixtures("quiet_logging")


@dataclass(frozen=True, slots=True)
class Keys:
    """Access keys of the first project."""

    path: Path
    caller: str
    operator: str


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    path = tmp_path_factory.mktemp("plain") / "slotmcp.db"

    async def prepare() -> list[str]:
        async with open_database(path, PLAN, OTHER) as database:
            access = database.app.access
            made = [await access.create(scope, project=PROJECT.id) for scope in (Scope.CALLER, Scope.OPERATOR)]
        return [one.token for one in made]

    return Keys(path, *anyio.run(prepare))


@pytest.fixture
async def client(keys: Keys) -> AsyncIterator[PlainClient]:
    settings = Settings(database_url=str(keys.path), allowed_origins=(ORIGIN,), max_body_bytes=20_000)
    async with running_client(HttpApp(settings), keys.caller) as opened:
        yield opened


def error_of(response: httpx2.Response) -> Any:  # noqa: ANN401  details of any error
    """Return the details of a tool's error."""
    assert response.json()["result"].startswith("I'm sorry")
    return response.json()["error"]


async def test_a_key_is_accepted_in_either_header_but_not_two_different_ones(client: PlainClient, keys: Keys) -> None:
    def headers(**named: str) -> dict[str, str]:
        return {"Authorization": "", **{name.replace("_", "-"): value for name, value in named.items()}}

    bearer = f"Bearer {keys.caller}"
    statuses = [
        (await client.call("list_services", headers(**named))).status_code
        for named in (
            {"Authorization": bearer},
            {"X_API_Key": keys.caller},
            {"Authorization": bearer, "X_API_Key": keys.caller},
            {"Authorization": bearer, "X_API_Key": keys.operator},
            {"X_API_Key": keys.caller + "x"},
            {},
        )
    ]
    assert statuses == [200, 200, 200, 401, 401, 401]


async def test_a_key_reaches_the_tools_of_its_scope_in_its_project(client: PlainClient, keys: Keys) -> None:
    forbidden = await client.call("list_technicians")
    other = await client.call("get_slots", projectId="boulder-hvac")
    assert (forbidden.status_code, error_of(forbidden)["code"]) == (403, "forbidden")
    assert (other.status_code, error_of(other)["code"]) == (404, "not_found")
    assert "Boulder" not in other.text
    listed = await client.call("list_technicians", {"Authorization": f"Bearer {keys.operator}"})
    assert listed.status_code == 200


async def test_an_unknown_tool_is_not_found_and_only_reachable_tools_are_named(client: PlainClient) -> None:
    response = await client.call("get_slot")
    assert response.status_code == 404
    assert error_of(response)["nearest"][0] == "get_slots"
    assert "list_technicians" not in response.text


async def test_hidden_tools_are_not_found(keys: Keys) -> None:
    options = ServeOptions(is_open=True, toolset=Toolset.CALLER, read_only=True)
    async with running_client(HttpApp(Settings(database_url=str(keys.path)), options)) as client:
        responses = [await client.call(tool) for tool in ("book_slot", "list_technicians", "get_slots")]
    assert [response.status_code for response in responses] == [404, 404, 400]
    assert error_of(responses[2])["fields"][0]["field"] == "projectId"


async def test_a_key_of_a_request_is_an_argument_and_a_different_argument_is_refused(client: PlainClient) -> None:
    start, other = (slot["start"] for slot in (await client.call("get_slots", limit=2)).json()["slots"])
    keyed = {"Idempotency-Key": '"8e03978e-40d5-43e8-bc93-6894a57f9324"'}
    bare = {"Idempotency-Key": "8e03978e-40d5-43e8-bc93-6894a57f9324"}
    booked = await client.call("book_slot", keyed, start=start, **KIM)
    again = await client.call("book_slot", bare, start=start, **KIM)
    argument = await client.call("book_slot", start=start, idempotencyKey=bare["Idempotency-Key"], **KIM)
    mismatch = await client.call("book_slot", bare, start=other, **KIM)
    different = await client.call("book_slot", bare, start=start, idempotencyKey="another-key", **KIM)
    assert [one.json()["replayed"] for one in (booked, again, argument)] == [False, True, True]
    assert (mismatch.status_code, error_of(mismatch)["code"]) == (422, "idempotency_mismatch")
    assert (different.status_code, error_of(different)["fields"][0]["field"]) == (400, "idempotencyKey")
    assert (await client.call("get_slots", bare)).status_code == 200


async def test_several_keys_of_a_request_are_refused(client: PlainClient) -> None:
    headers = [("Idempotency-Key", "first"), ("Idempotency-Key", "second")]
    response = await client.http.post("/v1/tools/book_slot", json={}, headers=headers)
    assert (response.status_code, error_of(response)["fields"][0]["field"]) == (400, "Idempotency-Key")


async def test_the_call_id_scopes_keys(client: PlainClient) -> None:
    start = (await client.call("get_slots", limit=100)).json()["slots"][-1]["start"]
    tokens = [
        (await client.call("create_hold", {"X-Call-Id": call}, start=start, idempotencyKey="1")).json()
        for call in ("call-0123456789ab", "call-ba9876543210", "call-0123456789ab")
    ]
    assert tokens[0]["holdToken"] == tokens[2]["holdToken"] != tokens[1]["holdToken"]


NO_OBJECTS: Final = (
    b"{",
    b"[]",
    b'"text"',
    b"null",
    b"NaN",
    b'{"limit": NaN}',
    b'{"limit": Infinity}',
    b"\xff\xfe{\x00}\x00",
    b'{"limit": "\xff"}',
    b'{"\\ud800": 1}',
    b"[" * 10_000,
    b'{"a":' * 3_000 + b"1" + b"}" * 3_000,
)


async def test_a_body_that_is_no_object_is_refused_with_the_valid_form(client: PlainClient) -> None:
    json = {"Content-Type": "application/json"}
    for body in NO_OBJECTS:
        response = await client.http.post("/v1/tools/get_slots", content=body, headers=json)
        assert response.status_code == 400, body
        assert error_of(response)["fields"][0]["field"] == "body"


async def test_an_empty_body_is_an_empty_object_and_the_last_of_equal_keys_counts(client: PlainClient) -> None:
    empty = await client.http.post("/v1/tools/get_slots")
    json = {"Content-Type": "application/json; charset=UTF-8"}
    twice = await client.http.post("/v1/tools/get_slots", content=b'{"limit": "x", "limit": 2}', headers=json)
    marked = await client.http.post("/v1/tools/get_slots", content=b'\xef\xbb\xbf{"limit": 2}', headers=json)
    assert [empty.status_code, twice.status_code] == [200, 200]
    assert len(twice.json()["slots"]) == len(marked.json()["slots"]) == 2


OTHER_TYPES: Final[tuple[dict[str, str], ...]] = (
    {},
    {"Content-Type": "text/plain"},
    {"Content-Type": "application/x-www-form-urlencoded"},
    {"Content-Type": "application/json; charset=latin-1"},
    {"Content-Type": "application/json", "Content-Encoding": "gzip"},
)


async def test_a_body_of_another_type_is_refused(client: PlainClient) -> None:
    for headers in OTHER_TYPES:
        response = await client.http.post("/v1/tools/get_slots", content=b"{}", headers=headers)
        assert (response.status_code, response.json()["error"]) == (415, "unsupported_media_type"), headers


async def test_another_method_is_refused_with_the_allowed_one(client: PlainClient) -> None:
    for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"):
        response = await client.http.request(method, "/v1/tools/get_slots")
        assert (response.status_code, response.headers["allow"]) == (405, "POST"), method


async def test_an_unknown_path_is_not_found(client: PlainClient) -> None:
    for path in ("/v1", "/v1/tools", "/v1/tools/", "/v1/tools/get_slots/now", "/nowhere"):
        response = await client.http.post(path, json={})
        assert (response.status_code, response.json()["error"]) == (404, "not_found"), path


async def test_a_large_body_is_refused(client: PlainClient) -> None:
    large = await client.call("get_slots", cursor="x" * 20_001)
    many = await client.call("get_slots", daysOfWeek=["mon"] * 10_000)
    assert [(one.status_code, one.json()["error"]) for one in (large, many)] == [(413, "too_large")] * 2


BODIES: Final = (
    ("/v1/tools/list_services", b"{}"),
    ("/v1/vapi", b'{"message": {"type": "hang"}}'),
    ("/v1/retell", b'{"name": "list_services"}'),
    ("/v1/retell/list_services", b"{}"),
)


async def in_halves(body: bytes, between: Callable[[], Awaitable[object]]) -> AsyncIterator[bytes]:
    """Yield a body in two parts, and wait for something in between."""
    yield body[:1]
    await between()
    yield body[1:]


@pytest.mark.parametrize(("path", "body"), BODIES)
async def test_a_body_that_never_ends_is_refused(keys: Keys, path: str, body: bytes) -> None:
    settings = Settings(database_url=str(keys.path), request_timeout_seconds=0.01)
    async with running_client(HttpApp(settings), keys.caller) as client:
        endless = in_halves(body, anyio.sleep_forever)
        response = await client.http.post(path, content=endless, headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()["error"]) == (408, "too_slow")


@pytest.mark.parametrize(("path", "body"), BODIES)
async def test_a_body_that_arrives_after_the_end_of_its_key_calls_nothing(
    keys: Keys, monkeypatch: pytest.MonkeyPatch, path: str, body: bytes
) -> None:
    monkeypatch.setattr(late_bodies, "LATE_SECONDS", 0)
    async with open_database(keys.path) as database:
        access = database.app.access
        ended = await access.create(Scope.CALLER, project=PROJECT.id)
        async with running_client(HttpApp(Settings(database_url=str(keys.path))), ended.token) as client:
            late = in_halves(body, lambda: access.revoke(ended.key.id))
            response = await client.http.post(path, content=late, headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()["error"]) == (401, "unauthorized")


async def test_pages_of_listed_origins_can_call(client: PlainClient) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-api-key, idempotency-key"}
    preflight = await client.http.options("/v1/tools/get_slots", headers={"Origin": ORIGIN, **asked})
    allowed = await client.call("get_slots", {"Origin": ORIGIN})
    foreign = await client.call("get_slots", {"Origin": "https://evil.example.com"})
    assert [one.status_code for one in (preflight, allowed, foreign)] == [200, 200, 403]
    assert allowed.headers["access-control-allow-origin"] == ORIGIN


async def test_too_many_messages_are_answered_with_the_time_to_wait(keys: Keys) -> None:
    app = HttpApp(Settings(database_url=str(keys.path), rate_limit_per_key=2))
    async with running_client(app, keys.caller) as client:
        calls = [await client.call(tool) for tool in ("get_slots", "unknown", "get_slots", "unknown")]
        calls.append(await client.http.post("/v1/tools/get_slots", json=[]))
    assert [one.status_code for one in calls] == [200, 404, 429, 429, 429]
    for refused in calls[2:]:
        assert error_of(refused)["code"] == "rate_limited"
        assert int(refused.headers["retry-after"]) * 1000 >= error_of(refused)["retryAfterMs"] > 0


async def test_metrics_count_calls_by_pattern_and_tool(client: PlainClient, keys: Keys) -> None:
    await client.call("get_slots")
    await client.call("x" * 50)
    app = HttpApp(Settings(database_url=str(keys.path)), ServeOptions(is_open=True, toolset=Toolset.OPERATOR))
    async with running_client(app) as operator:
        metrics = (await operator.http.get("/metrics")).text
    assert 'slotmcp_http_requests_total{route="/v1/tools/{name}",status="404"}' in metrics
    assert 'slotmcp_tool_calls_total{outcome="ok",tool="get_slots"}' in metrics
    assert "xxxxx" not in metrics


@pytest.mark.parametrize("code", ErrorCode)
def test_each_error_has_its_status_and_its_time_to_wait(code: ErrorCode) -> None:
    response = tool_response(ToolText("{}", code, 1_500))
    assert (response.status_code, response.headers["retry-after"]) == (STATUSES[code], "2")
