"""Tests of webhooks in special settings: PostgreSQL, mounted, two secrets, two servers, and an outage."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from slotmcp.asgi import HttpApp, ServeOptions
from slotmcp.bootstrap import open_app
from slotmcp.settings import Settings
from support.calcom.live import VARIABLES, business, days_ahead, state
from support.calcom.office import ANA_VISIT, ATTENDEE, CONNECTION
from support.calcom.server import SECRET, FakeCalcom
from support.calcom.wire import Message
from support.http_server import running
from support.postgres_proxy import proxied

NEW_SECRET = "the secret after it"  # noqa: S105  of the tests
TWO = replace(CONNECTION, webhook_secret_envs=("SECRET", "NEW_SECRET"))

pytestmark = pytest.mark.usefixtures("quiet_logging")


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Environment variables that the project file names."""
    for name, value in {**VARIABLES, "NEW_SECRET": NEW_SECRET}.items():
        monkeypatch.setenv(name, value)


@asynccontextmanager
async def served(url: str, *, under: str = "") -> AsyncIterator[httpx2.AsyncClient]:
    """Client of a server's webhooks, over a database with the project."""
    settings = Settings(database_url=url, calcom_sync_seconds=0, database_timeout_seconds=1)
    async with open_app(settings) as app:
        await app.projects.import_project(business(calcom=TWO), prune=False)
    slotmcp = HttpApp(settings, ServeOptions())
    host = Starlette(routes=[Mount(under, app=slotmcp)]) if under else slotmcp
    transport = httpx2.ASGITransport(app=host)
    async with running(slotmcp), httpx2.AsyncClient(transport=transport, base_url=f"http://host{under}/") as client:
        yield client


async def post(client: httpx2.AsyncClient, delivery: Message, project: str = "shop") -> httpx2.Response:
    headers = {"X-Cal-Signature-256": delivery.signature}
    return await client.post(f"webhooks/calcom/{project}", content=delivery.body, headers=headers)


def booked(days: int = 2) -> Message:
    calcom = FakeCalcom(state())
    calcom.state.on_change = calcom.send_booking
    calcom.state.book(ANA_VISIT, days_ahead(days), ATTENDEE)
    return calcom.messages.pop()


def again(delivery: Message, secret: str, **payload: Any) -> Message:  # noqa: ANN401  of any JSON
    """Return the same delivery with other content, signed with another secret."""
    content = json.loads(delivery.body)
    return Message.of({**content, "payload": {**content["payload"], **payload}}, secret)


async def test_text_that_no_database_can_store_is_refused_with_an_explanation(postgres_url: str) -> None:
    async with served(postgres_url) as client:
        nobodys = await post(client, booked(), "%00")
        for unfit in ("a\0b", "\0", "a\nb"):
            answer = await post(client, again(booked(), SECRET, uid=unfit))
            assert (answer.status_code, answer.json()["error"]) == (400, "unreadable"), unfit
        assert (nobodys.status_code, nobodys.json()["error"]) == (401, "unsigned")
        assert (await post(client, booked())).json() == {"status": "applied"}


async def test_both_secrets_are_accepted_during_a_rotation(tmp_path: Path) -> None:
    async with served(f"sqlite:///{tmp_path / 'slotmcp.db'}") as client:
        answers = [
            (await post(client, again(booked(days), secret))).status_code
            for days, secret in enumerate((SECRET, NEW_SECRET, "a third", ""), start=2)
        ]
    assert answers == [200, 200, 401, 401]


async def test_a_mounted_app_accepts_deliveries_below_its_path(tmp_path: Path) -> None:
    async with served(f"sqlite:///{tmp_path / 'slotmcp.db'}", under="/booking") as client:
        assert (await post(client, booked())).json() == {"status": "applied"}


async def test_the_same_delivery_on_two_servers_takes_effect_once(postgres_url: str) -> None:
    delivery = booked()
    async with served(postgres_url) as one, served(postgres_url) as other:
        answers = await asyncio.gather(*(post(client, delivery) for client in (one, other) for _ in range(4)))
    assert sorted(answer.json()["status"] for answer in answers) == ["applied", *["known"] * 7]


async def test_a_database_outage_is_reported_with_a_retry_time(postgres_url: str, tmp_path: Path) -> None:
    delivery = booked()
    async with proxied(postgres_url, tmp_path) as (proxy, url), served(url) as client:
        proxy.silence()
        away = await post(client, delivery)
        proxy.resume()
        back = await post(client, delivery)
    assert (away.status_code, away.json()["error"]) == (503, "unavailable")
    assert int(away.headers["retry-after"]) >= 1
    assert back.json() == {"status": "applied"}, "and nothing of it was taken before"
