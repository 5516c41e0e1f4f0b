"""Sentences for requests that lack something or mean several things, so that the caller can say it again."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Final, assert_never

from slotmcp.domain.errors import ProblemKind
from slotmcp.tools.speech.sentences import refused
from slotmcp.tools.speech.times import say_day
from slotmcp.tools.speech.viewpoint import Viewpoint

_MORE_THAN_A_WEEK: Final = timedelta(days=8)


def refuse(kind: ProblemKind, view: Viewpoint) -> str:  # noqa: C901, PLR0911, PLR0912  one sentence a kind
    """Say that a request failed, and ask for the missing or wrong part if the caller knows it."""
    voice = view.voice
    match kind:
        case ProblemKind.NAME:
            return voice.say("I'm sorry, I didn't get the name. What name should I put it under?")
        case ProblemKind.CONTACT:
            return voice.say("I'm sorry, I need a phone number or an email address for that. What can I note down?")
        case ProblemKind.PHONE:
            return voice.say(
                "I'm sorry, that phone number doesn't seem complete. Could you give me all of it, with the area code?"
            )
        case ProblemKind.EMAIL:
            return voice.say("I'm sorry, that email address doesn't seem right. Could you spell it for me?")
        case ProblemKind.SERVICE:
            return voice.say("I'm sorry, I'm not sure what you need. Which service is it for?")
        case ProblemKind.TECHNICIAN:
            return voice.say(
                "I'm sorry, I can't find anyone by that name who does this. Would someone else be all right?"
            )
        case ProblemKind.BOOKING:
            return voice.say("I'm sorry, I can't find that appointment. What phone number or email is it under?")
        case ProblemKind.POSTAL_CODE:
            return voice.say("I'm sorry, I need the postal code of the address for that. What is it?")
        case ProblemKind.OUTSIDE_AREA:
            return voice.say("I'm sorry, we don't come to that address, because it's outside our area.")
        case ProblemKind.PAST:
            return voice.say("I'm sorry, that time is in the past. Which day did you mean?")
        case ProblemKind.TOO_FAR:
            return voice.say("I'm sorry, we don't book that far ahead yet. Is there an earlier day that works?")
        case ProblemKind.WHICH_DAY:
            return voice.say("I'm sorry, I'm not sure which day you mean. What date is that?")
        case ProblemKind.TIME:
            return voice.say("I'm sorry, I didn't get the day and the time. When would suit you?")
        case ProblemKind.OTHER:
            return refused(view)
        case _:
            assert_never(kind)


def both_days(first: date, second: date, view: Viewpoint) -> str:
    """Say that both days were searched that the caller can mean by "next Tuesday"."""
    return view.voice.say("I checked {first} and {second}.", first=_date(first, view), second=_date(second, view))


def _date(day: date, view: Viewpoint) -> str:
    """Return the weekday with the date, even of a near day."""
    return say_day(day, replace(view, today=day - _MORE_THAN_A_WEEK))
