"""Description of a service in responses: its price and terms, and the questions that are asked before booking."""

from decimal import Decimal
from typing import Final, NotRequired

from typing_extensions import TypedDict

from slotmcp.domain.booking_rules import Price
from slotmcp.domain.catalog import ServiceType
from slotmcp.tools.speech.names import say_service
from slotmcp.tools.speech.viewpoint import Viewpoint

MAX_BRIEF_CHARACTERS: Final = 120
"""Characters of a description in the list of all services."""
_CUT: Final = "…"

PriceView = TypedDict(
    "PriceView",
    {"from": NotRequired[float], "currency": NotRequired[str], "per": NotRequired[str], "text": NotRequired[str]},
)
"""Price of a service: the lowest amount as a number, and the price as callers hear it."""


class QuestionView(TypedDict):
    """Question that callers answer before booking."""

    id: str
    ask: str
    required: bool


class InformationView(TypedDict):
    """Price, terms and questions of a service, which callers hear before booking."""

    price: NotRequired[PriceView]
    terms: NotRequired[str]
    questions: NotRequired[list[QuestionView]]


class ServiceView(InformationView):
    """Kind of appointment."""

    serviceType: str
    name: str
    spokenName: str
    durationMinutes: int
    skills: list[str]
    description: NotRequired[str]
    guidance: NotRequired[str]


def show_service(service: ServiceType, view: Viewpoint) -> ServiceView:
    """Return a service as one of many, with the beginning of its description."""
    shown: ServiceView = {
        "serviceType": service.id,
        "name": service.name,
        "spokenName": say_service(service, view),
        "durationMinutes": service.duration_minutes,
        "skills": sorted(service.skills),
    }
    if service.description:
        shown["description"] = shorten(service.description, MAX_BRIEF_CHARACTERS)
    return shown


def show_full_service(service: ServiceType, view: Viewpoint) -> ServiceView:
    """Return a service with everything that is known about it."""
    shown: ServiceView = {**show_service(service, view), **show_information(service)}
    if service.description:
        shown["description"] = service.description
    if service.guidance:
        shown["guidance"] = service.guidance
    return shown


def show_information(service: ServiceType) -> InformationView:
    """Return the price, the terms and the questions of a service, those that it has."""
    shown: InformationView = {}
    if service.price:
        shown["price"] = _show_price(service.price)
    if service.terms:
        shown["terms"] = service.terms
    if service.questions:
        shown["questions"] = [
            {"id": question.id, "ask": question.ask, "required": question.is_required} for question in service.questions
        ]
    return shown


def note_for(view: Viewpoint, *, has_words: bool) -> str:
    """Return the notes for the agent about the languages of a response; `has_words` if it has the business's own."""
    if not has_words or view.voice.chain[-1] == view.business_voice.chain[-1]:
        return view.note
    language = f"The words of the business are in {view.business_voice.locale}: say them in the caller's language."
    return f"{view.note} {language}".lstrip()


def _show_price(price: Price) -> PriceView:
    shown: PriceView = {}
    if price.amount is not None:
        shown["from"] = _number(price.amount)
    if price.currency:
        shown["currency"] = price.currency
    if price.per:
        shown["per"] = price.per
    if price.text:
        shown["text"] = price.text
    return shown


def _number(amount: Decimal) -> float:
    """Return an amount as a JSON number, without a fraction if it is whole."""
    return int(amount) if amount == amount.to_integral_value() else float(amount)


def shorten(text: str, max_characters: int) -> str:
    """Return a text in one line, or the words of its beginning. Some languages have no spaces between words."""
    plain = " ".join(text.split())
    if len(plain) <= max_characters:
        return plain
    words, _, _ = plain[:max_characters].rpartition(" ")
    beginning = words or plain[: max_characters - 1]
    return f"{beginning.rstrip(' ,.;:')}{_CUT}"
