"""Tests of the prompt phone_receptionist."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, MCPError
from mcp_types import INTERNAL_ERROR, INVALID_PARAMS, TextContent

from slotmcp.domain.access import LOCAL, CallId
from slotmcp.domain.booking_rules import ServiceArea
from slotmcp.domain.catalog import TravelMode, TravelPolicy, Wording
from slotmcp.ports import Rate
from slotmcp.services.imports import ProjectPlan
from slotmcp.tools.gate import CallGate, CallRateLimits
from slotmcp.tools.receptionist import LANGUAGES, MAX_CHARACTERS, receptionist_prompt
from slotmcp.tools.server import CALLER_TOOLS, create_server
from slotmcp.tools.service_views import shorten
from slotmcp.tools.speech.locales import LOCALES
from support.denver import AC_REPAIR, PLAN, SUNDAY_NOON_MS
from support.priced import PRICED, PRICED_PLAN
from support.server import Caller, open_caller

PROMPT = "phone_receptionist"


async def read(caller: Caller, **arguments: str) -> str:
    """Return the text of the prompt."""
    async with Client(caller.server) as client:
        (message,) = (await client.get_prompt(PROMPT, arguments)).messages
    assert message.role == "user"
    assert isinstance(message.content, TextContent)
    return message.content.text


async def read_of(path: Path, plan: ProjectPlan, *, is_read_only: bool = False, is_dated: bool = True) -> str:
    """Return the text for a business."""
    async with open_caller(path / "business.db", plan, now_ms=SUNDAY_NOON_MS) as opened:
        answer = await opened.app.projects.list_services(None)
    return receptionist_prompt(answer, is_read_only=is_read_only, is_dated=is_dated)


def with_project(**changes: Any) -> ProjectPlan:  # noqa: ANN401  fields of a project
    return replace(PLAN, project=replace(PLAN.project, **changes))


async def test_the_prompt_has_the_business_the_date_and_the_hours(caller: Caller) -> None:
    text = await read(caller)
    assert text.startswith("You are the receptionist of Front Range Heating & Air")
    assert "Today is Sunday, November 22, 2026, in the time zone America/Denver." in text
    assert "Usual hours: Monday to Friday 08:00-12:00 and 13:00-17:00; Saturday to Sunday closed." in text
    assert 'AC repair: serviceType "ac-repair", 60 minutes.' in text
    assert 'Pass the projectId "denver-hvac" in every tool call.' in text


async def test_the_prompt_has_every_rule_of_the_instructions_and_names_only_existing_tools(caller: Caller) -> None:
    text, instructions = await read(caller), caller.server.instructions or ""
    assert set(instructions.splitlines()[1:]) <= set(text.splitlines())
    named = {tool.name for tool in CALLER_TOOLS if tool.name in text}
    assert named >= {"list_services", "get_slots", "create_hold", "book_slot", "find_bookings", "join_waitlist"}


@pytest.mark.parametrize(
    ("locale", "language", "sentence"),
    [
        ("", "American English", "One moment, please. I'm looking at the calendar."),
        ("es", "Spanish", "Un momento, por favor. Estoy mirando la agenda."),
        ("fr", "French", "Un instant, s'il vous pla\u00eet. Je regarde le planning."),
        ("de-AT", "German", "Einen Moment, bitte. Ich sehe im Kalender nach."),
        ("pt-BR", "American English", "There are no sentences in pt-BR"),
    ],
)
async def test_the_prompt_names_the_language_and_has_sentences_in_it(
    caller: Caller, locale: str, language: str, sentence: str
) -> None:
    text = await read(caller, locale=locale)
    assert f"Speak {language}, and pass the locale" in text
    assert sentence in text


def test_every_locale_has_the_name_of_its_language() -> None:
    assert tuple(LANGUAGES) == LOCALES


async def test_services_have_their_guidance(tmp_path: Path) -> None:
    assert PRICED.guidance in await read_of(tmp_path, PRICED_PLAN)


async def test_days_with_other_hours_are_named_unless_the_text_is_undated(tmp_path: Path) -> None:
    plan = with_project(holiday_regions=("US",))
    text = await read_of(tmp_path, plan)
    assert "Other hours: Thursday, November 26, 2026 closed." in text
    undated = await read_of(tmp_path / "..", plan, is_dated=False)
    assert "2026" not in undated
    assert "it has today's date" in undated


async def test_the_prompt_is_bounded_for_a_business_with_200_services(tmp_path: Path) -> None:
    services = [
        replace(AC_REPAIR, id=f"{number:03}-{'x' * 60}", name="Long name " * 50, guidance="What callers say.\n\n" * 100)
        for number in range(200)
    ]
    text = await read_of(tmp_path, replace(with_project(name="Business " * 100), services=tuple(services)))
    assert 0.9 * MAX_CHARACTERS < len(text) <= MAX_CHARACTERS
    listed = text.count('serviceType "')
    assert listed > 5
    assert f"And {200 - listed} more: list_services has them." in text


def test_a_long_text_without_spaces_keeps_its_beginning() -> None:
    assert shorten("春" * 81, 80) == f"{'春' * 79}…"
    assert shorten("one two three", 9) == "one two…"


async def test_rules_of_the_business_add_their_lines(tmp_path: Path) -> None:
    lines = {
        "Ask for the postal code": with_project(areas=(ServiceArea(id="all", postal_codes=("80202",)),)),
        "coordinates of the address": with_project(travel=TravelPolicy(mode=TravelMode.ESTIMATED)),
    }
    usual = await read_of(tmp_path, PLAN)
    assert "Ask for the address of the visit" in usual
    for number, (line, plan) in enumerate(lines.items()):
        (tmp_path / str(number)).mkdir()
        assert line in await read_of(tmp_path / str(number), plan)
        assert line not in usual
    (tmp_path / "clinic").mkdir()
    assert "address of the visit" not in await read_of(tmp_path / "clinic", with_project(wording=Wording.APPOINTMENT))


async def test_a_read_only_server_says_that_it_cannot_book(caller: Caller) -> None:
    async with Client(create_server(caller.app, read_only=True)) as client:
        assert "only reads" in str((await client.get_prompt(PROMPT)).messages)
    assert "only reads" not in await read(caller)


async def test_one_of_several_projects_must_be_named(two_businesses: Caller) -> None:
    async with Client(two_businesses.server) as client:
        with pytest.raises(MCPError, match="name one of the projects: boulder-hvac, denver-hvac") as refused:
            await client.get_prompt(PROMPT)
    assert refused.value.error.code == INVALID_PARAMS
    assert "Boulder Heating" in await read(two_businesses, projectId="boulder-hvac")


@pytest.mark.parametrize(
    ("name", "arguments", "problem"),
    [
        ("Kim, 303 555 0142", {}, "There is no such prompt"),
        (PROMPT, {"language": "es"}, "takes only these arguments: projectId, locale"),
        (PROMPT, {"projectId": "nowhere"}, "denver-hvac"),
        (PROMPT, {"locale": "x" * 100}, "locale: "),
    ],
)
async def test_a_wrong_request_is_refused_and_not_logged_as_a_failure(
    caller: Caller, caplog: pytest.LogCaptureFixture, name: str, arguments: dict[str, str], problem: str
) -> None:
    for mode in ("auto", "legacy"):
        async with Client(caller.server, mode=mode) as client:
            assert [prompt.name for prompt in (await client.list_prompts()).prompts] == [PROMPT]
            with pytest.raises(MCPError, match=problem) as refused:
                await client.get_prompt(name, arguments)
        assert refused.value.error.code == INVALID_PARAMS
    assert [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING] == []


async def test_prompts_count_against_the_rate_of_a_phone_call(caller: Caller) -> None:
    limits = CallRateLimits(limits=caller.app.limits, per_credential=None, per_call_id=Rate(per_minute=2))
    gate = CallGate(default_principal=LOCAL.within(CallId("x-call-id", "call-1")), rate_limits=limits)
    async with Client(create_server(caller.app, gate=gate)) as client:
        await client.get_prompt(PROMPT)
        await client.read_resource("slotmcp://hours/denver-hvac")
        with pytest.raises(MCPError, match="Too many calls") as refused:
            await client.get_prompt(PROMPT)
    assert refused.value.error.code == INTERNAL_ERROR
