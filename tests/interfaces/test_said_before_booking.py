"""Words of a business that callers hear: price, terms and questions before booking, and terms at short notice."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from slotmcp.domain.booking_rules import Price
from slotmcp.tools.gate import Toolset
from support.denver import AC_REPAIR, PLAN, SUNDAY_NOON_MS, only_start
from support.priced import AGE, PRICE, PRICED, PRICED_PLAN, SHOWN_PRICE, SHOWN_QUESTIONS, TERMS
from support.server import Body, Caller, open_caller

MONDAY_9, MONDAY_10, TUESDAY_9 = "2026-11-23T16:00:00Z", "2026-11-23T17:00:00Z", "2026-11-24T16:00:00Z"
CHECK: Final[dict[str, Any]] = {"serviceType": "furnace-check"}
KIM: Final[dict[str, Any]] = {"customerName": "Kim Doe", "customerPhone": "+1 303 555 0142"}
LEE: Final[dict[str, Any]] = {"customerName": "Lee", "customerEmail": "lee@example.com"}
PROOF: Final = {"phone": "303 555 0142"}
HASH: Final[dict[str, Any]] = {"customerHash": "caller-7a1f93e05b24d68"}
INFORMATION: Final = {"price": SHOWN_PRICE, "terms": TERMS, "questions": SHOWN_QUESTIONS}
HOLDING: Final = "For furnace check, I'm holding {} for you."
WORDS: Final = f"{PRICE.text} {TERMS} Before I book it, I have a question. {AGE.ask}"
SHORT: Final = f"That was on short notice, so please note our terms. {TERMS}"


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Caller]:
    async with open_caller(tmp_path / "priced.db", PRICED_PLAN, now_ms=SUNDAY_NOON_MS) as opened:
        yield opened


def information(answer: Body) -> dict[str, Any]:
    """Return the information about the service in an answer."""
    return {name: answer[name] for name in ("price", "terms", "questions") if name in answer}


async def book(shop: Caller, start: str) -> str:
    """Book a furnace check, and return its id."""
    answer = await shop.call("book_slot", start=start, answers=["equipment-age: 12"], **CHECK, **KIM)
    booking_id: str = answer["booking"]["bookingId"]
    return booking_id


async def test_an_agent_that_finds_holds_and_books_says_the_words_once(shop: Caller) -> None:
    found = await shop.call("get_slots", **CHECK)
    assert information(found) == INFORMATION
    assert PRICE.text not in found["result"]
    held = await shop.call("create_hold", start=MONDAY_9, **CHECK)
    assert held["result"] == f"{HOLDING.format('tomorrow at 9 in the morning')} {WORDS}"
    assert information(held) == INFORMATION
    booked = await shop.call("book_slot", holdToken=held["holdToken"], answers=["equipment-age: 12"], **KIM)
    assert booked["result"] == "You're booked for furnace check, tomorrow at 9 in the morning, with Ana."


async def test_another_hold_of_the_service_does_not_repeat_the_words(shop: Caller) -> None:
    first = await shop.call("create_hold", start=MONDAY_9, **HASH, **CHECK)
    lost = await shop.call("create_hold", start=MONDAY_9, **HASH, **CHECK)
    assert (lost["replayed"], lost["result"]) == (True, first["result"])
    other = await shop.call("create_hold", start=TUESDAY_9, **HASH, holdToken=first["holdToken"], **CHECK)
    assert other["result"] == (
        "For furnace check, I'm holding Tuesday at 9 in the morning for a minute and a half. Should I book it?"
    )
    assert information(other) == INFORMATION


async def test_the_words_are_said_if_the_replaced_hold_was_of_another_service(shop: Caller) -> None:
    first = await shop.call("create_hold", start=MONDAY_9, **HASH, serviceType="ac-repair")
    other = await shop.call("create_hold", start=TUESDAY_9, **HASH, holdToken=first["holdToken"], **CHECK)
    assert other["result"].endswith(WORDS)


async def test_a_service_without_words_is_held_as_before(shop: Caller) -> None:
    held = await shop.call("create_hold", start=MONDAY_9, serviceType="ac-repair")
    assert held["result"].endswith("for a minute and a half. Should I book it?")
    assert information(held) == {}
    assert information(await shop.call("get_slots", serviceType="ac-repair")) == {}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"terms": "", "questions": ()}, f"{PRICE.text} Should I book it?"),
        ({"price": Price(text="it is free"), "questions": ()}, f"It is free. {TERMS} Should I book it?"),
        ({"price": None, "terms": "", "questions": (AGE,)}, f"Before I book it, I have a question. {AGE.ask}"),
        ({"price": Price(), "terms": "", "questions": ()}, "for a minute and a half. Should I book it?"),
    ],
)
async def test_only_the_words_that_the_business_has_are_said(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    plan = replace(PLAN, services=(AC_REPAIR, replace(PRICED, **changes)))
    async with open_caller(tmp_path / "shop.db", plan, now_ms=SUNDAY_NOON_MS) as shop:
        assert (await shop.call("create_hold", start=MONDAY_9, **CHECK))["result"].endswith(said)


@pytest.mark.parametrize(
    ("locale", "before", "after"),
    [
        ("es", "Para furnace check, le guardo esta hora: mañana a las 9 de la mañana.", "tengo una pregunta."),
        ("fr", "Pour furnace check, je vous garde ce créneau : demain à 9 heures.", "j'ai une question."),
        ("de", "Furnace check, morgen um 9 Uhr: Den Termin halte ich Ihnen frei.", "habe ich eine Frage."),
    ],
)
async def test_the_words_of_the_business_stay_in_its_language(
    shop: Caller, locale: str, before: str, after: str
) -> None:
    held = await shop.call("create_hold", start=MONDAY_9, locale=locale, **CHECK)
    assert held["result"].startswith(f"{before} {PRICE.text} {TERMS} ")
    assert held["result"].endswith(f"{after} {AGE.ask}")
    assert held["note"] == "The words of the business are in en-US: say them in the caller's language."
    found = await shop.call("get_slots", locale=locale, **CHECK)
    assert found["note"] == held["note"]


async def test_only_the_first_page_with_slots_has_the_information(shop: Caller) -> None:
    first = await shop.call("get_slots", limit=2, **CHECK)
    later = await shop.call("get_slots", limit=2, cursor=first["nextCursor"], **CHECK)
    empty = await shop.call("get_slots", **{"from": "2026-11-22", "to": "2026-11-22"}, **CHECK)
    assert [information(answer) for answer in (first, later, empty)] == [INFORMATION, {}, {}]


async def test_an_offer_of_the_waitlist_says_what_a_hold_says(shop: Caller) -> None:
    taken = await book(shop, MONDAY_9)
    waiting = {**only_start(MONDAY_9), **LEE}
    joined = await shop.call("join_waitlist", **waiting)
    assert "offer" not in joined
    await shop.call("cancel_booking", bookingId=taken, **PROOF)
    offered = await shop.call("join_waitlist", **waiting)
    assert information(offered["offer"]) == INFORMATION
    assert offered["result"] == f"Something opened up. I'm holding tomorrow at 9 in the morning for you. {WORDS}"
    foreign = await shop.call("join_waitlist", **waiting, locale="de")
    assert foreign["result"].startswith("Es ist etwas frei geworden. ")
    assert "The words of the business are in en-US" in foreign["note"]
    await shop.call("book_slot", holdToken=offered["offer"]["holdToken"], answers=["equipment-age: 3"], **LEE)
    booked = await shop.call("join_waitlist", **waiting)
    assert (booked["state"], information(booked["offer"])) == ("booked", {})


async def test_a_move_needs_no_information(shop: Caller) -> None:
    moving = {"bookingId": await book(shop, MONDAY_9), **PROOF}
    assert information(await shop.call("get_slots", **moving)) == {}
    held = await shop.call("create_hold", start=TUESDAY_9, **moving, **CHECK)
    assert information(held) == {}
    assert held["result"].endswith("Should I book it?")


@pytest.mark.parametrize(
    ("now", "is_short"),
    [("2026-11-23T16:00:00Z", False), ("2026-11-23T16:00:01Z", True), ("2026-11-24T15:59:59Z", True)],
)
async def test_a_caller_who_cancels_within_the_notice_hears_the_terms(
    shop: Caller, now: str, *, is_short: bool
) -> None:
    booking_id = await book(shop, TUESDAY_9)
    shop.set_time(now)
    for _ in range(2):  # the first answer may have been lost
        answer = await shop.call("cancel_booking", bookingId=booking_id, **PROOF)
        assert answer["booking"]["status"] == "cancelled"
        assert answer["result"].endswith(f" {SHORT}") is is_short
        assert (answer.get("withinNotice"), answer.get("terms")) == ((True, TERMS) if is_short else (None, None))


async def test_a_caller_who_moves_within_the_notice_hears_the_terms(shop: Caller) -> None:
    booking_id = await book(shop, MONDAY_9)  # 21 hours ahead
    moving = {"bookingId": booking_id, **PROOF}
    stays = await shop.call("reschedule_booking", start=MONDAY_9, **moving)
    moved = await shop.call("reschedule_booking", start=TUESDAY_9, **moving)
    again = await shop.call("reschedule_booking", start=TUESDAY_9, **moving)
    later = await shop.call("reschedule_booking", start=MONDAY_10, **moving)
    assert "withinNotice" not in stays
    for answer in (moved, again):
        assert answer["booking"]["start"] == TUESDAY_9
        assert answer["result"].endswith(f"with Ana as before. {SHORT}")
        assert (answer["withinNotice"], answer["terms"]) == (True, TERMS)
    assert "withinNotice" not in later  # the time that was left was 45 hours ahead


async def test_terms_are_said_in_the_callers_language(shop: Caller) -> None:
    booking_id = await book(shop, MONDAY_9)
    answer = await shop.call("cancel_booking", bookingId=booking_id, locale="de", **PROOF)
    assert answer["result"].endswith(f". Das war kurzfristig. Bitte beachten Sie unsere Bedingungen. {TERMS}")
    assert answer["note"].startswith("The words of the business are in en-US")


async def test_operators_cancel_and_move_without_the_terms(tmp_path: Path) -> None:
    path = tmp_path / "priced.db"
    async with open_caller(path, PRICED_PLAN, now_ms=SUNDAY_NOON_MS, toolset=Toolset.OPERATOR) as operator:
        booking_id = await book(operator, MONDAY_9)
        moved = await operator.call("reschedule_booking", bookingId=booking_id, start=MONDAY_10)
        canceled = await operator.call("cancel_booking", bookingId=booking_id)
    for answer in (moved, canceled):
        assert "withinNotice" not in answer
        assert TERMS not in answer["result"]


async def test_a_project_without_a_notice_and_a_service_without_terms_say_nothing(tmp_path: Path) -> None:
    no_terms = replace(PRICED_PLAN, services=(AC_REPAIR, replace(PRICED, terms="")))
    no_notice = replace(PRICED_PLAN, project=replace(PRICED_PLAN.project, cancel_notice_minutes=None))
    answers = []
    for number, plan in enumerate((no_terms, no_notice)):
        async with open_caller(tmp_path / f"{number}.db", plan, now_ms=SUNDAY_NOON_MS) as shop:
            booking_id = await book(shop, MONDAY_9)
            answers.append(await shop.call("cancel_booking", bookingId=booking_id, **PROOF))
    assert [answer["result"] for answer in answers] == [
        "Your appointment is canceled: furnace check, tomorrow at 9 in the morning."
    ] * 2
    assert [answer.get("withinNotice") for answer in answers] == [True, None]
    assert not [answer for answer in answers if "terms" in answer]
