"""A voice: says a sentence in one language.

Sentences are written in American English where they are needed, and are the keys of the catalogues beside this module:
`catalogues/es.po` has each of them in Spanish. So American English needs no catalogue, and no Babel.
"""

from datetime import date
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from io import BytesIO
from typing import Final

from slotmcp.tools.locales import SOURCE

_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


class Voice:
    """Says sentences in one of LOCALES. What stands in braces is filled in, and must be so in every language."""

    def __init__(self, locale: str) -> None:
        self.locale: Final = locale
        self._translations: Final = _read_catalogue(locale)
        self.is_english: Final = locale.startswith("en")
        self.has_capital_nouns: Final = locale == "de"

    def say(self, message: str, /, **values: object) -> str:
        """A sentence."""
        return self._translations.gettext(message).format(**values)

    def say_as(self, context: str, message: str, /, **values: object) -> str:
        """A sentence that English says as another one; the context tells them apart."""
        return self._translations.pgettext(context, message).format(**values)

    def say_count(self, one: str, many: str, count: int, /, **values: object) -> str:
        """A sentence that depends on a number."""
        return self._translations.ngettext(one, many, count).format(**values)

    def weekday(self, day: date) -> str:
        """Its name in the middle of a sentence."""
        number = day.weekday()
        return _WEEKDAYS[number] if self.is_english else _names(self.locale)[0][number]

    def month(self, day: date) -> str:
        """Its name in the middle of a sentence."""
        number = day.month - 1
        return _MONTHS[number] if self.is_english else _names(self.locale)[1][number]

    def city(self, zone_key: str) -> str:
        """The place by whose name a zone (IANA name) is known, such as "New York"."""
        if self.is_english:
            return zone_key.rpartition("/")[2].replace("_", " ")
        from babel.dates import get_timezone_location  # noqa: PLC0415  an answer in English needs no Babel

        return get_timezone_location(zone_key, self.locale, return_city=True).rpartition("/")[2]


@cache
def voice_of(locale: str) -> Voice:
    """The voice of one of LOCALES."""
    return Voice(locale)


def _read_catalogue(locale: str) -> NullTranslations:
    if locale == SOURCE:
        return NullTranslations()
    from babel.messages.mofile import write_mo  # noqa: PLC0415
    from babel.messages.pofile import read_po  # noqa: PLC0415

    compiled = BytesIO()
    with (files("slotmcp.tools") / "catalogues" / f"{locale}.po").open("rb") as written:
        write_mo(compiled, read_po(written, locale=locale.replace("-", "_")))
    compiled.seek(0)
    return GNUTranslations(compiled)


@cache
def _names(locale: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The weekdays from Monday, and the months."""
    from babel.core import Locale  # noqa: PLC0415

    words = Locale.parse(locale, sep="-")
    weekdays, months = words.days["format"]["wide"], words.months["format"]["wide"]
    return tuple(weekdays[number] for number in range(7)), tuple(months[number] for number in range(1, 13))
