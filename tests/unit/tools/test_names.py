"""Tests of the names of services and technicians as callers hear them."""

import re
from dataclasses import replace

import pytest

from slotmcp.domain.catalog import Project, Wording
from slotmcp.domain.reasons import Reason
from slotmcp.tools.speech import bookings, reasons, sentences
from slotmcp.tools.speech.locales import LOCALES
from slotmcp.tools.speech.names import say_person, say_service, say_service_name
from slotmcp.tools.speech.viewpoint import Viewpoint
from slotmcp.tools.speech.voice import voice_of
from unit.tools.test_speech import PROJECT, VIEW, service


@pytest.mark.parametrize(
    ("locale", "name", "spoken"),
    [
        ("en-US", "AC repair", "AC repair"),
        ("en-US", "Furnace tune-up", "furnace tune-up"),
        ("en-US", "Heating & cooling check", "heating and cooling check"),
        ("en-US", "Heating&cooling", "heating and cooling"),
        ("en-US", "Repair/replacement", "repair or replacement"),
        ("en-US", "Repair / replacement", "repair or replacement"),
        ("en-US", "A/C repair", "AC repair"),
        ("en-US", "24/7 emergency", "24-hour emergency"),
        ("en-US", "Tune-up (gas)", "tune-up gas"),
        ("en-US", "Plumbing - emergency", "plumbing emergency"),
        ("en-US", "Haircut \N{EM DASH} 30 Min.", "haircut 30 minutes"),
        ("en-US", "Massage (1 hr)", "massage 1 hour"),
        ("en-US", "Inspection: up to 2 hrs.", "inspection up to 2 hours"),
        ("en-US", "24/7/365 help", "24-hour help"),
        ("en-US", "Repair w/ parts (incl. labor)", "repair with parts including labor"),
        ("en-US", "Dr. visit", "doctor visit"),
        ("en-US", "Furnace \N{BULLET} repair \N{TRADE MARK SIGN}", "furnace repair"),
        ("en-US", "24h service", "24h service"),
        ("en-US", "", ""),
        ("es", "Revisión & instalación", "revisión e instalación"),
        ("es", "Revisión/obras", "revisión u obras"),
        ("es", "Limpieza & revisión", "limpieza y revisión"),
        ("es", "Cobre & hierro", "cobre y hierro"),
        ("fr", "Entretien (1 h) / Réparation", "entretien 1 heure ou Réparation"),
        ("de", "Wartung 30 Min.", "Wartung 30 Minuten"),
        ("de", "Kundendienst (jährlich)", "Kundendienst jährlich"),
        ("de", "Beratung ca. 1 Std.", "Beratung etwa 1 Stunde"),
        ("fr", "Dépannage 24h/24", "dépannage 24 heures sur 24"),
        ("fr", "Dépannage 7j/7", "dépannage 7 jours sur 7"),
    ],
)
def test_a_service_is_named_as_within_a_sentence(locale: str, name: str, spoken: str) -> None:
    assert say_service_name(name, voice_of(locale)) == spoken


@pytest.mark.parametrize("locale", LOCALES)
def test_a_service_name_stays_in_the_language_of_the_business(locale: str) -> None:
    project = Project(id="p", name="P", timezone="America/Denver", locale="de")
    assert say_service(service("Wartung & Prüfung"), Viewpoint.of(project, 0, locale=locale)) == "Wartung und Prüfung"


@pytest.mark.parametrize(
    ("locale", "spoken"),
    [
        ("es", "la reparación de la calefacción"),
        ("es-MX", "la reparación de la calefacción"),
        ("en-GB", "central heating repair"),
        ("de", "die Heizungsreparatur"),
        ("fr", "furnace repair"),
        ("en-US", "furnace repair"),
    ],
)
def test_a_spoken_name_is_used_in_its_language(locale: str, spoken: str) -> None:
    repair = replace(
        service("Furnace repair"),
        spoken={
            "es": "la reparación de la calefacción",
            "en-GB": "central heating repair",
            "de": "die Heizungsreparatur",
        },
    )
    view = Viewpoint.of(PROJECT, VIEW.now_ms, locale=locale)
    assert say_service(repair, view) == spoken
    assert spoken in sentences.services([repair], view)
    assert spoken in bookings.booked(bookings.BookingDetails(VIEW.now_ms // 60_000, repair, "Ana"), view)


def test_german_sentences_take_a_masculine_service_in_the_nominative() -> None:
    upkeep = replace(service("Upkeep"), spoken={"de": "der Kundendienst"})
    view = Viewpoint.of(PROJECT, VIEW.now_ms, locale="de")
    start = VIEW.now_ms // 60_000
    details = bookings.BookingDetails(start, upkeep, "Ana")
    spoken = [
        sentences.services([upkeep], view),
        sentences.services([upkeep, upkeep], view),
        sentences.held_service(upkeep, start, view, 90),
        bookings.booked(details, view),
        bookings.canceled(details, view),
        bookings.only_upcoming(details, view),
    ]
    assert all(re.search(r"(^|[:.] )[Dd]er Kundendienst", said) for said in spoken), spoken


@pytest.mark.parametrize(
    ("locale", "visit", "appointment"),
    [
        ("en-US", "could come at that time", "would be available at that time"),
        ("es", "podría ir Ana", "estaría disponible Ana"),
        ("fr", "pourrait venir", "serait disponible"),
        ("de", "kommen", "hätte Ana Zeit"),
    ],
)
def test_the_wording_follows_who_travels(locale: str, visit: str, appointment: str) -> None:
    at_customer = Viewpoint.of(PROJECT, VIEW.now_ms, locale=locale)
    at_business = Viewpoint.of(replace(PROJECT, wording=Wording.APPOINTMENT), VIEW.now_ms, locale=locale)
    assert visit in reasons.other_technicians(["Ana"], at_customer)
    assert appointment in reasons.other_technicians(["Ana"], at_business)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("reason", [None, *Reason])
def test_a_business_that_customers_visit_never_says_that_somebody_comes(locale: str, reason: Reason | None) -> None:
    view = Viewpoint.of(replace(PROJECT, wording=Wording.APPOINTMENT), VIEW.now_ms, locale=locale)
    spoken = [
        reasons.for_technician("Ana", reason, view),
        reasons.for_team(reason, view),
        reasons.other_technicians(["Ana"], view),
        reasons.technician_unavailable("Ana", ["Ben"], [], view),
        reasons.technician_unavailable("Ana", [], [VIEW.now_ms // 60_000], view),
    ]
    assert not re.search(r"\b(come|can come|ir|venir|kommen|drive)\b", " ".join(spoken))


@pytest.mark.parametrize(
    ("locale", "name", "spoken"),
    [
        ("en-US", "Dr. Ana Ruiz", "Doctor Ana Ruiz"),
        ("en-US", "Dr. A. de la Cruz", "Doctor de la Cruz"),
        ("en-US", "John Smith Jr.", "John Smith Junior"),
        ("en-US", "Kim (trainee)", "Kim"),
        ("en-US", "Drake Jones", "Drake Jones"),
        ("en-US", "Dr.", "Dr"),
        ("en-US", "ANA RUIZ", "Ana Ruiz"),
        ("en-US", "JC", "JC"),
        ("en-US", "Ana / Ben", "Ana or Ben"),
        ("en-US", "Ana \N{GLOWING STAR}", "Ana"),
        ("es", "Dr. A. de la Cruz", "el doctor de la Cruz"),
        ("es", "Dra. Ana Ruiz", "la doctora Ana Ruiz"),
        ("fr", "Dr Olivier", "le docteur Olivier"),
        ("de", "Prof. Dr. med. B. Klein", "Professor Klein"),
    ],
)
def test_a_technician_is_named_without_abbreviations(locale: str, name: str, spoken: str) -> None:
    assert say_person(name, voice_of(locale)) == spoken


@pytest.mark.parametrize(
    ("locale", "name", "spoken"),
    [
        ("fr", "Ana", "Ce créneau avec Ana est en cours de réservation."),
        ("es", "Dr. Vega", "Otra persona está reservando esa hora con el doctor Vega."),
        ("en-US", "Bob Roe Jr.", "Someone else is booking that time with Bob Roe Junior."),
    ],
)
def test_a_name_fits_its_sentence(locale: str, name: str, spoken: str) -> None:
    view = Viewpoint.of(PROJECT, VIEW.now_ms, locale=locale)
    assert reasons.for_technician(name, Reason.HELD, view) == spoken


@pytest.mark.parametrize(
    ("locale", "text", "spoken"),
    [
        ("fr", "l'absence de {name}", "L'absence d'Ana"),
        ("fr", "parce que {name} vient", "Parce qu'Ana vient"),
        ("en-US", "until {name}.", "Until Ana."),
    ],
)
def test_a_sentence_contracts_words_before_a_name(locale: str, text: str, spoken: str) -> None:
    assert voice_of(locale).say(text, name="Ana") == spoken


@pytest.mark.parametrize(
    ("locale", "text", "spoken"),
    [
        ("es", "la agenda de {name}", "La agenda del doctor Vega"),
        ("es", "pidió a {name}", "Pidió al doctor Vega"),
        ("fr", "l'absence de {name}", "L'absence du docteur Vega"),
    ],
)
def test_a_sentence_contracts_an_article(locale: str, text: str, spoken: str) -> None:
    voice = voice_of(locale)
    assert voice.say(text, name=say_person("Dr. Vega", voice)) == spoken
