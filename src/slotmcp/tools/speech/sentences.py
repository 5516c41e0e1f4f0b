"""Sentences about services, free times and holds, and about errors."""

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import lru_cache, reduce
from itertools import groupby
from typing import Final

from slotmcp.domain.catalog import ServiceType
from slotmcp.domain.interval import Minute
from slotmcp.tools.speech.lists import say_list, say_row
from slotmcp.tools.speech.names import say_service
from slotmcp.tools.speech.times import say_choices, say_day, say_start
from slotmcp.tools.speech.viewpoint import Viewpoint

MAX_WORDS: Final = 30
"""Maximum number of words in a response. A caller forgets the beginning of a longer one."""
_MAX_CHOICES: Final = 3
_MAX_OWN: Final = 2
_HALF_MINUTE_SECONDS: Final = 30
_WORD: Final = re.compile(r"\S*\w\S*")


def services(bookable: Sequence[ServiceType], view: Viewpoint, *, preface: str = "") -> str:
    """List up to three services that can be booked, after a sentence about the opening hours."""
    spoken = [say_service(service, view) for service in bookable]
    most = min(len(spoken), _MAX_CHOICES)
    return first_that_fits(
        *(f"{preface} {_services(spoken, count, view)}".lstrip() for count in range(most, min(most, 1) - 1, -1))
    )


def _services(spoken: Sequence[str], count: int, view: Viewpoint) -> str:
    """Name the first services, and say how many more there are."""
    voice, more = view.voice, len(spoken) - count
    if not spoken:
        return voice.say("There is nothing to book yet.")
    if len(spoken) == 1:
        return voice.say("You can book {service}. Should I look for a time?", service=spoken[0])
    if not more:
        return voice.say("You can book {services}. What do you need?", services=say_list(spoken, voice))
    return voice.say_count(
        "You can book {services} and one more. What do you need?",
        "You can book {services} and {count} more. What do you need?",
        more,
        services=say_row(spoken[:count], voice),
    )


def closed_days(days: Sequence[date], view: Viewpoint) -> str:
    """Say that the business is closed on dates on which it is usually open."""
    return view.voice.say("Please note that we're closed {days}.", days=_say_days(days, view))


def closed_except_for_emergencies(days: Sequence[date], view: Viewpoint) -> str:
    """Say that only emergencies can be booked on dates on which the business is usually open."""
    return view.voice.say("Please note that we're closed {days}, except for emergencies.", days=_say_days(days, view))


def shorter_hours(days: Sequence[date], view: Viewpoint) -> str:
    """Say that the business is not open at all of its usual hours on some dates."""
    return view.voice.say("Please note that our hours are different {days}.", days=_say_days(days, view))


def _say_days(days: Sequence[date], view: Viewpoint) -> str:
    *most, last = [say_day(day, view) for day in days[:_MAX_CHOICES]]
    return view.voice.join_and(say_row(most, view.voice), last) if most else last


def free_times(starts: Sequence[Minute], view: Viewpoint, *, preface: str = "") -> str:
    """Offer up to three free starts, after a sentence that explains the search."""
    return _free_times(tuple(starts), view, preface and f"{preface} ")


@lru_cache(maxsize=1024)
def _free_times(starts: tuple[Minute, ...], view: Viewpoint, preface: str) -> str:
    """Cache the sentence for the day, because wording several times is a large part of a response's cost."""
    return offer_times(
        starts,
        view,
        lambda times: (
            preface
            + view.voice.say_count(
                "I have {times}. Does that work?",
                "I have {times}. Which works best?",
                len(times),
                times=say_choices(times, view),
            )
        ),
    )


def nothing_free(next_free: Minute | None, view: Viewpoint) -> str:
    """Say that nothing is free, and offer the next free time."""
    if next_free is None:
        return view.voice.say("I don't have anything then, and I don't see any openings after that either.")
    return view.voice.say(
        "I don't have anything then. The next opening is {time}. Would that work?", time=say_start(next_free, view)
    )


def no_more_times(view: Viewpoint) -> str:
    """Say that the last page has been read."""
    return view.voice.say("Those are all the times I have.")


def held(start: Minute, view: Viewpoint, seconds_left: int) -> str:
    """Say that a start is held, and for how long, rounded down."""
    time, voice = say_start(start, view), view.voice
    match max(0, seconds_left) // _HALF_MINUTE_SECONDS:
        case 0 | 1:
            return voice.say("I'm holding {time} just a little longer. Should I book it?", time=time)
        case 2:
            return voice.say("I'm holding {time} for one minute. Should I book it?", time=time)
        case 3:
            return voice.say("I'm holding {time} for a minute and a half. Should I book it?", time=time)
        case _:
            return voice.say("I'm holding {time} for two minutes. Should I book it?", time=time)


def held_service(service: ServiceType, start: Minute, view: Viewpoint, seconds_left: int) -> str:
    """Say that a start is held for a service, and for how long, rounded down. For projects with several services."""
    say, words = view.voice.say, {"service": say_service(service, view), "time": say_start(start, view)}
    match max(0, seconds_left) // _HALF_MINUTE_SECONDS:
        case 0 | 1:
            return say("For {service}, I'm holding {time} just a little longer. Should I book it?", **words)
        case 2:
            return say("For {service}, I'm holding {time} for one minute. Should I book it?", **words)
        case 3:
            return say("For {service}, I'm holding {time} for a minute and a half. Should I book it?", **words)
        case _:
            return say("For {service}, I'm holding {time} for two minutes. Should I book it?", **words)


def unknown_hold(own: Sequence[Minute], view: Viewpoint) -> str:
    """Say that no hold has a token, and which times are held for the caller."""
    if not own:
        return view.voice.say("I'm sorry, I don't have that time on hold. Should I look for times again?")
    first, *others = [say_start(start, view) for start in own[:_MAX_OWN]]
    times = reduce(view.voice.join_and, others, first)
    return view.voice.say(
        "I'm sorry, I don't have that time on hold. I'm still holding {times}. Should I book it?", times=times
    )


def held_too_long(view: Viewpoint) -> str:
    """Say that a caller held overlapping times for as long as possible."""
    return view.voice.say("I'm sorry, I can't hold that time any longer right now. Should I book the one I'm holding?")


def hold_ended(start: Minute, view: Viewpoint) -> str:
    """Say that an earlier call of the same request held a start, and that the hold has ended."""
    return view.voice.say(
        "I was holding {time} until a moment ago. Should I try to book it?", time=say_start(start, view)
    )


def hold_booked(start: Minute, view: Viewpoint) -> str:
    """Say that an earlier call of the same request held a start, and that it is booked."""
    return view.voice.say("That's already booked for you: {time}.", time=say_start(start, view))


def released(view: Viewpoint, *, is_booked: bool, is_released: bool) -> str:
    """Say what the release of a hold did."""
    if is_booked:
        return view.voice.say("That one's already booked, and it stays booked.")
    if is_released:
        return view.voice.say("All right, I've let that time go.")
    return view.voice.say("I'd already let that one go.")


def refused(view: Viewpoint) -> str:
    """Say that a request failed. The agent receives the problem beside `result`."""
    return view.voice.say("I'm sorry, that didn't work, and nothing was changed.")


def unavailable(starts: Sequence[Minute], view: Viewpoint) -> str:
    """Say that a start is not available, and offer alternatives."""
    if not starts:
        return view.voice.say("I'm sorry, that time isn't available. Should I look for other times?")
    return offer_times(
        starts,
        view,
        lambda times: view.voice.say_count(
            "I'm sorry, that time isn't available. I do have {times}. Does that work?",
            "I'm sorry, that time isn't available. I do have {times}. Which works best?",
            len(times),
            times=say_choices(times, view),
        ),
    )


def refused_start(reason: str, starts: Sequence[Minute], view: Viewpoint) -> str:
    """Say that a start cannot be had, with the sentence of the reason, and offer alternatives."""
    sorry = view.voice.say("I'm sorry.")
    if not starts:
        return f"{sorry} {reason} {view.voice.say('Should I look for other times?')}"
    return offer_times(starts, view, lambda times: f"{sorry} {reason} {_instead(times, view)}")


def _instead(times: Sequence[datetime], view: Viewpoint) -> str:
    return view.voice.say_count(
        "I do have {times}. Does that work?",
        "I do have {times}. Which works best?",
        len(times),
        times=say_choices(times, view),
    )


def hold_expired(starts: Sequence[Minute], view: Viewpoint) -> str:
    """Say that a hold has expired and its start is taken, and offer alternatives."""
    if not starts:
        return view.voice.say("I'm sorry, I'm no longer holding that time for you. Should I look for other times?")
    return offer_times(
        starts,
        view,
        lambda times: view.voice.say_count(
            "I'm sorry, that time is gone now. I do have {times}. Does that work?",
            "I'm sorry, that time is gone now. I do have {times}. Which works best?",
            len(times),
            times=say_choices(times, view),
        ),
    )


def no_need_to_wait(starts: Sequence[Minute], view: Viewpoint) -> str:
    """Say that the waitlist is not needed, and offer free times."""
    return offer_times(
        starts,
        view,
        lambda times: view.voice.say_count(
            "Good news: there's no need to wait. I have {times}. Does that work?",
            "Good news: there's no need to wait. I have {times}. Which works best?",
            len(times),
            times=say_choices(times, view),
        ),
    )


def too_many_holds(view: Viewpoint) -> str:
    """Say that the customer holds too many starts."""
    return view.voice.say("I'm already holding several appointments for you. Which one should I let go?")


def try_later(view: Viewpoint) -> str:
    """Say that the same request may succeed later."""
    return view.voice.say("I'm sorry, the booking system isn't responding. Give me a moment to try again.")


def internal_error(view: Viewpoint) -> str:
    """Say that an unexpected error occurred."""
    return view.voice.say("I'm sorry, something went wrong, and I can't say that anything was booked.")


def offer_times(starts: Sequence[Minute], view: Viewpoint, word: Callable[[Sequence[datetime]], str]) -> str:
    """Return the sentence for up to three of the starts, as many as MAX_WORDS allow."""
    return fit_times(pick_times(starts, view), word)


def fit_times(times: Sequence[datetime], word: Callable[[Sequence[datetime]], str]) -> str:
    """Return the sentence for as many of the times as MAX_WORDS allow, but at least one."""
    for count in range(len(times), 1, -1):
        if count_words(sentence := word(times[:count])) <= MAX_WORDS:
            return sentence
    return word(times[:1])


def first_that_fits(*responses: str) -> str:
    """Return the first response that has at most MAX_WORDS, else the last one."""
    return next((response for response in responses if count_words(response) <= MAX_WORDS), responses[-1])


def count_words(text: str) -> int:
    """Return the number of words in a text."""
    return len(_WORD.findall(text))


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
