"""Services and technicians by name: the only one of that name is meant, and otherwise the similar ones are listed."""

from dataclasses import replace
from pathlib import Path

import pytest

from slotmcp.domain.catalog import ServiceType, Technician
from slotmcp.services.imports import ProjectPlan
from slotmcp.tools.gate import Toolset
from support.denver import PLAN, SUNDAY_NOON_MS
from support.server import Caller, open_caller

KIM = {"customerName": "Kim Doe", "customerPhone": "+1 303 555 0142"}
MONDAY_9 = "2026-11-23T09:00"


def technician(id_: str, name: str) -> Technician:
    return replace(PLAN.technicians[0], id=id_, name=name)


def plan(*technicians: Technician, services: tuple[ServiceType, ...] = PLAN.services) -> ProjectPlan:
    return replace(PLAN, technicians=technicians, services=services)


TEAM = (technician("t-1", "Ben Okafor"), technician("t-2", "Zoë Núñez"), technician("t-3", "Ben Ray"))


@pytest.mark.parametrize(
    ("text", "id_"),
    [
        ("Ben Okafor", "t-1"),
        ("ben  okafor", "t-1"),
        ("BEN OKAFOR ", "t-1"),
        ("Okafor", "t-1"),
        ("Okafor, Ben", "t-1"),
        ("zoe nunez", "t-2"),
        ("Zoe\u0308", "t-2"),
        ("T-2", "t-2"),
        ("t-3", "t-3"),
    ],
)
async def test_a_technician_is_found_by_name(tmp_path: Path, text: str, id_: str) -> None:
    async with open_caller(tmp_path / "shop.db", plan(*TEAM), now_ms=SUNDAY_NOON_MS) as caller:
        booked = await caller.call("book_slot", start=MONDAY_9, technicianId=text, **KIM)
        assert booked["booking"]["technicianId"] == id_


@pytest.mark.parametrize("text", ["AC repair", "ac REPAIR", "Ac-Repair", "ac  repair", "AC_REPAIR", "ac-repair"])
@pytest.mark.parametrize("tool", ["get_slots", "explain_slot"])
async def test_a_service_is_found_by_name(caller: Caller, tool: str, text: str) -> None:
    start = {} if tool == "get_slots" else {"start": MONDAY_9}
    answer = await caller.call(tool, serviceType=text, **start)
    assert answer.get("query", answer)["serviceType"] == "ac-repair"


async def test_a_service_is_found_by_its_spoken_name(tmp_path: Path) -> None:
    spoken = replace(PLAN.services[0], spoken={"es": "la reparación del aire"})
    shop = plan(*TEAM, services=(spoken, *PLAN.services[1:]))
    async with open_caller(tmp_path / "shop.db", shop, now_ms=SUNDAY_NOON_MS) as caller:
        answer = await caller.call("get_slots", serviceType="La reparacion del aire")
        assert answer["query"]["serviceType"] == spoken.id


async def test_a_name_of_several_technicians_is_refused_with_their_ids(tmp_path: Path) -> None:
    async with open_caller(tmp_path / "shop.db", plan(*TEAM), now_ms=SUNDAY_NOON_MS) as caller:
        error = await caller.expect_error("book_slot", start=MONDAY_9, technicianId="ben", **KIM)
        assert (error["code"], error["nearest"]) == ("not_found", ["t-1", "t-3"])
        assert "t-1 (Ben Okafor), t-3 (Ben Ray)" in error["fields"][0]["problem"]


@pytest.mark.parametrize(
    ("text", "first"), [("Ben Okafur", "t-1"), ("Zoe Nunes", "t-2"), ("xyzzy", "t-1"), ("%", "t-1")]
)
async def test_an_unknown_name_is_refused_with_the_nearest_and_all_of_a_few(
    tmp_path: Path, text: str, first: str
) -> None:
    async with open_caller(tmp_path / "shop.db", plan(*TEAM), now_ms=SUNDAY_NOON_MS) as caller:
        error = await caller.expect_error("get_slots", technicianId=text)
        assert error["nearest"][0] == first
        assert sorted(error["nearest"]) == ["t-1", "t-2", "t-3"]
        assert error["result"].startswith("I'm sorry, I can't find anyone by that name")


@pytest.mark.parametrize(("count", "listed"), [(12, 12), (13, 1)])
async def test_of_many_technicians_only_the_similar_ones_are_listed(tmp_path: Path, count: int, listed: int) -> None:
    team = [technician(f"t-{number}", chr(ord("a") + number) * 8) for number in range(count)]
    async with open_caller(tmp_path / "shop.db", plan(*team), now_ms=SUNDAY_NOON_MS) as caller:
        error = await caller.expect_error("get_slots", technicianId="ccccccccx")
        assert (error["nearest"][0], len(error["nearest"])) == ("t-2", listed)


async def test_a_retry_by_name_is_the_same_request_as_by_id(tmp_path: Path) -> None:
    async with open_caller(tmp_path / "shop.db", plan(*TEAM), now_ms=SUNDAY_NOON_MS) as caller:
        arguments = {"start": MONDAY_9, "idempotencyKey": "a key of this call", **KIM}
        first = await caller.call("book_slot", technicianId="t-1", **arguments)
        again = await caller.call("book_slot", technicianId="Ben Okafor", serviceType="AC repair", **arguments)
        assert again["replayed"]
        assert again["booking"]["bookingId"] == first["booking"]["bookingId"]


async def test_operators_name_technicians_too(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    async with open_caller(path, plan(*TEAM), now_ms=SUNDAY_NOON_MS, toolset=Toolset.OPERATOR) as operator:
        answer = await operator.call("set_technician_status", technicianId="zoe nunez", status="OFF")
        assert (answer["technicianId"], answer["status"]) == ("t-2", "off")
