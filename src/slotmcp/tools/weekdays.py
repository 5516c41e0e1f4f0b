"""Weekdays as agents write them."""

import re
from typing import Final

NAMES: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MIN_DAY_LETTERS: Final = 3
_SEPARATORS: Final = re.compile(r"""[,;/&|\[\]"'\s]+|\band\b""", re.IGNORECASE)


def read_days(text: str) -> frozenset[int] | None:
    """Parse weekdays such as "mon,tue", "Monday and Friday" or '["mon"]'; Monday is 0. None: no word at all.

    Raises:
        ValueError: a word is not a weekday.
    """
    numbers = [find_day(word) for word in _SEPARATORS.split(text) if word]
    days = frozenset(number for number in numbers if number is not None)
    if None in numbers:
        raise ValueError('must be weekdays such as "mon,tue"')
    return days or None


def find_day(word: str) -> int | None:
    """Return the number of an English weekday, which may be abbreviated to three letters; None for another word."""
    if len(word) < _MIN_DAY_LETTERS:
        return None
    return next((number for number, name in enumerate(NAMES) if name.startswith(word.lower())), None)
