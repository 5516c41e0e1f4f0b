"""Test of metrics during a database outage: a known key gets them at once, and no other."""

import asyncio
from pathlib import Path

import httpx2
import pytest

from slotmcp.asgi import HttpApp, ServeOptions
from slotmcp.bootstrap import open_app
from slotmcp.domain.access import Scope
from slotmcp.services import vitals
from slotmcp.settings import Settings
from slotmcp.telemetry.metrics import REGISTRY
from slotmcp.web import authentication
from support.denver import PLAN
from support.fleets import until
from support.http_server import call_of, headers_of
from support.postgres_proxy import proxied


def unavailable_calls() -> float:
    """Return how many calls of list_services this process has counted as unavailable."""
    labels = {"tool": "list_services", "outcome": "unavailable"}
    return REGISTRY.get_sample_value("slotmcp_tool_calls_total", labels) or 0


@pytest.mark.usefixtures("quiet_logging")
async def test_a_scrape_reports_a_database_outage(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vitals, "UPDATE_SECONDS", 0.05)
    monkeypatch.setattr(vitals, "CHECK_SECONDS", 0.2)
    monkeypatch.setattr(authentication, "AUTHENTICATION_TIMEOUT_SECONDS", 0.2)
    async with proxied(postgres_url, tmp_path) as (proxy, url):
        settings = Settings(database_url=url, database_timeout_seconds=1)
        async with open_app(settings) as app:
            await app.projects.import_project(PLAN, prune=False)
            key = (await app.access.create(Scope.OPERATOR, project="*")).token
        slotmcp = HttpApp(settings, ServeOptions())
        transport = httpx2.ASGITransport(app=slotmcp)
        async with slotmcp.running(), httpx2.AsyncClient(transport=transport, base_url="http://host") as client:

            async def says(sample: str) -> bool:
                async with asyncio.timeout(2):
                    response = await client.get("/metrics", headers=headers_of(key))
                assert response.status_code == 200
                return f'slotmcp_dependency_up{{dependency="database"}} {sample}' in response.text

            await until(lambda: says("1.0"))
            proxy.silence()
            await until(lambda: says("0.0"))
            assert (await client.get("/metrics", headers=headers_of(f"{key}x"))).status_code == 503
            before = unavailable_calls()
            call = await client.post("/mcp", json=call_of("list_services"), headers=headers_of(key))
            assert call.status_code == 503, "other requests fail while credentials cannot be checked"
            assert (call.json()["error"], call.json()["retryAfterMs"] > 0) == ("unavailable", True)
            assert int(call.headers["retry-after"]) * 1000 >= call.json()["retryAfterMs"]
            for body in (b'{"method":"tools/call","params":{"name":"nonsense"}}', b'{"method":"ping"}', b"[]", b"{"):
                other = await client.post("/mcp", content=body, headers=headers_of(key))
                assert other.status_code == 503
            counted = (await client.get("/metrics", headers=headers_of(key))).text
            assert unavailable_calls() == before + 1
            assert "nonsense" not in counted
            proxy.resume()
            await until(lambda: says("1.0"))
