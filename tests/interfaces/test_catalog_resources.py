"""Tests of the resources of the catalog: services, hours, and for operators technicians."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from mcp import Client, MCPError
from mcp_types import INVALID_PARAMS, TextResourceContents

from slotmcp.tools.gate import Toolset
from support.denver import SUNDAY_NOON_MS
from support.priced import PRICED, PRICED_PLAN, SHOWN_QUESTIONS
from support.server import Caller, open_caller


@pytest.fixture
async def priced(tmp_path: Path) -> AsyncIterator[Caller]:
    """Operator of a business with a price, terms and questions."""
    path = tmp_path / "priced.db"
    async with open_caller(path, PRICED_PLAN, now_ms=SUNDAY_NOON_MS, toolset=Toolset.OPERATOR) as opened:
        yield opened


async def read(caller: Caller, path: str) -> dict[str, Any]:
    async with Client(caller.server) as client:
        (content,) = (await client.read_resource(f"slotmcp://{path}")).contents
    assert isinstance(content, TextResourceContents)
    assert content.mime_type == "application/json"
    body: dict[str, Any] = orjson.loads(content.text)
    return body


async def test_services_and_hours_are_those_of_list_services(priced: Caller) -> None:
    listed = await priced.call("list_services")
    services, hours = await read(priced, "services/denver-hvac"), await read(priced, "hours/denver-hvac")
    assert services == {key: listed[key] for key in ("projectId", "projectName", "defaultServiceType", "services")}
    assert hours == {
        key: listed[key] for key in ("projectId", "projectName", "timezone", "now", "today", "hours", "nextDays")
    }


async def test_one_service_is_shown_in_full(priced: Caller) -> None:
    service = await read(priced, f"services/denver-hvac/{PRICED.id}")
    assert (service["projectId"], service["serviceType"]) == ("denver-hvac", PRICED.id)
    assert (service["guidance"], service["terms"]) == (PRICED.guidance, PRICED.terms)
    assert service["questions"] == SHOWN_QUESTIONS


async def test_a_technician_is_as_in_list_technicians(priced: Caller) -> None:
    (listed, *_) = (await priced.call("list_technicians"))["technicians"]
    technician = await read(priced, f"technicians/denver-hvac/{listed['technicianId']}")
    assert technician == {"projectId": "denver-hvac", **listed}


@pytest.mark.parametrize(
    ("path", "nearest"),
    [
        ("services/nowhere", "denver-hvac"),
        ("hours/nowhere", "denver-hvac"),
        ("services/denver-hvac/ac", "ac-repair"),
        ("technicians/denver-hvac/t-an", "t-ana"),
    ],
)
async def test_an_unknown_id_is_refused_with_the_nearest(priced: Caller, path: str, nearest: str) -> None:
    async with Client(priced.server) as client:
        with pytest.raises(MCPError, match=nearest) as refused:
            await client.read_resource(f"slotmcp://{path}")
    assert refused.value.error.code == INVALID_PARAMS
