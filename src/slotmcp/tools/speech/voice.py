"""Translation of sentences and of the phrases within them.

Sentences are written in American English where they are used, and are the keys of the catalogs beside this module:
`catalogs/es.po` has each of them in Spanish. American English therefore needs neither a catalog nor Babel.
"""

import re
from dataclasses import dataclass
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from io import BytesIO
from typing import Final

from slotmcp.tools.speech.locales import SOURCE, locale_chain

_ZONES_WITHOUT_CITY: Final = re.compile(r"[^/]*|Etc/.*")
_REGION_AFTER_CITY: Final = re.compile(r"\s*[,(\[].*")


@dataclass(frozen=True, slots=True)
class Phrase:
    """Entry of the catalogs with a context, which a table passes to `say_phrase`."""

    context: str
    one: str
    many: str


def message(text: str) -> str:
    """Mark a literal as a sentence of the catalogs, where a table passes it to `say`."""
    return text


def phrase(context: str, one: str, many: str = "") -> Phrase:
    """Mark literals as a phrase of the catalogs, with its plural if it has one."""
    return Phrase(context, one, many)


class Voice:
    """Translator into one of LOCALES. Placeholders in braces are the same in every language.

    A sentence is complete, from its capital letter to its final punctuation mark. A phrase is a part of one.
    """

    def __init__(self, locale: str) -> None:
        self.locale: Final = locale
        self.chain: Final = locale_chain(locale)
        self._translations: Final = _read_catalogs(self.chain)
        self.has_capital_nouns: Final = self.say_as("nouns within a sentence", "lower case") != "lower case"
        self._changes_or: Final = re.compile(self.say_as("words before which or changes", "(?!)"))
        self._changes_and: Final = re.compile(self.say_as("words before which and changes", "(?!)"))
        self._contractions: Final = read_replacements(self.say_as("contractions", "none"))

    def say(self, message: str, /, **values: object) -> str:
        """Translate a sentence."""
        return self._finish(self._translations.gettext(message).format(**values))

    def say_count(self, one: str, many: str, count: int, /, **values: object) -> str:
        """Translate a sentence that depends on a number, and fill the number in as `{count}`."""
        return self._finish(self._translations.ngettext(one, many, count).format(count=count, **values))

    def say_as(self, context: str, text: str, /, **values: object) -> str:
        """Translate a phrase; the context distinguishes the meanings that it has in English."""
        return self._translations.pgettext(context, text).format(**values)

    def say_phrase(self, phrase: Phrase, /, count: int = 1, **values: object) -> str:
        """Translate a phrase of a table, and fill the number in as `{count}` if it has a plural."""
        if not phrase.many:
            return self.say_as(phrase.context, phrase.one, **values)
        text = self._translations.npgettext(phrase.context, phrase.one, phrase.many, count)
        return text.format(count=count, **values)

    def join_or(self, several: str, one: str) -> str:
        """Join two phrases of which one is chosen, such as "9 or 10"."""
        if self._changes_or.match(one):
            return self.say_as("or, before such a word", "{several} or {one}", several=several, one=one)
        return self.say_as("or", "{several} or {one}", several=several, one=one)

    def join_and(self, several: str, one: str) -> str:
        """Join two phrases that belong together, such as "heating and cooling"."""
        if self._changes_and.match(one):
            return self.say_as("and, before such a word", "{several} and {one}", several=several, one=one)
        return self.say_as("and", "{several} and {one}", several=several, one=one)

    def city(self, zone_key: str) -> str:
        """Return the city that names an IANA zone, such as "New York"; empty for a zone that is not named by one."""
        if _ZONES_WITHOUT_CITY.fullmatch(zone_key):
            return ""
        if SOURCE in self.chain:
            return zone_key.rpartition("/")[2].replace("_", " ")
        from babel.dates import get_timezone_location  # noqa: PLC0415  English responses need no Babel

        locale = self.locale.replace("-", "_")
        location = get_timezone_location(zone_key, locale, return_city=True)
        return _REGION_AFTER_CITY.sub("", location.rpartition("/")[2])

    def _finish(self, text: str) -> str:
        """Contract words, and correct what inserted names leave: doubled periods and a small first letter."""
        for pattern, contracted in self._contractions:
            text = pattern.sub(contracted, text)
        text = text.replace("..", ".")
        return text[:1].upper() + text[1:]


@cache
def voice_of(locale: str) -> Voice:
    """Return the voice of one of LOCALES."""
    return Voice(locale)


def read_replacements(lines: str, flags: re.RegexFlag = re.NOFLAG) -> tuple[tuple[re.Pattern[str], str], ...]:
    r"""Parse lines such as `de el => del` or `(\d+) ?min => \1 minutos`: a regular expression and its replacement.

    An expression begins at the beginning of a word.
    """
    pairs = (line.split(" => ") for line in lines.splitlines() if " => " in line)
    return tuple((re.compile(rf"\b{pattern}", flags), replacement) for pattern, replacement in pairs)


def _read_catalogs(chain: tuple[str, ...]) -> NullTranslations:
    catalog, *bases = [_read_catalog(locale) for locale in chain]
    for base in bases:
        catalog.add_fallback(base)
    return catalog


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
