"""Sentences about the waitlist."""

from slotmcp.domain.interval import Minute
from slotmcp.tools.speech.times import say_start
from slotmcp.tools.speech.viewpoint import Viewpoint


def waiting(position: int, view: Viewpoint) -> str:
    """Say that the caller is on the waitlist, and how many people are ahead."""
    ahead = position - 1
    if not ahead:
        return view.voice.say(
            "You're on the waitlist, and next in line. We'll let you know as soon as something opens up."
        )
    return view.voice.say_count(
        "You're on the waitlist, with one person ahead of you. We'll let you know as soon as something opens up.",
        "You're on the waitlist, with {count} people ahead of you. We'll let you know as soon as something opens up.",
        ahead,
    )


def offered(start: Minute, view: Viewpoint, minutes_left: int) -> str:
    """Offer a start that has become free, with the time that it stays held, rounded down."""
    time = say_start(start, view)
    if minutes_left < 1:
        return view.voice.say(
            "Something opened up: I'm holding {time} just a little longer. Should I book it?", time=time
        )
    return view.voice.say_count(
        "Something opened up: I'm holding {time} for another minute. Should I book it?",
        "Something opened up: I'm holding {time} for another {count} minutes. Should I book it?",
        minutes_left,
        time=time,
    )


def fulfilled(view: Viewpoint) -> str:
    """Say that the caller has an appointment and has left the waitlist."""
    return view.voice.say("You have an appointment now, so you're off the waitlist.")


def canceled(view: Viewpoint) -> str:
    """Say that the appointment that ended the wait was canceled."""
    return view.voice.say("That appointment was canceled, and you're no longer on the waitlist.")


def changed(view: Viewpoint) -> str:
    """Say that an earlier request was corrected."""
    return view.voice.say("I've updated your waitlist request.")


def expired(view: Viewpoint) -> str:
    """Say that nothing became free before the requested range ended."""
    return view.voice.say("I'm sorry, nothing opened up in time, so you're no longer on the waitlist.")


def left(view: Viewpoint) -> str:
    """Confirm that the caller has left the waitlist."""
    return view.voice.say("I've taken you off the waitlist.")


def overview(count: int, view: Viewpoint) -> str:
    """Tell an operator how many people wait."""
    if not count:
        return view.voice.say("Nobody is on the waitlist.")
    return view.voice.say_count("One person is on the waitlist.", "{count} people are on the waitlist.", count)
