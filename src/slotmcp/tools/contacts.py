"""How a customer can be reached, as an agent writes it down."""

import re
from typing import Final

_PHONE: Final = re.compile(r"\+?[0-9() ./-]*(?:(?:x|ext\.?|#) ?[0-9]{1,8})?", re.IGNORECASE)
_LEAST_DIGITS: Final = 5
_MOST_DIGITS: Final = 23
_EMAIL: Final = re.compile(r"[^@\s,;<>]{1,64}@[^@\s,;<>.]+(?:\.[^@\s,;<>.]+)+")


def read_phone(text: str) -> str:
    """A phone number, as it was given.

    Raises:
        ValueError: it is none.
    """
    digits = sum(character.isdecimal() for character in text)
    if not _PHONE.fullmatch(text) or not _LEAST_DIGITS <= digits <= _MOST_DIGITS:
        raise ValueError('must be a phone number such as "+1 303 555 0142"')
    return text


def read_email(text: str) -> str:
    """An e-mail address, as it was given.

    Raises:
        ValueError: it is none.
    """
    if not _EMAIL.fullmatch(text):
        raise ValueError('must be one e-mail address such as "ana@example.com"')
    return text
