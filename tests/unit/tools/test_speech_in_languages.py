"""Tests of the sentences in each language."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotmcp.domain.booking import AssignmentReason
from slotmcp.domain.catalog import Project, RankingKey
from slotmcp.tools.speech import bookings, sentences
from slotmcp.tools.speech.times import full_date, label
from slotmcp.tools.speech.viewpoint import Viewpoint
from slotmcp.tools.speech.voice import LOCALES

DENVER = ZoneInfo("America/Denver")
PROJECT = Project(id="p", name="P", timezone="America/Denver")
SUNDAY = "2026-11-22T12:00"
BEFORE_THE_CLOCK_GOES_BACK = "2026-10-31T12:00"
NINE = "2026-11-23T09:00"


def minute(text: str, fold: int = 0) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=DENVER, fold=fold).timestamp()) // 60


def view(locale: str, *, now: str = SUNDAY, timezone: str = "") -> Viewpoint:
    return Viewpoint.of(PROJECT, minute(now) * 60_000, timezone=timezone, locale=locale)


def offered(locale: str, *texts: str) -> str:
    """Return the offer without its final question."""
    return re.sub(
        r"(?<=[.] )[^.]*[?]$", "", sentences.free_times([minute(text) for text in texts], view(locale))
    ).strip()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "2026-11-22T15:00",
            (
                "today at 3 in the afternoon",
                "today at 3 in the afternoon",
                "hoy a las 3 de la tarde",
                "aujourd'hui à 15 heures",
                "heute um 15 Uhr",
            ),
        ),
        (
            NINE,
            (
                "tomorrow at 9 in the morning",
                "tomorrow at 9 in the morning",
                "mañana a las 9 de la mañana",
                "demain à 9 heures",
                "morgen um 9 Uhr vormittags",
            ),
        ),
        (
            "2026-11-24T13:30",
            (
                "Tuesday at 1:30 in the afternoon",
                "Tuesday at 1:30 in the afternoon",
                "el martes a la 1:30 de la tarde",
                "mardi à 13 h 30",
                "am Dienstag um 13.30 Uhr",
            ),
        ),
        (
            "2026-11-27T12:00",
            (
                "Friday at noon",
                "Friday at noon",
                "el viernes a las 12 del mediodía",
                "vendredi à midi",
                "am Freitag um 12 Uhr mittags",
            ),
        ),
        (
            "2026-11-30T19:00",
            (
                "Monday, November 30 at 7 in the evening",
                "Monday 30 November at 7 in the evening",
                "el lunes 30 de noviembre a las 7 de la tarde",
                "lundi 30 novembre à 19 heures",
                "am Montag, dem 30. November um 19 Uhr",
            ),
        ),
        (
            "2026-12-01T01:00",
            (
                "Tuesday, December 1 at 1 in the morning",
                "Tuesday 1 December at 1 in the morning",
                "el martes 1 de diciembre a la 1 de la madrugada",
                "mardi 1er décembre à 1 heure du matin",
                "am Dienstag, dem 1. Dezember um 1 Uhr nachts",
            ),
        ),
        (
            "2027-12-24T21:15",
            (
                "Friday, December 24, 2027 at 9:15 in the evening",
                "Friday 24 December 2027 at 9:15 in the evening",
                "el viernes 24 de diciembre de 2027 a las 9:15 de la noche",
                "vendredi 24 décembre 2027 à 21 h 15",
                "am Freitag, dem 24. Dezember 2027 um 21.15 Uhr",
            ),
        ),
        (
            "2026-11-25T00:00",
            (
                "Wednesday at 12 at night, as the day begins",
                "Wednesday at 12 at night, as the day begins",
                "el miércoles a las 12 de la noche, al empezar el día",
                "mercredi à minuit, au tout début de la journée",
                "am Mittwoch um 0 Uhr",
            ),
        ),
    ],
)
def test_a_time_is_worded_in_each_language(text: str, expected: tuple[str, ...]) -> None:
    english, british, spanish, french, german = expected
    assert [sentences.hold_booked(minute(text), view(locale)) for locale in LOCALES] == [
        f"It is booked for you already: {english}.",
        f"It is booked for you already: {british}.",
        f"Ya lo tiene reservado: {spanish}.",
        f"C'est déjà réservé pour vous : {french}.",
        f"Der Termin ist schon für Sie gebucht: {german}.",
    ]


@pytest.mark.parametrize(
    ("locale", "sentence"),
    [
        ("en-GB", "I have tomorrow at 9 or 10:30 in the morning, or Tuesday at 8."),
        ("es", "Tengo libre mañana a las 9 o a las 10:30 de la mañana, o el martes a las 8."),
        (
            "fr",
            "Je peux vous proposer demain à 9 heures ou 10 h 30, ou mardi à 8 heures.",
        ),
        (
            "de",
            "Ich habe morgen um 9 Uhr oder um 10.30 Uhr vormittags oder am Dienstag um 8 Uhr einen Termin frei.",
        ),
    ],
)
def test_several_choices_are_one_sentence(locale: str, sentence: str) -> None:
    assert offered(locale, NINE, "2026-11-23T10:30", "2026-11-24T08:00", "2026-11-25T08:00") == sentence


@pytest.mark.parametrize(
    ("locale", "sentence"),
    [
        ("en-US", "I have Tuesday at 9 in the morning, at noon, or at 1 in the afternoon."),
        (
            "es",
            "Tengo libre el martes a las 9 de la mañana, a las 12 del mediodía, o a la 1 de la tarde.",
        ),
        ("fr", "Je peux vous proposer mardi à 9 heures, midi ou 13 heures."),
        (
            "de",
            "Ich habe am Dienstag um 9 Uhr vormittags oder um 12 Uhr mittags oder um 13 Uhr einen Termin frei.",
        ),
    ],
)
def test_choices_of_one_day_over_noon(locale: str, sentence: str) -> None:
    assert offered(locale, "2026-11-24T09:00", "2026-11-24T12:00", "2026-11-24T13:00") == sentence


@pytest.mark.parametrize(
    ("locale", "one", "several"),
    [
        ("en-US", "at 11 in the morning New York time.", "or Tuesday at 3 in the afternoon, New York time."),
        ("es", "a las 11 de la mañana hora de Nueva York.", "o el martes a las 3 de la tarde, hora de Nueva York."),
        ("fr", "à 11 heures (heure locale à New York).", "ou mardi à 15 heures (heure locale à New York)."),
        (
            "de",
            "um 11 Uhr vormittags Ortszeit New York einen",
            "oder am Dienstag um 15 Uhr, jeweils Ortszeit New York, einen",
        ),
    ],
)
def test_a_foreign_zone_is_named_once(locale: str, one: str, several: str) -> None:
    abroad = view(locale, timezone="America/New_York")
    assert one in sentences.free_times([minute(NINE)], abroad)
    sentence = sentences.free_times([minute(NINE), minute("2026-11-24T13:00")], abroad)
    assert several in sentence
    assert sentence.count("York") == 1


@pytest.mark.parametrize(
    ("locale", "first", "second"),
    [
        ("en-US", "tomorrow at 1:30 before the clock goes back", "tomorrow at 1:30 after the clock goes back"),
        ("en-GB", "tomorrow at 1:30 before the clocks go back", "tomorrow at 1:30 after the clocks go back"),
        ("es", "mañana a la 1:30 antes del cambio de hora", "mañana a la 1:30 después del cambio de hora"),
        ("fr", "demain à 1 h 30 en heure d'été", "demain à 1 h 30 en heure d'hiver"),
        ("de", "morgen um 1.30 Uhr vor der Zeitumstellung", "morgen um 1.30 Uhr nach der Zeitumstellung"),
    ],
)
def test_the_repeated_hour_is_unambiguous(locale: str, first: str, second: str) -> None:
    viewpoint = view(locale, now=BEFORE_THE_CLOCK_GOES_BACK)
    assert first in sentences.held(minute("2026-11-01T01:30"), viewpoint, 90)
    assert second in sentences.held(minute("2026-11-01T01:30", fold=1), viewpoint, 90)


@pytest.mark.parametrize(
    ("locale", "morning", "afternoon", "today"),
    [
        (
            "en-GB",
            "Monday 23 November at 9:00 am",
            "Tuesday 1 December at 3:05 pm",
            "Sunday 22 November 2026",
        ),
        ("es", "lunes, 23 de noviembre, 9:00", "martes, 1 de diciembre, 15:05", "domingo, 22 de noviembre de 2026"),
        ("fr", "lundi 23 novembre à 9 h 00", "mardi 1er décembre à 15 h 05", "dimanche 22 novembre 2026"),
        (
            "de",
            "Montag, 23. November um 9:00 Uhr",
            "Dienstag, 1. Dezember um 15:05 Uhr",
            "Sonntag, 22. November 2026",
        ),
    ],
)
def test_written_dates_and_times_follow_each_language(locale: str, morning: str, afternoon: str, today: str) -> None:
    viewpoint = view(locale)
    assert label(viewpoint.local(minute(NINE)), viewpoint.voice) == morning
    assert label(viewpoint.local(minute("2026-12-01T15:05")), viewpoint.voice) == afternoon
    assert full_date(viewpoint.today, viewpoint.voice) == today


@pytest.mark.parametrize(
    ("usual", "name", "spoken"),
    [
        ("en-GB", "Repair/replacement", "repair or replacement"),
        ("es", "Limpieza & revisión", "limpieza y revisión"),
        ("fr", "Entretien/Réparation", "entretien ou Réparation"),
        ("de", "Wartung & Prüfung", "Wartung und Prüfung"),
    ],
)
def test_a_service_name_stays_in_the_language_of_the_business(usual: str, name: str, spoken: str) -> None:
    project = Project(id="p", name="P", timezone="America/Denver", locale=usual)
    for locale in LOCALES:
        assert sentences.spoken_name(name, Viewpoint.of(project, 0, locale=locale)) == spoken


@pytest.mark.parametrize(
    ("locale", "one", "several"),
    [
        ("es", "y 1 servicio más.", "y 2 servicios más."),
        ("fr", "et 1 autre prestation.", "et 2 autres prestations."),
        ("de", "und 1 weitere Leistung buchen.", "und 2 weitere Leistungen buchen."),
    ],
)
def test_services_are_counted_by_the_rules_of_each_language(locale: str, one: str, several: str) -> None:
    assert one in sentences.services(list("ABCD"), view(locale))
    assert several in sentences.services(list("ABCDE"), view(locale))


def test_an_english_problem_is_left_out_in_other_languages() -> None:
    assert sentences.refused("start: must be text.", view("en-GB")).endswith(
        "nothing was changed. start: must be text."
    )
    assert sentences.refused("start: must be text.", view("es")) == "Eso no ha funcionado, y no se ha cambiado nada."


def test_only_american_english_needs_no_catalog() -> None:
    plain = [sentences.try_later(view(locale)) for locale in LOCALES]
    assert len(set(plain)) == len(LOCALES) - 1  # Britain asks for a moment in the same words


MACHINE_TEXT = re.compile(r"[{}]|\dZ|\d:\d\d:\d\d|\.\d\d\.\d|  | [.,]|,[.,;]|\.[.,]|\b(?:None|null)\b")
REASON = AssignmentReason(policy=tuple(RankingKey), values=dict.fromkeys(RankingKey, 2), considered=3, wished=False)


@given(
    locale=st.sampled_from(LOCALES),
    timezone=st.sampled_from(["", "America/New_York", "UTC", "Asia/Kolkata", "America/Argentina/Buenos_Aires"]),
    now=st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001  bounds are naive
    ahead=st.lists(st.integers(-3000, 600_000), min_size=1, max_size=8, unique=True).map(sorted),
    seconds=st.integers(-5, 900),
)
def test_no_sentence_in_any_language_contains_machine_text(
    locale: str, timezone: str, now: datetime, ahead: list[int], seconds: int
) -> None:
    at = int(now.timestamp()) // 60
    viewpoint = Viewpoint.of(PROJECT, at * 60_000, timezone=timezone, locale=locale)
    starts = [at + one for one in ahead]
    spoken = [
        sentences.free_times(starts, viewpoint),
        sentences.nothing_free(starts[0], viewpoint),
        sentences.nothing_free(None, viewpoint),
        sentences.held(starts[0], viewpoint, seconds),
        sentences.hold_ended(starts[0], viewpoint),
        sentences.hold_booked(starts[0], viewpoint),
        bookings.booked(bookings.BookingDetails(starts[0], "AC repair", "Ana"), viewpoint),
        sentences.unavailable(starts, viewpoint),
        sentences.hold_expired(starts, viewpoint),
        bookings.assignment_reason("Ana", REASON, viewpoint),
        label(viewpoint.local(starts[0]), viewpoint.voice),
    ]
    for sentence in spoken:
        assert not MACHINE_TEXT.search(sentence), sentence
        assert sentence == sentence.strip()
