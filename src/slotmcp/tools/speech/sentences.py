"""Sentences about services, free times and holds, and about errors."""

import re
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from typing import Final

from slotmcp.domain.interval import Minute
from slotmcp.tools.speech.times import say_choices, say_list, say_row, say_start
from slotmcp.tools.speech.viewpoint import Viewpoint

_MAX_CHOICES: Final = 3
_HALF_MINUTE_SECONDS: Final = 30
_SPOKEN_SLASH: Final = re.compile(r"(?<=\w\w)/(?=\w\w)")
"""Slash between words, read as "or". The slash of "A/C" does not match."""


def spoken_name(name: str, view: Viewpoint) -> str:
    """Return a service's name within a sentence: "Furnace tune-up & check" becomes "furnace tune-up and check".

    Names are in the business's language, regardless of the language of the sentence.
    """
    voice = view.business_voice
    plain = name.replace(" & ", f" {voice.say_as('&', 'and')} ")
    plain = _SPOKEN_SLASH.sub(f" {voice.say_as('/', 'or')} ", plain)
    first, *others = plain.split(" ")
    is_plain_word = first[:1].isupper() and first[1:].islower() and not voice.has_capital_nouns
    return " ".join([first.lower() if is_plain_word else first, *others])


def services(names: Sequence[str], view: Viewpoint) -> str:
    """List the services that can be booked."""
    voice = view.voice
    if not names:
        return voice.say("There is nothing that can be booked yet.")
    spoken = [spoken_name(name, view) for name in names]
    if len(spoken) == 1:
        return voice.say("You can book {service}. Shall I look for a time?", service=spoken[0])
    if len(spoken) <= _MAX_CHOICES:
        return voice.say("You can book {services}. What do you need?", services=say_list(spoken, voice))
    count = len(spoken) - _MAX_CHOICES
    return voice.say_count(
        "You can book {services} and {count} more. What do you need?",
        "You can book {services} and {count} more. What do you need?",
        count,
        services=say_row(spoken[:_MAX_CHOICES], voice),
    )


def free_times(starts: Sequence[Minute], view: Viewpoint) -> str:
    """Offer up to three free starts."""
    return _free_times(tuple(starts), view)


@lru_cache(maxsize=1024)
def _free_times(starts: tuple[Minute, ...], view: Viewpoint) -> str:
    """Cache the sentence for the day, because wording several times is a large part of a response's cost."""
    times = pick_times(starts, view)
    return view.voice.say_count(
        "I have {times}. Does that suit you?",
        "I have {times}. Which suits you?",
        len(times),
        times=say_choices(times, view),
    )


def nothing_free(next_free: Minute | None, view: Viewpoint) -> str:
    """Say that nothing is free, and offer the next free time."""
    if next_free is None:
        return view.voice.say("I have nothing free then, nor later, as far ahead as can be booked.")
    return view.voice.say(
        "I have nothing free then. The next free time is {time}. Would that suit you?", time=say_start(next_free, view)
    )


def no_more_times(view: Viewpoint) -> str:
    """Say that the last page has been read."""
    return view.voice.say("Those were all the free times; there are no more.")


def held(start: Minute, view: Viewpoint, seconds_left: int) -> str:
    """Say that a start is held, and for how long, rounded down."""
    time, voice = say_start(start, view), view.voice
    match max(0, seconds_left) // _HALF_MINUTE_SECONDS:
        case 0 | 1:
            return voice.say("I am keeping {time} for you for less than a minute. Shall I book it?", time=time)
        case 2:
            return voice.say("I am keeping {time} for you for the next minute. Shall I book it?", time=time)
        case 3:
            return voice.say("I am keeping {time} for you for the next minute and a half. Shall I book it?", time=time)
        case _:
            return voice.say("I am keeping {time} for you for the next two minutes. Shall I book it?", time=time)


def hold_ended(start: Minute, view: Viewpoint) -> str:
    """Say that an earlier call of the same request held a start, and that the hold has ended."""
    return view.voice.say(
        "I kept {time} for you until a moment ago. Shall I try to book it?", time=say_start(start, view)
    )


def hold_booked(start: Minute, view: Viewpoint) -> str:
    """Say that an earlier call of the same request held a start, and that it is booked."""
    return view.voice.say("It is booked for you already: {time}.", time=say_start(start, view))


def released(view: Viewpoint, *, is_booked: bool, is_released: bool) -> str:
    """Say what the release of a hold did."""
    if is_booked:
        return view.voice.say("That time is booked already, so it stays booked.")
    if is_released:
        return view.voice.say("All right, I am no longer keeping that time for you.")
    return view.voice.say("There was nothing left to give back.")


def refused(problem: str, view: Viewpoint) -> str:
    """Say that a request failed, and what has to change.

    The problem is in English and for the agent, which also receives it beside `result`. It is therefore left out in
    other languages.
    """
    sentence = view.voice.say("That did not work, and nothing was changed.")
    return f"{sentence} {problem}" if view.voice.is_english else sentence


def unavailable(starts: Sequence[Minute], view: Viewpoint) -> str:
    """Say that a start is not available, and offer alternatives."""
    if not starts:
        return view.voice.say("That did not work: that time is not available. Shall I look for other times?")
    times = pick_times(starts, view)
    return view.voice.say_count(
        "That did not work: that time is not available. Instead, I have {times}. Does that suit you?",
        "That did not work: that time is not available. Instead, I have {times}. Which suits you?",
        len(times),
        times=say_choices(times, view),
    )


def refused_start(reason: str, starts: Sequence[Minute], view: Viewpoint) -> str:
    """Say that a start cannot be had, with the sentence of the reason, and offer alternatives."""
    return f"{view.voice.say('That did not work.')} {reason} {_instead(starts, view)}"


def _instead(starts: Sequence[Minute], view: Viewpoint) -> str:
    if not starts:
        return view.voice.say("Shall I look for other times?")
    times = pick_times(starts, view)
    return view.voice.say_count(
        "Instead, I have {times}. Does that suit you?",
        "Instead, I have {times}. Which suits you?",
        len(times),
        times=say_choices(times, view),
    )


def hold_expired(starts: Sequence[Minute], view: Viewpoint) -> str:
    """Say that a hold has expired and its start is taken, and offer alternatives."""
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
    """Say that the waitlist is not needed, and offer free times."""
    times = pick_times(starts, view)
    return view.voice.say_count(
        "That did not work: there is no need to wait. I have {times}. Does that suit you?",
        "That did not work: there is no need to wait. I have {times}. Which suits you?",
        len(times),
        times=say_choices(times, view),
    )


def too_many_holds(view: Viewpoint) -> str:
    """Say that the customer holds too many starts."""
    return view.voice.say("That did not work: several times are kept for you already. Which of them shall I give back?")


def try_later(view: Viewpoint) -> str:
    """Say that the same request may succeed later."""
    return view.voice.say(
        "That did not work: the booking system does not answer right now. Please give me a moment to try again."
    )


def internal_error(view: Viewpoint) -> str:
    """Say that an unexpected error occurred."""
    return view.voice.say(
        "That did not work: something went wrong in the booking system, and I cannot say that anything was booked."
    )


def pick_times(starts: Sequence[Minute], view: Viewpoint) -> list[datetime]:
    """Choose up to three starts to offer aloud, in order, as local times.

    They are the first and a middle start of each day; of a single day also the last.
    """
    days = [list(starts_of_day) for _, starts_of_day in groupby(starts, key=lambda start: view.local(start).date())]
    if len(days) == 1:
        picked = sorted({*_first_and_middle(starts), starts[-1]})
    else:
        spread = [start for starts_of_day in days for start in _first_and_middle(starts_of_day)]
        others = [start for start in starts if start not in spread]
        picked = sorted([*spread, *others][:_MAX_CHOICES])
    return [view.local(start) for start in picked]


def _first_and_middle(starts: Sequence[Minute]) -> Sequence[Minute]:
    return [starts[0], starts[max(1, (len(starts) - 1) // 2)]] if len(starts) > 1 else starts
