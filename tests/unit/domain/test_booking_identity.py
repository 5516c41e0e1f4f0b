"""Decision about booking requests, compared with the rules of the page about retries."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.retries import BookArguments, MadeBooking, corrected, outcome, shares_key
from slotmcp.domain.booking import MAX_ANSWERS, Answer, Booking, BookingStatus, Customer, Visit
from slotmcp.domain.booking_identity import (
    MAX_NOTES_CHARACTERS,
    Decision,
    KeyedBooking,
    Outcome,
    RequestedVisit,
    comparable,
    decide,
    new_details,
)
from slotmcp.domain.catalog import Location
from slotmcp.domain.claim import Claim
from support.booking_pairs import LEE, pairs

KIM = "+13035550142"
BEFORE_ALL_MS = 0
STATUSES = st.sampled_from([*BookingStatus, BookingStatus.CONFIRMED, BookingStatus.CONFIRMED])


def request(arguments: BookArguments) -> RequestedVisit:
    """Return a request as the services resolve it."""
    return RequestedVisit(
        phone_key=arguments.phone,
        email_key=arguments.email.lower(),
        customer=Customer(name=arguments.name, phone=arguments.phone, email=arguments.email.lower()),
        service_id=arguments.service,
        start=arguments.start,
        end=arguments.start + (arguments.minutes or 60),
        duration_minutes=arguments.minutes,
        technician_id=arguments.technician,
        visit=Visit(address=arguments.address, notes=arguments.notes),
        location=arguments.place and Location(*arguments.place),
        answers=answers(arguments),
        is_additional=arguments.additional,
    )


def booking(made: MadeBooking) -> Booking:
    """Return the booking of a first request."""
    arguments = made.by
    claim = Claim(
        id="b-1",
        technician_id=made.technician,
        service_id=arguments.service,
        start=made.start,
        end=made.start + made.minutes,
        location=arguments.place and Location(*arguments.place),
    )
    return Booking(
        claim=claim,
        customer=Customer(name=arguments.name, phone=arguments.phone, email=arguments.email.lower()),
        visit=Visit(address=arguments.address, notes=arguments.notes),
        answers=answers(arguments),
        status=BookingStatus(made.status),
        contact_keys=tuple(contact_keys(arguments)),
        former_keys=tuple(made.former),
        is_additional=arguments.additional,
    )


def answers(arguments: BookArguments) -> tuple[Answer, ...]:
    return (Answer(question_id="pets", text=arguments.answer),) if arguments.answer else ()


def contact_keys(arguments: BookArguments) -> list[str]:
    return list(filter(None, (arguments.phone, arguments.email.lower())))


def decision(second: BookArguments, made: MadeBooking) -> Decision:
    """Decide about a request after another one made a booking."""
    known, first = booking(made), made.original or made.by
    is_known = shares_key(second, first) or (second.uses_token and first.uses_token)
    start = first.start if shares_key(second, first) or made.status == "confirmed" else None
    keyed = KeyedBooking(
        booking=known, first_start=start, is_same_request=second == first and shares_key(second, first)
    )
    is_shared = set(contact_keys(second)) & {*known.contact_keys, *known.former_keys}
    return decide(
        request(second),
        [known] if is_shared else [],
        keyed if is_known else None,
        has_unused_key=bool(second.key or second.uses_token) and not is_known,
        now_ms=made.start * 60_000 if made.has_begun else BEFORE_ALL_MS,
    )


@given(
    pair=pairs(),
    technician=st.sampled_from(["ana", "ben"]),
    status=STATUSES,
    moved_to=st.sampled_from([None, None, 630, 720]),
    tokens=st.sampled_from([(False, False), (False, False), (True, True), (True, False)]),
    has_begun=st.booleans(),
    new=st.sampled_from([("", ""), ("", ""), (LEE, ""), ("", "lee@example.com"), (LEE, "lee@example.com")]),
)
def test_the_decision_follows_the_rules(  # noqa: PLR0913, PLR0917  everything that decides
    pair: tuple[BookArguments, BookArguments],
    technician: str,
    status: BookingStatus,
    moved_to: int | None,
    tokens: tuple[bool, bool],
    has_begun: bool,  # noqa: FBT001  drawn by name
    new: tuple[str, str],
) -> None:
    first, second = (replace(arguments, uses_token=uses) for arguments, uses in zip(pair, tokens, strict=True))
    if moved_to is not None and status is BookingStatus.CONFIRMED:
        status = BookingStatus.RESCHEDULED
    start = moved_to or first.start
    made = MadeBooking(
        by=first, technician=first.technician or technician, status=status, start=start, has_begun=has_begun
    )
    made = corrected(made, phone=new[0], email=new[1])
    assert decision(second, made).outcome == outcome(second, made)


FIRST = BookArguments(phone=KIM, address="1 Main St")


def after(first: BookArguments, second: BookArguments) -> Decision:
    return decision(second, MadeBooking(by=first, technician="ana", start=first.start))


def test_new_details_are_added_to_the_booking() -> None:
    first = replace(FIRST, address="", notes="Dog")
    second = replace(
        first, email="kim@example.com", address="1 Main St", notes="gate 1234\ndog", answer="yes", place=(39.7, -105.0)
    )
    decided = after(first, second)
    assert decided.completed is not None
    assert decided.booking is not None
    assert decided.completed.customer == Customer(name="Kim Doe", phone=KIM, email="kim@example.com")
    assert decided.completed.visit == Visit(address="1 Main St", notes="Dog\ngate 1234")
    assert decided.completed.answers == answers(second)
    assert decided.completed.claim == replace(decided.booking.claim, location=Location(39.7, -105.0))
    assert new_details(decided.booking, decided.completed) == (
        "customerEmail",
        "address",
        "latitude",
        "longitude",
        "notes",
        "answers",
    )


def test_an_extension_is_a_detail_of_its_own() -> None:
    with_extension = f"{KIM} ext. 7"
    known = booking(MadeBooking(by=FIRST, technician="ana", start=600))
    asked = replace(request(FIRST), customer=Customer(name="Kim Doe", phone=with_extension))
    decided = decide(asked, [known], now_ms=BEFORE_ALL_MS)
    assert decided.completed is not None
    assert decided.completed.customer == Customer(name="Kim Doe", phone=with_extension)
    again = decide(request(FIRST), [decided.completed], now_ms=BEFORE_ALL_MS)
    assert (again.outcome, again.booking) == (Outcome.REPLAY, decided.completed)
    other = replace(asked, customer=Customer(name="Kim Doe", phone=f"{KIM} ext. 8"))
    assert decide(other, [decided.completed], now_ms=BEFORE_ALL_MS).outcome is Outcome.ASK


def test_notes_that_do_not_fit_are_a_question() -> None:
    first = replace(FIRST, notes="x" * (MAX_NOTES_CHARACTERS - 5))
    assert after(first, replace(first, notes="1234")).outcome is Outcome.COMPLETE
    assert after(first, replace(first, notes="12345")).outcome is Outcome.ASK
    assert after(first, first).outcome is Outcome.REPLAY


def test_answers_that_are_too_many_are_a_question() -> None:
    known = replace(booking(MadeBooking(by=FIRST, technician="ana", start=600)), answers=numbered(0, 7))
    fits, too_many = (replace(request(FIRST), answers=numbered(5, end)) for end in (MAX_ANSWERS, MAX_ANSWERS + 1))
    decided = decide(fits, [known], now_ms=BEFORE_ALL_MS)
    assert decided.completed is not None
    assert decided.completed.answers == numbered(0, MAX_ANSWERS)
    assert decide(too_many, [known], now_ms=BEFORE_ALL_MS).outcome is Outcome.ASK


def numbered(first: int, end: int) -> tuple[Answer, ...]:
    return tuple(Answer(question_id=f"q{number}", text="yes") for number in range(first, end))


def test_the_booking_with_the_fewest_new_details_is_meant() -> None:
    bare = booking(MadeBooking(by=replace(FIRST, address=""), technician="ana", start=600))
    full = replace(booking(MadeBooking(by=FIRST, technician="ben", start=600)), claim=replace(bare.claim, id="b-2"))
    decided = decide(request(FIRST), [bare, full], now_ms=BEFORE_ALL_MS)
    assert (decided.outcome, decided.booking) == (Outcome.REPLAY, full)
    noted = decide(request(replace(FIRST, notes="Dog")), [bare, full], now_ms=BEFORE_ALL_MS)
    assert (noted.outcome, noted.booking) == (Outcome.COMPLETE, full)


def test_an_equal_booking_is_found_beside_one_that_differs() -> None:
    oak = replace(FIRST, address="2 Oak St", additional=True)
    one = booking(MadeBooking(by=FIRST, technician="ana", start=600))
    other = booking(MadeBooking(by=oak, technician="ben", start=600))
    for arguments, expected in ((FIRST, one), (replace(oak, additional=False), other), (oak, other)):
        decided = decide(request(arguments), [one, other], now_ms=BEFORE_ALL_MS)
        assert (decided.outcome, decided.booking) == (Outcome.REPLAY, expected)
    assert decide(request(replace(FIRST, additional=True)), [one, other], now_ms=BEFORE_ALL_MS).outcome is Outcome.NEW


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Kim Doe", "  kim\u00a0\tDOE "),
        ("Kim Doe", "\u202dKim\u200b Doe\u202c"),
        ("1 Main St, Denver", "1 main st.\nDENVER"),
        ("Straße 5", "STRASSE 5"),
        ("Zoe\u0308", "Zo\u00eb"),
        ("12\u00ad34", "1234"),
        ("Apt \uff11", "Apt 1"),
        ("Smith -- Kim", "Smith Kim"),
    ],
)
def test_texts_that_are_equal(one: str, other: str) -> None:
    assert comparable(one) == comparable(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Jon Smyth", "John Smith"), ("1 Main St", "11 Main St"), ("José", "Jose"), ("O'Neil", "ONeil"), ("#5", "5")],
)
def test_texts_that_differ(one: str, other: str) -> None:
    assert comparable(one) != comparable(other)


def test_outcomes_are_those_of_the_page() -> None:
    assert json.dumps(list(Outcome)) == '["replay", "complete", "ask", "mismatch", "new"]'
