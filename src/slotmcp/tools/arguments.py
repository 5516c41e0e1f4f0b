"""Arguments of the tools: the types of their fields, and the fields that several tools share.

`argument_reader` describes the leniency that all of them have in common.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Annotated, ClassVar, Final, TypeAlias

from mcp.server.mcpserver.utilities.func_metadata import ArgModelBase
from pydantic import ConfigDict, Field, GetCoreSchemaHandler
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from slotmcp.domain.booking_rules import Priority
from slotmcp.domain.catalog import Location
from slotmcp.domain.errors import InvalidArgument
from slotmcp.domain.interval import Minute
from slotmcp.domain.moment import EitherDay, Moment, WallTime
from slotmcp.engine.zone_names import find_zone
from slotmcp.services.appointments import MAX_DURATION_MINUTES
from slotmcp.tools import moments, texts
from slotmcp.tools.schemas import Schema, portable

_NOT_IN_A_LINE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_NOT_IN_A_PARAGRAPH: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]")
_MAX_NUMBER_AS_TEXT: Final = 10**15


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Arguments of which at least one is required."""

    names: tuple[str, ...]
    """Names on the wire, the usual one first."""
    problem: str
    """The valid form, if all of them are absent."""


class Arguments(ArgModelBase):
    """Arguments of one tool: snake_case here, camelCase on the wire."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, alias_generator=to_camel, hide_input_in_errors=True)
    any_of: ClassVar[tuple[AnyOf, ...]] = ()
    """Groups of optional arguments that cannot all be absent."""


@dataclass(frozen=True, slots=True)
class Text:
    """Type of a text field. Invisible marks and surrounding space are removed, control characters are refused.

    A whole number counts as its digits, because agents send phone numbers and keys as numbers.
    """

    max_length: int
    read: Callable[[str], object] | None = None
    """Function that returns the field's value, or raises a ValueError that says what is valid."""
    multiline: bool = False
    is_plain: bool = False
    """True for a fixed format, such as a date: full-width characters and dashes are also replaced."""
    is_list: bool = False
    """True if a list of texts is accepted, too. It is joined with commas."""

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        text = core_schema.str_schema(max_length=self.max_length, strip_whitespace=True)
        converted = core_schema.no_info_before_validator_function(self._convert, text)
        return core_schema.no_info_after_validator_function(self._read, converted)

    def _convert(self, value: object) -> object:
        if self.is_list and isinstance(value, list) and all(isinstance(entry, str) for entry in value):
            return ",".join(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return value
        return f"{value:.0f}" if 0 <= value < _MAX_NUMBER_AS_TEXT and value % 1 == 0 else value

    def _read(self, text: str) -> object:
        cleaned = texts.plain(text) if self.is_plain else texts.clean(text)
        pattern = _NOT_IN_A_PARAGRAPH if self.multiline else _NOT_IN_A_LINE
        if match := pattern.search(cleaned):
            raise ValueError(f"must not have control characters (U+{ord(match[0]):04X})")
        return cleaned if self.read is None else self.read(cleaned)


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


# Days in words are resolved by `argument_resolution` before a tool receives its arguments.
Id: TypeAlias = Annotated[str, Text(64)]
Secret: TypeAlias = Annotated[str, Text(256)]
Phone: TypeAlias = Annotated[str, Text(40, texts.read_phone, is_plain=True)]
Email: TypeAlias = Annotated[str, Text(254, texts.read_email, is_plain=True)]
Zone: TypeAlias = Annotated[str, Text(64, find_zone, is_plain=True)]
_From: Final = Text(moments.MAX_LENGTH, moments.read_from, is_plain=True)
_To: Final = Text(moments.MAX_LENGTH, moments.read_to, is_plain=True)
_Time: Final = Text(moments.MAX_LENGTH, moments.read_time, is_plain=True)
RangeStart: TypeAlias = Annotated[Moment | EitherDay, _From]
RangeEnd: TypeAlias = Annotated[Moment | EitherDay, _To]
WaitStart: TypeAlias = Annotated[Moment, _From]
WaitEnd: TypeAlias = Annotated[Moment, _To]
Instant: TypeAlias = Annotated[Moment, Text(moments.MAX_LENGTH, moments.read_moment, is_plain=True)]
Day: TypeAlias = Annotated[date, Text(moments.MAX_LENGTH, moments.read_day, is_plain=True)]
Time: TypeAlias = Annotated[Minute | WallTime, _Time]
ExplainedTime: TypeAlias = Annotated[Minute | WallTime | EitherDay, _Time]

# Fields that several tools have, with the descriptions that models read.
ServiceType: TypeAlias = Annotated[Id | None, Field(description="As asked of get_slots")]
Duration: TypeAlias = Annotated[
    Annotated[int, WholeNumber(1, MAX_DURATION_MINUTES)] | None, Field(description="If not the service's own")
]
RequestedTechnician: TypeAlias = Annotated[Id | None, Field(description="If the caller wants this one")]
ListedTechnician: TypeAlias = Annotated[Id, Field(description="From list_technicians")]
BookingId: TypeAlias = Annotated[Id, Field(description="From find_bookings or book_slot")]
ProofPhone: TypeAlias = Annotated[Phone, Field(description="On the booking, or email")]
ProofEmail: TypeAlias = Annotated[Email, Field(description="On the booking, or phone")]
CustomerName: TypeAlias = Annotated[str, Text(200, texts.read_name), Field(description="As the caller gave it")]
CustomerPhone: TypeAlias = Annotated[Phone, Field(description="Or customerEmail, or both")]
CustomerEmail: TypeAlias = Annotated[Email, Field(description="Or customerPhone, or both")]
CustomerHash: TypeAlias = Annotated[Secret, Field(description="Stable, unguessable caller reference")]
OwnHold: TypeAlias = Annotated[Secret, Field(description="The caller's own hold")]
MovedBooking: TypeAlias = Annotated[Id, Field(description="To move it, with its phone or email")]
Latitude: TypeAlias = Annotated[Annotated[float, Number(-90, 90)] | None, Field(description="Of the job")]
Longitude: TypeAlias = Annotated[Annotated[float, Number(-180, 180)] | None, Field(description="Of the job")]
PostalCode: TypeAlias = Annotated[
    Annotated[str, Text(32, texts.read_postal_code, is_plain=True)], Field(description="Of the job")
]
RequestedPriority: TypeAlias = Annotated[Priority | None, Field(description="Emergency only if the caller has one")]
IdempotencyKey: TypeAlias = Annotated[str, Text(256), Field(description="Same on a retry, else new")]
CallerZone: TypeAlias = Annotated[Zone | None, Field(description="Caller's zone")]
Locale: TypeAlias = Annotated[str, Text(35), Field(description="E.g. es")]


A_CONTACT: Final = AnyOf(("customerPhone", "customerEmail"), "is required: a phone number, or customerEmail")
"""The customer can be reached."""


class ProjectArguments(Arguments):
    """Arguments of a tool that works on one project, as every tool does."""

    project_id: Id | None = Field(None, description="If several")


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
def argument_schema(model: type[Arguments]) -> Schema:
    """Return the schema that error messages refer to. Clients see it without the lengths of text."""
    return portable(model.model_json_schema())


def _refuse_bool(number: CoreSchema) -> CoreSchema:
    def refuse(value: object) -> object:
        if isinstance(value, bool):
            raise PydanticCustomError("bool_for_number", "reported by the field's schema, as any other wrong type")
        return value

    return core_schema.no_info_before_validator_function(refuse, number)
