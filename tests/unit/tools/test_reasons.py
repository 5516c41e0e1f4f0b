"""Tests of the sentences that explain why a time is unavailable."""

import pytest

from slotmcp.domain.reasons import Reason
from slotmcp.tools.speech import reasons
from slotmcp.tools.speech.locales import LOCALES
from slotmcp.tools.speech.viewpoint import Viewpoint
from unit.tools.test_speech import PROJECT, VIEW, minute

NINE, TEN, NOON, NEXT_DAY = (minute(f"2026-11-{at}") for at in ("27T09:00", "27T10:00", "27T12:00", "30T08:00"))
ENDING = (Reason.TIME_OFF, Reason.BREAK, Reason.BOOKED, Reason.BUSY)


def view_in(locale: str, timezone: str = "") -> Viewpoint:
    return Viewpoint.of(PROJECT, VIEW.now_ms, timezone=timezone, locale=locale)


@pytest.mark.parametrize(
    ("reason", "until", "spoken"),
    [
        (Reason.BOOKED, TEN, "Ben is booked until 10 in the morning."),
        (Reason.BREAK, NOON, "Ben is on break until noon."),
        (Reason.BUSY, TEN, "Ben is busy until 10 in the morning."),
        (Reason.TIME_OFF, TEN, "Ben is away until 10 in the morning."),
        (Reason.TIME_OFF, NEXT_DAY, "Ben is away until Monday, November 30th at 8 in the morning."),
        (Reason.BOOKED, None, "Ben is booked then."),
    ],
)
def test_the_day_of_an_end_is_named_if_it_is_another_day(reason: Reason, until: int | None, spoken: str) -> None:
    assert reasons.for_technician("Ben", reason, VIEW, start=NINE, until=until) == spoken


@pytest.mark.parametrize(
    ("locale", "spoken"),
    [
        ("es", "Ben tiene otra cita hasta las 10 de la mañana."),
        ("fr", "Ben a un rendez-vous jusqu'à 10 heures."),
        ("de", "Ben hat bis 10 Uhr schon einen Termin."),
        ("en-GB", "Ben is booked until 10 in the morning."),
    ],
)
def test_an_end_is_worded_in_each_language(locale: str, spoken: str) -> None:
    assert reasons.for_technician("Ben", Reason.BOOKED, view_in(locale), start=NINE, until=TEN) == spoken


def test_an_end_in_a_foreign_zone_names_the_zone() -> None:
    abroad = view_in("en-US", "America/New_York")
    spoken = reasons.for_technician("Ben", Reason.BOOKED, abroad, start=NINE, until=TEN)
    assert spoken == "Ben is booked until Friday at noon New York time."


@pytest.mark.parametrize("locale", LOCALES)
def test_every_reason_has_a_sentence_of_its_own(locale: str) -> None:
    view = view_in(locale)
    for_technician = {reasons.for_technician("Ben", reason, view) for reason in (None, *Reason)}
    until = {reasons.for_technician("Ben", reason, view, start=NINE, until=NEXT_DAY) for reason in ENDING}
    for_team = {reasons.for_team(reason, view) for reason in Reason}
    assert (len(for_technician), len(until), len(for_team)) == (len(Reason) + 1, len(ENDING), len(Reason))
    assert all("Ben" in spoken for spoken in for_technician | until)


@pytest.mark.parametrize("reason", Reason)
def test_the_waitlist_is_offered_if_nothing_later_is_free_but_something_may_become_free(reason: Reason) -> None:
    helps = reason in {
        Reason.BOOKED,
        Reason.HELD,
        Reason.BUSY,
        Reason.DAY_FULL,
        Reason.SERVICE_DAY_FULL,
        Reason.RESERVED,
    }
    assert ("Should I put you on the waitlist?" in reasons.next_free("We're full.", None, reason, VIEW)) is helps
    assert reasons.next_free("We're full.", NEXT_DAY, reason, VIEW).endswith("Would that work?")
