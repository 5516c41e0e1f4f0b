"""Sentences that an agent says on the phone besides the results of its calls."""

from slotmcp.tools.speech.viewpoint import Viewpoint


def greeting(business: str, view: Viewpoint) -> str:
    """Greet a caller in the name of the business."""
    return view.voice.say("Thank you for calling {business}. How can I help you?", business=business)


def one_moment(view: Viewpoint) -> str:
    """Ask the caller to wait for the result of a call."""
    return view.voice.say("One moment, please. I'm looking at the calendar.")


def still_looking(view: Viewpoint) -> str:
    """Thank a caller for waiting longer than usual."""
    return view.voice.say("Thank you for your patience, I'm still looking.")
