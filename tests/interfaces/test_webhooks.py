"""Tests of Cal.com webhooks over HTTP."""

import os
from collections.abc import Iterator
from pathlib import Path

import anyio
import httpx2
import pytest

from support.calcom.live import VARIABLES, business, days_ahead, state
from support.calcom.office import ANA_VISIT, ATTENDEE, UNKNOWN_HOST_VISIT
from support.calcom.server import SECRET, FakeCalcom, run_fake_calcom
from support.calcom.state import CalcomState
from support.calcom.wire import Message
from support.fleets import until
from support.http_server import HttpServer, body_in, call_of, headers_of, serving, write_database

NEVER = "0"


@pytest.fixture(scope="module")
def calcom() -> Iterator[FakeCalcom]:
    with run_fake_calcom(state()) as calcom:
        calcom.state.allows_overlaps = True
        yield calcom


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("webhooks") / "slotmcp.db"
    anyio.run(write_database, made, business(), business(id="other", calcom=None))
    return made


@pytest.fixture(scope="module")
def server(path: Path, calcom: FakeCalcom) -> Iterator[HttpServer]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in VARIABLES.items():
            patch.setitem(os.environ, name, value)
        options = {"calcom_url": calcom.url, "calcom_sync_seconds": NEVER, "max_body_bytes": "20000"}
        with serving(path, log_level="debug", **options) as opened:
            yield opened


def message(calcom: FakeCalcom, days: int, kind: int = ANA_VISIT) -> Message:
    calcom.state.book(kind, days_ahead(days), ATTENDEE)
    return calcom.messages.pop()


async def post(server: HttpServer, delivery: Message, project: str = "shop", **headers: str) -> httpx2.Response:
    extra = {name.replace("_", "-"): value for name, value in headers.items()}
    headers = {"X-Cal-Signature-256": delivery.signature, **extra}
    async with httpx2.AsyncClient() as client:
        return await client.post(f"{server.url}/webhooks/calcom/{project}", content=delivery.body, headers=headers)


async def capacity(server: HttpServer, days: int) -> int:
    start = days_ahead(days)
    seconds_by_name = {"from": start * 60, "to": (start + 1) * 60}
    arguments = {name: _rfc3339(seconds) for name, seconds in seconds_by_name.items()}
    answer = body_in(await server.post(call_of("get_slots", projectId="shop", serviceType="visit", **arguments)))
    return sum(slot["capacity"] for slot in answer["slots"])


def _rfc3339(seconds: int) -> str:
    from datetime import UTC, datetime  # noqa: PLC0415

    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


async def test_a_booking_in_the_calendar_is_in_the_next_response(server: HttpServer, calcom: FakeCalcom) -> None:
    assert await capacity(server, 2) == 2
    delivery = message(calcom, 2)
    answer = await post(server, delivery)
    assert (answer.status_code, answer.json()) == (200, {"status": "applied"})
    assert await capacity(server, 2) == 1
    again = await post(server, delivery)
    assert (again.status_code, again.json()) == (200, {"status": "known"})


@pytest.mark.parametrize("signature", ["", "no-secret-provided", "0" * 64])
async def test_an_unsigned_delivery_is_refused(server: HttpServer, calcom: FakeCalcom, signature: str) -> None:
    delivery = message(calcom, 3)
    answer = await post(server, Message(delivery.body, signature))
    assert (answer.status_code, answer.json()["error"]) == (401, "unsigned")
    assert await capacity(server, 3) == 2


@pytest.mark.parametrize("project", ["other", "nothing"])
async def test_an_unconnected_project_is_reported_as_unknown(
    server: HttpServer, calcom: FakeCalcom, project: str
) -> None:
    answer = await post(server, message(calcom, 4), project)
    assert (answer.status_code, answer.json()["error"]) == (401, "unsigned")
    assert await capacity(server, 4) == 2


async def test_the_signature_is_checked_before_the_body_is_parsed(server: HttpServer) -> None:
    assert (await post(server, Message(b"{nonsense", "0" * 64))).status_code == 401
    assert (await post(server, Message.of({"payload": 1}, SECRET))).status_code == 200, "an unknown trigger"
    response = await post(server, Message.of({"triggerEvent": "BOOKING_CREATED", "payload": {"uid": "u"}}, SECRET))
    assert (response.status_code, response.json()["error"]) == (400, "unreadable")


async def test_a_ping_and_an_unknown_host_are_acknowledged(server: HttpServer, calcom: FakeCalcom) -> None:
    ping = Message.of(
        {"triggerEvent": "PING", "createdAt": "2026-01-01T00:00:00Z", "payload": {"type": "Test"}}, SECRET
    )
    assert (await post(server, ping)).json() == {"status": "ignored"}
    assert (await post(server, message(calcom, 5, UNKNOWN_HOST_VISIT))).json() == {"status": "parked"}


async def test_a_delivery_that_is_too_large_is_refused(server: HttpServer) -> None:
    assert (await post(server, Message.of({"payload": "x" * 30_000}, SECRET))).status_code == 413


async def test_any_project_id_but_only_post_is_accepted(server: HttpServer, calcom: FakeCalcom) -> None:
    response = await post(
        server, message(calcom, 6), Host="calendar.example.com", Origin="https://elsewhere.example.com"
    )
    assert response.status_code == 200
    async with httpx2.AsyncClient() as client:
        assert (await client.get(f"{server.url}/webhooks/calcom/shop")).status_code == 405


async def test_deliveries_are_counted_by_outcome_and_not_by_project(server: HttpServer, calcom: FakeCalcom) -> None:
    delivery = message(calcom, 9)
    await post(server, delivery)
    await post(server, Message(delivery.body, ""))
    async with httpx2.AsyncClient() as client:
        metrics = (await client.get(f"{server.url}/metrics", headers=headers_of())).text
    assert 'slotmcp_webhook_deliveries_total{outcome="applied"}' in metrics
    assert 'slotmcp_webhook_deliveries_total{outcome="unsigned"}' in metrics
    assert 'slotmcp_http_requests_total{route="/webhooks/calcom/{project}",status="200"}' in metrics
    assert "calcom/shop" not in metrics


def test_deliveries_are_logged_without_customers_and_secrets(tmp_path: Path) -> None:
    made = tmp_path / "slotmcp.db"
    anyio.run(write_database, made, business())

    async def use(server: HttpServer, calcom: FakeCalcom) -> None:
        await post(server, message(calcom, 7))
        await post(server, Message.of({"triggerEvent": "BOOKING_CREATED", "payload": {"uid": ATTENDEE}}, SECRET))
        await until_pushed(calcom.state)

    async def until_pushed(there: CalcomState) -> None:
        async def is_pushed() -> bool:
            return any(one.metadata for one in there.live())

        await until(is_pushed)

    with run_fake_calcom(state()) as calcom, pytest.MonkeyPatch.context() as patch:
        for name, value in VARIABLES.items():
            patch.setitem(os.environ, name, value)
        with serving(made, log_level="debug", calcom_url=calcom.url) as server:
            anyio.run(book, server, 8)
            anyio.run(use, server, calcom)
            _, log = server.stop()
    assert "book_slot" in log, "it does log"
    personal = [*VARIABLES.values(), "Kim", "3035550142", "kim@example", "Kim@Example"]
    assert [word for word in personal if word in log] == []


async def book(server: HttpServer, days: int) -> None:
    start = _rfc3339(days_ahead(days) * 60)
    request = {"projectId": "shop", "serviceType": "visit", "start": start, "technicianId": "ana"}
    answer = await server.post(call_of("book_slot", customerName="Kim Doe", customerPhone="+1 303 555 0142", **request))
    assert body_in(answer)["booking"]["status"] == "confirmed"


async def test_a_running_server_pushes_and_reconciles(tmp_path: Path) -> None:
    made = tmp_path / "slotmcp.db"
    await write_database(made, business())
    with run_fake_calcom(state()) as calcom, pytest.MonkeyPatch.context() as patch:
        for name, value in VARIABLES.items():
            patch.setitem(os.environ, name, value)
        calcom.state.book(ANA_VISIT, days_ahead(3), ATTENDEE)
        with serving(made, calcom_url=calcom.url) as server:
            await book(server, 2)

            async def agree() -> bool:
                is_pushed = any(one.metadata for one in calcom.state.live())
                return is_pushed and await capacity(server, 3) == 1

            await until(agree)


async def test_several_workers_push_each_booking_once(tmp_path: Path) -> None:
    made = tmp_path / "slotmcp.db"
    await write_database(made, business())
    with run_fake_calcom(state()) as calcom, pytest.MonkeyPatch.context() as patch:
        for name, value in VARIABLES.items():
            patch.setitem(os.environ, name, value)
        with serving(made, "--workers", "2", calcom_url=calcom.url) as server:
            for days in (2, 3, 4, 5):
                await book(server, days)

            async def all_are_pushed() -> bool:
                return len(calcom.state.live()) == 4

            await until(all_are_pushed)
        assert len(calcom.state.bookings) == 4
