"""Tests of the spoken sentences in American English."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from slotmcp.domain.booking import AssignmentReason
from slotmcp.domain.catalog import Project, RankingKey, ServiceType
from slotmcp.tools.speech import bookings, sentences
from slotmcp.tools.speech.viewpoint import Viewpoint

DENVER = ZoneInfo("America/Denver")
PROJECT = Project(id="p", name="P", timezone="America/Denver")
VIEW = Viewpoint.of(PROJECT, int(datetime(2026, 11, 22, 12, tzinfo=DENVER).timestamp()) * 1000)


def minute(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=DENVER).timestamp()) // 60


def service(name: str) -> ServiceType:
    return ServiceType(id="s", name=name, duration_minutes=60)


def minutes(*texts: str) -> list[int]:
    return [minute(text) for text in texts]


@pytest.mark.parametrize(
    ("names", "spoken"),
    [
        ([], "There is nothing to book yet."),
        (["AC repair"], "You can book AC repair. Should I look for a time?"),
        (["AC repair", "Furnace tune-up"], "You can book AC repair or furnace tune-up. What do you need?"),
        (["A", "B", "C", "D", "E"], "You can book A, B, C and 2 more. What do you need?"),
    ],
)
def test_at_most_three_services_are_named(names: list[str], spoken: str) -> None:
    assert sentences.services([service(name) for name in names], VIEW) == spoken


def test_at_most_three_times_are_offered_and_two_per_day() -> None:
    starts = minutes("2026-11-23T09:00", "2026-11-23T10:30", "2026-11-23T11:00", "2026-11-24T08:00", "2026-11-25T08:00")
    assert (
        sentences.free_times(starts, VIEW)
        == "I have tomorrow at 9 or 10:30 in the morning, or Tuesday at 8 in the morning. Which works best?"
    )


def test_times_are_worded_relative_to_today() -> None:
    starts = minutes("2026-11-23T09:00", "2026-11-23T10:30")
    on_monday = replace(VIEW, today=VIEW.today + timedelta(days=1))
    assert sentences.free_times(starts, VIEW) == "I have tomorrow at 9 or 10:30 in the morning. Which works best?"
    assert sentences.free_times(starts, on_monday) == "I have today at 9 or 10:30 in the morning. Which works best?"


def test_the_first_a_middle_and_the_last_time_of_a_single_day_are_offered() -> None:
    starts = minutes(*(f"2026-11-23T{at}" for at in ("08:00", "08:30", "09:00", "10:30", "13:00", "15:00", "16:00")))
    assert sentences.free_times(starts, VIEW) == (
        "I have tomorrow at 8 or 10:30 in the morning, or at 4 in the afternoon. Which works best?"
    )
    assert sentences.free_times(starts[:3], VIEW) == "I have tomorrow at 8, 8:30 or 9 in the morning. Which works best?"
    assert sentences.free_times(starts[1:3], VIEW) == "I have tomorrow at 8:30 or 9 in the morning. Which works best?"


def test_a_single_time_is_offered_in_the_singular() -> None:
    assert sentences.free_times(minutes("2026-11-24T14:00"), VIEW) == (
        "I have Tuesday at 2 in the afternoon. Does that work?"
    )


def test_the_next_free_time_is_offered_if_nothing_is_free() -> None:
    assert sentences.nothing_free(minute("2026-11-30T09:00"), VIEW) == (
        "I don't have anything then. The next opening is Monday, November 30th at 9 in the morning. Would that work?"
    )
    assert sentences.nothing_free(None, VIEW).startswith("I don't have anything then, and I don't see any openings")


@pytest.mark.parametrize(
    ("seconds", "how_long"),
    [
        (0, "just a little longer"),
        (59, "just a little longer"),
        (60, "for one minute"),
        (89, "for one minute"),
        (90, "for a minute and a half"),
        (119, "for a minute and a half"),
        (120, "for two minutes"),
        (3600, "for two minutes"),
    ],
)
def test_the_remaining_time_of_a_hold_is_rounded_down(seconds: int, how_long: str) -> None:
    spoken = sentences.held(minute("2026-11-23T09:00"), VIEW, seconds)
    assert spoken == f"I'm holding tomorrow at 9 in the morning {how_long}. Should I book it?"


def test_a_booking_names_the_service_the_time_and_the_technician() -> None:
    spoken = bookings.booked(
        bookings.BookingDetails(minute("2026-11-23T12:00"), service("Furnace tune-up"), "Ana"), VIEW
    )
    assert spoken == "You're booked for furnace tune-up, tomorrow at noon, with Ana."


@pytest.mark.parametrize(
    ("reason", "spoken"),
    [
        (AssignmentReason(policy=(), values={}, considered=0), "Ana was named when it was booked."),
        (AssignmentReason(policy=(), values={}, considered=4, wished=True), "The customer asked for Ana."),
        (AssignmentReason(policy=(), values={}, considered=1), "Only Ana was free."),
        (
            AssignmentReason(
                policy=(RankingKey.LOAD, RankingKey.PRIORITY),
                values={RankingKey.LOAD: 1, RankingKey.PRIORITY: 2},
                considered=3,
            ),
            "Of the 3 who were free, Ana comes first: 1 booking that day, priority 2.",
        ),
    ],
)
def test_an_assignment_is_explained(reason: AssignmentReason, spoken: str) -> None:
    assert bookings.assignment_reason("Ana", reason, VIEW) == spoken


def test_every_refusal_states_the_failure() -> None:
    starts = minutes("2026-11-23T09:00")
    spoken = [
        sentences.refused(VIEW),
        sentences.unavailable(starts, VIEW),
        sentences.unavailable([], VIEW),
        sentences.hold_expired(starts, VIEW),
        sentences.try_later(VIEW),
        sentences.internal_error(VIEW),
    ]
    assert all(sentence.startswith("I'm sorry") for sentence in spoken)
    assert sentences.unavailable(starts, VIEW).endswith("I do have tomorrow at 9 in the morning. Does that work?")
