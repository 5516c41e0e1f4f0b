"""Names of services and technicians as callers hear them, without abbreviations and written signs."""

import re
from collections.abc import Callable
from typing import Final

from slotmcp.domain.catalog import ServiceType
from slotmcp.tools.speech.viewpoint import Viewpoint
from slotmcp.tools.speech.voice import Phrase, Voice, phrase

_SLASH: Final = re.compile(r"(?<=\w\w)\s?/\s?(?=\w\w)|\s/\s")
_AMPERSAND: Final = re.compile(r"(?<=\w\w)&(?=\w\w)|\s+[&+]\s+")
_SLASH_BETWEEN_LETTERS: Final = re.compile(r"(?<=\b[A-Za-z])/(?=[A-Za-z]\b)")
_AROUND_THE_CLOCK: Final = re.compile(r"\b24\s?/\s?7\b")
_LENGTHS: Final = (
    (
        re.compile(r"\b(\d+)\s?(?:mins?|minutes?|minuten|minutos?)\b\.?", re.IGNORECASE),
        phrase("length", "{count} minute", "{count} minutes"),
    ),
    (
        re.compile(r"\b(\d+)\s?(?:hrs?|hours?|std|stunden?|horas?|heures?)\b\.?", re.IGNORECASE),
        phrase("length", "{count} hour", "{count} hours"),
    ),
)
_SIGNS: Final = re.compile(r"\s-+\s|\s*[\u2013\u2014]\s*|[:;](?=\s)|[()\[\]{}<>|*_#\"“”„«»®™©]+")
_REMARK: Final = re.compile(r"\([^)]*\)|\[[^]]*\]|[(){}<>|*_#\"“”„«»]+")
_TITLE: Final = re.compile(r"(dra?|profa?)\b\.?\s*(?:(?:dr|med|dent|vet)\b\.?\s*|[A-ZÀ-Þ]\.\s*)*(?=\w)", re.IGNORECASE)
_SUFFIX: Final = re.compile(r",?\s+(jr|sr)\b\.?$", re.IGNORECASE)


def say_service(service: ServiceType, view: Viewpoint) -> str:
    """Return a service as it is said within a sentence: "Tune-up & check" becomes "tune-up and check".

    A service without a spoken name in the caller's language has its written name, in the business's language.
    """
    spoken = next((service.spoken[locale] for locale in view.voice.chain if locale in service.spoken), "")
    return spoken or say_service_name(service.name, view.business_voice)


def say_service_name(name: str, voice: Voice) -> str:
    """Return a written name of a service as it is said within a sentence of its own language."""
    plain = _AROUND_THE_CLOCK.sub(voice.say_as("24/7", "24-hour"), _SLASH_BETWEEN_LETTERS.sub("", name))
    for pattern, length in _LENGTHS:
        plain = _spell_lengths(plain, pattern, length, voice)
    plain = _join(_join(plain, _SLASH, voice.join_or), _AMPERSAND, voice.join_and)
    plain = " ".join(_SIGNS.sub(" ", plain).split()).rstrip(".,! ")
    first, *others = plain.split(" ")
    is_plain_word = first[:1].isupper() and first[1:].islower() and not voice.has_capital_nouns
    return " ".join([first.lower() if is_plain_word else first, *others])


def say_person(name: str, voice: Voice) -> str:
    """Return a technician's name within a sentence: "Dr. A. Cruz (trainee)" becomes "Doctor Cruz"."""
    plain = " ".join(_REMARK.sub(" ", name).split())
    plain = _SUFFIX.sub(lambda suffix: " Junior" if suffix[1].lower() == "jr" else " Senior", plain)
    if title := _TITLE.match(plain):
        plain = f"{_title(title[1].lower(), voice)} {plain[title.end() :]}"
    return plain.rstrip(".,! ") or name


def _title(abbreviation: str, voice: Voice) -> str:
    match abbreviation:
        case "dr":
            return voice.say_as("title", "Doctor")
        case "dra":
            return voice.say_as("title of a woman", "Doctor")
        case "profa":
            return voice.say_as("title of a woman", "Professor")
        case _:
            return voice.say_as("title", "Professor")


def _spell_lengths(name: str, pattern: re.Pattern[str], length: Phrase, voice: Voice) -> str:
    return pattern.sub(lambda match: voice.say_phrase(length, int(match[1])), name)


def _join(name: str, separator: re.Pattern[str], join: Callable[[str, str], str]) -> str:
    joined, *others = separator.split(name)
    for other in others:
        joined = join(joined, other)
    return joined
