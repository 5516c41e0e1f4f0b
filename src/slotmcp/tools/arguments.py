"""What a tool is asked: each field's kind, and the reading of what an agent sent.

Absent are a field that is not there, null, blank text, and 0 where the least number is above 0. Numbers may
come as text; nothing else is bent. Whatever is wrong is told as a domain error, each field with what would be right.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Annotated, Any, ClassVar, Final, TypeVar

from mcp.server.mcpserver.utilities.func_metadata import ArgModelBase
from pydantic import ConfigDict, Field, GetCoreSchemaHandler, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema, ErrorDetails, PydanticCustomError, core_schema

from slotmcp.domain.catalog import Location
from slotmcp.domain.errors import FieldProblem, InvalidArgument
from slotmcp.tools import moments
from slotmcp.tools.schemas import Schema, portable

_ECHOED: Final = 64
"""How much of an unknown name is said back."""
_UNKNOWN_NAMED: Final = 5
_LINE_FORBIDS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_PARAGRAPH_FORBIDS: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]")
_PHONE: Final = re.compile(r"\+?[0-9() ./-]*(?:(?:x|ext\.?|#) ?[0-9]{1,8})?", re.IGNORECASE)
_MIN_PHONE_DIGITS: Final = 5
_MAX_PHONE_DIGITS: Final = 23
_EMAIL: Final = re.compile(r"[^@\s,;<>]{1,64}@[^@\s,;<>.]+(?:\.[^@\s,;<>.]+)+")
A = TypeVar("A", bound="Arguments")


class Arguments(ArgModelBase):
    """The arguments of one tool: snake_case here, camelCase on the wire."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, alias_generator=to_camel, hide_input_in_errors=True)


@dataclass(frozen=True, slots=True)
class Text:
    """A field of text: without control characters, its ends trimmed."""

    max_length: int
    read: Callable[[str], object] | None = None
    """Makes the field's value of it, or raises a ValueError that says what would be right."""
    multiline: bool = False

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        text = core_schema.str_schema(strip_whitespace=True, max_length=self.max_length)
        return core_schema.no_info_after_validator_function(self._read, text)

    def _read(self, text: str) -> object:
        forbidden = _PARAGRAPH_FORBIDS if self.multiline else _LINE_FORBIDS
        if found := forbidden.search(text):
            raise ValueError(f"must not have control characters (U+{ord(found[0]):04X})")
        return text if self.read is None else self.read(text)


@dataclass(frozen=True, slots=True)
class WholeNumber:
    """A field with a whole number in bounds, both inclusive."""

    least: int
    most: int

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return _no_bool(core_schema.int_schema(ge=self.least, le=self.most))


@dataclass(frozen=True, slots=True)
class Number:
    """A field with a finite number in bounds, both inclusive."""

    least: float
    most: float

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return _no_bool(core_schema.float_schema(ge=self.least, le=self.most, allow_inf_nan=False))


ID: Final = Text(64)
LOCALE: Final = Text(35)
ZONE: Final = Text(64, moments.read_zone)
SECRET: Final = Text(256)
KEY: Final = Text(256)
MOMENT: Final = Text(moments.MAX_LENGTH, moments.read_moment)
DAY: Final = Text(moments.MAX_LENGTH, moments.read_day)
TIME: Final = Text(moments.MAX_LENGTH, moments.read_time)
LATITUDE: Final = Number(-90, 90)
LONGITUDE: Final = Number(-180, 180)


class ProjectArguments(Arguments):
    """The arguments of a tool that is about one project, as each of ours is."""

    project_id: Annotated[str, ID] | None = Field(None, description="If several")


def read_location(latitude: float | None, longitude: float | None) -> Location | None:
    """Return the location, or None if it is unknown.

    Raises:
        InvalidArgument: one of the two is missing.
    """
    if not latitude and not longitude:
        return None  # 0, 0 is in the ocean; agents send it if they do not know the location
    if latitude is None:
        raise InvalidArgument("latitude", "is required beside longitude.")
    if longitude is None:
        raise InvalidArgument("longitude", "is required beside latitude.")
    return Location(latitude, longitude)


def read_phone(text: str) -> str:
    """Check a phone number in any notation, and return it unchanged.

    Raises:
        ValueError: the text is not a phone number.
    """
    digits = sum(character.isdecimal() for character in text)
    if not _PHONE.fullmatch(text) or not _MIN_PHONE_DIGITS <= digits <= _MAX_PHONE_DIGITS:
        raise ValueError('must be a phone number such as "+1 303 555 0142"')
    return text


def read_email(text: str) -> str:
    """Check an email address, and return it unchanged.

    Raises:
        ValueError: the text is not one email address.
    """
    if not _EMAIL.fullmatch(text):
        raise ValueError('must be one e-mail address such as "ana@example.com"')
    return text


def read_arguments(model: type[A], given: Mapping[str, object]) -> A:
    """Read what an agent sent.

    Raises:
        InvalidArgument: with every field that is wrong.
    """
    fields = published_schema(model)["properties"]
    present = {name: value for name, value in given.items() if not _is_absent(value, fields.get(name, {}))}
    problems = _unknown(present, tuple(fields))
    try:
        args = model.model_validate(present)
    except ValidationError as error:
        problems += [_explain(one, fields) for one in error.errors(include_url=False, include_input=False)]
    if problems:
        first, *more = problems
        raise InvalidArgument(first.field, first.problem, *more)
    return args


@cache
def published_schema(model: type[Arguments]) -> Schema:
    """The schema that clients see, and that the problems are told from."""
    return portable(model.model_json_schema())


def _no_bool(number: CoreSchema) -> CoreSchema:
    return core_schema.no_info_before_validator_function(_refuse_bool, number)


def _refuse_bool(value: object) -> object:
    if isinstance(value, bool):
        raise PydanticCustomError("bool_for_number", "told by the field's schema, as every other wrong type")
    return value


def _is_absent(value: object, schema: Schema) -> bool:
    if value is None:
        return True
    if isinstance(value, str) and not value.strip():
        return True
    return schema.get("minimum", 0) > 0 and value is not False and value in (0, "0")


def _unknown(present: Mapping[str, object], allowed: tuple[str, ...]) -> list[FieldProblem]:
    unknown = [name for name in present if name not in allowed]
    return [FieldProblem(_echo(name), _not_allowed(name, allowed)) for name in unknown[:_UNKNOWN_NAMED]]


def _echo(name: str) -> str:
    return name[:_ECHOED].encode("ascii", "backslashreplace").decode()


def _not_allowed(name: str, allowed: tuple[str, ...]) -> str:
    like = get_close_matches(name[:_ECHOED], allowed, n=1)
    meant = f" Did you mean {like[0]}?" if like else ""
    return f"is not an argument of this tool.{meant} It takes {', '.join(allowed)}."


def _explain(error: ErrorDetails, fields: Mapping[str, Schema]) -> FieldProblem:
    name = str(error["loc"][0])
    return FieldProblem(name, f"{_problem(error, fields[name])}.")


def _problem(error: ErrorDetails, schema: Schema) -> str:
    context: Mapping[str, Any] = error.get("ctx", {})
    match error["type"]:
        case "missing":
            return f"is required: {schema['description']}"
        case "value_error":
            return str(context["error"])
        case "string_too_long":
            return f"must be at most {schema['maxLength']} characters long"
        case "string_unicode":
            return "must be valid Unicode text"
        case _:
            return _must_be(schema)


def _must_be(schema: Schema) -> str:
    if "enum" in schema:
        return f"must be one of {', '.join(schema['enum'])}"
    match schema["type"]:
        case "integer":
            return f"must be a whole number from {schema['minimum']} to {schema['maximum']}"
        case "number":
            return f"must be a number from {schema['minimum']:g} to {schema['maximum']:g}"
        case _:
            return "must be text"
