"""Rules of a business for its services: when and where they can be booked, and what callers hear before booking."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from slotmcp.domain.recurrence import WallSpan


class Priority(StrEnum):
    """Priority of a request."""

    NORMAL = "normal"
    EMERGENCY = "emergency"


class OutsideAreas(StrEnum):
    """Treatment of postal codes in no area, in a project that has areas."""

    REFUSE = "refuse"
    ACCEPT = "accept"
    """Such a job has no area, so that no rule of an area applies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookableSpan:
    """Weekly time span in which a service can start, in the project's time zone."""

    days: frozenset[int]
    """Monday is 0."""
    span: WallSpan
    priority: Priority = Priority.NORMAL
    """EMERGENCY: only emergencies can start in it. NORMAL: every request can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserve:
    """Capacity that is kept for emergencies at each start of a span, until some time before the start."""

    places: int
    until_minutes: int
    """Minutes before a start at which it is released."""
    priority: Priority = Priority.EMERGENCY
    """Priority for which it is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Price of a service."""

    amount: Decimal | None = None
    """Lowest price, in units of the currency."""
    currency: str = ""
    """ISO 4217 code; empty without an amount."""
    per: str = ""
    """Unit of the amount, such as "visit" or "hour"."""
    text: str = ""
    """Price as callers hear it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceQuestion:
    """Question that callers answer before booking."""

    id: str
    ask: str
    """The question as callers hear it."""
    is_required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceArea:
    """Postal codes that some technicians serve on some days."""

    id: str
    postal_codes: tuple[str, ...] = field(hash=False)
    """Codes without spaces in uppercase: exact ("80202"), a prefix ("802*"), or a range ("80210..80219")."""
    technician_ids: tuple[str, ...] = ()
    """Technicians who serve the area; empty: all."""
    days: frozenset[int] = frozenset()
    """Days on which jobs of the area start, in the project's time zone; empty: all."""
    extra_minutes: int = 0
    """Time that is added to both buffers of a job in the area."""
    fee: str = ""
    """Fee as callers hear it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """Dates on which the business is closed, both ends inclusive, in the zone of each technician."""

    first: date
    last: date
    reason: str = ""
    span: WallSpan | None = None
    """Part of each date during which the business is closed; None: the whole date."""
