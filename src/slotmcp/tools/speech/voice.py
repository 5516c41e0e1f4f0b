"""Languages: the choice of a locale, and the translation of sentences.

Sentences are written in American English where they are used, and are the keys of the catalogs beside this module:
`catalogs/es.po` has each of them in Spanish. American English therefore needs neither a catalog nor Babel.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from io import BytesIO
from typing import Final

LOCALES: Final = ("en-US", "en-GB", "es", "fr", "de")
"""Supported BCP 47 tags. The first is the language of the source; each other one has a catalog."""
SOURCE: Final = LOCALES[0]

_TAG: Final = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")
_AMERICAN: Final = frozenset({"", "us", "ca", "ph", "pr", "gu", "vi"})
"""Regions of American English (CLDR). All others use British English."""
_REGION_LETTERS: Final = 2
_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


@dataclass(frozen=True, slots=True)
class LocaleChoice:
    """Language of a response."""

    locale: str
    """One of LOCALES."""
    note: str = ""
    """Note for the agent if its caller gets another language than the requested one."""


@lru_cache(maxsize=1024)
def choose_locale(requested: str, usual: str) -> LocaleChoice:
    """Return the requested language, else the business's usual one, else American English. Any text is accepted.

    The note states that another language is used. A missing regional variant is noted only if it was requested.
    """
    for tag in filter(None, (requested, usual)):
        if locale := next((candidate for candidate in _candidates(tag) if candidate in LOCALES), None):
            is_exact = tag == requested and locale.lower() == _normalized(tag)
            return LocaleChoice(locale, "" if is_exact or not requested else _note(requested, locale))
    return LocaleChoice(SOURCE, _note(requested or usual, SOURCE) if requested or usual else "")


def _candidates(tag: str) -> Iterator[str]:
    if not _TAG.fullmatch(tag):
        return
    language, *subtags = _normalized(tag).split("-")
    if language == "en":
        region = next((subtag for subtag in subtags if len(subtag) == _REGION_LETTERS), "")
        yield "en-US" if region in _AMERICAN else "en-GB"
    yield language


def _normalized(tag: str) -> str:
    return tag.replace("_", "-").lower()


def _note(requested: str, locale: str) -> str:
    tag = requested if _TAG.fullmatch(requested) else "that locale"
    return f"There are no sentences in {tag}, so these are in {locale}. There are: {', '.join(LOCALES)}."


def message(text: str) -> str:
    """Mark a literal as a sentence of the catalogs, where a table passes it to `say`."""
    return text


class Voice:
    """Translator of sentences into one of LOCALES. Placeholders in braces are the same in every language."""

    def __init__(self, locale: str) -> None:
        self.locale: Final = locale
        self._translations: Final = _read_catalog(locale)
        self.is_english: Final = locale.startswith("en")
        self.has_capital_nouns: Final = locale == "de"

    def say(self, message: str, /, **values: object) -> str:
        """Translate a sentence."""
        return self._translations.gettext(message).format(**values)

    def say_as(self, context: str, message: str, /, **values: object) -> str:
        """Translate a sentence that has several meanings in English; the context distinguishes them."""
        return self._translations.pgettext(context, message).format(**values)

    def say_count(self, one: str, many: str, count: int, /, **values: object) -> str:
        """Translate a sentence that depends on a number, and fill the number in as `{count}`."""
        return self._translations.ngettext(one, many, count).format(count=count, **values)

    def weekday(self, day: date) -> str:
        """Return the weekday's name as it is written within a sentence."""
        number = day.weekday()
        return _WEEKDAYS[number] if self.is_english else _names(self.locale)[0][number]

    def month(self, day: date) -> str:
        """Return the month's name as it is written within a sentence."""
        number = day.month - 1
        return _MONTHS[number] if self.is_english else _names(self.locale)[1][number]

    def city(self, zone_key: str) -> str:
        """Return the city that names an IANA zone, such as "New York"."""
        if self.is_english:
            return zone_key.rpartition("/")[2].replace("_", " ")
        from babel.dates import get_timezone_location  # noqa: PLC0415  English responses need no Babel

        return get_timezone_location(zone_key, self.locale, return_city=True).rpartition("/")[2]


@cache
def voice_of(locale: str) -> Voice:
    """Return the voice of one of LOCALES."""
    return Voice(locale)


def _read_catalog(locale: str) -> NullTranslations:
    if locale == SOURCE:
        return NullTranslations()
    from babel.messages.mofile import write_mo  # noqa: PLC0415  American English needs no Babel
    from babel.messages.pofile import read_po  # noqa: PLC0415

    compiled = BytesIO()
    with (files("slotmcp.tools.speech") / "catalogs" / f"{locale}.po").open("rb") as source:
        write_mo(compiled, read_po(source, locale=locale.replace("-", "_")))
    compiled.seek(0)
    return GNUTranslations(compiled)


@cache
def _names(locale: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names of the weekdays, from Monday, and of the months."""
    from babel.core import Locale  # noqa: PLC0415  English responses need no Babel

    names = Locale.parse(locale, sep="-")
    weekdays, months = names.days["format"]["wide"], names.months["format"]["wide"]
    return tuple(weekdays[number] for number in range(7)), tuple(months[number] for number in range(1, 13))
