"""Every tool speaks the caller's language, and says so where it cannot."""

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from mcp import Client

from slotmcp.tools.speech.voice import LOCALES
from support.denver import PLAN, SUNDAY_NOON_MS
from support.server import Body, Desk, open_desk

MONDAY_9 = "2026-11-23T09:00"
AT_9 = {
    "en-US": "tomorrow at 9 in the morning",
    "en-GB": "tomorrow at 9 in the morning",
    "es": "mañana a las 9 de la mañana",
    "fr": "demain à 9 heures",
    "de": "morgen um 9 Uhr vormittags",
}
DID_NOT_WORK = {
    "en-US": "That did not work",
    "en-GB": "That did not work",
    "es": "Eso no ha funcionado",
    "fr": "Cela n'a pas fonctionné",
    "de": "Das hat nicht geklappt",
}
MACHINE_TALK = re.compile(r"[{}]|T\d\d:|\dZ\b|\d:\d\d:\d\d|\bt-[a-z]+|\bac-repair\b|\bdenver-hvac\b|[0-9A-Z]{20}")


@pytest.fixture
async def spanish_desk(tmp_path: Path) -> AsyncIterator[Desk]:
    plan = replace(PLAN, project=replace(PLAN.project, locale="es-MX"))
    async with open_desk(tmp_path / "es.db", plan, now_ms=SUNDAY_NOON_MS) as opened:
        yield opened


async def refused(desk: Desk, tool: str, /, **arguments: object) -> Body:
    """A refusal in any language."""
    async with Client(desk.server) as client:
        result = await client.call_tool(tool, dict(arguments))
    assert result.is_error
    body: Mapping[str, object] = result.structured_content or {}
    return body


async def call_all(desk: Desk, locale: str) -> list[Body]:
    """A call from beginning to end, each answer in a language."""
    start = {"start": MONDAY_9, "locale": locale}
    hold = await desk.ask("create_hold", customerHash="c-1", **start)
    other = await desk.ask("create_hold", customerHash="c-2", **start)
    return [
        await desk.ask("list_services", locale=locale),
        await desk.ask("get_slots", locale=locale),
        await desk.ask("get_slots", locale=locale, **{"from": "2026-11-24T23:00", "to": "2026-11-24T23:30"}),
        hold,
        await desk.ask("release_hold", holdToken=other["holdToken"], locale=locale),
        await desk.ask("release_hold", holdToken=other["holdToken"], locale=locale),
        await desk.ask(
            "book_slot", holdToken=hold["holdToken"], customerName="Jo", customerPhone="303 555 0100", locale=locale
        ),
        await desk.ask("release_hold", holdToken=hold["holdToken"], locale=locale),
    ]


@pytest.mark.parametrize("locale", LOCALES)
async def test_a_complete_call_is_in_the_requested_language(desk: Desk, locale: str) -> None:
    answers = await call_all(desk, locale)
    assert AT_9[locale] in answers[3]["result"]
    assert AT_9[locale] in answers[6]["result"]
    for answer in answers:
        assert not MACHINE_TALK.search(answer["result"]), answer["result"]
        assert "note" not in answer


async def test_no_sentence_of_a_foreign_language_call_is_english(desk: Desk, spanish_desk: Desk) -> None:
    english = {answer["result"] for answer in await call_all(desk, "en-US")}
    spanish = {answer["result"] for answer in await call_all(spanish_desk, "")}
    assert english & spanish == set()
    assert len(english) == len(spanish) == 8


@pytest.mark.parametrize("locale", LOCALES)
async def test_refusals_are_in_the_requested_language(desk: Desk, locale: str) -> None:
    for number in range(3):
        await desk.ask("create_hold", customerHash="c-1", start=f"2026-11-23T{9 + number:02}:00")
    told = [
        await refused(desk, "create_hold", customerHash="c-1", start="2026-11-24T09:00", locale=locale),
        await refused(desk, "create_hold", customerHash="c-2", start="2026-11-22T23:00", locale=locale),
        await refused(
            desk, "book_slot", holdToken="gone", customerName="Jo", customerEmail="jo@example.com", locale=locale
        ),
        await refused(desk, "get_slots", serviceType="plumbing", locale=locale),
        await refused(desk, "get_slots", limit=-1, locale=locale),
    ]
    codes = [body["error"]["code"] for body in told]
    assert codes == ["hold_limit", "slot_unavailable", "hold_expired", "not_found", "invalid_argument"]
    for body in told:
        assert body["result"].startswith(DID_NOT_WORK[locale])


async def test_refusals_default_to_the_language_of_the_business(spanish_desk: Desk) -> None:
    await spanish_desk.ask("list_services")
    told = [
        await refused(spanish_desk, "create_hold", customerHash="c-2", start="2026-11-22T23:00"),
        await refused(spanish_desk, "get_slots", limit=-1),
        await refused(spanish_desk, "get_slots", projectId="denver-hvac", limit=-1),
    ]
    for body in told:
        assert body["result"].startswith(DID_NOT_WORK["es"])
    assert told[1]["error"]["fields"][0]["problem"] == "must be a whole number from 1 to 100."


async def test_labels_and_assignment_reasons_follow_the_language(spanish_desk: Desk) -> None:
    slots = await spanish_desk.ask("get_slots", **{"from": MONDAY_9, "to": "2026-11-23T09:15"})
    assert slots["slots"][0]["label"] == "lunes, 23 de noviembre, 9:00"
    assert slots["query"]["today"] == "domingo, 22 de noviembre de 2026"
    booked = await spanish_desk.ask("book_slot", start=MONDAY_9, customerName="Jo", customerPhone="303 555 0100")
    assert booked["booking"]["assignmentReason"].startswith("De las 2 personas disponibles, Ana es la primera por")


@pytest.mark.parametrize(("asked", "given"), [("pt-BR", "es"), ("fr-CA", "fr"), ("gibberish!", "es")])
async def test_an_unsupported_language_is_noted_in_every_response(spanish_desk: Desk, asked: str, given: str) -> None:
    for answer in await call_all(spanish_desk, asked):
        assert answer["note"].startswith("There are no sentences in ")
        assert f"so these are in {given}." in answer["note"]


async def test_every_tool_that_speaks_to_callers_takes_a_locale(desk: Desk) -> None:
    async with Client(desk.server) as client:
        tools = (await client.list_tools()).tools
    assert [tool.name for tool in tools if "locale" not in tool.input_schema["properties"]] == []


async def test_the_callers_zone_is_named_if_it_is_not_the_businesss(desk: Desk) -> None:
    there = await desk.ask(
        "get_slots", timezone="America/New_York", **{"from": "2026-11-23T11:00", "to": "2026-11-23T11:15"}
    )
    assert there["result"] == "I have tomorrow at 11 in the morning New York time. Does that suit you?"
    here = await desk.ask("get_slots", timezone="America/Denver", **{"from": MONDAY_9, "to": "2026-11-23T09:15"})
    assert here["result"] == "I have tomorrow at 9 in the morning. Does that suit you?"
