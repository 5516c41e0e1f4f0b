"""Tests of postal codes, areas and priorities over MCP: notes, fees, wrong values, and the sentences of refusals."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from mcp import Client

from slotmcp.domain.booking_rules import ServiceArea
from slotmcp.domain.catalog import Location
from slotmcp.services.traces import summarize_trace
from slotmcp.tools.gate import Toolset
from support.denver import ANA, BEN, PLAN, SUNDAY_NOON_MS
from support.server import Body, Caller, fields, open_caller

FEE: Final = "$45 trip charge"
CITY: Final = ServiceArea(id="city", postal_codes=("802*",), technician_ids=("t-ben",))
HILLS: Final = ServiceArea(id="hills", postal_codes=("80401..80499",), days=frozenset({1, 3}), fee=FEE)
HOME: Final = Location(39.74, -104.99)
BUSINESS: Final = replace(
    PLAN, project=replace(PLAN.project, areas=(CITY, HILLS)), technicians=(replace(ANA, home=HOME), BEN)
)
MONDAY, TUESDAY = "2026-11-23T09:00", "2026-11-24T09:00"
OTHERS: Final = (("Ann Poe", "+1 303 555 0188"), ("Bob Coe", "+1 303 555 0199"))
HASH: Final = "7Qx2vN9sKe4LmB1c"
CONTACT: Final = {"customerName": "Kim Doe", "customerPhone": "+1 303 555 0142"}


@pytest.fixture
async def caller(tmp_path: Path) -> AsyncIterator[Caller]:
    async with open_caller(tmp_path / "areas.db", BUSINESS, now_ms=SUNDAY_NOON_MS) as opened:
        yield opened


async def refusal(caller: Caller, tool: str, /, **arguments: object) -> Body:
    """Return the response of a call that must fail, in any language."""
    async with Client(caller.server) as client:
        result = await client.call_tool(tool, dict(arguments))
    assert result.is_error
    body: Mapping[str, Any] = result.structured_content or {}
    return body


async def test_a_search_without_a_postal_code_says_that_it_is_needed(caller: Caller) -> None:
    body = await caller.call("get_slots")
    assert body["note"] == (
        "Ask for the postal code: times depend on the area of the job, and create_hold and book_slot need postalCode."
    )
    assert body["slots"]
    assert "postalCode" not in body["query"]
    answered = await caller.call("get_slots", postalCode="80202")
    assert answered.get("note", "") == ""


async def test_the_query_shows_what_was_understood(caller: Caller) -> None:
    query = (await caller.call("get_slots", postalCode=" 80 202-1234", priority="Emergency"))["query"]
    assert (query["postalCode"], query["area"], query["priority"]) == ("80202", "city", "emergency")
    plain = (await caller.call("get_slots", postalCode="80401", priority="normal"))["query"]
    assert "priority" not in plain


@pytest.mark.parametrize(
    "given", [{"postalCode": 80202}, {"zip": "80202"}, {"zipCode": 80202}, {"postcode": "80202-1234"}]
)
async def test_other_names_and_numbers_are_accepted(caller: Caller, given: dict[str, object]) -> None:
    assert (await caller.call("get_slots", **given))["query"]["postalCode"] == "80202"


SAID: Final = f"For that area there's a fee: {FEE}."


async def test_the_fee_of_an_area_is_given_each_time_and_said_with_the_hold(caller: Caller) -> None:
    slots = await caller.call("get_slots", postalCode="80401", **{"from": "2026-11-24", "to": "2026-11-24"})
    hold = await caller.call("create_hold", start=TUESDAY, postalCode="80401", customerHash=HASH)
    later = await caller.call("create_hold", start="2026-11-24T09:30", postalCode="80401", customerHash=HASH)
    booked = await caller.call("book_slot", holdToken=later["holdToken"], **CONTACT)
    said = [(body["fee"], SAID in body["result"]) for body in (slots, hold, later, booked)]
    assert said == [(FEE, False), (FEE, True), (FEE, False), (FEE, False)]


async def test_the_fee_is_said_with_a_booking_that_was_not_held(caller: Caller) -> None:
    booked = await caller.call("book_slot", start=TUESDAY, postalCode="80401", **CONTACT)
    assert (booked["fee"], SAID in booked["result"]) == (FEE, True)
    held = {"start": "2026-11-24T13:00", "postalCode": "80401", "customerHash": HASH}
    assert SAID in (await caller.call("create_hold", **held))["result"]
    own = await caller.call("book_slot", customerName="Lee Roe", customerPhone="+1 303 555 0177", **held)
    assert (own["fee"], SAID in own["result"]) == (FEE, False)


async def test_the_fee_of_a_new_area_is_said_although_its_hold_replaces_another(caller: Caller) -> None:
    await caller.call("create_hold", start=TUESDAY, postalCode="80202", customerHash=HASH)
    other = await caller.call("create_hold", start=TUESDAY, postalCode="80401", customerHash=HASH)
    assert SAID in other["result"]


async def test_the_fee_is_said_with_an_offer_of_the_waitlist(caller: Caller) -> None:
    whole_day = {"postalCode": "80401"}
    customers = [{"customerName": name, "customerPhone": phone} for name, phone in OTHERS]
    booked = [await caller.call("book_slot", start=TUESDAY, **whole_day, **customer) for customer in customers]
    window = {"from": TUESDAY, "to": "2026-11-24T09:15"}
    waiting = await caller.call("join_waitlist", **whole_day, **window, **CONTACT)
    assert waiting["state"] == "waiting"
    freed = booked[0]["booking"]["bookingId"]
    await caller.call("cancel_booking", bookingId=freed, phone=customers[0]["customerPhone"])
    offered = await caller.call("join_waitlist", **whole_day, **window, **CONTACT)
    assert (offered["offer"]["fee"], SAID in offered["result"]) == (FEE, True)
    own = await caller.call("book_slot", holdToken=offered["offer"]["holdToken"], **CONTACT)
    assert SAID not in own["result"]


async def test_the_fee_of_another_place_is_said_with_a_move(caller: Caller) -> None:
    free = await caller.call("book_slot", start=MONDAY, postalCode="80202", **CONTACT)
    proof = {"bookingId": free["booking"]["bookingId"], "phone": CONTACT["customerPhone"]}
    assert "fee" not in (await caller.call("find_bookings", phone=CONTACT["customerPhone"]))["bookings"][0]
    request = {**proof, "start": TUESDAY, "postalCode": "80401"}
    moves = [await caller.call("reschedule_booking", **request) for _ in range(2)]
    assert [(one["fee"], SAID in one["result"], one["replayed"]) for one in moves] == [
        (FEE, True, False),
        (FEE, True, True),
    ]
    again = await caller.call("reschedule_booking", **proof, start="2026-11-24T13:00")
    assert (again["fee"], SAID in again["result"]) == (FEE, False)
    back = await caller.call("reschedule_booking", **proof, start=MONDAY, postalCode="80202")
    assert "fee" not in back


async def test_the_fee_of_a_move_is_said_once_with_its_hold(caller: Caller) -> None:
    free = await caller.call("book_slot", start=MONDAY, postalCode="80202", **CONTACT)
    proof = {"bookingId": free["booking"]["bookingId"], "phone": CONTACT["customerPhone"]}
    held = await caller.call("create_hold", **proof, start=TUESDAY, postalCode="80401")
    moved = await caller.call("reschedule_booking", **proof, holdToken=held["holdToken"], postalCode="80401")
    assert [(one["fee"], SAID in one["result"]) for one in (held, moved)] == [(FEE, True), (FEE, False)]


@pytest.mark.parametrize("toolset", [Toolset.CALLER, Toolset.OPERATOR])
async def test_the_fee_of_a_booking_is_shown_with_its_other_details(tmp_path: Path, toolset: Toolset) -> None:
    path = tmp_path / "fees.db"
    async with open_caller(path, BUSINESS, now_ms=SUNDAY_NOON_MS) as one:
        await one.call("book_slot", start=TUESDAY, postalCode="80401", **CONTACT)
    async with open_caller(path, now_ms=SUNDAY_NOON_MS, toolset=toolset) as another:
        (found,) = (await another.call("find_bookings", phone=CONTACT["customerPhone"]))["bookings"]
        assert ("fee" in found) == (toolset is Toolset.OPERATOR)


async def test_a_free_area_has_no_fee(caller: Caller) -> None:
    free = await caller.call("create_hold", start=MONDAY, postalCode="80202", customerHash="lee")
    assert "fee" not in free
    assert "fee" not in free["result"]


async def test_another_day_of_the_area_is_the_way_out(caller: Caller) -> None:
    slots = await caller.call("get_slots", postalCode="80401", **{"from": "2026-11-23", "to": "2026-11-23"})
    assert [reason["code"] for reason in slots["reasons"]] == ["area_day"]
    assert slots["nextFree"]["start"] == "2026-11-24T15:00:00Z"
    explained = await caller.call("explain_slot", start=MONDAY, postalCode="80401")
    assert {technician["code"] for technician in explained["technicians"]} == {"area_day"}
    assert [(opening["change"], opening["startLocal"]) for opening in explained["openings"]] == [
        ("other_day", "2026-11-24T09:00:00-07:00")
    ]


async def test_a_place_without_an_area_has_no_times(caller: Caller) -> None:
    body = await caller.call("get_slots", postalCode="99999")
    assert (body["slots"], [reason["code"] for reason in body["reasons"]]) == ([], ["outside_area"])
    assert "nextFree" not in body
    error = await caller.expect_error("create_hold", start=MONDAY, postalCode="99999")
    assert (error["code"], fields(error)) == ("invalid_argument", ["postalCode"])


OUTSIDE: Final = {
    "en-US": "I'm sorry, we don't come to that address, because it's outside our area.",
    "en-GB": "I'm sorry, we don't come to that address, because it's outside our area.",
    "es": "Lo siento, no vamos a esa dirección, porque está fuera de nuestra zona.",
    "es-US": "Lo siento, no vamos a esa dirección, porque está fuera de nuestra zona.",
    "fr": "Désolé, nous n'intervenons pas à cette adresse, car elle est hors de notre secteur.",
    "de": "Es tut mir leid, zu dieser Adresse kommen wir nicht, denn sie liegt außerhalb unseres Gebiets.",
}
WHICH_CODE: Final = {
    "en-US": "I'm sorry, I need the postal code of the address for that. What is it?",
    "en-GB": "I'm sorry, I need the postcode of the address for that. What is it?",
    "es": "Lo siento, para eso necesito el código postal de la dirección. ¿Cuál es?",
    "es-US": "Lo siento, para eso necesito el código postal de la dirección. ¿Cuál es?",
    "fr": "Désolé, il me faut pour cela le code postal de l'adresse. Quel est-il ?",
    "de": "Es tut mir leid, dafür brauche ich die Postleitzahl der Adresse. Wie lautet sie?",
}
FAILED: Final = {
    "en-US": "I'm sorry, that didn't work, and nothing was changed.",
    "en-GB": "I'm sorry, that didn't work, and nothing was changed.",
    "es": "Lo siento, no ha funcionado, y no se ha cambiado nada.",
    "es-US": "Lo siento, no funcionó, y no se cambió nada.",
    "fr": "Désolé, cela n'a pas fonctionné, et rien n'a changé.",
    "de": "Das hat leider nicht geklappt, und es wurde nichts geändert.",
}
NOT_A_CODE: Final = 'must be a postal code such as "80202".'
NOT_A_PRIORITY: Final = "must be one of normal, emergency."
NEEDED: Final = "is required: the area of the job decides who can come and on which days."
NOT_SERVED: Final = "this business serves no area with that postal code; nothing can be booked there."
TOO_FAR: Final = (
    "latitude and longitude are more than 500 km from every technician's home; check both, or leave both out."
)
CASES: Final[tuple[tuple[str, dict[str, object], str, str, Mapping[str, str]], ...]] = (
    # tool, changed arguments, field, problem, sentence
    ("get_slots", {"postalCode": "Denver"}, "postalCode", NOT_A_CODE, WHICH_CODE),
    ("get_slots", {"postalCode": "eight oh two oh two"}, "postalCode", NOT_A_CODE, WHICH_CODE),
    ("get_slots", {"postalCode": "80202; DROP TABLE"}, "postalCode", NOT_A_CODE, WHICH_CODE),
    ("get_slots", {"postalCode": "8"}, "postalCode", NOT_A_CODE, WHICH_CODE),
    ("get_slots", {"postalCode": "802*"}, "postalCode", NOT_A_CODE, WHICH_CODE),
    ("get_slots", {"postalCode": "80210..80219"}, "postalCode", NOT_A_CODE, WHICH_CODE),
    ("get_slots", {"postalCode": "8020\x072"}, "postalCode", "must not have control characters (U+0007).", WHICH_CODE),
    ("get_slots", {"postalCode": "8" * 13}, "postalCode", NOT_A_CODE, WHICH_CODE),
    ("get_slots", {"postalCode": "8" * 33}, "postalCode", "must be at most 32 characters long.", WHICH_CODE),
    ("get_slots", {"postalCode": ["80202"]}, "postalCode", "must be text.", WHICH_CODE),
    ("get_slots", {"postalCode": -80202}, "postalCode", "must be text.", WHICH_CODE),
    ("get_slots", {"postalCode": True}, "postalCode", "must be text.", WHICH_CODE),
    ("get_slots", {"priority": "urgent"}, "priority", NOT_A_PRIORITY, FAILED),
    ("get_slots", {"priority": 1}, "priority", NOT_A_PRIORITY, FAILED),
    ("get_slots", {"latitude": 48.85, "longitude": 2.35}, "latitude", TOO_FAR, OUTSIDE),
    ("get_slots", {"latitude": -104.99, "longitude": 39.74}, "latitude", "must be a number from -90 to 90.", FAILED),
    ("create_hold", {"postalCode": None}, "postalCode", NEEDED, WHICH_CODE),
    ("create_hold", {"postalCode": "99999"}, "postalCode", NOT_SERVED, OUTSIDE),
    ("create_hold", {"latitude": 39.74, "longitude": 104.99}, "latitude", TOO_FAR, OUTSIDE),
    ("create_hold", {"priority": "P1"}, "priority", NOT_A_PRIORITY, FAILED),
    ("book_slot", {"postalCode": None}, "postalCode", NEEDED, WHICH_CODE),
    ("book_slot", {"postalCode": "99999"}, "postalCode", NOT_SERVED, OUTSIDE),
    ("book_slot", {"latitude": 1, "longitude": 1}, "latitude", TOO_FAR, OUTSIDE),
    ("join_waitlist", {"postalCode": None}, "postalCode", NEEDED, WHICH_CODE),
    ("join_waitlist", {"postalCode": "99999"}, "postalCode", NOT_SERVED, OUTSIDE),
    ("join_waitlist", {"latitude": 1, "longitude": 1}, "latitude", TOO_FAR, OUTSIDE),
    ("explain_slot", {"postalCode": "?"}, "postalCode", NOT_A_CODE, WHICH_CODE),
    ("explain_slot", {"latitude": 1, "longitude": 1}, "latitude", TOO_FAR, OUTSIDE),
    ("reschedule_booking", {"postalCode": "somewhere"}, "postalCode", NOT_A_CODE, WHICH_CODE),
    ("update_booking", {"postalCode": "n/a"}, "postalCode", NOT_A_CODE, WHICH_CODE),
)
GOOD: Final[Mapping[str, dict[str, object]]] = {
    "get_slots": {},
    "create_hold": {"start": MONDAY, "postalCode": "80202", "customerHash": "kim"},
    "book_slot": {"start": MONDAY, "postalCode": "80202", **CONTACT},
    "join_waitlist": {"from": MONDAY, "to": TUESDAY, "postalCode": "80202", **CONTACT},
    "explain_slot": {"start": MONDAY, "postalCode": "80202"},
    "reschedule_booking": {"bookingId": "b", "start": MONDAY},
    "update_booking": {"bookingId": "b"},
}


@pytest.mark.parametrize(
    ("tool", "wrong", "field", "problem", "sentences"),
    [pytest.param(*case, id=f"{number}-{case[0]}-{case[2]}") for number, case in enumerate(CASES)],
)
async def test_a_wrong_argument_is_refused_with_a_sentence_in_each_language(  # noqa: PLR0913, PLR0917  a case
    caller: Caller, tool: str, wrong: dict[str, object], field: str, problem: str, sentences: Mapping[str, str]
) -> None:
    for locale, sentence in sentences.items():
        body = await refusal(caller, tool, **{**GOOD[tool], **wrong}, locale=locale)
        assert body["error"]["code"] == "invalid_argument"
        assert [(one["field"], one["problem"]) for one in body["error"]["fields"]] == [(field, problem)]
        assert body["result"] == sentence


async def test_a_contradiction_of_two_names_is_refused(caller: Caller) -> None:
    error = await caller.expect_error("get_slots", postalCode="80202", zip="80203")
    assert fields(error) == ["postalCode", "zip"]


async def test_a_booking_that_moves_to_an_address_without_an_area_stays(caller: Caller) -> None:
    booked = await caller.call("book_slot", start=MONDAY, postalCode="80202", **CONTACT)
    booking_id, phone = booked["booking"]["bookingId"], CONTACT["customerPhone"]
    for tool, details in (("reschedule_booking", {"start": TUESDAY}), ("update_booking", {})):
        error = await caller.expect_error(tool, bookingId=booking_id, phone=phone, postalCode="99999", **details)
        assert (error["code"], fields(error), error["result"]) == (
            "invalid_argument",
            ["postalCode"],
            OUTSIDE["en-US"],
        )
    found = await caller.call("find_bookings", bookingId=booking_id)
    assert found["bookings"][0]["start"] == "2026-11-23T16:00:00Z"


async def test_a_trace_names_the_area_and_not_the_postal_code(caller: Caller) -> None:
    async with caller.app.tracing.writing(kept_days=30):
        body = await caller.call("get_slots", postalCode="80447", priority="emergency")
        await caller.app.tracing.write()
        answer = await caller.app.traces.find(body["traceId"])
    assert answer.trace.question is not None
    assert (answer.trace.question.area_id, answer.trace.question.priority) == ("hills", "emergency")
    assert "80447" not in repr(answer.trace)
    assert any("in the area hills, emergency" in line for line in summarize_trace(answer))
