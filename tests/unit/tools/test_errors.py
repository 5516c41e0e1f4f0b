"""Tests of error responses."""

from datetime import UTC, datetime

import pytest

from slotmcp.domain.catalog import Project
from slotmcp.domain.errors import (
    CredentialHoldLimit,
    FieldProblem,
    HoldExpired,
    HoldLimit,
    IdempotencyMismatch,
    InvalidArgument,
    NotFound,
    ProblemKind,
    SlotmcpError,
    SlotUnavailable,
    Unavailable,
)
from slotmcp.domain.offer import Candidate, Offer, Slot
from slotmcp.tools.errors import CallerContext, error_body, internal_body
from slotmcp.tools.speech.locales import LOCALES

NINE = int(datetime(2026, 11, 23, 16, tzinfo=UTC).timestamp()) // 60
OFFER = Offer(
    project=Project(id="p", name="P", timezone="America/Denver"),
    timezone="America/Denver",
    slots=(Slot(NINE, NINE + 60, 2, tuple(Candidate(f"t-{number}", 1, 0) for number in range(4))),),
    now_ms=int(datetime(2026, 11, 22, 19, tzinfo=UTC).timestamp()) * 1000,
)
SHOWN = {
    "start": "2026-11-23T16:00:00Z",
    "end": "2026-11-23T17:00:00Z",
    "startLocal": "2026-11-23T09:00:00-07:00",
    "label": "Monday, November 23 at 9:00 AM",
    "capacity": 2,
    "candidates": [{"technicianId": "t-0"}, {"technicianId": "t-1"}, {"technicianId": "t-2"}],
}


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            InvalidArgument("start", "must be text.", FieldProblem("end", "must be later.")),
            {
                "code": "invalid_argument",
                "retryable": False,
                "fields": [
                    {"field": "start", "problem": "must be text."},
                    {"field": "end", "problem": "must be later."},
                ],
            },
        ),
        (
            NotFound("serviceType", "There is no such service.", nearest=["ac-repair"]),
            {
                "code": "not_found",
                "retryable": False,
                "fields": [{"field": "serviceType", "problem": "There is no such service."}],
                "nearest": ["ac-repair"],
            },
        ),
        (
            SlotUnavailable("That time is not available.", alternatives=OFFER),
            {
                "code": "slot_unavailable",
                "retryable": False,
                "message": "That time is not available.",
                "alternatives": [SHOWN],
            },
        ),
        (
            SlotUnavailable("That time is not available."),
            {
                "code": "slot_unavailable",
                "retryable": False,
                "message": "That time is not available.",
                "alternatives": [],
            },
        ),
        (
            HoldExpired("It lapsed.", alternatives=OFFER),
            {"code": "hold_expired", "retryable": False, "message": "It lapsed.", "alternatives": [SHOWN]},
        ),
        (HoldLimit("Three."), {"code": "hold_limit", "retryable": False, "message": "Three."}),
        (IdempotencyMismatch("New."), {"code": "idempotency_mismatch", "retryable": False, "message": "New."}),
        (
            Unavailable("Busy.", retry_after_ms=250),
            {"code": "unavailable", "retryable": True, "message": "Busy.", "retryAfterMs": 250},
        ),
    ],
)
def test_an_error_has_its_code_and_the_next_step(error: SlotmcpError, expected: dict[str, object]) -> None:
    body = error_body(error)
    assert list(body) == ["result", "error"]
    assert body["error"] == expected
    assert str(body["result"]).startswith(("I'm sorry", "I'm already holding"))


def test_alternatives_are_spoken_in_the_callers_zone() -> None:
    for error in (SlotUnavailable("Gone.", alternatives=OFFER), HoldExpired("Gone.", alternatives=OFFER)):
        assert "I do have tomorrow at 9 in the morning." in str(error_body(error)["result"])


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (InvalidArgument("limit", "must be text."), "I'm sorry, that didn't work, and nothing was changed."),
        (InvalidArgument("start", "is over.", kind=ProblemKind.PAST), "I'm sorry, that time is in the past."),
        (
            InvalidArgument("x", "y.", FieldProblem("customerName", "is required.", ProblemKind.NAME)),
            "I'm sorry, I didn't get the name.",
        ),
        (NotFound("bookingId", "There is none."), "I'm sorry, I can't find that appointment."),
        (NotFound("technicianId", "There is none."), "I'm sorry, I can't find anyone by that name"),
        (NotFound("projectId", "There is none."), "I'm sorry, that didn't work, and nothing was changed."),
    ],
)
def test_the_sentence_asks_the_caller_and_names_no_field(error: SlotmcpError, sentence: str) -> None:
    result = str(error_body(error)["result"])
    assert result.startswith(sentence)
    assert error.message not in result


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", ProblemKind)
def test_every_problem_has_a_short_sentence_in_every_language(kind: ProblemKind, locale: str) -> None:
    body = error_body(InvalidArgument("field", "has a problem.", kind=kind), CallerContext(locale=locale))
    assert len(str(body["result"]).split()) <= 30
    others = {
        str(error_body(InvalidArgument("f", "p", kind=other), CallerContext(locale))["result"]) for other in ProblemKind
    }
    assert len(others) == len(ProblemKind)


def test_todays_date_is_added_where_the_agent_needs_it() -> None:
    error = InvalidArgument("start", "is over.", FieldProblem("limit", "is wrong."), kind=ProblemKind.PAST)
    body = error_body(error, CallerContext(today="Sunday, 2026-11-22"))
    assert body["error"] == {
        "code": "invalid_argument",
        "retryable": False,
        "fields": [
            {"field": "start", "problem": "is over. Today is Sunday, 2026-11-22."},
            {"field": "limit", "problem": "is wrong."},
        ],
    }


def test_an_internal_error_reveals_no_details() -> None:
    assert internal_body()["error"] == {"code": "internal", "retryable": False}


def test_a_caller_is_not_told_of_holds_that_other_callers_have() -> None:
    said = [error_body(limit("The maximum."))["result"] for limit in (HoldLimit, CredentialHoldLimit)]
    assert said == [
        "I'm already holding several appointments for you. Which one should I let go?",
        "I'm sorry, that didn't work, and nothing was changed.",
    ]
