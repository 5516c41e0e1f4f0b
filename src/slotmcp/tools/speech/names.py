"""Names of services and technicians as callers hear them, without abbreviations and written signs."""

import re
from collections.abc import Callable
from functools import cache
from typing import Final

from slotmcp.domain.catalog import ServiceType
from slotmcp.tools.speech.viewpoint import Viewpoint
from slotmcp.tools.speech.voice import Voice, read_replacements

_SLASH: Final = re.compile(r"(?<=\w\w)\s?/\s?(?=\w\w)|\s/\s")
_AMPERSAND: Final = re.compile(r"(?<=\w\w)&(?=\w\w)|\s+[&+]\s+")
_SLASH_BETWEEN_LETTERS: Final = re.compile(r"(?<=\b[A-Za-z])/(?=[A-Za-z]\b)")
_SYMBOLS: Final = r"[\[\]{}<>|*_#\"“”„«»®™©•·\u2190-\u2bff\ufe0f\U0001f000-\U0001faff]+"
_SIGNS: Final = re.compile(rf"\s-+\s|\s*[\u2013\u2014]\s*|[:;](?=\s)|[()]+|{_SYMBOLS}")
_REMARK: Final = re.compile(rf"\([^)]*\)|\[[^]]*\]|[()]|{_SYMBOLS}")
_TITLE: Final = re.compile(r"(dra?|profa?)\b\.?\s*(?:(?:dr|med|dent|vet)\b\.?\s*|[A-ZÀ-Þ]\.\s*)*(?=\w)", re.IGNORECASE)
_MAX_INITIALS: Final = 2
_SUFFIX: Final = re.compile(r",?\s+(jr|sr)\b\.?$", re.IGNORECASE)


def say_service(service: ServiceType, view: Viewpoint) -> str:
    """Return a service as it is said within a sentence: "Tune-up & check" becomes "tune-up and check".

    A service without a spoken name in the caller's language has its written name, in the business's language.
    """
    spoken = next((service.spoken[locale] for locale in view.voice.chain if locale in service.spoken), "")
    return spoken or say_service_name(service.name, view.business_voice)


def say_service_name(name: str, voice: Voice) -> str:
    """Return a written name of a service as it is said within a sentence of its own language."""
    plain = _SLASH_BETWEEN_LETTERS.sub("", name)
    for abbreviation, words in _abbreviations(voice):
        plain = abbreviation.sub(words, plain)
    plain = _join(_join(plain, _SLASH, voice.join_or), _AMPERSAND, voice.join_and)
    plain = " ".join(_SIGNS.sub(" ", plain).split()).rstrip(".,! ")
    first, *others = plain.split(" ")
    is_plain_word = first[:1].isupper() and first[1:].islower() and not voice.has_capital_nouns
    return " ".join([first.lower() if is_plain_word else first, *others])


def say_person(name: str, voice: Voice) -> str:
    """Return a technician's name within a sentence: "Dr. A. Cruz (trainee)" becomes "Doctor Cruz"."""
    plain = " ".join(_join(_REMARK.sub(" ", name), _SLASH, voice.join_or).split())
    if plain.isupper() and len(plain) > _MAX_INITIALS:
        plain = plain.title()
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


@cache
def _abbreviations(voice: Voice) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return what replaces the abbreviations in a language's names of services."""
    rules = voice.say_as(
        "abbreviations in names of services",
        "24 ?/ ?7(?:/365)? => 24-hour\n"
        "(\\d+)[ -]?mins?\\b\\.? => \\1 minutes\n"
        "(\\d+)[ -]?hrs?\\b\\.? => \\1 hours\n"
        "1 (minute|hour)s => 1 \\1\n"
        "w/ ?(\\w) => with \\1\n"
        "incl\\. => including\n"
        "approx\\. => about\n"
        "Dr\\b\\.? => doctor",
    )
    return read_replacements(rules, re.IGNORECASE)


def _join(name: str, separator: re.Pattern[str], join: Callable[[str, str], str]) -> str:
    joined, *others = separator.split(name)
    for other in others:
        joined = join(joined, other)
    return joined
