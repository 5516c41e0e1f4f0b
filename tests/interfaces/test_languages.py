"""Tests of languages: every tool uses the caller's language, or notes that it cannot."""

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from mcp import Client

from slotmcp.tools.speech.locales import LOCALES
from support.denver import PLAN, SUNDAY_NOON_MS
from support.server import Body, Caller, open_caller

MONDAY_9 = "2026-11-23T09:00"
AT_9 = {
    "en-US": "tomorrow at 9 in the morning",
    "en-GB": "tomorrow at 9 in the morning",
    "es": "mañana a las 9 de la mañana",
    "es-US": "mañana a las 9 de la mañana",
    "fr": "demain à 9 heures",
    "de": "morgen um 9 Uhr",
}
SORRY = re.compile(r"\b(I'm sorry|Lo siento|Désolé|leider|Es tut mir leid)\b")
HASH = "c7a1f93e05b24d68"
MACHINE_TALK = re.compile(r"[{}]|T\d\d:|\dZ\b|\d:\d\d:\d\d|\bt-[a-z]+|\bac-repair\b|\bdenver-hvac\b|[0-9A-Z]{20}")


@pytest.fixture
async def spanish_caller(tmp_path: Path) -> AsyncIterator[Caller]:
    plan = replace(PLAN, project=replace(PLAN.project, locale="es-MX"))
    async with open_caller(tmp_path / "es.db", plan, now_ms=SUNDAY_NOON_MS) as opened:
        yield opened


async def expect_error(caller: Caller, tool: str, /, **arguments: object) -> Body:
    """Return the response of a call that must fail."""
    async with Client(caller.server) as client:
        result = await client.call_tool(tool, dict(arguments))
    assert result.is_error
    body: Mapping[str, object] = result.structured_content or {}
    return body


async def call_all(caller: Caller, locale: str) -> list[Body]:
    """Make a complete call, and return each response."""
    start = {"start": MONDAY_9, "locale": locale}
    hold = await caller.call("create_hold", customerHash="c-1", **start)
    other = await caller.call("create_hold", customerHash="c-2", **start)
    return [
        await caller.call("list_services", locale=locale),
        await caller.call("get_slots", locale=locale),
        await caller.call("get_slots", locale=locale, **{"from": "2026-11-24T23:00", "to": "2026-11-24T23:30"}),
        hold,
        await caller.call("release_hold", holdToken=other["holdToken"], locale=locale),
        await caller.call("release_hold", holdToken=other["holdToken"], locale=locale),
        await caller.call(
            "book_slot", holdToken=hold["holdToken"], customerName="Jo", customerPhone="303 555 0100", locale=locale
        ),
        await caller.call("release_hold", holdToken=hold["holdToken"], locale=locale),
    ]


@pytest.mark.parametrize("locale", LOCALES)
async def test_a_complete_call_is_in_the_requested_language(caller: Caller, locale: str) -> None:
    answers = await call_all(caller, locale)
    assert AT_9[locale] in answers[3]["result"]
    assert AT_9[locale] in answers[6]["result"]
    for answer in answers:
        assert not MACHINE_TALK.search(answer["result"]), answer["result"]
        assert "note" not in answer


async def test_no_sentence_of_a_foreign_language_call_is_english(caller: Caller, spanish_caller: Caller) -> None:
    english = {answer["result"] for answer in await call_all(caller, "en-US")}
    spanish = {answer["result"] for answer in await call_all(spanish_caller, "")}
    assert english & spanish == set()
    assert len(english) == len(spanish) == 8


@pytest.mark.parametrize("locale", LOCALES)
async def test_refusals_are_in_the_requested_language(caller: Caller, locale: str) -> None:
    for number in range(3):
        await caller.call("create_hold", customerHash=HASH, start=f"2026-11-23T{9 + number:02}:00")
    bodies = [
        await expect_error(caller, "create_hold", customerHash=HASH, start="2026-11-24T09:00", locale=locale),
        await expect_error(caller, "create_hold", customerHash="c-2", start="2026-11-22T23:00", locale=locale),
        await expect_error(
            caller, "book_slot", holdToken="gone", customerName="Jo", customerEmail="jo@example.com", locale=locale
        ),
        await expect_error(caller, "get_slots", serviceType="plumbing", locale=locale),
        await expect_error(caller, "get_slots", limit=-1, locale=locale),
    ]
    codes = [body["error"]["code"] for body in bodies]
    assert codes == ["hold_limit", "slot_unavailable", "hold_expired", "not_found", "invalid_argument"]
    assert all(SORRY.search(body["result"]) for body in bodies[1:]), bodies


async def test_refusals_default_to_the_language_of_the_business(spanish_caller: Caller) -> None:
    await spanish_caller.call("list_services")
    bodies = [
        await expect_error(spanish_caller, "create_hold", customerHash="c-2", start="2026-11-22T23:00"),
        await expect_error(spanish_caller, "get_slots", limit=-1),
        await expect_error(spanish_caller, "get_slots", projectId="denver-hvac", limit=-1),
    ]
    assert all(body["result"].startswith("Lo siento") for body in bodies)
    assert bodies[1]["error"]["fields"][0]["problem"] == "must be a whole number from 1 to 100."


async def test_labels_and_assignment_reasons_follow_the_language(spanish_caller: Caller) -> None:
    slots = await spanish_caller.call("get_slots", **{"from": MONDAY_9, "to": "2026-11-23T09:15"})
    assert slots["slots"][0]["label"] == "lunes, 23 de noviembre, 9:00"
    assert slots["query"]["today"] == "domingo, 22 de noviembre de 2026"
    booked = await spanish_caller.call("book_slot", start=MONDAY_9, customerName="Jo", customerPhone="303 555 0100")
    assert booked["booking"]["assignmentReason"].startswith("De las 2 personas disponibles, la primera es Ana: ")


@pytest.mark.parametrize(("requested", "used"), [("pt-BR", "es-US"), ("fr-CA", "fr"), ("gibberish!", "es-US")])
async def test_an_unsupported_language_is_noted_in_every_response(
    spanish_caller: Caller, requested: str, used: str
) -> None:
    for answer in await call_all(spanish_caller, requested):
        assert answer["note"].startswith("There are no sentences in ")
        assert f"so these are in {used}." in answer["note"]


async def test_every_tool_that_speaks_to_callers_takes_a_locale(caller: Caller) -> None:
    async with Client(caller.server) as client:
        tools = (await client.list_tools()).tools
    assert [tool.name for tool in tools if "locale" not in tool.input_schema["properties"]] == []


async def test_the_callers_zone_is_named_if_it_is_not_the_businesss(caller: Caller) -> None:
    foreign = await caller.call(
        "get_slots", timezone="America/New_York", **{"from": "2026-11-23T11:00", "to": "2026-11-23T11:15"}
    )
    assert foreign["result"] == "I have tomorrow at 11 in the morning New York time. Does that work?"
    local = await caller.call("get_slots", timezone="America/Denver", **{"from": MONDAY_9, "to": "2026-11-23T09:15"})
    assert local["result"] == "I have tomorrow at 9 in the morning. Does that work?"
