"""Answers to the questions of a service: read from any form, required before booking, stored, changed and kept."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from mcp import Client

from slotmcp.domain.booking import MAX_ANSWER_CHARACTERS, MAX_ANSWERS, Answer
from slotmcp.domain.booking_rules import ServiceQuestion
from slotmcp.domain.retention import Retention
from slotmcp.services.retention import RetentionService
from slotmcp.tools.gate import Toolset
from support.denver import PLAN, SUNDAY_NOON_MS, only_start
from support.priced import AGE, PETS, PRICED, PRICED_PLAN
from support.server import Body, Caller, body_of, open_caller
from support.sqlite_file import rows

MONDAY_9, MONDAY_14, TUESDAY_9 = "2026-11-23T16:00:00Z", "2026-11-23T21:00:00Z", "2026-11-24T16:00:00Z"
CHECK: Final[dict[str, Any]] = {"serviceType": "furnace-check"}
KIM: Final[dict[str, Any]] = {"customerName": "Kim Doe", "customerPhone": "+1 303 555 0142"}
PROOF: Final = {"phone": "303 555 0142"}
TWELVE: Final = "equipment-age: 12 years"
ASKED: Final = "I'm sorry, I have one more question before I can book that. About how old is the furnace?"
FAILED: Final = "I'm sorry, that didn't work, and nothing was changed."
LIST: Final = 'must be a list of texts, each as "questionId: answer".'
MISSING: Final = (
    'the answer to equipment-age is missing. Ask the caller: "About how old is the furnace?" '
    'Then add "equipment-age: ..." to answers.'
)
UNKNOWN: Final = "furnace-check has no question {}. Valid: equipment-age, pets."


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Caller]:
    async with open_caller(tmp_path / "priced.db", PRICED_PLAN, now_ms=SUNDAY_NOON_MS) as opened:
        yield opened


async def book(shop: Caller, *answers: str, start: str = MONDAY_9, **more: Any) -> Body:  # noqa: ANN401  any argument
    """Book a furnace check, and return the response."""
    return await shop.call("book_slot", start=start, answers=list(answers), **{**CHECK, **KIM, **more})


async def stored(shop: Caller, booking_id: str) -> dict[str, str]:
    """Return the answers of a booking by the id of the question."""
    booking = await shop.store.booking("denver-hvac", booking_id)
    assert booking is not None
    return {answer.question_id: answer.text for answer in booking.answers}


@pytest.mark.parametrize(
    "answers",
    [
        ["equipment-age: 12 years", "pets: yes: a dog"],
        ["pets:yes: a dog", " Equipment-Age :  12 years "],
        ["", "equipment-age: 12 years", "pets: yes: a dog", " "],
        '["equipment-age: 12 years", "pets: yes: a dog"]',
        {"equipment-age": "12 years", "pets": "yes: a dog"},
        '{"equipment-age": "12 years", "pets": "yes: a dog"}',
    ],
)
async def test_answers_are_read_from_the_forms_that_agents_send(shop: Caller, answers: object) -> None:
    booked = await shop.call("book_slot", start=MONDAY_9, answers=answers, **CHECK, **KIM)
    booking = await shop.store.booking("denver-hvac", booked["booking"]["bookingId"])
    assert booking is not None
    assert booking.answers == (
        Answer(question_id="equipment-age", text="12 years"),
        Answer(question_id="pets", text="yes: a dog"),
    )


@pytest.mark.parametrize(
    ("answers", "problem", "said"),
    [
        (None, MISSING, ASKED),
        ([], MISSING, ASKED),
        ("", MISSING, ASKED),
        (["pets: a dog"], MISSING, ASKED),
        (["equipment-age:"], MISSING, ASKED),
        (["equipment-age: \u200b "], MISSING, ASKED),
        ({"equipment-age": None}, MISSING, ASKED),
        ([TWELVE, "age: 12"], UNKNOWN.format("'age'"), FAILED),
        (["age: 12", "color: red"], UNKNOWN.format("'age', 'color'"), FAILED),
        ([f"{'x' * 70}: 12"], UNKNOWN.format(repr("x" * 60)), FAILED),
        (["12 years"], 'must have each answer as "questionId: answer"; entry 1 has no question.', FAILED),
        ([TWELVE, ": 12"], 'must have each answer as "questionId: answer"; entry 2 has no question.', FAILED),
        ([TWELVE, TWELVE], "has two answers to 'equipment-age'; give one for each question.", FAILED),
        ([TWELVE, "EQUIPMENT-AGE: 9"], "has two answers to 'EQUIPMENT-AGE'; give one for each question.", FAILED),
        (
            [f"equipment-age: {'x' * (MAX_ANSWER_CHARACTERS + 1)}"],
            "the answer to 'equipment-age' must be at most 300 characters long.",
            FAILED,
        ),
        ([f"q{number}: x" for number in range(MAX_ANSWERS + 1)], "must have at most 10 answers.", FAILED),
        (["equipment-age: 12\x00"], "must not have control characters (U+0000).", FAILED),
        ([12], LIST, FAILED),
        ([{"id": "equipment-age", "answer": "12"}], LIST, FAILED),
        (12, LIST, FAILED),
        (True, LIST, FAILED),
        ({"equipment-age": ["12"]}, LIST, FAILED),
        (f"{'[' * 5000}", 'must have each answer as "questionId: answer"; entry 1 has no question.', FAILED),
        (["equipment-age: \ud800"], "must be valid Unicode text.", FAILED),
    ],
)
async def test_a_wrong_answer_is_refused_with_the_valid_form(
    shop: Caller, answers: object, problem: str, said: str
) -> None:
    error = await shop.expect_error("book_slot", start=MONDAY_9, answers=answers, **CHECK, **KIM)
    assert error == {
        "result": said,
        "code": "invalid_argument",
        "retryable": False,
        "fields": [{"field": "answers", "problem": problem}],
    }
    assert await shop.store.bookings("denver-hvac") == ()


async def test_a_service_without_questions_takes_no_answers(shop: Caller) -> None:
    error = await shop.expect_error("book_slot", start=MONDAY_9, serviceType="ac-repair", answers=[TWELVE], **KIM)
    problem = "ac-repair has no question 'equipment-age'. It has none, so leave answers out."
    assert error["fields"] == [{"field": "answers", "problem": problem}]


async def test_several_missing_answers_are_all_named_and_as_many_asked_as_a_caller_remembers(tmp_path: Path) -> None:
    long = ServiceQuestion(id="access", ask="How do we get in, " + "and then in, " * 8 + "please?", is_required=True)
    curious = replace(PRICED, questions=(AGE, replace(PETS, is_required=True), long))
    plan = replace(PLAN, services=(*PLAN.services[:1], curious))
    async with open_caller(tmp_path / "curious.db", plan, now_ms=SUNDAY_NOON_MS) as shop:
        english = await shop.expect_error("book_slot", start=MONDAY_9, **CHECK, **KIM)
        error = await shop.expect_error("book_slot", start=MONDAY_9, answers=[TWELVE, "access: key"], **CHECK, **KIM)
    assert english["result"] == (
        "I'm sorry, I have 3 more questions before I can book that. About how old is the furnace? Do you have pets?"
    )
    assert [problem["problem"].split(" is missing")[0] for problem in english["fields"]] == [
        "the answer to equipment-age",
        "the answer to pets",
        "the answer to access",
    ]
    assert error["result"] == "I'm sorry, I have one more question before I can book that. Do you have pets?"


async def test_a_hold_survives_a_missing_answer(shop: Caller) -> None:
    token = (await shop.call("create_hold", start=MONDAY_9, customerHash="kim", **CHECK))["holdToken"]
    assert (await shop.expect_error("book_slot", holdToken=token, **KIM))["result"] == ASKED
    booked = await shop.call("book_slot", holdToken=token, answers=[TWELVE], **KIM)
    assert await stored(shop, booked["booking"]["bookingId"]) == {"equipment-age": "12 years"}


async def test_a_lost_start_is_reported_before_a_missing_answer(shop: Caller) -> None:
    await book(shop, TWELVE)
    other = {"customerName": "Lee", "customerEmail": "lee@example.com"}
    for key in ({}, {"idempotencyKey": "1"}):  # with a key, the start is checked under the lock
        error = await shop.expect_error("book_slot", start=MONDAY_9, **CHECK, **other, **key)
        assert error["code"] == "slot_unavailable"


async def test_a_retry_needs_no_answers_and_adds_those_that_are_new(shop: Caller) -> None:
    booking_id = (await book(shop, TWELVE))["booking"]["bookingId"]
    for answers in ([], [TWELVE], ["equipment-age: 12  YEARS."]):
        again = await book(shop, *answers)
        assert (again["replayed"], "stored" in again) == (True, False)
    more = await book(shop, "pets: a dog")
    assert (more["replayed"], more["stored"]) == (True, ["answers"])
    assert more["result"].endswith("I've added the new details.")
    assert await stored(shop, booking_id) == {"equipment-age": "12 years", "pets": "a dog"}
    assert (await shop.expect_error("book_slot", start=MONDAY_9, answers=["color: red"], **CHECK, **KIM))["fields"] == [
        {"field": "answers", "problem": UNKNOWN.format("'color'")}
    ]


async def test_an_answer_that_contradicts_is_a_question_to_the_agent(shop: Caller) -> None:
    booking_id = (await book(shop, TWELVE))["booking"]["bookingId"]
    error = await shop.expect_error("book_slot", start=MONDAY_9, answers=["equipment-age: 3"], **CHECK, **KIM)
    assert error["code"] == "already_booked"
    assert "answers" not in error["booking"]
    assert await stored(shop, booking_id) == {"equipment-age": "12 years"}


async def test_a_request_with_the_same_key_and_other_answers_is_another_request(shop: Caller) -> None:
    first = await book(shop, TWELVE, idempotencyKey="1")
    more = await book(shop, TWELVE, "pets: a dog", idempotencyKey="1")
    assert (more["booking"]["bookingId"], more["stored"]) == (first["booking"]["bookingId"], ["answers"])
    other = {"answers": ["equipment-age: 3"], "idempotencyKey": "1", **CHECK, **KIM}
    assert (await shop.expect_error("book_slot", start=MONDAY_9, **other))["code"] == "already_booked"


async def test_a_key_recognizes_a_request_whose_question_was_removed_since(shop: Caller) -> None:
    first = await book(shop, TWELVE, "pets: a dog", idempotencyKey="1")
    changed = replace(PRICED_PLAN, services=(*PLAN.services[:1], replace(PRICED, questions=())))
    await shop.app.projects.import_project(changed, prune=False)
    again = await book(shop, TWELVE, "pets: a dog", idempotencyKey="1")
    assert (again["replayed"], again["booking"]["bookingId"]) == (True, first["booking"]["bookingId"])


async def test_update_booking_changes_only_the_answers_that_it_names(shop: Caller) -> None:
    booking_id = (await book(shop, TWELVE, "pets: a dog"))["booking"]["bookingId"]
    changed = await shop.call("update_booking", bookingId=booking_id, answers=["Pets: two dogs"], **PROOF)
    again = await shop.call("update_booking", bookingId=booking_id, answers=["pets: two dogs", "pets:"], **PROOF)
    assert (changed["replayed"], again["replayed"]) == (False, True)
    assert await stored(shop, booking_id) == {"equipment-age": "12 years", "pets": "two dogs"}
    for answers, problem in ((["color: red"], UNKNOWN.format("'color'")), (["red"], "must have each answer")):
        error = await shop.expect_error("update_booking", bookingId=booking_id, answers=answers, **PROOF)
        assert error["fields"][0]["problem"].startswith(problem)
    nothing = await shop.expect_error("update_booking", bookingId=booking_id, answers=["pets:"], **PROOF)
    assert nothing["fields"][0]["problem"].endswith("notes, or answers.")
    await shop.expect_error("update_booking", bookingId=booking_id, answers=["pets: no"], phone="303 555 0199")
    assert (await stored(shop, booking_id))["pets"] == "two dogs"


async def test_a_booking_has_at_most_ten_answers_with_those_to_removed_questions(shop: Caller) -> None:
    booking_id = (await book(shop, TWELVE, "pets: a dog"))["booking"]["bookingId"]
    questions = tuple(ServiceQuestion(id=f"q{number}", ask="What?") for number in range(9))
    changed = replace(PRICED_PLAN, services=(*PLAN.services[:1], replace(PRICED, questions=questions)))
    await shop.app.projects.import_project(changed, prune=False)
    nine = [f"q{number}: x" for number in range(9)]
    error = await shop.expect_error("update_booking", bookingId=booking_id, answers=nine, **PROOF)
    assert error["fields"][0]["problem"] == "a booking has at most 10 answers, with earlier ones."
    await shop.call("update_booking", bookingId=booking_id, answers=[*nine[:8], "pets: no"], **PROOF)
    assert len(await stored(shop, booking_id)) == 10


async def test_answers_stay_with_a_booking_that_moves(shop: Caller) -> None:
    booking_id = (await book(shop, TWELVE))["booking"]["bookingId"]
    await shop.call("reschedule_booking", bookingId=booking_id, start=MONDAY_14, **PROOF)
    held = await shop.call("create_hold", start=TUESDAY_9, bookingId=booking_id, **PROOF, **CHECK)
    moved = await shop.call("reschedule_booking", bookingId=booking_id, holdToken=held["holdToken"], **PROOF)
    assert moved["booking"]["start"] == TUESDAY_9
    assert await stored(shop, booking_id) == {"equipment-age": "12 years"}


async def test_an_offer_of_the_waitlist_is_booked_with_answers(shop: Caller) -> None:
    taken = (await book(shop, TWELVE))["booking"]["bookingId"]
    lee = {"customerName": "Lee", "customerEmail": "lee@example.com"}
    waiting = {**only_start(MONDAY_9), **lee}
    await shop.call("join_waitlist", **waiting)
    await shop.call("cancel_booking", bookingId=taken, **PROOF)
    token = (await shop.call("join_waitlist", **waiting))["offer"]["holdToken"]
    assert (await shop.expect_error("book_slot", holdToken=token, **lee))["result"] == ASKED
    booked = await shop.call("book_slot", holdToken=token, answers=["equipment-age: 3"], **lee)
    assert await stored(shop, booked["booking"]["bookingId"]) == {"equipment-age": "3"}


async def test_only_operators_see_answers(shop: Caller) -> None:
    booked = await book(shop, TWELVE, "pets: a dog")
    assert "dog" not in str(booked)
    assert "answers" not in (await shop.call("find_bookings", **PROOF))["bookings"][0]
    async with open_caller(shop.path, now_ms=SUNDAY_NOON_MS, toolset=Toolset.OPERATOR) as operator:
        seen = (await operator.call("find_bookings", **PROOF))["bookings"][0]
    assert seen["answers"] == ["equipment-age: 12 years", "pets: a dog"]


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        ("es", "Lo siento, antes de reservar me falta una pregunta. About how old is the furnace?"),
        ("fr", "Désolé, il me manque une réponse avant de réserver. About how old is the furnace?"),
        ("de", "Vor der Buchung brauche ich leider noch eine Antwort. About how old is the furnace?"),
    ],
)
async def test_a_missing_answer_is_asked_for_in_the_language_of_the_caller(
    shop: Caller, locale: str, said: str
) -> None:
    async with Client(shop.server) as client:
        refused = await client.call_tool("book_slot", {"start": MONDAY_9, "locale": locale, **CHECK, **KIM})
    assert body_of(refused)["result"] == said


async def test_forgetting_the_customer_erases_the_answers(shop: Caller) -> None:
    booking_id = (await book(shop, TWELVE, "pets: a dog"))["booking"]["bookingId"]
    await shop.app.customers.forget("denver-hvac", KIM["customerPhone"])
    assert await stored(shop, booking_id) == {}


async def test_the_answers_of_a_booking_without_a_customer_are_purged_too(shop: Caller) -> None:
    booking_id = (await book(shop, TWELVE))["booking"]["bookingId"]
    await shop.app.customers.forget("denver-hvac", KIM["customerPhone"])
    async with open_caller(shop.path, now_ms=SUNDAY_NOON_MS, toolset=Toolset.OPERATOR) as operator:
        await operator.call("update_booking", bookingId=booking_id, answers=["pets: a dog"])
    assert await stored(shop, booking_id) == {"pets": "a dog"}
    shop.set_time("2026-12-24T12:00Z")
    await RetentionService(shop.store, Retention(customer_days=7)).purge()
    assert await stored(shop, booking_id) == {}


async def test_answers_are_in_no_trace(shop: Caller) -> None:
    async with shop.app.tracing.writing(kept_days=1):
        booked = await book(shop, TWELVE, "pets: zebras")
        refused = await shop.expect_error("book_slot", start=TUESDAY_9, answers=["zebras: 7"], **CHECK, **KIM)
        await shop.app.tracing.write()
    assert refused["code"] == "invalid_argument"
    traces = rows(shop.path, "SELECT * FROM traces")
    assert len(traces) == 2
    assert booked["traceId"] in str(traces)
    assert "zebras" not in str(traces)
