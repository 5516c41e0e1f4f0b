"""The sentences that an agent passes on to its caller, in English.

Every sentence that is said aloud is made here and in spoken_time, from domain values and nothing else, so that
another language is another pair of modules. None of them has ids in it.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Final

from slotmcp.domain.booking import AssignmentReason
from slotmcp.domain.catalog import RankingKey
from slotmcp.domain.interval import Minute
from slotmcp.tools.spoken_time import say_choices, say_list, say_time
from slotmcp.tools.viewpoint import Viewpoint

_CHOICES: Final = 3
_CHOICES_A_DAY: Final = 2
_HALF_MINUTE_S: Final = 30
_HELD_FOR: Final = ("less than a minute", "less than a minute", "the next minute", "the next minute and a half")
_TWO_MINUTES: Final = "the next two minutes"
_CRITERIA: Final = {RankingKey.LOAD: "bookings that day", RankingKey.PRIORITY: "priority"}
_NOT_DONE: Final = "That did not work"


def spoken_name(name: str) -> str:
    """A service's name in the middle of a sentence: "Furnace tune-up & check" is "furnace tune-up and check"."""
    plain = name.replace(" & ", " and ").replace("/", " or ")
    first, *rest = plain.split(" ")
    is_plain_word = first[:1].isupper() and first[1:].islower()
    return " ".join([first.lower() if is_plain_word else first, *rest])


def offered_services(names: Sequence[str]) -> str:
    """What the business does."""
    if not names:
        return "There is nothing that can be booked yet."
    spoken = [spoken_name(name) for name in names]
    if len(spoken) <= _CHOICES:
        return f"You can book {say_list(spoken, 'or')}."
    return f"You can book {', '.join(spoken[:_CHOICES])} and {len(spoken) - _CHOICES} more. What do you need?"


def free_times(starts: Sequence[Minute], view: Viewpoint) -> str:
    """Up to three of the starts that are free."""
    picked = [view.read(start) for start in _pick(starts, view)]
    question = "Which suits you?" if len(picked) > 1 else "Does that suit you?"
    return f"I have {say_choices(picked, view.today)}. {question}"


def nothing_free(next_free: Minute | None, view: Viewpoint) -> str:
    """That nothing is free, and when something is."""
    if next_free is None:
        return "I have nothing free then, nor later, as far ahead as can be booked."
    return f"I have nothing free then. The next free time is {_say(next_free, view)}. Would that suit you?"


def no_more_times() -> str:
    """That the last page has been read."""
    return "Those were all the free times; there are no more."


def held(start: Minute, view: Viewpoint, seconds_left: int) -> str:
    """That a start is kept, and for how long."""
    step = max(0, seconds_left) // _HALF_MINUTE_S
    how_long = _HELD_FOR[step] if step < len(_HELD_FOR) else _TWO_MINUTES
    return f"I am keeping {_say(start, view)} for you for {how_long}. Shall I book it?"


def held_before(start: Minute, view: Viewpoint) -> str:
    """That a start was kept by the same request before, and no longer is."""
    return f"I kept {_say(start, view)} for you until a moment ago. Shall I try to book it?"


def held_and_booked(start: Minute, view: Viewpoint) -> str:
    """That a start was kept by the same request before, and has been booked."""
    return f"It is booked for you already: {_say(start, view)}."


def released(*, booked: bool, released: bool) -> str:
    """What became of a hold that was given back."""
    if booked:
        return "That time is booked already, so it stays booked."
    return "That time is no longer kept for you." if released else "There was nothing left to give back."


def booked(start: Minute, view: Viewpoint, *, service: str, technician: str) -> str:
    """That an appointment is made."""
    return f"Your {spoken_name(service)} is booked for {_say(start, view)}, with {technician}."


def assignment_reason(name: str, reason: AssignmentReason) -> str:
    """Why this technician comes."""
    if not reason.considered:
        return f"{name} was named when it was booked."
    if reason.wished:
        return f"The customer asked for {name}."
    if reason.considered == 1:
        return f"Only {name} was free."
    values = [f"{_CRITERIA[key]} ({reason.values[key]})" for key in reason.policy]
    return f"Of the {reason.considered} who were free, {name} comes first by {', then '.join(values)}."


def refused(problem: str) -> str:
    """That a request did not work, and what has to change: for the agent more than for its caller."""
    return f"{_NOT_DONE}, and nothing was changed. {problem}"


def taken(starts: Sequence[Minute], view: Viewpoint | None) -> str:
    """That a start cannot be had, with what could be instead."""
    return f"{_NOT_DONE}: that time cannot be had. {_instead(starts, view)}"


def lapsed(starts: Sequence[Minute], view: Viewpoint | None) -> str:
    """That a hold has ended and its start is gone."""
    return f"{_NOT_DONE}: that time is no longer kept for you. {_instead(starts, view)}"


def too_many_holds() -> str:
    """That this customer keeps too many starts."""
    return f"{_NOT_DONE}: several times are kept for you already. Which of them shall I give back?"


def away() -> str:
    """That the same request may work later."""
    return f"{_NOT_DONE}: the booking system does not answer right now. Please give me a moment to try again."


def broken() -> str:
    """That something failed which nobody foresaw."""
    return f"{_NOT_DONE}: something went wrong in the booking system, and I cannot say that anything was booked."


def _instead(starts: Sequence[Minute], view: Viewpoint | None) -> str:
    if not starts or view is None:
        return "Shall I look for other times?"
    return f"Instead, {free_times(starts, view)}"


def _say(start: Minute, view: Viewpoint) -> str:
    return say_time(view.read(start), view.today)


def _pick(starts: Sequence[Minute], view: Viewpoint) -> list[Minute]:
    """Three of them, two a day at most where there are other days; in order."""
    of_day = Counter[date]()
    first: list[Minute] = []
    for start in starts:
        day = view.read(start).date()
        of_day[day] += 1
        if of_day[day] <= _CHOICES_A_DAY:
            first.append(start)
    others = [start for start in starts if start not in first]
    return sorted([*first, *others][:_CHOICES])
