"""Rules and information of services, areas and closures as JSON of columns. NULL: there are none."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

import orjson

from slotmcp.domain.booking import Answer
from slotmcp.domain.booking_rules import BookableSpan, Closure, Price, Priority, Reserve, ServiceArea, ServiceQuestion
from slotmcp.domain.catalog import ServiceType
from slotmcp.domain.recurrence import WallSpan
from slotmcp.store.values import json_text

_RULES: Final = ("min_notice_minutes", "horizon_days", "max_bookings_per_day")
_TEXTS: Final = ("description", "guidance", "terms")


def rules_json(service: ServiceType) -> str | None:
    """Return the rules of a service as JSON."""
    rules: dict[str, object] = {name: value for name in _RULES if (value := getattr(service, name)) is not None}
    if service.bookable:
        rules["bookable"] = [
            [sorted(each.days), each.span.start_minute, each.span.end_minute, each.priority]
            for each in service.bookable
        ]
    if service.reserves:
        rules["reserves"] = service.reserves
    return json_text(rules) if rules else None


def rules_of(stored: str | None) -> dict[str, Any]:
    """Return the fields of a service that a column of rules holds."""
    if stored is None:
        return {}
    rules: dict[str, Any] = orjson.loads(stored)
    bookable = tuple(
        BookableSpan(
            days=frozenset(days), span=WallSpan(start_minute=start, end_minute=end), priority=Priority(priority)
        )
        for days, start, end, priority in rules.get("bookable", ())
    )
    reserves = tuple(
        Reserve(**reserve | {"priority": Priority(reserve["priority"])}) for reserve in rules.get("reserves", ())
    )
    return rules | {"bookable": bookable, "reserves": reserves}


def information_json(service: ServiceType) -> str | None:
    """Return what is said about a service as JSON."""
    information: dict[str, object] = {name: text for name in _TEXTS if (text := getattr(service, name))}
    if price := service.price:
        amount = None if price.amount is None else str(price.amount)
        information["price"] = {"amount": amount, "currency": price.currency, "per": price.per, "text": price.text}
    if service.questions:
        information["questions"] = service.questions
    return json_text(information) if information else None


def information_of(stored: str | None) -> dict[str, Any]:
    """Return the fields of a service that a column of information holds."""
    if stored is None:
        return {}
    information: dict[str, Any] = orjson.loads(stored)
    if price := information.get("price"):
        amount = None if price["amount"] is None else Decimal(price["amount"])
        information["price"] = Price(**price | {"amount": amount})
    questions = tuple(ServiceQuestion(**question) for question in information.get("questions", ()))
    return information | {"questions": questions}


def areas_json(areas: Sequence[ServiceArea]) -> str | None:
    """Return areas as JSON."""
    listed = [
        {
            "id": area.id,
            "postal_codes": area.postal_codes,
            "technician_ids": area.technician_ids,
            "days": sorted(area.days),
            "extra_minutes": area.extra_minutes,
            "fee": area.fee,
        }
        for area in areas
    ]
    return json_text(listed) if listed else None


def areas_of(stored: str | None) -> tuple[ServiceArea, ...]:
    """Return the areas that a column holds."""
    return tuple(
        ServiceArea(
            **area
            | {
                "postal_codes": tuple(area["postal_codes"]),
                "technician_ids": tuple(area["technician_ids"]),
                "days": frozenset(area["days"]),
            }
        )
        for area in (orjson.loads(stored) if stored else ())
    )


def closures_json(closures: Sequence[Closure]) -> str | None:
    """Return closures as JSON."""
    return json_text(closures) if closures else None


def closures_of(stored: str | None) -> tuple[Closure, ...]:
    """Return the closures that a column holds."""
    return tuple(map(_closure, orjson.loads(stored) if stored else ()))


def _closure(stored: dict[str, Any]) -> Closure:
    first, last = date.fromisoformat(stored["first"]), date.fromisoformat(stored["last"])
    span = WallSpan(**stored["span"]) if stored.get("span") else None
    return Closure(first=first, last=last, reason=stored["reason"], span=span)


def answers_json(answers: Sequence[Answer]) -> str | None:
    """Return the answers of a booking as JSON."""
    return json_text(answers) if answers else None


def answers_of(stored: str | None) -> tuple[Answer, ...]:
    """Return the answers that a column holds."""
    return tuple(Answer(**answer) for answer in (orjson.loads(stored) if stored else ()))
