"""Shape of shifts, breaks and time off in a project file."""

from typing import Annotated, Final

from pydantic import Field

from slotmcp.project_file.entry import Entry
from slotmcp.project_file.field_types import Clock, Day, MomentOrClock, PlainDate, Rule, integer, text
from slotmcp.project_file.rule_schema import WindowEntry

MAX_FLOATING_BREAKS: Final = 4

Weeks = Annotated[int, integer("weeks", 1, 52, 2)]
TimeOffReason = Annotated[str, text("a reason", "holiday", longest=200)]


class ShiftEntry(WindowEntry):
    """Recurring working time, in the technician's time zone."""

    days: list[Day] = Field(
        default=[], json_schema_extra={"minItems": 1}, examples=[["mon", "tue", "wed", "thu", "fri"]]
    )
    """Days on which it starts; required without rrule."""
    valid_from: PlainDate | None = Field(default=None, alias="from")
    """First date on which it starts."""
    valid_until: PlainDate | None = Field(default=None, alias="until")
    """Last date on which it starts."""
    every_weeks: Weeks = Field(default=1, alias="every")
    """Only in every n-th week, counted from the week of from."""
    rrule: Rule = ""
    """Recurrence rule (RFC 5545) in place of days, such as FREQ=MONTHLY;BYDAY=1MO. It needs from."""


class BreakEntry(Entry):
    """Recurring break, in the technician's time zone: at a fixed time, or floating within a window."""

    days: list[Day] = Field(
        default=[], json_schema_extra={"minItems": 1}, examples=[["mon", "tue", "wed", "thu", "fri"]]
    )
    """Days on which it starts; required without rrule."""
    start: Clock | None = Field(default=None, examples=["12:00"])
    end: Clock | None = Field(default=None, examples=["12:30"])
    valid_from: PlainDate | None = Field(default=None, alias="from")
    """First date on which it starts."""
    valid_until: PlainDate | None = Field(default=None, alias="until")
    """Last date on which it starts."""
    every_weeks: Weeks = Field(default=1, alias="every")
    """Only in every n-th week, counted from the week of from."""
    rrule: Rule = ""
    """Recurrence rule (RFC 5545) in place of days, such as FREQ=MONTHLY;BYDAY=1MO. It needs from."""
    earliest: Clock | None = Field(default=None, examples=["11:30"])
    """Earliest start of a floating break."""
    latest: Clock | None = Field(default=None, examples=["14:00"])
    """Latest end of a floating break."""
    minutes: Annotated[int, integer("minutes", 1, 720, 30)] | None = Field(default=None, examples=[30])
    """Length of a floating break."""


class TimeOffEntry(Entry):
    """An absence, in the technician's time zone. Of whole dates the end is the last date."""

    start: MomentOrClock | None = Field(default=None, examples=["2026-12-24"])
    end: MomentOrClock | None = Field(default=None, examples=["2026-12-26"])
    reason: TimeOffReason | None = None
    """Free text."""
    rrule: Rule = ""
    """Recurrence rule (RFC 5545). It needs from; start and end are times, or are left out for whole dates."""
    first: PlainDate | None = Field(default=None, alias="from")
    """First possible date of the rule."""
