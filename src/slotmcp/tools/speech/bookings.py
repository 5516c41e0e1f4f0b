"""Sentences about bookings: confirmations, the assigned technician, lookups and changes.

Of two times in a sentence, only one names its zone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from slotmcp.domain.booking import AssignmentReason
from slotmcp.domain.catalog import RankingKey
from slotmcp.domain.interval import Minute
from slotmcp.tools.speech.sentences import pick_times, spoken_name
from slotmcp.tools.speech.times import say_choices, say_clock, say_start
from slotmcp.tools.speech.viewpoint import Viewpoint
from slotmcp.tools.speech.voice import Voice


@dataclass(frozen=True, slots=True)
class BookingDetails:
    """Start of an appointment, and the names of its service and technician."""

    start: Minute
    service: str
    technician: str

    def words(self, view: Viewpoint) -> dict[str, str]:
        """Return the values of a sentence's braces."""
        return {
            "service": spoken_name(self.service, view),
            "time": say_start(self.start, view),
            "technician": self.technician,
        }


def booked(appointment: BookingDetails, view: Viewpoint) -> str:
    """Confirm a booking."""
    return view.voice.say("Your {service} is booked for {time}, with {technician}.", **appointment.words(view))


def assignment_reason(name: str, reason: AssignmentReason, view: Viewpoint) -> str:
    """Say why this technician was assigned."""
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
    criteria, *others = values
    for criterion in others:
        criteria = voice.say("{several}, then {one}", several=criteria, one=criterion)
    return voice.say(
        "Of the {count} who were free, {name} comes first by {criteria}.",
        count=reason.considered,
        name=name,
        criteria=criteria,
    )


def only_upcoming(appointment: BookingDetails, view: Viewpoint) -> str:
    """Describe the only upcoming appointment."""
    return view.voice.say("You have one appointment: {service}, {time}, with {technician}.", **appointment.words(view))


def several_upcoming(count: int, appointment: BookingDetails, view: Viewpoint) -> str:
    """Say how many appointments are upcoming, and describe the next one."""
    return view.voice.say_count(
        "You have {count} appointment. The next one is {service}, {time}, with {technician}.",
        "You have {count} appointments. The next one is {service}, {time}, with {technician}.",
        count,
        **appointment.words(view),
    )


def none_upcoming(view: Viewpoint) -> str:
    """Say that there are only canceled and missed appointments."""
    return view.voice.say("You have no appointment coming up.")


def last_past(appointment: BookingDetails, view: Viewpoint) -> str:
    """Say that no appointment is upcoming, and describe the last one that took place."""
    return view.voice.say(
        "You have no appointment coming up. The last one was {service}, {time}, with {technician}.",
        **appointment.words(view),
    )


def none_found(view: Viewpoint) -> str:
    """Say that the lookup found no appointment."""
    return view.voice.say("I cannot find any appointment. Could it be under another phone number or e-mail address?")


def moved(appointment: BookingDetails, before: Minute, view: Viewpoint) -> str:
    """Confirm an appointment's new time, with the same technician."""
    words = appointment.words(view)
    if _is_same_day(appointment.start, before, view):
        clock = say_clock(view.local(before), view.voice)
        return view.voice.say(
            "Your {service} is now {time} instead of {clock}, with {technician} as before.", clock=clock, **words
        )
    return view.voice.say(
        "Your {service} is now {time} instead of {before}, with {technician} as before.",
        before=say_start(before, replace(view, has_foreign_zone=False)),
        **words,
    )


def moved_to_other_technician(
    appointment: BookingDetails, before: Minute, view: Viewpoint, *, previous_technician: str
) -> str:
    """Confirm an appointment's new time, and name the new technician and the previous one."""
    words = {**appointment.words(view), "technician_before": previous_technician}
    if _is_same_day(appointment.start, before, view):
        return view.voice.say(
            "Your {service} is now {time} instead of {clock}. {technician} will come, not {technician_before}.",
            clock=say_clock(view.local(before), view.voice),
            **words,
        )
    return view.voice.say(
        "Your {service} is now {time} instead of {before}. {technician} will come, not {technician_before}.",
        before=say_start(before, replace(view, has_foreign_zone=False)),
        **words,
    )


def not_moved(appointment: BookingDetails, view: Viewpoint) -> str:
    """Say that an appointment already had that time."""
    return view.voice.say("Your {service} is {time} already, with {technician}.", **appointment.words(view))


def canceled(appointment: BookingDetails, view: Viewpoint) -> str:
    """Confirm a cancellation."""
    return view.voice.say("Your {service}, {time}, is canceled.", **appointment.words(view))


def hold_withdrawn(starts: Sequence[Minute], view: Viewpoint) -> str:
    """Say that a held time had to be withdrawn, and offer alternatives."""
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


def _criterion(key: RankingKey, value: int, voice: Voice) -> str:
    match key:
        case RankingKey.LOAD:
            return voice.say("bookings that day ({value})", value=value)
        case RankingKey.PRIORITY:
            return voice.say("priority ({value})", value=value)
        case RankingKey.ETA:
            return voice.say("minutes on the way and between jobs ({value})", value=value)


def _is_same_day(start: Minute, before: Minute, view: Viewpoint) -> bool:
    return view.local(start).date() == view.local(before).date()
