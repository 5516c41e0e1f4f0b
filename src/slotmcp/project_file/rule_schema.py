"""Shape of the rules and texts of services, areas and closures in a project file."""

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import Field

from slotmcp.domain.booking_rules import Priority
from slotmcp.project_file.entry import Entry
from slotmcp.project_file.field_types import (
    Amount,
    Clock,
    Currency,
    Day,
    Flag,
    PlainDate,
    PostalEntry,
    choice,
    integer,
    prose,
    slug,
    text,
)

MAX_CLOSURES: Final = 100
MAX_AREAS: Final = 50
MAX_POSTAL_CODES: Final = 500
MAX_QUESTIONS: Final = 10
MAX_BOOKABLE: Final = 50
MAX_RESERVES: Final = 10

Reason = Annotated[str, text("a reason", "winter break", longest=200)]
Fee = Annotated[str, prose("a fee", "$45 trip charge", longest=100)]
Unit = Annotated[str, text("a unit", "visit", longest=40)]
PriceText = Annotated[str, prose("a price", "The visit is $89.", longest=200)]
Question = Annotated[str, prose("a question", "About how old is the furnace?", longest=200)]
TechnicianId = Annotated[str, slug("a technician's id", "t-ana")]


class WindowEntry(Entry):
    """A time span of one date in local time. It runs past midnight if the end is before the start."""

    start: Clock = Field(examples=["08:00"])
    end: Clock = Field(examples=["17:00"])


class ClosureEntry(Entry):
    """Dates on which the business is closed."""

    first: PlainDate = Field(alias="from", examples=["2026-12-21"])
    """First date."""
    last: PlainDate = Field(alias="to", examples=["2027-01-02"])
    """Last date."""
    start: Clock | None = None
    """Start of the closed part of each date; default: the whole date is closed."""
    end: Clock | None = None
    """End of the closed part of each date."""
    reason: Reason = ""
    """Free text."""


class AreaEntry(Entry):
    """Postal codes that some technicians serve on some days."""

    id: Annotated[str, slug("an area's id", "city")] = Field(examples=["city"])
    postal_codes: list[PostalEntry] = Field(min_length=1, max_length=MAX_POSTAL_CODES, examples=[['"80202"', '"803*"']])
    """Codes ("80202"), prefixes ("802*") and ranges ("80210..80219")."""
    technician_ids: list[TechnicianId] = Field(default=[], min_length=1, alias="technicians")
    """Technicians who serve the area; default: all."""
    days: list[Day] = Field(default=[], min_length=1)
    """Days on which jobs of the area start; default: all."""
    extra_minutes: Annotated[int, integer("minutes", 0, 240, 30)] = 0
    """Time that is added to both buffers of a job in the area."""
    fee: Fee = ""
    """Fee as callers hear it."""


class PriceEntry(Entry):
    """Price of a service."""

    amount: Amount | None = Field(default=None, alias="from")
    """Lowest price, in units of the currency."""
    currency: Currency = ""
    """Code of ISO 4217."""
    per: Unit = ""
    """Unit of the amount, such as visit or hour."""
    text: PriceText = ""
    """Price as callers hear it."""


class QuestionEntry(Entry):
    """Question that callers answer before booking."""

    id: Annotated[str, slug("a question's id", "equipment-age")] = Field(examples=["equipment-age"])
    ask: Question = Field(examples=["About how old is the furnace?"])
    """The question as callers hear it."""
    is_required: Flag = Field(default=False, alias="required")
    """A booking needs the answer."""


class BookableEntry(WindowEntry):
    """Weekly time span in which a service can start, in the project's time zone."""

    days: list[Day] = Field(min_length=1, examples=[["mon", "tue", "wed", "thu", "fri"]])
    """Days on which it starts."""
    priority: Annotated[Priority, choice(Priority)] = Field(default=Priority.NORMAL, alias="for")
    """emergency: only emergencies can start in it; normal: every request can."""


class ReserveEntry(Entry):
    """Capacity that is kept for emergencies until some time before a start."""

    exported_defaults = frozenset({"priority"})

    priority: Annotated[Priority, choice(Priority, without=Priority.NORMAL)] = Field(
        default=Priority.EMERGENCY, alias="for"
    )
    """Priority for which it is kept."""
    places: Annotated[int, integer("places", 1, 100, 1)] = Field(examples=[1])
    """Number of technicians to keep free."""
    until_minutes: Annotated[int, integer("minutes before a start", 0, 43_200, 240)] = Field(
        alias="until", examples=[240]
    )
    """Minutes before a start at which it is released."""


PLANNED_OF_SERVICE: Final[Mapping[str, str]] = {
    "arrivalWindows": "arrivalWindows are planned and do not exist yet; write bookable hours instead, or remove this"
}
