"""Supported locales, and the choice among them.

A locale may be based on another one. Its catalog then contains only what differs.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

LOCALES: Final = ("en-US", "en-GB", "es", "es-US", "fr", "de")
"""Supported BCP 47 tags. The first is the language of the source; each other one has a catalog."""
SOURCE: Final = LOCALES[0]
BASES: Final[Mapping[str, str]] = {"en-GB": SOURCE, "es-US": "es"}
"""Locale whose sentences are used where a locale has none of its own."""

_TAG: Final = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")
_AMERICAN: Final = frozenset({"", "us", "ca", "ph", "pr", "gu", "vi"})
"""Regions of American English (CLDR). All others use British English."""
_EUROPEAN: Final = frozenset({"", "es", "gq", "ea", "ic", "ph"})
"""Regions of European Spanish (CLDR). All others use American Spanish."""
_REGION: Final = re.compile(r"[a-z]{2}|\d{3}")


@dataclass(frozen=True, slots=True)
class LocaleChoice:
    """Language of a response."""

    locale: str
    """One of LOCALES."""
    note: str = ""
    """Note for the agent if its caller gets another language than the requested one."""


def locale_chain(locale: str) -> tuple[str, ...]:
    """Return a locale and those on which it is based, the most specific first."""
    base = BASES.get(locale)
    return (locale, *locale_chain(base)) if base else (locale,)


@lru_cache(maxsize=1024)
def choose_locale(requested: str, usual: str) -> LocaleChoice:
    """Return the requested language, else the business's usual one, else American English. Any text is accepted.

    The note states that another language is used. A missing regional variant is noted only if it was requested, and
    not for American Spanish, which is written for all of its regions.
    """
    for tag in filter(None, (requested, usual)):
        if locale := next(_supported(tag), None):
            is_exact = tag == requested and (locale.lower() == _normalized(tag) or locale == "es-US")
            return LocaleChoice(locale, "" if is_exact or not requested else _note(requested, locale))
    return LocaleChoice(SOURCE, _note(requested or usual, SOURCE) if requested or usual else "")


def _supported(tag: str) -> Iterator[str]:
    return (candidate for candidate in _candidates(tag) if candidate in LOCALES)


def _candidates(tag: str) -> Iterator[str]:
    if not _TAG.fullmatch(tag):
        return
    language, *subtags = _normalized(tag).split("-")
    region = next((subtag for subtag in subtags if _REGION.fullmatch(subtag)), "")
    if language == "en":
        yield "en-US" if region in _AMERICAN else "en-GB"
    if language == "es" and region not in _EUROPEAN:
        yield "es-US"
    yield language


def _normalized(tag: str) -> str:
    return tag.replace("_", "-").lower()


def _note(requested: str, locale: str) -> str:
    tag = requested if _TAG.fullmatch(requested) else "that locale"
    return f"There are no sentences in {tag}, so these are in {locale}. There are: {', '.join(LOCALES)}."
