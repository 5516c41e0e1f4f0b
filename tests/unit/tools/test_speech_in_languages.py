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
from slotmcp.tools.speech.locales import BASES, LOCALES
from slotmcp.tools.speech.times import full_date, label
from slotmcp.tools.speech.viewpoint import Viewpoint
from unit.tools.test_speech import service

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
                "hoy a las 3 de la tarde",
                "aujourd'hui à 15 heures",
                "heute um 15 Uhr",
            ),
        ),
        (
            "2026-11-23T09:00",
            (
                "tomorrow at 9 in the morning",
                "tomorrow at 9 in the morning",
                "mañana a las 9 de la mañana",
                "mañana a las 9 de la mañana",
                "demain à 9 heures",
                "morgen um 9 Uhr",
            ),
        ),
        (
            "2026-11-24T13:30",
            (
                "Tuesday at 1:30 in the afternoon",
                "Tuesday at 1:30 in the afternoon",
                "el martes a la 1 y media de la tarde",
                "el martes a la 1 y media de la tarde",
                "mardi à 13 heures 30",
                "am Dienstag um 13 Uhr 30",
            ),
        ),
        (
            "2026-11-24T05:00",
            (
                "Tuesday at 5 in the morning",
                "Tuesday at 5 in the morning",
                "el martes a las 5 de la madrugada",
                "el martes a las 5 de la madrugada",
                "mardi à 5 heures du matin",
                "am Dienstag um 5 Uhr morgens",
            ),
        ),
        (
            "2026-11-24T17:00",
            (
                "Tuesday at 5 p.m",
                "Tuesday at 5 in the afternoon",
                "el martes a las 5 de la tarde",
                "el martes a las 5 de la tarde",
                "mardi à 17 heures",
                "am Dienstag um 17 Uhr",
            ),
        ),
        (
            "2026-11-27T12:00",
            (
                "Friday at noon",
                "Friday at midday",
                "el viernes a las 12 del mediodía",
                "el viernes a las 12 del mediodía",
                "vendredi à midi",
                "am Freitag um 12 Uhr",
            ),
        ),
        (
            "2026-11-27T12:30",
            (
                "Friday at 12:30 in the afternoon",
                "Friday at 12:30 in the afternoon",
                "el viernes a las 12 y media del mediodía",
                "el viernes a las 12 y media de la tarde",
                "vendredi à 12 heures 30",
                "am Freitag um 12 Uhr 30",
            ),
        ),
        (
            "2026-11-30T19:05",
            (
                "Monday, November 30th at 7:05 in the evening",
                "Monday the 30th of November at 7:05 in the evening",
                "el lunes 30 de noviembre a las 7 y 5 de la tarde",
                "el lunes 30 de noviembre a las 7 y 5 de la noche",
                "lundi 30 novembre à 19 heures 5",
                "am Montag, dem dreißigsten November um 19 Uhr 5",
            ),
        ),
        (
            "2026-12-01T01:00",
            (
                "Tuesday, December 1st at 1 in the morning",
                "Tuesday the 1st of December at 1 in the morning",
                "el martes 1 de diciembre a la 1 de la madrugada",
                "el martes primero de diciembre a la 1 de la madrugada",
                "mardi premier décembre à 1 heure du matin",
                "am Dienstag, dem ersten Dezember um ein Uhr nachts",
            ),
        ),
        (
            "2027-12-24T21:15",
            (
                "Friday, December 24th, 2027 at 9:15 at night",
                "Friday the 24th of December 2027 at 9:15 at night",
                "el viernes 24 de diciembre de 2027 a las 9 y cuarto de la noche",
                "el viernes 24 de diciembre de 2027 a las 9 y cuarto de la noche",
                "vendredi 24 décembre 2027 à 21 heures 15",
                "am Freitag, dem vierundzwanzigsten Dezember 2027 um 21 Uhr 15",
            ),
        ),
        (
            "2026-11-23T00:00",
            (
                "tonight at midnight",
                "tonight at midnight",
                "esta noche a las 12",
                "esta noche a las 12",
                "ce soir à minuit",
                "heute um Mitternacht",
            ),
        ),
        (
            "2026-11-25T00:00",
            (
                "the night of Tuesday at midnight",
                "the night of Tuesday at midnight",
                "el martes a las 12 de la noche",
                "el martes a las 12 de la noche",
                "mardi au soir à minuit",
                "am Dienstag um Mitternacht",
            ),
        ),
        (
            "2026-11-25T00:15",
            (
                "Wednesday at 12:15 at night",
                "Wednesday at 12:15 at night",
                "el miércoles a las 12 y cuarto de la noche",
                "el miércoles a las 12 y cuarto de la noche",
                "mercredi à minuit 15",
                "am Mittwoch um 0 Uhr 15 nachts",
            ),
        ),
    ],
)
def test_a_time_is_worded_in_each_language(text: str, expected: tuple[str, ...]) -> None:
    american, british, spanish, american_spanish, french, german = expected
    assert [sentences.hold_booked(minute(text), view(locale)) for locale in LOCALES] == [
        f"That's already booked for you: {american}.",
        f"That's already booked for you: {british}.",
        f"Ya la tiene reservada: {spanish}.",
        f"Ya la tiene reservada: {american_spanish}.",
        f"C'est déjà réservé pour vous : {french}.",
        f"Der Termin ist schon für Sie gebucht: {german}.",
    ]


@pytest.mark.parametrize(
    ("locale", "sentence"),
    [
        ("en-GB", "I have tomorrow at 9 or 10:30 in the morning, or Tuesday at 8 in the morning."),
        ("es", "Tengo mañana a las 9 o a las 10 y media de la mañana o el martes a las 8 de la mañana."),
        ("fr", "Je peux vous proposer demain à 9 heures ou 10 heures 30 ou mardi à 8 heures."),
        ("de", "Ich habe morgen um 9 Uhr oder um 10 Uhr 30 oder am Dienstag um 8 Uhr einen Termin frei."),
    ],
)
def test_several_choices_are_one_sentence(locale: str, sentence: str) -> None:
    assert offered(locale, NINE, "2026-11-23T10:30", "2026-11-24T08:00", "2026-11-25T08:00") == sentence


@pytest.mark.parametrize(
    ("locale", "sentence"),
    [
        ("en-US", "I have Tuesday at 9 in the morning, at noon, or at 1 in the afternoon."),
        ("es", "Tengo el martes a las 9 de la mañana, a las 12 del mediodía o a la 1 de la tarde."),
        ("fr", "Je peux vous proposer mardi à 9 heures, midi ou 13 heures."),
        ("de", "Ich habe am Dienstag um 9 Uhr, um 12 Uhr oder um 13 Uhr einen Termin frei."),
    ],
)
def test_choices_of_one_day_over_noon(locale: str, sentence: str) -> None:
    assert offered(locale, "2026-11-24T09:00", "2026-11-24T12:00", "2026-11-24T13:00") == sentence


@pytest.mark.parametrize(
    ("locale", "one", "several"),
    [
        ("en-US", "at 11 in the morning New York time.", "or Tuesday at 3 in the afternoon, New York time."),
        ("es", "a las 11 de la mañana, hora de Nueva York.", "o el martes a las 3 de la tarde, hora de Nueva York."),
        ("fr", "à 11 heures, heure de New York.", "ou mardi à 15 heures, heure de New York."),
        ("de", "um 11 Uhr Ortszeit New York einen", "oder am Dienstag um 15 Uhr Ortszeit New York einen"),
    ],
)
def test_a_foreign_zone_is_named_once(locale: str, one: str, several: str) -> None:
    abroad = view(locale, timezone="America/New_York")
    assert one in sentences.free_times([minute(NINE)], abroad)
    sentence = sentences.free_times([minute(NINE), minute("2026-11-24T13:00")], abroad)
    assert several in sentence
    assert sentence.count("York") == 1


@pytest.mark.parametrize(
    ("locale", "timezone", "zone"),
    [
        ("fr", "Africa/Cairo", ", heure du Caire."),
        ("fr", "Europe/Amsterdam", ", heure d'Amsterdam."),
        ("fr", "America/Indiana/Tell_City", ", heure de Tell City."),
        ("es", "America/Argentina/Catamarca", ", hora de Catamarca."),
        ("es", "Africa/Cairo", ", hora de El Cairo."),
        ("en-US", "America/Argentina/Buenos_Aires", " Buenos Aires time."),
        ("de", "Asia/Kolkata", " Ortszeit Kolkata."),
    ],
)
def test_a_zone_is_named_by_its_city(locale: str, timezone: str, zone: str) -> None:
    assert sentences.hold_booked(minute(NINE), view(locale, timezone=timezone)).endswith(zone)


@pytest.mark.parametrize("timezone", ["UTC", "Etc/UTC", "Etc/GMT+5", "EST", "EST5EDT", "GMT"])
@pytest.mark.parametrize("locale", LOCALES)
def test_a_zone_without_a_city_is_not_named(locale: str, timezone: str) -> None:
    spoken = sentences.hold_booked(minute(NINE), view(locale, timezone=timezone))
    assert not re.search(r"UTC|GMT|EST|Panam|time|hora de|heure de|Ortszeit", spoken)


@pytest.mark.parametrize(
    ("locale", "first", "second"),
    [
        ("en-US", "tomorrow at 1:30 before the clock goes back", "tomorrow at 1:30 after the clock goes back"),
        ("en-GB", "tomorrow at 1:30 before the clocks go back", "tomorrow at 1:30 after the clocks go back"),
        ("es", "mañana a la 1 y media antes del cambio de hora", "mañana a la 1 y media después del cambio de hora"),
        ("fr", "demain à 1 heure 30 en heure d'été", "demain à 1 heure 30 en heure d'hiver"),
        ("de", "morgen um ein Uhr 30 vor der Zeitumstellung", "morgen um ein Uhr 30 nach der Zeitumstellung"),
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
    ("locale", "one", "several"),
    [
        ("es", "y un servicio más.", "y 2 servicios más."),
        ("fr", "et une autre prestation.", "et 2 autres prestations."),
        ("de", "und eine weitere Leistung.", "und 2 weitere Leistungen."),
    ],
)
def test_services_are_counted_by_the_rules_of_each_language(locale: str, one: str, several: str) -> None:
    assert one in sentences.services([service(name) for name in "ABCD"], view(locale))
    assert several in sentences.services([service(name) for name in "ABCDE"], view(locale))


def test_every_locale_has_words_of_its_own() -> None:
    assert len({sentences.nothing_free(minute(NINE), view(locale)) for locale in LOCALES}) == len(LOCALES)


@pytest.mark.parametrize("locale", ["en-GB", "es-US"])
def test_a_locale_says_what_it_does_not_word_differently_as_its_base_does(locale: str) -> None:
    assert sentences.no_more_times(view(locale)) == sentences.no_more_times(view(BASES[locale]))


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
        bookings.booked(bookings.BookingDetails(starts[0], service("AC repair"), "Ana"), viewpoint),
        sentences.unavailable(starts, viewpoint),
        sentences.hold_expired(starts, viewpoint),
        bookings.assignment_reason("Ana", REASON, viewpoint),
        label(viewpoint.local(starts[0]), viewpoint.voice),
    ]
    for sentence in spoken:
        assert not MACHINE_TEXT.search(sentence.replace("p.m.", "p")), sentence
        assert sentence == sentence.strip()
