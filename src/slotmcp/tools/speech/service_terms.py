"""Sentences with the business's own words for a service: its price, its terms and its questions.

These words stay as the business wrote them, in its language. At most MAX_WORDS of them are questions.
"""

from collections.abc import Sequence
from typing import Final

from slotmcp.domain.catalog import ServiceType
from slotmcp.domain.interval import Minute
from slotmcp.tools.speech import sentences
from slotmcp.tools.speech.names import say_service
from slotmcp.tools.speech.sentences import MAX_WORDS, count_words, first_that_fits
from slotmcp.tools.speech.times import say_start
from slotmcp.tools.speech.viewpoint import Viewpoint

_ENDS: Final = (".", "?", "!", "…")


def about(service: ServiceType, view: Viewpoint) -> str:
    """Say the price and the terms of a service, the price alone if both are too long, and offer to find a time."""
    words = _price_and_terms(service)
    if not words:
        return sentences.services([service], view)
    offer = view.voice.say("Should I look for a time?")
    return first_that_fits(" ".join([*words, offer]), f"{words[0]} {offer}")


def held(service: ServiceType, start: Minute, view: Viewpoint, *, names_service: bool, fee: str = "") -> str:
    """Say that a start is held, then the price and terms of its service, the fee, and the required questions.

    Without such a question, ask if the start should be booked.
    """
    say, time = view.voice.say, say_start(start, view)
    if names_service:
        holding = say("For {service}, I'm holding {time} for you.", service=say_service(service, view), time=time)
    else:
        holding = say("I'm holding {time} for you.", time=time)
    asks = [question.ask for question in service.questions if question.is_required]
    ending = _ask_before_booking(asks, view) if asks else say("Should I book it?")
    return " ".join(filter(None, [holding, *_price_and_terms(service), fee, ending]))


def offered(service: ServiceType, start: Minute, view: Viewpoint, *, fee: str = "") -> str:
    """Say that a start became free and is held, with what callers hear before booking."""
    return f"{view.voice.say('Something opened up.')} {held(service, start, view, names_service=False, fee=fee)}"


def has_words(service: ServiceType) -> bool:
    """Return whether callers hear something about a service before booking."""
    return bool(_price_and_terms(service)) or any(question.is_required for question in service.questions)


def unanswered(asks: Sequence[str], view: Viewpoint) -> str:
    """Say that required questions have no answer yet, and ask them."""
    refusal = view.voice.say_count(
        "I'm sorry, I have one more question before I can book that.",
        "I'm sorry, I have {count} more questions before I can book that.",
        len(asks),
    )
    return f"{refusal} {_questions(asks)}"


def short_notice(terms: str, view: Viewpoint) -> str:
    """Say the terms to a caller who cancels or moves an appointment shortly before it. Without terms: empty text."""
    if not terms:
        return ""
    return f"{view.voice.say('That was on short notice, so please note our terms.')} {_sentence(terms)}"


def _ask_before_booking(asks: Sequence[str], view: Viewpoint) -> str:
    announcement = view.voice.say_count(
        "Before I book it, I have a question.", "Before I book it, I have {count} questions.", len(asks)
    )
    return f"{announcement} {_questions(asks)}"


def _questions(asks: Sequence[str]) -> str:
    """Return the first questions, as many as MAX_WORDS allow, but at least one."""
    spoken = _sentence(asks[0], end="?")
    for ask in asks[1:]:
        longer = f"{spoken} {_sentence(ask, end='?')}"
        if count_words(longer) > MAX_WORDS:
            break
        spoken = longer
    return spoken


def _price_and_terms(service: ServiceType) -> list[str]:
    price = service.price.text if service.price else ""
    return [_sentence(text) for text in (price, service.terms) if text]


def _sentence(text: str, *, end: str = ".") -> str:
    """Return a text of the business as a sentence, in one line."""
    line = " ".join(text.split())
    return line[:1].upper() + line[1:] + ("" if line.endswith(_ENDS) else end)
