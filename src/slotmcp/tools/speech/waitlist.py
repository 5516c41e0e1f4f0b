"""What is said of a wait, besides what speech.py says."""

from slotmcp.domain.interval import Minute
from slotmcp.tools.speech.times import say_time
from slotmcp.tools.speech.viewpoint import Viewpoint


def waiting(position: int, view: Viewpoint) -> str:
    """That somebody is on the waitlist, and how many are asked before them."""
    before = position - 1
    if not before:
        return view.voice.say(
            "You are on the waitlist, and the next in line. We will let you know as soon as something becomes free."
        )
    return view.voice.say_count(
        "You are on the waitlist, with one person ahead of you. "
        "We will let you know as soon as something becomes free.",
        "You are on the waitlist, with {count} people ahead of you. "
        "We will let you know as soon as something becomes free.",
        before,
        count=before,
    )


def offered(start: Minute, view: Viewpoint, minutes_left: int) -> str:
    """That a start has become free and is kept, and for how long; never for longer than it is."""
    time = say_time(view.read(start), view)
    if minutes_left < 1:
        return view.voice.say(
            "Something has become free: I am keeping {time} for you for less than a minute. Shall I book it?", time=time
        )
    return view.voice.say_count(
        "Something has become free: I am keeping {time} for you for another minute. Shall I book it?",
        "Something has become free: I am keeping {time} for you for another {count} minutes. Shall I book it?",
        minutes_left,
        time=time,
        count=minutes_left,
    )


def fulfilled(view: Viewpoint) -> str:
    """That somebody has an appointment, and waits no more."""
    return view.voice.say("You have an appointment now, so you are not on the waitlist any more.")


def in_vain(view: Viewpoint) -> str:
    """That the window has passed."""
    return view.voice.say("I am sorry, nothing became free in time, so you are not on the waitlist any more.")


def left(view: Viewpoint) -> str:
    """That somebody waits no more, because they wanted to."""
    return view.voice.say("I have taken you off the waitlist.")


def everybody(count: int, view: Viewpoint) -> str:
    """How many wait, for the operator."""
    if not count:
        return view.voice.say("Nobody is on the waitlist.")
    return view.voice.say_count(
        "One person is on the waitlist.", "{count} people are on the waitlist.", count, count=count
    )
