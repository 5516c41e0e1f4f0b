"""Limits of the answers to a service's questions, for every caller of the use cases."""

from dataclasses import replace

import pytest

from slotmcp.domain.booking import MAX_ANSWER_CHARACTERS, MAX_ANSWERS, Answer
from slotmcp.domain.booking_rules import ServiceQuestion
from slotmcp.domain.errors import InvalidArgument
from slotmcp.services.corrections import UpdateRequest
from support.shop import CALLER, VISIT, plan, technician
from unit.services.conftest import Open

QUESTIONS = tuple(ServiceQuestion(id=f"q{number}", ask="How old?") for number in range(MAX_ANSWERS + 1))
BUSINESS = plan(technician("ana", "09:00-12:00"), services=(replace(VISIT, questions=QUESTIONS),))


def answers(*texts: str) -> tuple[Answer, ...]:
    return tuple(Answer(question_id=f"q{number}", text=text) for number, text in enumerate(texts))


@pytest.mark.parametrize(
    ("texts", "problem"),
    [
        (["x" * (MAX_ANSWER_CHARACTERS + 1)], "must be at most 300 characters long"),
        ([""], "must not be empty"),
        ([" \n "], "must not be empty"),
        (["x"] * (MAX_ANSWERS + 1), "must have at most 10 answers"),
    ],
)
async def test_no_use_case_stores_an_answer_beyond_the_limits(opened: Open, texts: list[str], problem: str) -> None:
    shop, wrong = await opened(BUSINESS), answers(*texts)
    with pytest.raises(InvalidArgument, match=problem):
        await shop.book("09:00", answers=wrong)
    booked = await shop.book("09:00")
    with pytest.raises(InvalidArgument, match=problem):  # a repeated request completes the booking
        await shop.book("09:00", answers=wrong)
    update = UpdateRequest(booking_id=booked.booking.id, phone=CALLER.phone, answers=wrong)
    with pytest.raises(InvalidArgument, match=problem):
        await shop.app.bookings.update_booking(update)
    stored = await shop.store.booking("shop", booked.booking.id)
    assert stored is not None
    assert stored.answers == ()


async def test_answers_at_the_limits_are_stored(opened: Open) -> None:
    shop, longest = await opened(BUSINESS), answers(*["x" * MAX_ANSWER_CHARACTERS] * MAX_ANSWERS)
    booked = await shop.book("09:00", answers=longest)
    assert booked.booking.answers == longest
