"""Tests of the HTTP interface: every tool, every protocol revision, one and several processes."""

import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.client.sse import sse_client
from starlette.applications import Starlette
from starlette.routing import Mount

from slotmcp.asgi import HttpApp, ServeOptions
from slotmcp.domain.access import Scope
from slotmcp.settings import Settings
from slotmcp.tools.gate import Toolset
from slotmcp.tools.server import select_tools
from support.denver import PLAN, only_start
from support.http_server import HttpServer, body_in, call_of, headers_of, open_database, serving, write_database
from support.server import body_of
from support.until import until

ALL_TOOLS = [tool.name for tool in select_tools(Toolset.OPERATOR)]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("http") / "slotmcp.db"
    anyio.run(write_database, made, PLAN)
    return made


@pytest.fixture(scope="module")
def server(path: Path) -> Iterator[HttpServer]:
    with serving(path, "--toolset", "operator") as running:
        yield running


def connect(server: HttpServer, how: str) -> AbstractAsyncContextManager[Client]:
    if how == "sse":
        return Client(sse_client(f"{server.url}/sse"), mode="legacy")
    return Client(f"{server.url}/mcp", mode=how)


@pytest.mark.parametrize("how", ["auto", "legacy", "sse"])
async def test_every_tool_responds_to_clients_of_every_protocol_revision(server: HttpServer, how: str) -> None:
    called: list[str] = []
    async with connect(server, how) as client:

        async def call(tool: str, **arguments: object) -> Any:  # noqa: ANN401  an answer of any tool
            called.append(tool)
            result = await client.call_tool(tool, arguments)
            assert not result.is_error, result
            return body_of(result)

        assert [tool.name for tool in (await client.list_tools()).tools] == ALL_TOOLS
        await use_every_tool(call, who=how)
    assert set(called) == set(ALL_TOOLS)


async def use_every_tool(call: Any, who: str) -> None:  # noqa: ANN401  calls a tool
    """Call every tool, as an agent and an operator would."""
    kim = {"customerName": f"Kim {who}", "customerEmail": f"{who}@example.com"}
    await call("list_services")
    slots = (await call("get_slots", limit=100))["slots"]
    first, last, day = slots[0]["start"], slots[-1]["start"], slots[-1]["startLocal"][:10]
    await call("explain_slot", start=first)
    holds = [await call("create_hold", start=first, customerHash=f"{who}-{number}") for number in range(2)]
    assert (await call("release_hold", holdToken=holds[0]["holdToken"]))["released"]
    booking = (await call("book_slot", holdToken=holds[1]["holdToken"], **kim))["booking"]["bookingId"]
    found = (await call("find_bookings", email=kim["customerEmail"]))["bookings"]
    assert [one["bookingId"] for one in found] == [booking]
    await call("reschedule_booking", bookingId=booking, email=kim["customerEmail"], start=last)
    await call("update_booking", bookingId=booking, email=kim["customerEmail"], notes="gate 1234")
    await call("cancel_booking", bookingId=booking, email=kim["customerEmail"])
    taken = (await call("get_slots", serviceType="furnace-check"))["slots"][-1]["start"]
    await call("book_slot", serviceType="furnace-check", start=taken, **kim)
    await call("join_waitlist", **only_start(taken), **kim)
    await call("list_waitlist")
    await call("get_metrics")
    technician = (await call("list_technicians"))["technicians"][0]["technicianId"]
    await call("set_technician_status", technicianId=technician, status="active")
    await call("add_time_off", technicianId=technician, start=f"{day[:4]}-12-25", end=f"{day[:4]}-12-25")


async def test_a_client_may_skip_the_handshake_and_reconnect_for_each_call(server: HttpServer) -> None:
    answer = await server.post(call_of("list_services"))
    assert answer.status_code == 200
    assert body_in(answer)["services"]


async def test_health_and_readiness_need_no_credential(server: HttpServer) -> None:
    async with httpx2.AsyncClient(base_url=server.url) as client:
        alive, ready = [await client.get(path) for path in ("/healthz", "/readyz")]
    assert (alive.status_code, alive.json()) == (200, {"status": "alive"})
    assert (ready.status_code, ready.json()) == (200, {"status": "ready", "checks": {"database": "ok"}})


async def test_metrics_count_calls_and_requests_without_personal_data(server: HttpServer) -> None:
    await server.post(call_of("find_bookings", phone="+1 303 555 0142"))
    await server.post(call_of("get_slots", nonsense=1))
    async with httpx2.AsyncClient(base_url=server.url) as client:
        await client.get("/nowhere/at/all")
        await client.get("/dashboard/nowhere/at/all")
        counted = re.sub(r" \S+$", "", (await client.get("/metrics")).text, flags=re.MULTILINE)
    assert 'slotmcp_tool_calls_total{outcome="ok",tool="find_bookings"}' in counted
    assert 'slotmcp_tool_calls_total{outcome="invalid_argument",tool="get_slots"}' in counted
    assert 'slotmcp_tool_seconds_count{tool="find_bookings"}' in counted
    assert 'slotmcp_http_requests_total{route="/mcp",status="200"}' in counted
    assert 'slotmcp_http_requests_total{route="other",status="404"}' in counted
    assert 'slotmcp_http_requests_total{route="/dashboard/{rest:path}",status="404"}' in counted
    assert "slotmcp_build_info" in counted
    assert "0142" not in counted
    assert "nowhere" not in counted


async def test_two_workers_share_a_port_a_database_and_their_metrics_and_refuse_sse(path: Path) -> None:
    with serving(path, "--workers", "2") as server:
        await check_that_sse_is_refused(server)
        for _ in range(20):
            assert (await server.post(call_of("list_services"))).status_code == 200
        async with httpx2.AsyncClient(base_url=server.url) as client:
            counted = [(await client.get("/metrics")).text for _ in range(4)]
        code, log = server.stop()
    assert all('slotmcp_tool_calls_total{outcome="ok",tool="list_services"} 20.0' in one for one in counted)
    assert (code, log) == (0, "")


async def test_options_select_the_tools(path: Path) -> None:
    with serving(path, "--read-only") as server:
        async with Client(f"{server.url}/mcp") as client:
            names = [tool.name for tool in (await client.list_tools()).tools]
    assert names == [tool.name for tool in select_tools(Toolset.CALLER, read_only=True)]


@pytest.mark.usefixtures("quiet_logging")
async def test_the_app_can_be_mounted_in_another_app(path: Path) -> None:
    slotmcp = HttpApp(Settings(database_url=str(path)), ServeOptions(is_open=True))

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with slotmcp.running():
            yield

    host = Starlette(routes=[Mount("/booking", app=slotmcp)], lifespan=lifespan)
    transport = httpx2.ASGITransport(app=host)
    async with httpx2.AsyncClient(transport=transport, base_url="http://host") as client:
        before = await client.get("/booking/readyz")
        async with lifespan(host):
            ready = await client.get("/booking/readyz")
            headers = {"Accept": "application/json, text/event-stream"}
            answer = await client.post("/booking/mcp", json=call_of("list_services"), headers=headers)
            stream = await client.get("/booking/metrics")
        after = await client.get("/booking/readyz")
    assert [one.status_code for one in (before, ready, answer, stream, after)] == [503, 200, 200, 200, 503]
    assert body_in(answer)["services"]


@pytest.mark.usefixtures("quiet_logging")
async def test_a_mounted_app_requires_credentials_by_default(path: Path) -> None:
    slotmcp = HttpApp(Settings(database_url=str(path)))
    transport = httpx2.ASGITransport(app=slotmcp)
    async with slotmcp.running(), httpx2.AsyncClient(transport=transport, base_url="http://host") as client:
        answers = [await client.get(path) for path in ("/mcp", "/sse", "/messages/", "/metrics", "/readyz")]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 401, 200]


@pytest.mark.parametrize("address", ["/mcp/", "/mcp//"])
async def test_a_trailing_slash_is_served_without_a_redirect(server: HttpServer, address: str) -> None:
    async with httpx2.AsyncClient(base_url=server.url) as client:
        headers = {"Accept": "application/json, text/event-stream"}
        answer = await client.post(address, json=call_of("list_services"), headers=headers)
    assert answer.status_code == 200
    assert body_in(answer)["services"]


async def test_no_route_redirects_to_another_host(server: HttpServer) -> None:
    async with httpx2.AsyncClient(base_url=server.url) as client:
        gets = ("/healthz/", "/readyz/", "/metrics/", "/dashboard/", "/dashboard/login/", "/nowhere/")
        answers = {path: await client.get(path) for path in gets}
        answers["/messages"] = await client.post("/messages?session_id=1")
        answers["/webhooks/calcom/x/"] = await client.post("/webhooks/calcom/x/")
        async with client.stream("GET", "/sse/") as stream:
            assert stream.status_code == 200
    codes = {path: answer.status_code for path, answer in answers.items()}
    assert codes == {
        "/healthz/": 200,
        "/readyz/": 200,
        "/metrics/": 200,
        "/dashboard/": 303,
        "/dashboard/login/": 303,
        "/nowhere/": 404,
        "/messages": 400,
        "/webhooks/calcom/x/": 401,
    }
    assert all(answer.headers.get("location", "/").startswith("/") for answer in answers.values())


async def _add_key(path: Path) -> str:
    async with open_database(path, PLAN) as database:
        return (await database.app.access.create(Scope.CALLER, project="*")).token


@pytest.mark.parametrize(("workers", "status"), [("1", 200), ("2", 404)])
def test_workers_of_another_server_refuse_sse(tmp_path: Path, workers: str, status: int) -> None:
    key = anyio.run(_add_key, tmp_path / "slotmcp.db")
    command = [sys.executable, "-m", "uvicorn", "--factory", "slotmcp.asgi:create_app", "--port", "0"]
    environment = {**os.environ, "SLOTMCP_DATABASE_URL": f"sqlite:///{tmp_path / 'slotmcp.db'}"}
    with subprocess.Popen(  # noqa: S603  uvicorn
        [*command, "--workers", workers], env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        lines = iter(process.stderr.readline, "")
        url = next(match[0] for line in lines if (match := re.search(r"http://127\.0\.0\.1:[0-9]+", line)))
        try:
            until(lambda: _is_ready(url), "it is ready", seconds=60)
            with httpx2.stream("GET", f"{url}/sse", headers=headers_of(key), timeout=60) as answer:
                assert answer.status_code == status
        finally:
            process.kill() if workers == "1" else process.terminate()
            process.communicate(timeout=60)


def _is_ready(url: str) -> bool:
    """Return whether a worker answers; before, the port refuses connections."""
    try:
        return httpx2.get(f"{url}/readyz", timeout=60).status_code == httpx2.codes.OK
    except httpx2.ConnectError:
        return False


async def check_that_sse_is_refused(server: HttpServer) -> None:
    """Check that several workers refuse SSE with the reason, and offer streamable HTTP."""
    async with httpx2.AsyncClient(base_url=server.url) as client:
        answers = [await client.get("/sse") for _ in range(6)]
        answers += [await client.get("/sse/"), await client.post("/messages/?session_id=1")]
    async with Client(f"{server.url}/mcp") as client:
        assert (await client.list_tools()).tools
    assert "SSE is off" in server.log
    assert {(answer.status_code, answer.json()["error"]) for answer in answers} == {(404, "no_sse")}
    assert "--workers 1" in answers[0].json()["message"]
