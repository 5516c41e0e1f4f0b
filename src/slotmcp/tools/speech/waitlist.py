"""Sentences about the waitlist."""

from slotmcp.domain.interval import Minute
from slotmcp.tools.speech.times import say_start
from slotmcp.tools.speech.viewpoint import Viewpoint


def waiting(position: int, view: Viewpoint) -> str:
    """Say that the caller is on the waitlist, and how many people are ahead."""
    ahead = position - 1
    if not ahead:
        return view.voice.say(
            "You are on the waitlist, and the next in line. We will let you know as soon as something becomes free."
        )
    return view.voice.say_count(
        "You are on the waitlist, with one person ahead of you. "
        "We will let you know as soon as something becomes free.",
        "You are on the waitlist, with {count} people ahead of you. "
        "We will let you know as soon as something becomes free.",
        ahead,
    )


def offered(start: Minute, view: Viewpoint, minutes_left: int) -> str:
    """Offer a start that has become free, with the time that it stays held, rounded down."""
    time = say_start(start, view)
    if minutes_left < 1:
        return view.voice.say(
            "Something has become free: I am keeping {time} for you for less than a minute. Shall I book it?", time=time
        )
    return view.voice.say_count(
        "Something has become free: I am keeping {time} for you for another minute. Shall I book it?",
        "Something has become free: I am keeping {time} for you for another {count} minutes. Shall I book it?",
        minutes_left,
        time=time,
    )


def fulfilled(view: Viewpoint) -> str:
    """Say that the caller has an appointment and has left the waitlist."""
    return view.voice.say("You have an appointment now, so you are not on the waitlist any more.")


def expired(view: Viewpoint) -> str:
    """Say that nothing became free before the requested range ended."""
    return view.voice.say("I am sorry, nothing became free in time, so you are not on the waitlist any more.")


def left(view: Viewpoint) -> str:
    """Confirm that the caller has left the waitlist."""
    return view.voice.say("I have taken you off the waitlist.")


def overview(count: int, view: Viewpoint) -> str:
    """Tell an operator how many people wait."""
    if not count:
        return view.voice.say("Nobody is on the waitlist.")
    return view.voice.say_count("One person is on the waitlist.", "{count} people are on the waitlist.", count)
