"""Tests of cross-origin requests: pages of the listed origins may call, and no others."""

from collections.abc import AsyncIterator, Iterator

import anyio
import httpx2
import pytest

from slotmcp.domain.access import Scope
from support.denver import PLAN
from support.http_server import HttpServer, call_of, headers_of, open_database, serving

DESK, LAB = "https://desk.example.com", "http://lab.example.com:4200"
ALLOWED = "access-control-allow-origin"


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[HttpServer, str]]:
    path = tmp_path_factory.mktemp("cors") / "slotmcp.db"

    async def prepare() -> str:
        async with open_database(path, PLAN) as database:
            return (await database.app.access.create(Scope.CALLER, project="*")).token

    key = anyio.run(prepare)
    with serving(path, allowed_origins=f"{DESK}/,http://lab.example.com:*") as server:
        yield server, key


@pytest.fixture
async def client(keyed: tuple[HttpServer, str]) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=keyed[0].url, timeout=60) as opened:
        yield opened


async def preflight(
    client: httpx2.AsyncClient, path: str = "/mcp", origin: str = DESK, method: str = "POST", **more: str
) -> httpx2.Response:
    headers = {name.replace("_", "-"): value for name, value in more.items()}
    return await client.options(path, headers={"Origin": origin, "Access-Control-Request-Method": method, **headers})


@pytest.mark.parametrize("path", ["/mcp", "/mcp/", "/sse", "/messages/?session_id=1"])
@pytest.mark.parametrize("origin", [DESK, LAB])
async def test_a_preflight_of_a_listed_origin_needs_no_credential(
    client: httpx2.AsyncClient, path: str, origin: str
) -> None:
    requested = "authorization, content-type, idempotency-key, mcp-protocol-version, mcp-method, mcp-param-x, x-call-id"
    response = await preflight(client, path, origin, Access_Control_Request_Headers=requested)
    assert response.status_code == 200
    assert response.headers[ALLOWED] == origin
    allowed = response.headers["access-control-allow-headers"].lower().split(", ")
    assert set(requested.split(", ")) <= set(allowed)
    assert "access-control-allow-credentials" not in response.headers
    assert "Origin" in response.headers["vary"]


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example.com",
        "https://desk.example.com.evil.com",
        "https://deskxexample.com",
        "http://desk.example.com",
        "http://lab.example.com:4200.evil.com",
        "http://lab.example.com",
        "null",
    ],
)
async def test_a_preflight_of_another_origin_is_refused(client: httpx2.AsyncClient, origin: str) -> None:
    response = await preflight(client, origin=origin)
    assert (response.status_code, response.json()["error"]) == (403, "wrong_origin")
    assert ALLOWED not in response.headers


@pytest.mark.parametrize(("method", "header"), [("PUT", "authorization"), ("POST", "cookie"), ("POST", "x-other")])
async def test_other_methods_and_headers_are_not_allowed(client: httpx2.AsyncClient, method: str, header: str) -> None:
    response = await preflight(client, method=method, Access_Control_Request_Headers=header)
    assert response.status_code == 400
    assert header == "authorization" or header not in response.headers["access-control-allow-headers"].lower()


async def test_a_page_can_read_answers_and_refusals(keyed: tuple[HttpServer, str], client: httpx2.AsyncClient) -> None:
    answer = await client.post("/mcp", json=call_of("list_services"), headers=headers_of(keyed[1], Origin=DESK))
    refused = await client.post("/mcp", json=call_of("list_services"), headers=headers_of(Origin=DESK))
    large = await client.post("/mcp", content=b" " * 1_000_001, headers=headers_of(Origin=DESK))
    assert [one.status_code for one in (answer, refused, large)] == [200, 401, 413]
    for response in (answer, refused, large):
        assert response.headers[ALLOWED] == DESK
        assert "WWW-Authenticate" in response.headers["access-control-expose-headers"]
        assert "access-control-allow-credentials" not in response.headers
    assert "Origin" in (await client.post("/mcp")).headers["vary"], "a shared cache keeps the variants apart"


@pytest.mark.parametrize("path", ["/dashboard", "/dashboard/login", "/webhooks/calcom/x", "/metrics", "/nowhere"])
async def test_other_routes_are_not_shared(client: httpx2.AsyncClient, path: str) -> None:
    assert ALLOWED not in (await preflight(client, path)).headers
    assert ALLOWED not in (await client.get(path, headers={"Origin": DESK})).headers
