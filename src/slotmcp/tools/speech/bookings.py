"""What is said when somebody changes their mind, besides what speech.py says.

Of two times only one has its zone named.
"""

from collections.abc import Sequence
from dataclasses import replace

from slotmcp.domain.interval import Minute
from slotmcp.tools.speech.sentences import pick_times, spoken_name
from slotmcp.tools.speech.times import say_choices, say_clock, say_time
from slotmcp.tools.speech.viewpoint import Viewpoint


def one_found(start: Minute, view: Viewpoint, *, service: str, technician: str) -> str:
    """The only appointment to come."""
    return view.voice.say(
        "You have one appointment: {service}, {time}, with {technician}.",
        service=spoken_name(service, view),
        time=_say(start, view),
        technician=technician,
    )


def several_found(count: int, start: Minute, view: Viewpoint, *, service: str, technician: str) -> str:
    """How many appointments are to come, and the next of them."""
    return view.voice.say_count(
        "You have {count} appointment. The next one is {service}, {time}, with {technician}.",
        "You have {count} appointments. The next one is {service}, {time}, with {technician}.",
        count,
        count=count,
        service=spoken_name(service, view),
        time=_say(start, view),
        technician=technician,
    )


def none_to_come(view: Viewpoint) -> str:
    """That there are only appointments that were called off or missed."""
    return view.voice.say("You have no appointment coming up.")


def last_found(start: Minute, view: Viewpoint, *, service: str, technician: str) -> str:
    """That nothing is to come, and when somebody last came."""
    return view.voice.say(
        "You have no appointment coming up. The last one was {service}, {time}, with {technician}.",
        service=spoken_name(service, view),
        time=_say(start, view),
        technician=technician,
    )


def none_found(view: Viewpoint) -> str:
    """That nothing is known."""
    return view.voice.say("I cannot find any appointment. Could it be under another phone number or e-mail address?")


def moved(start: Minute, before: Minute, view: Viewpoint, *, service: str, technician: str) -> str:
    """That an appointment has another time, with the same technician."""
    if _is_of_one_day(start, before, view):
        return view.voice.say(
            "Your {service} is now {time} instead of {clock}, with {technician} as before.",
            service=spoken_name(service, view),
            time=_say(start, view),
            clock=say_clock(view.read(before), view.voice),
            technician=technician,
        )
    return view.voice.say(
        "Your {service} is now {time} instead of {before}, with {technician} as before.",
        service=spoken_name(service, view),
        time=_say(start, view),
        before=_say(before, replace(view, has_foreign_zone=False)),
        technician=technician,
    )


def moved_to_another(
    start: Minute, before: Minute, view: Viewpoint, *, service: str, technicians: tuple[str, str]
) -> str:
    """That an appointment has another time, and another technician: who will come, and who would have."""
    technician, technician_before = technicians
    if _is_of_one_day(start, before, view):
        return view.voice.say(
            "Your {service} is now {time} instead of {clock}. {technician} will come, not {technician_before}.",
            service=spoken_name(service, view),
            time=_say(start, view),
            clock=say_clock(view.read(before), view.voice),
            technician=technician,
            technician_before=technician_before,
        )
    return view.voice.say(
        "Your {service} is now {time} instead of {before}. {technician} will come, not {technician_before}.",
        service=spoken_name(service, view),
        time=_say(start, view),
        before=_say(before, replace(view, has_foreign_zone=False)),
        technician=technician,
        technician_before=technician_before,
    )


def not_moved(start: Minute, view: Viewpoint, *, service: str, technician: str) -> str:
    """That an appointment was at that time already."""
    return view.voice.say(
        "Your {service} is {time} already, with {technician}.",
        service=spoken_name(service, view),
        time=_say(start, view),
        technician=technician,
    )


def cancelled(start: Minute, view: Viewpoint, *, service: str) -> str:
    """That an appointment is called off."""
    return view.voice.say(
        "Your {service}, {time}, is canceled.", service=spoken_name(service, view), time=_say(start, view)
    )


def withdrawn(starts: Sequence[Minute], view: Viewpoint) -> str:
    """That a time that was kept had to be taken back, with what could be instead."""
    if not starts:
        return view.voice.say(
            "That did not work: I am sorry, that time had to be withdrawn, since nobody can come then any more. "
            "Shall I look for other times?"
        )
    times = pick_times(starts, view)
    return view.voice.say_count(
        "That did not work: I am sorry, that time had to be withdrawn, since nobody can come then any more. "
        "Instead, I have {times}. Does that suit you?",
        "That did not work: I am sorry, that time had to be withdrawn, since nobody can come then any more. "
        "Instead, I have {times}. Which suits you?",
        len(times),
        times=say_choices(times, view),
    )


def _is_of_one_day(start: Minute, before: Minute, view: Viewpoint) -> bool:
    return view.read(start).date() == view.read(before).date()


def _say(start: Minute, view: Viewpoint) -> str:
    return say_time(view.read(start), view)
