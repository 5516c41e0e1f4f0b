"""The business of denver.py, with a price, terms and questions for the furnace check."""

from dataclasses import replace
from decimal import Decimal
from typing import Final

from slotmcp.domain.booking_rules import Price, ServiceQuestion
from slotmcp.domain.catalog import ServiceType
from slotmcp.services.imports import ProjectPlan
from support.denver import AC_REPAIR, FURNACE, PLAN

PRICE: Final = Price(
    amount=Decimal("89.50"), currency="USD", per="visit", text="The visit is $89.50, taken off the bill if we repair."
)
TERMS: Final = "Cancel at least 24 hours before, or the visit is charged."
AGE: Final = ServiceQuestion(id="equipment-age", ask="About how old is the furnace?", is_required=True)
PETS: Final = ServiceQuestion(id="pets", ask="Do you have pets?")
PRICED: Final[ServiceType] = replace(
    FURNACE,
    description="Yearly check of a gas furnace: burner, filter, flue and thermostat.",
    guidance="Use for a yearly check; for no heat use the repair.",
    price=PRICE,
    terms=TERMS,
    questions=(AGE, PETS),
)
PRICED_PLAN: Final[ProjectPlan] = replace(
    PLAN, project=replace(PLAN.project, cancel_notice_minutes=1440), services=(AC_REPAIR, PRICED)
)
SHOWN_PRICE: Final = {"from": 89.5, "currency": "USD", "per": "visit", "text": PRICE.text}
SHOWN_QUESTIONS: Final = [
    {"id": "equipment-age", "ask": "About how old is the furnace?", "required": True},
    {"id": "pets", "ask": "Do you have pets?", "required": False},
]
