"""Kinds of values: how one is read, and the sentence for when it cannot be.

A field's type is `Annotated[what it comes to, Leaf(...)]`. A leaf's sentence always says what would be right.
"""

import math
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from slotmcp.domain.catalog import RankingKey, SlotAlignment, TechnicianStatus, TravelMode

SLUG_PATTERN = r"[a-z0-9]+(?:[-_.][a-z0-9]+)*"
MAX_ID = 64

_CONTROL = {"Cc", "Cs", "Zl", "Zp"}
_SHOWN = 40


@dataclass(frozen=True, slots=True, eq=False)
class FieldType:
    """How pydantic reads one value, and how its JSON Schema shows it.

    `read` raises ValueError with a sentence that says what would be right.
    """

    read: Callable[[object], object]
    json_schema: dict[str, object]

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        """The reading replaces pydantic's own."""
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """For editors."""
        return dict(self.json_schema)


def found(value: object) -> str:
    """A value of the file in the file's own words."""
    match value:
        case bool():
            return f"here stands {str(value).lower()}"
        case int() | float():
            return f"here stands the number {str(value)[:_SHOWN]}"
        case str():
            shown = "".join(one if one.isprintable() else "?" for one in value[:_SHOWN])
            return f'here stands the text "{shown}{"..." if len(value) > _SHOWN else ""}"'
        case list():
            return "here stands a list"
        case _:
            return "here stands a mapping"


def whole(unit: str, low: int, high: int, example: int) -> FieldType:
    """A whole number of something within bounds."""
    of_unit = f" of {unit}" if unit else ""

    def read(value: object) -> int:
        if type(value) is int and low <= value <= high:
            return value
        raise ValueError(f"write a whole number{of_unit} from {low} to {high}, such as {example}; {found(value)}")

    return FieldType(read, {"type": "integer", "minimum": low, "maximum": high})


def number(unit: str, low: int, high: int, example: float) -> FieldType:
    """A number of something within bounds, whole or not."""

    def read(value: object) -> float:
        if (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and math.isfinite(value)
            and low <= value <= high
        ):
            return float(value)
        raise ValueError(f"write a number of {unit} from {low} to {high}, such as {example}; {found(value)}")

    return FieldType(read, {"type": "number", "minimum": low, "maximum": high})


def text(what: str, example: str, *, longest: int) -> FieldType:
    """One line of text that is shown as it is."""

    def read(value: object) -> str:
        line = as_text(value, f"write {what} as text", example)
        if not line.strip():
            raise ValueError(f"this is blank; write {what}, such as {example}")
        if len(line) > longest:
            raise ValueError(f"write {what} in at most {longest} characters; these are {len(line):,}")
        if any(unicodedata.category(one) in _CONTROL for one in line):
            raise ValueError(f"write {what} on one line, without control characters")
        return line

    return FieldType(read, {"type": "string", "minLength": 1, "maxLength": longest})


def slug(what: str, example: str) -> FieldType:
    """A name for programs: the id of a thing, or a skill."""

    def read(value: object) -> str:
        word = as_text(value, f"write {what} as text", example)
        if re.fullmatch(SLUG_PATTERN, word) and len(word) <= MAX_ID:
            return word
        meant = _slugged(word) or example
        raise ValueError(
            f"write {what} in lower-case letters, digits and hyphens, at most {MAX_ID} characters, such as {meant}"
        )

    return FieldType(read, {"type": "string", "pattern": f"^{SLUG_PATTERN}$", "maxLength": MAX_ID})


def choice(options: type[SlotAlignment | TechnicianStatus | RankingKey | TravelMode]) -> FieldType:
    """One word of a few."""
    words = [one.value for one in options]

    def read(value: object) -> object:
        if value in words:
            return options(value)
        raise ValueError(f"write {' or '.join(words)}; {found(value)}")

    return FieldType(read, {"enum": words})


def wall(parse: Callable[[str], object], what: str, example: str, pattern: str) -> FieldType:
    """A date or time, quoted or not."""

    def read(value: object) -> object:
        return parse(as_text(value, f"write {what}", example))

    return FieldType(read, {"type": "string", "pattern": f"^(?:{pattern})$"})


def as_text(value: object, wanted: str, example: str) -> str:
    """A value that has to be text.

    Raises:
        ValueError: `wanted`, with the example.
    """
    if isinstance(value, str):
        return value
    quotes = " (in quotes)" if isinstance(value, bool | int | float) else ""
    raise ValueError(f'{wanted}{quotes}, such as "{example}"; {found(value)}')


def _slugged(word: str) -> str:
    plain = unicodedata.normalize("NFKD", word[:MAX_ID]).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
