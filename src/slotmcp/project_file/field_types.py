"""Types of the values in a project file: parsing, and a sentence that states the valid form.

A field's type is `Annotated[result type, FieldType(...)]`.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from slotmcp.domain.postal_codes import PREFIX_MARK, RANGE_MARK, is_postal_code, normalize_postal_code
from slotmcp.domain.recurrence import WallSpan
from slotmcp.engine.recurrence_rules import parse_rule
from slotmcp.project_file import times
from slotmcp.project_file.suggestions import check_country, check_currency, check_region, check_zone

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MAX_ID = 64
MAX_BOOKING_ID = 100
MAX_AMOUNT = 1_000_000
SLUG_PATTERN = r"[a-z0-9]+(?:[-_.][a-z0-9]+)*"
BOOKING_ID_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._:-]*"
LOCALE_PATTERN = r"[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|[0-9]{3}))?"
VARIABLE_PATTERN = r"[A-Z][A-Z0-9_]{0,99}"
EMAIL_PATTERN = r"[^@\s]{1,64}@[^@\s.]+(?:\.[^@\s.]+)+"

_HYPHENATED_RANGE = r"\s*([0-9]{4,})\s*-\s*([0-9]{4,})\s*"
"""No country has postal codes of two equally long numbers of this length."""
_CONTROL = {"Cc", "Cs", "Zl", "Zp"}
_MAX_SHOWN = 40
_MAX_RULE = 300


@dataclass(frozen=True, slots=True, eq=False)
class FieldType:
    """Reader of one value for pydantic, and its JSON Schema.

    `read` raises ValueError with a sentence that states the valid form.
    """

    read: Callable[[object], object]
    json_schema: dict[str, object]

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        """Replace pydantic's own validation with `read`."""
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return the schema for editors."""
        return dict(self.json_schema)


def describe(value: object) -> str:
    """Describe a value of the file, for an error message."""
    match value:
        case bool():
            return f"found {str(value).lower()}"
        case int() | float():
            return f"found the number {str(value)[:_MAX_SHOWN]}"
        case str():
            shown = "".join(char if char.isprintable() else "?" for char in value[:_MAX_SHOWN])
            return f'found the text "{shown}{"..." if len(value) > _MAX_SHOWN else ""}"'
        case list():
            return "found a list"
        case _:
            return "found a mapping"


def integer(unit: str, low: int, high: int, example: int) -> FieldType:
    """Return the type of a whole number within bounds."""
    of_unit = f" of {unit}" if unit else ""

    def read(value: object) -> int:
        if type(value) is int and low <= value <= high:
            return value
        raise ValueError(f"write a whole number{of_unit} from {low} to {high}, such as {example}; {describe(value)}")

    return FieldType(read, {"type": "integer", "minimum": low, "maximum": high})


def number(unit: str, low: int, high: int, example: float) -> FieldType:
    """Return the type of a number within bounds."""

    def read(value: object) -> float:
        if isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high:
            return float(value)
        raise ValueError(f"write a number of {unit} from {low} to {high}, such as {example}; {describe(value)}")

    return FieldType(read, {"type": "number", "minimum": low, "maximum": high})


def text(noun: str, example: str, *, longest: int) -> FieldType:
    """Return the type of one line of text."""

    def read(value: object) -> str:
        line = _as_text(value, f"write {noun} as text", example)
        _check_text(line, noun, example, longest)
        if any(unicodedata.category(char) in _CONTROL for char in line):
            raise ValueError(f"write {noun} on one line, without control characters")
        return line

    return FieldType(read, {"type": "string", "minLength": 1, "maxLength": longest})


def prose(noun: str, example: str, *, longest: int) -> FieldType:
    """Return the type of sentences. Line breaks and repeated spaces become one space."""

    def read(value: object) -> str:
        line = " ".join(_as_text(value, f"write {noun} as text", example).split())
        _check_text(line, noun, example, longest)
        if any(unicodedata.category(char) in _CONTROL for char in line):
            raise ValueError(f"write {noun} without control characters")
        return line

    return FieldType(read, {"type": "string", "minLength": 1})


def _check_text(line: str, noun: str, example: str, longest: int) -> None:
    if not line.strip():
        raise ValueError(f"this is blank; write {noun}, such as {example}")
    if len(line) > longest:
        raise ValueError(f"write {noun} in at most {longest} characters, not {len(line):,}")


def slug(noun: str, example: str) -> FieldType:
    """Return the type of an identifier: an id, or a skill."""

    def read(value: object) -> str:
        word = _as_text(value, f"write {noun} as text", example)
        if re.fullmatch(SLUG_PATTERN, word) and len(word) <= MAX_ID:
            return word
        suggestion = _slugified(word) or example
        raise ValueError(
            f"write {noun} in lowercase letters, digits and hyphens, at most {MAX_ID} characters, such as {suggestion}"
        )

    return FieldType(read, {"type": "string", "pattern": f"^{SLUG_PATTERN}$", "maxLength": MAX_ID})


def choice(
    options: type[StrEnum], *, planned: Mapping[str, str] | None = None, without: StrEnum | None = None
) -> FieldType:
    """Return the type of one word of an enumeration. `planned` has words that are not supported yet, with the cause."""
    words = [option.value for option in options if option is not without]

    def read(value: object) -> object:
        if value in words:
            return options(value)
        cause = (planned or {}).get(str(value))
        raise ValueError(f"write {' or '.join(words)}; {cause or describe(value)}")

    return FieldType(read, {"enum": words})


def _pattern(pattern: str, noun: str, example: str, hint: str, *, longest: int | None = None) -> FieldType:
    """Return the type of text that matches a pattern."""
    compiled = re.compile(pattern)

    def read(value: object) -> str:
        word = _as_text(value, f"write {noun}", example)
        if compiled.fullmatch(word) and len(word) <= (longest or len(word)):
            return word
        raise ValueError(hint)

    bounds = {} if longest is None else {"maxLength": longest}
    return FieldType(read, {"type": "string", "pattern": f"^{pattern}$", **bounds})


def _parsed(parse: Callable[[str], object], noun: str, example: str, json_schema: dict[str, object]) -> FieldType:
    """Return the type of text that a function parses."""

    def read(value: object) -> object:
        return parse(_as_text(value, f"write {noun}", example))

    return FieldType(read, {"type": "string", **json_schema})


def _date_or_time(parse: Callable[[str], object], noun: str, example: str, pattern: str) -> FieldType:
    return _parsed(parse, noun, example, {"pattern": f"^(?:{pattern})$"})


def _as_text(value: object, wanted: str, example: str) -> str:
    if isinstance(value, str):
        return value
    quotes = " (in quotes)" if isinstance(value, bool | int | float) else ""
    raise ValueError(f'{wanted}{quotes}, such as "{example}"; {describe(value)}')


def _slugified(word: str) -> str:
    plain = unicodedata.normalize("NFKD", word[:MAX_ID]).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def _locale(word: str) -> str:
    if re.fullmatch(LOCALE_PATTERN, word):
        return word
    dashed = word.replace("_", "-")
    example = dashed if re.fullmatch(LOCALE_PATTERN, dashed) else "en-US"
    raise ValueError(f"write a language and country, such as {example}; {describe(word)}")


def _email(word: str) -> str:
    address = word.strip().casefold()
    if re.fullmatch(EMAIL_PATTERN, address):
        return address
    raise ValueError(f"write an email address, such as ana@example.com; {describe(word)}")


def _day(value: object) -> int:
    if value in DAYS:
        return DAYS.index(str(value))
    if isinstance(value, str) and value[:3].lower() in DAYS:
        raise ValueError(f"write {value[:3].lower()}; the days are {', '.join(DAYS)}")
    raise ValueError(f"write a day: {', '.join(DAYS)}; {describe(value)}")


def _holiday(word: str) -> str | date:
    return times.parse_date(word) if word[:1].isdigit() else check_region(word)


def _amount(value: object) -> Decimal:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= MAX_AMOUNT:
        return Decimal(str(value))
    raise ValueError(f"write an amount from 0 to {MAX_AMOUNT}, without the currency, such as 89; {describe(value)}")


def _postal_code(word: str) -> str:
    code = normalize_postal_code(word)
    if is_postal_code(code):
        return code
    raise ValueError(f'write a postal code, such as "80202" or "SW1A 1AA"; {describe(word)}')


def _postal_entry(word: str) -> str:
    """Return a postal code, a prefix or a range in the form that an area has."""
    first, range_mark, last = word.partition(RANGE_MARK)
    if range_mark:
        return _postal_range(first, last)
    if (ends := re.fullmatch(_HYPHENATED_RANGE, word)) is not None and len(ends[1]) == len(ends[2]):
        raise ValueError(f'write a range with two dots: "{ends[1]}{RANGE_MARK}{ends[2]}"')
    prefix, mark, rest = word.partition(PREFIX_MARK)
    return _postal_prefix(prefix, rest) if mark else _postal_code(word)


def _postal_range(first: str, last: str) -> str:
    low, high = normalize_postal_code(first), normalize_postal_code(last)
    if not is_postal_code(low) or not is_postal_code(high):
        found = describe(f"{first}{RANGE_MARK}{last}")
        raise ValueError(f'write a range by its first and last postal code, such as "80210..80219"; {found}')
    if len(low) != len(high):
        raise ValueError(
            f"{low} has {len(low)} characters and {high} has {len(high)}; write two codes of equal length, "
            'such as "80210..80219"'
        )
    if high < low:
        raise ValueError(f'the last code is before the first; write "{high}{RANGE_MARK}{low}"')
    return f"{low}{RANGE_MARK}{high}"


def _postal_prefix(prefix: str, rest: str) -> str:
    start = "".join(prefix.split()).upper()
    if rest.strip():
        raise ValueError('write the * at the end, after the first digits or letters of the codes, such as "802*"')
    if not re.fullmatch(r"[A-Z0-9][A-Z0-9-]{0,10}", start):
        raise ValueError('write the first digits or letters of the codes before the *, such as "802*"')
    return f"{start}{PREFIX_MARK}"


def _rule(word: str) -> str:
    """Return a recurrence rule in capitals, without the name of its property."""
    if len(word) > _MAX_RULE:
        raise ValueError(f"write the rule in at most {_MAX_RULE} characters, not {len(word):,}")
    rule = "".join(word.split()).upper().removeprefix("RRULE:")
    parse_rule(rule)
    return rule


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError(f"write true or false; {describe(value)}")


Country = Annotated[str, _parsed(check_country, "a country", "US", {"pattern": "^[A-Z]{2}$"})]
Currency = Annotated[str, _parsed(check_currency, "a currency", "USD", {"pattern": "^[A-Z]{3}$"})]
Amount = Annotated[Decimal, FieldType(_amount, {"type": "number", "minimum": 0, "maximum": MAX_AMOUNT})]
PostalCode = Annotated[str, _parsed(_postal_code, "a postal code", "80202", {})]
PostalEntry = Annotated[str, _parsed(_postal_entry, "a postal code", "80202", {})]
ZoneName = Annotated[str, _parsed(check_zone, "the IANA name of a time zone", "America/Denver", {})]
Locale = Annotated[str, _parsed(_locale, "a language and country", "en-US", {"pattern": f"^{LOCALE_PATTERN}$"})]
Day = Annotated[int, FieldType(_day, {"enum": list(DAYS)})]
Holiday = Annotated[
    str | date,
    _parsed(_holiday, "a country or a date", "US", {"pattern": rf"^(?:[A-Z]{{2}}(?:-\w+)?|{times.DATE_PATTERN})$"}),
]
Flag = Annotated[bool, FieldType(_flag, {"type": "boolean"})]
Clock = Annotated[int, _date_or_time(times.parse_clock, "a time", "08:00", times.CLOCK_PATTERN)]
DaySpan = Annotated[WallSpan, _date_or_time(times.parse_day_span, "a time span", "06:00-12:00", times.DAY_SPAN_PATTERN)]
PlainDate = Annotated[date, _date_or_time(times.parse_date, "a date", "2026-11-27", times.DATE_PATTERN)]
AnyDate = Annotated[date | times.RelativeDay, _date_or_time(times.parse_day, "a date", "2026-11-27", times.DAY_PATTERN)]
AnyMoment = Annotated[
    times.TimeExpression,
    _date_or_time(times.parse_time, "a date and time", "2026-11-23T09:00", times.TIME_PATTERN),
]
MomentOrClock = Annotated[
    times.TimeExpression | int,
    _date_or_time(
        times.parse_time_or_clock, "a date and time", "2026-11-23T09:00", rf"{times.TIME_PATTERN}|{times.CLOCK_PATTERN}"
    ),
]
Rule = Annotated[str, _parsed(_rule, "a recurrence rule", "FREQ=MONTHLY;BYDAY=1MO", {"maxLength": _MAX_RULE})]
BookingId = Annotated[
    str,
    _pattern(
        BOOKING_ID_PATTERN,
        "the booking's id as text",
        "b-1",
        f"write a booking's id in letters, digits, hyphens, dots and colons, at most {MAX_BOOKING_ID}, such as b-1",
        longest=MAX_BOOKING_ID,
    ),
]
Latitude = Annotated[float, number("degrees", -90, 90, 39.7392)]
Longitude = Annotated[float, number("degrees", -180, 180, -104.9903)]
Variable = Annotated[
    str,
    _pattern(  # the message does not repeat the value, which may be the secret itself
        VARIABLE_PATTERN,
        "the name of an environment variable",
        "CALCOM_API_KEY",
        "write the name of the variable that holds the secret, in capitals, such as CALCOM_API_KEY; never the secret",
    ),
]
Email = Annotated[str, _parsed(_email, "an email address as text", "ana@example.com", {"format": "email"})]
