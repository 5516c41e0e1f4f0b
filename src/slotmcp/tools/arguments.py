"""Arguments of the tools: the type of each field, and the validation of the values that an agent sent.

A missing field, null, blank text, and 0 if the minimum is above 0 all mean absent. Numbers may arrive as text; nothing
else is converted. Every invalid value becomes a domain error that says, for each field, what is valid.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from functools import cache
from typing import Annotated, Any, ClassVar, Final, TypeAlias, TypeVar

from mcp.server.mcpserver.utilities.func_metadata import ArgModelBase
from pydantic import ConfigDict, Field, GetCoreSchemaHandler, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema, ErrorDetails, PydanticCustomError, core_schema

from slotmcp.domain.catalog import Location
from slotmcp.domain.errors import FieldProblem, InvalidArgument
from slotmcp.domain.interval import Minute
from slotmcp.domain.moment import Moment, WallTime
from slotmcp.services.appointments import MAX_DURATION_MINUTES
from slotmcp.tools import moments
from slotmcp.tools.schemas import Schema, portable

_MAX_NAME_CHARACTERS: Final = 64
"""Length to which an unknown argument's name is cut in an error."""
_MAX_UNKNOWN_NAMES: Final = 5
_NOT_IN_A_LINE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_NOT_IN_A_PARAGRAPH: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]")
_PHONE: Final = re.compile(r"\+?[0-9() ./-]*(?:(?:x|ext\.?|#) ?[0-9]{1,8})?", re.IGNORECASE)
_MIN_PHONE_DIGITS: Final = 5
_MAX_PHONE_DIGITS: Final = 23
_EMAIL: Final = re.compile(r"[^@\s,;<>]{1,64}@[^@\s,;<>.]+(?:\.[^@\s,;<>.]+)+")
A = TypeVar("A", bound="Arguments")


class Arguments(ArgModelBase):
    """Arguments of one tool: snake_case here, camelCase on the wire."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, alias_generator=to_camel, hide_input_in_errors=True)


@dataclass(frozen=True, slots=True)
class Text:
    """Type of a text field. Control characters are refused, surrounding space is removed."""

    max_length: int
    read: Callable[[str], object] | None = None
    """Function that returns the field's value, or raises a ValueError that says what is valid."""
    multiline: bool = False

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        text = core_schema.str_schema(strip_whitespace=True, max_length=self.max_length)
        return core_schema.no_info_after_validator_function(self._read, text)

    def _read(self, text: str) -> object:
        pattern = _NOT_IN_A_PARAGRAPH if self.multiline else _NOT_IN_A_LINE
        if match := pattern.search(text):
            raise ValueError(f"must not have control characters (U+{ord(match[0]):04X})")
        return text if self.read is None else self.read(text)


@dataclass(frozen=True, slots=True)
class WholeNumber:
    """Type of an integer field within inclusive bounds."""

    minimum: int
    maximum: int

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return _refuse_bool(core_schema.int_schema(ge=self.minimum, le=self.maximum))


@dataclass(frozen=True, slots=True)
class Number:
    """Type of a finite number field within inclusive bounds."""

    minimum: float
    maximum: float

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return _refuse_bool(core_schema.float_schema(ge=self.minimum, le=self.maximum, allow_inf_nan=False))


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


Id: TypeAlias = Annotated[str, Text(64)]
Secret: TypeAlias = Annotated[str, Text(256)]
Phone: TypeAlias = Annotated[str, Text(40, read_phone)]
Email: TypeAlias = Annotated[str, Text(254, read_email)]
Zone: TypeAlias = Annotated[str, Text(64, moments.read_zone)]
Instant: TypeAlias = Annotated[Moment, Text(moments.MAX_LENGTH, moments.read_moment)]
Day: TypeAlias = Annotated[date, Text(moments.MAX_LENGTH, moments.read_day)]
Time: TypeAlias = Annotated[Minute | WallTime, Text(moments.MAX_LENGTH, moments.read_time)]

# Fields that several tools have, with the descriptions that models read.
ServiceType: TypeAlias = Annotated[Id | None, Field(description="As asked of get_slots")]
Duration: TypeAlias = Annotated[
    Annotated[int, WholeNumber(1, MAX_DURATION_MINUTES)] | None, Field(description="If not the service's own")
]
RequestedTechnician: TypeAlias = Annotated[Id | None, Field(description="If the caller wants this one")]
ListedTechnician: TypeAlias = Annotated[Id, Field(description="From list_technicians")]
BookingId: TypeAlias = Annotated[Id, Field(description="From find_bookings or book_slot")]
CustomerName: TypeAlias = Annotated[str, Text(200), Field(description="As the caller gave it")]
CustomerPhone: TypeAlias = Annotated[Phone, Field(description="Or customerEmail, or both")]
CustomerEmail: TypeAlias = Annotated[Email, Field(description="Or customerPhone, or both")]
Latitude: TypeAlias = Annotated[Annotated[float, Number(-90, 90)] | None, Field(description="Of the job")]
Longitude: TypeAlias = Annotated[Annotated[float, Number(-180, 180)] | None, Field(description="Of the job")]
IdempotencyKey: TypeAlias = Annotated[str, Text(256), Field(description="Same on a retry, else new")]
CallerZone: TypeAlias = Annotated[Zone | None, Field(description="Caller's zone")]
Locale: TypeAlias = Annotated[str, Text(35), Field(description="E.g. es")]


class ProjectArguments(Arguments):
    """Arguments of a tool that works on one project, as every tool does."""

    project_id: Id | None = Field(None, description="If several")


def read_arguments(model: type[A], raw: Mapping[str, object]) -> A:
    """Validate the values that an agent sent.

    Raises:
        InvalidArgument: with every invalid field.
    """
    fields = published_schema(model)["properties"]
    present = {name: value for name, value in raw.items() if not _is_absent(value, fields.get(name, {}))}
    problems = _unknown_names(present, tuple(fields))
    try:
        args = model.model_validate(present)
    except ValidationError as error:
        problems += [_explain(detail, fields) for detail in error.errors(include_url=False, include_input=False)]
    if problems:
        first, *others = problems
        raise InvalidArgument(first.field, first.problem, *others)
    return args


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


@cache
def published_schema(model: type[Arguments]) -> Schema:
    """Return the schema that clients see and that error messages refer to."""
    return portable(model.model_json_schema())


def _refuse_bool(number: CoreSchema) -> CoreSchema:
    def refuse(value: object) -> object:
        if isinstance(value, bool):
            raise PydanticCustomError("bool_for_number", "reported by the field's schema, as any other wrong type")
        return value

    return core_schema.no_info_before_validator_function(refuse, number)


def _is_absent(value: object, schema: Schema) -> bool:
    if value is None or (isinstance(value, str) and not value.strip()):
        return True
    return schema.get("minimum", 0) > 0 and value is not False and value in (0, "0")


def _unknown_names(present: Mapping[str, object], allowed: tuple[str, ...]) -> list[FieldProblem]:
    unknown = [name for name in present if name not in allowed]
    return [_unknown_name(name[:_MAX_NAME_CHARACTERS], allowed) for name in unknown[:_MAX_UNKNOWN_NAMES]]


def _unknown_name(name: str, allowed: tuple[str, ...]) -> FieldProblem:
    similar = get_close_matches(name, allowed, n=1)
    suggestion = f" Did you mean {similar[0]}?" if similar else ""
    problem = f"is not an argument of this tool.{suggestion} It takes {', '.join(allowed)}."
    return FieldProblem(name.encode("ascii", "backslashreplace").decode(), problem)


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
            return _requirement(schema)


def _requirement(schema: Schema) -> str:
    if "enum" in schema:
        return f"must be one of {', '.join(schema['enum'])}"
    match schema["type"]:
        case "integer":
            return f"must be a whole number from {schema['minimum']} to {schema['maximum']}"
        case "number":
            return f"must be a number from {schema['minimum']:g} to {schema['maximum']:g}"
        case _:
            return "must be text"
