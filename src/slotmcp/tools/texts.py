"""Cleaning of text that agents send, and reading of phone numbers and email addresses."""

import re
import unicodedata
from typing import Final

from slotmcp.domain.postal_codes import is_postal_code, normalize_postal_code

_MARKS: Final = "\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
"""Invisible marks: soft hyphen, zero-width space, text direction, byte order mark."""
_INVISIBLE: Final = re.compile(f"[{_MARKS}]")
_JOINERS: Final = re.compile("[\u200c\u200d]")
"""Invisible, but part of emoji and of words in some scripts."""
_SPACES: Final = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_DASHES: Final = re.compile("[\u2010-\u2015\u2212\u2043\ufe58\ufe63]")
_BLANK: Final = re.compile(f"[{_MARKS}\u200c\u200d\\s]*")
_PHONE_SCHEME: Final = re.compile(r"^(?:tel|sms|callto|whatsapp):(?://)?", re.IGNORECASE)
_PHONE_EXTENSION: Final = re.compile(r";ext=([0-9]{1,8})$", re.IGNORECASE)
_PHONE: Final = re.compile(r"\(?\+?[0-9() ./-]*(?:[,;]? ?(?:x|ext(?:ension|n)?\.?|#) ?[0-9]{1,8})?", re.IGNORECASE)
_MIN_PHONE_DIGITS: Final = 5
_MAX_PHONE_DIGITS: Final = 23
_EMAIL_SCHEME: Final = re.compile(r"mailto:", re.IGNORECASE)
_EMAIL: Final = re.compile(r"[^@\s,;<>]{1,64}@[^@\s,;<>.]+(?:\.[^@\s,;<>.]+)+")


def is_blank(text: str) -> bool:
    """Return whether a text has only white space and invisible marks."""
    return _BLANK.fullmatch(text) is not None


def clean(text: str) -> str:
    """Remove invisible marks and surrounding space, and replace other space characters with plain spaces."""
    return text.strip() if text.isascii() else _SPACES.sub(" ", _INVISIBLE.sub("", text)).strip()


def plain(text: str) -> str:
    """Clean a text of a fixed format, such as a date or a phone number: also full-width digits and dashes."""
    if text.isascii():
        return text.strip()
    compatible = unicodedata.normalize("NFKC", _JOINERS.sub("", clean(text)))
    return _DASHES.sub("-", "".join(map(_plain_digit, compatible))).strip()


def _plain_digit(character: str) -> str:
    return str(unicodedata.decimal(character, character))


def read_phone(text: str) -> str:
    """Check a phone number in any notation, and return it without the scheme of a link.

    Raises:
        ValueError: the text is not a phone number.
    """
    number = _PHONE_EXTENSION.sub(r" x\1", _PHONE_SCHEME.sub("", text))
    digits = sum(character.isdecimal() for character in number)
    if not _PHONE.fullmatch(number) or not _MIN_PHONE_DIGITS <= digits <= _MAX_PHONE_DIGITS:
        raise ValueError('must be a phone number such as "+1 303 555 0142"')
    return number


def read_email(text: str) -> str:
    """Check an email address, and return it without the scheme of a link.

    Raises:
        ValueError: the text is not one email address.
    """
    match = _EMAIL_SCHEME.match(text)
    address = text[match.end() :].partition("?")[0] if match else text
    if not _EMAIL.fullmatch(address):
        raise ValueError('must be one e-mail address such as "ana@example.com"')
    return address


def read_name(text: str) -> str:
    """Check a person's name, and return it unchanged.

    Raises:
        ValueError: the text has no letter.
    """
    if not any(map(str.isalpha, text)):
        raise ValueError("must be the person's name")
    return text


def read_postal_code(text: str) -> str:
    """Check a postal code in any notation, and return it normalized.

    Raises:
        ValueError: the text is not a postal code.
    """
    code = normalize_postal_code(text)
    if not is_postal_code(code):
        raise ValueError('must be a postal code such as "80202"')
    return code
