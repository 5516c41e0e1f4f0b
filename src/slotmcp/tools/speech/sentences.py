"""The sentences that an agent passes on to its caller.

Each is made here and in spoken_time, from domain values and nothing else. None of them has ids in it.

A new one is a function that takes a view and says a whole sentence of American English, never a piece of one:
`view.voice.say("I kept {time} for you.", time=say_time(view.read(start), view))`, or `say_count` where a number
decides. The sentence has to be a literal there, since it is the key of the catalogues: translate it in
catalogues/*.po; a test names what is missing (docs/how-to/translate.md).
"""

import re
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from typing import Final

from slotmcp.domain.booking import AssignmentReason
from slotmcp.domain.catalog import RankingKey
from slotmcp.domain.interval import Minute
from slotmcp.tools.speech.times import say_choices, say_list, say_row, say_time
from slotmcp.tools.speech.viewpoint import Viewpoint
from slotmcp.tools.speech.voice import Voice

_CHOICES: Final = 3
_HALF_MINUTE_S: Final = 30
_BETWEEN_WORDS: Final = re.compile(r"(?<=\w\w)/(?=\w\w)")
"""A slash that is said; A/C has another."""


def spoken_name(name: str, view: Viewpoint) -> str:
    """A service's name in the middle of a sentence: "Furnace tune-up & check" is "furnace tune-up and check".

    Names are in the business's language, whatever is spoken.
    """
    voice = view.business_voice
    plain = name.replace(" & ", f" {voice.say_as('&', 'and')} ")
    plain = _BETWEEN_WORDS.sub(f" {voice.say_as('/', 'or')} ", plain)
    first, *rest = plain.split(" ")
    is_plain_word = first[:1].isupper() and first[1:].islower() and not voice.has_capital_nouns
    return " ".join([first.lower() if is_plain_word else first, *rest])


def offered_services(names: Sequence[str], view: Viewpoint) -> str:
    """What the business does."""
    voice = view.voice
    if not names:
        return voice.say("There is nothing that can be booked yet.")
    spoken = [spoken_name(name, view) for name in names]
    more = len(spoken) - _CHOICES
    if len(spoken) == 1:
        return voice.say("You can book {service}. Shall I look for a time?", service=spoken[0])
    if more <= 0:
        return voice.say("You can book {services}. What do you need?", services=say_list(spoken, voice))
    return voice.say_count(
        "You can book {services} and {count} more. What do you need?",
        "You can book {services} and {count} more. What do you need?",
        more,
        services=say_row(spoken[:_CHOICES], voice),
        count=more,
    )


def free_times(starts: Sequence[Minute], view: Viewpoint) -> str:
    """Up to three of the starts that are free."""
    return _free_times(tuple(starts), view)


@lru_cache(maxsize=1024)
def _free_times(starts: tuple[Minute, ...], view: Viewpoint) -> str:
    """Kept for the day: to say so many times well is a good part of an answer's work."""
    times = pick_times(starts, view)
    return view.voice.say_count(
        "I have {times}. Does that suit you?",
        "I have {times}. Which suits you?",
        len(times),
        times=say_choices(times, view),
    )


def nothing_free(next_free: Minute | None, view: Viewpoint) -> str:
    """That nothing is free, and when something is."""
    if next_free is None:
        return view.voice.say("I have nothing free then, nor later, as far ahead as can be booked.")
    return view.voice.say(
        "I have nothing free then. The next free time is {time}. Would that suit you?", time=_say(next_free, view)
    )


def no_more_times(view: Viewpoint) -> str:
    """That the last page has been read."""
    return view.voice.say("Those were all the free times; there are no more.")


def held(start: Minute, view: Viewpoint, seconds_left: int) -> str:
    """That a start is kept, and for how long; never for longer than it is."""
    time, voice = _say(start, view), view.voice
    match max(0, seconds_left) // _HALF_MINUTE_S:
        case 0 | 1:
            return voice.say("I am keeping {time} for you for less than a minute. Shall I book it?", time=time)
        case 2:
            return voice.say("I am keeping {time} for you for the next minute. Shall I book it?", time=time)
        case 3:
            return voice.say("I am keeping {time} for you for the next minute and a half. Shall I book it?", time=time)
        case _:
            return voice.say("I am keeping {time} for you for the next two minutes. Shall I book it?", time=time)


def held_before(start: Minute, view: Viewpoint) -> str:
    """That a start was kept by the same request before, and no longer is."""
    return view.voice.say("I kept {time} for you until a moment ago. Shall I try to book it?", time=_say(start, view))


def held_and_booked(start: Minute, view: Viewpoint) -> str:
    """That a start was kept by the same request before, and has been booked."""
    return view.voice.say("It is booked for you already: {time}.", time=_say(start, view))


def released(view: Viewpoint, *, booked: bool, released: bool) -> str:
    """What became of a hold that was given back."""
    if booked:
        return view.voice.say("That time is booked already, so it stays booked.")
    if released:
        return view.voice.say("All right, I am no longer keeping that time for you.")
    return view.voice.say("There was nothing left to give back.")


def booked(start: Minute, view: Viewpoint, *, service: str, technician: str) -> str:
    """That an appointment is made."""
    return view.voice.say(
        "Your {service} is booked for {time}, with {technician}.",
        service=spoken_name(service, view),
        time=_say(start, view),
        technician=technician,
    )


def assignment_reason(name: str, reason: AssignmentReason, view: Viewpoint) -> str:
    """Why this technician comes."""
    voice = view.voice
    if not reason.considered:
        return voice.say("{name} was named when it was booked.", name=name)
    if reason.wished:
        return voice.say("The customer asked for {name}.", name=name)
    if reason.kept:
        return voice.say("{name} had it before, and can come at the new time, too.", name=name)
    if reason.considered == 1:
        return voice.say("Only {name} was free.", name=name)
    values = [_criterion(key, reason.values[key], voice) for key in reason.policy if key in reason.values]
    if not values:
        return voice.say("Any of the {count} who were free could come.", count=reason.considered)
    return voice.say(
        "Of the {count} who were free, {name} comes first by {criteria}.",
        count=reason.considered,
        name=name,
        criteria=_say_then(values, voice),
    )


def refused(problem: str, view: Viewpoint) -> str:
    """That a request did not work, and what has to change.

    The problem is for the agent more than for its caller, and in English; who hears another language is spared it,
    since the agent has it beside `result` as well.
    """
    said = view.voice.say("That did not work, and nothing was changed.")
    return f"{said} {problem}" if view.voice.is_english else said


def taken(starts: Sequence[Minute], view: Viewpoint) -> str:
    """That a start cannot be had, with what could be instead."""
    if not starts:
        return view.voice.say("That did not work: that time is not available. Shall I look for other times?")
    times = pick_times(starts, view)
    return view.voice.say_count(
        "That did not work: that time is not available. Instead, I have {times}. Does that suit you?",
        "That did not work: that time is not available. Instead, I have {times}. Which suits you?",
        len(times),
        times=say_choices(times, view),
    )


def lapsed(starts: Sequence[Minute], view: Viewpoint) -> str:
    """That a hold has ended and its start is gone."""
    if not starts:
        return view.voice.say("That did not work: that time is no longer kept for you. Shall I look for other times?")
    times = pick_times(starts, view)
    return view.voice.say_count(
        "That did not work: I could not keep that time for you any longer, and it is gone now. "
        "Instead, I have {times}. Does that suit you?",
        "That did not work: I could not keep that time for you any longer, and it is gone now. "
        "Instead, I have {times}. Which suits you?",
        len(times),
        times=say_choices(times, view),
    )


def no_need_to_wait(starts: Sequence[Minute], view: Viewpoint) -> str:
    """That nobody has to join the waitlist, with what can be had instead."""
    times = pick_times(starts, view)
    return view.voice.say_count(
        "That did not work: there is no need to wait. I have {times}. Does that suit you?",
        "That did not work: there is no need to wait. I have {times}. Which suits you?",
        len(times),
        times=say_choices(times, view),
    )


def too_many_holds(view: Viewpoint) -> str:
    """That this customer keeps too many starts."""
    return view.voice.say("That did not work: several times are kept for you already. Which of them shall I give back?")


def away(view: Viewpoint) -> str:
    """That the same request may work later."""
    return view.voice.say(
        "That did not work: the booking system does not answer right now. Please give me a moment to try again."
    )


def broken(view: Viewpoint) -> str:
    """That something failed which nobody foresaw."""
    return view.voice.say(
        "That did not work: something went wrong in the booking system, and I cannot say that anything was booked."
    )


def pick_times(starts: Sequence[Minute], view: Viewpoint) -> list[datetime]:
    """Up to three of some starts, as they are offered aloud."""
    return [view.read(start) for start in _pick(starts, view)]


def _criterion(key: RankingKey, value: int, voice: Voice) -> str:
    match key:
        case RankingKey.LOAD:
            return voice.say("bookings that day ({value})", value=value)
        case RankingKey.PRIORITY:
            return voice.say("priority ({value})", value=value)
        case RankingKey.ETA:
            return voice.say("minutes on the way and between jobs ({value})", value=value)


def _say_then(criteria: Sequence[str], voice: Voice) -> str:
    said, *others = criteria
    for one in others:
        said = voice.say("{several}, then {one}", several=said, one=one)
    return said


def _say(start: Minute, view: Viewpoint) -> str:
    return say_time(view.read(start), view)


def _pick(starts: Sequence[Minute], view: Viewpoint) -> list[Minute]:
    """Three of them, in order: of each day the first and one in its middle, of a day alone its last as well."""
    days = [list(of_day) for _, of_day in groupby(starts, key=lambda start: view.read(start).date())]
    if len(days) == 1:
        return sorted({*_first_and_middle(starts), starts[-1]})
    picked = [start for of_day in days for start in _first_and_middle(of_day)]
    others = [start for start in starts if start not in picked]
    return sorted([*picked, *others][:_CHOICES])


def _first_and_middle(starts: Sequence[Minute]) -> Sequence[Minute]:
    return [starts[0], starts[max(1, (len(starts) - 1) // 2)]] if len(starts) > 1 else starts
