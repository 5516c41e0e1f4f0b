"""Tests of completions: ids that a client can offer while a user types."""

from dataclasses import replace
from pathlib import Path

import pytest
from mcp import Client, MCPError
from mcp_types import INVALID_PARAMS, Completion, PromptReference, ResourceTemplateReference

from support.denver import AC_REPAIR, PLAN, SUNDAY_NOON_MS
from support.server import Caller, open_caller

PROMPT = PromptReference(name="phone_receptionist")
SERVICE = ResourceTemplateReference(uri="slotmcp://services/{projectId}/{serviceType}")
TECHNICIAN = ResourceTemplateReference(uri="slotmcp://technicians/{projectId}/{technicianId}")
Reference = PromptReference | ResourceTemplateReference


async def complete(caller: Caller, ref: Reference, name: str, value: str = "", **others: str) -> Completion:
    async with Client(caller.server) as client:
        return (await client.complete(ref, {"name": name, "value": value}, context_arguments=others)).completion


async def test_projects_services_technicians_and_locales_are_completed(operator: Caller) -> None:
    assert (await complete(operator, PROMPT, "projectId", "DEN")).values == ["denver-hvac"]
    assert (await complete(operator, SERVICE, "serviceType", "f")).values == ["furnace-check"]
    assert (await complete(operator, TECHNICIAN, "technicianId", "t-a")).values == ["t-ana"]
    assert (await complete(operator, PROMPT, "locale", "es")).values == ["es", "es-US"]


async def test_services_are_those_of_the_chosen_project(two_businesses: Caller) -> None:
    found = await complete(two_businesses, SERVICE, "serviceType", projectId="boulder-hvac")
    assert found.values == ["ac-repair", "furnace-check"]
    for project in ("", "nowhere"):
        assert (await complete(two_businesses, SERVICE, "serviceType", projectId=project)).values == []


async def test_at_most_100_values_are_returned_with_the_number_of_all(tmp_path: Path) -> None:
    services = tuple(replace(AC_REPAIR, id=f"s-{number}") for number in range(120))
    plan = replace(PLAN, services=services)
    async with open_caller(tmp_path / "many.db", plan, now_ms=SUNDAY_NOON_MS) as many:
        found = await complete(many, SERVICE, "serviceType", "s-")
        exactly = await complete(many, SERVICE, "serviceType", "s-1")
    assert (len(found.values), found.total, found.has_more) == (100, 120, True)
    assert (len(exactly.values), exactly.total, exactly.has_more) == (31, 31, False)


@pytest.mark.parametrize(
    ("ref", "name"),
    [
        (PROMPT, "language"),
        (PromptReference(name="unknown"), "projectId"),
        (ResourceTemplateReference(uri="slotmcp://unknown/{projectId}"), "projectId"),
        (TECHNICIAN, "technicianId"),
    ],
)
async def test_an_unknown_argument_is_refused(caller: Caller, ref: Reference, name: str) -> None:
    async with Client(caller.server) as client:
        with pytest.raises(MCPError, match="no such argument to complete") as refused:
            await client.complete(ref, {"name": name, "value": ""})
    assert refused.value.error.code == INVALID_PARAMS
