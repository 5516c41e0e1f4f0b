"""Sentences about bookings: confirmations, the assigned technician, lookups and changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from slotmcp.domain.booking import AssignmentReason
from slotmcp.domain.catalog import RankingKey, ServiceType
from slotmcp.domain.interval import Minute
from slotmcp.tools.speech.lists import say_row
from slotmcp.tools.speech.names import say_person, say_service
from slotmcp.tools.speech.sentences import offer_times
from slotmcp.tools.speech.times import say_choices, say_start
from slotmcp.tools.speech.viewpoint import Viewpoint
from slotmcp.tools.speech.voice import Phrase, Voice, phrase

_CRITERIA: Final[Mapping[RankingKey, Phrase]] = {
    RankingKey.LOAD: phrase("criterion", "{count} booking that day", "{count} bookings that day"),
    RankingKey.PRIORITY: phrase("criterion", "priority {count}", "priority {count}"),
    RankingKey.ETA: phrase("criterion", "{count} minute between jobs", "{count} minutes between jobs"),
}


@dataclass(frozen=True, slots=True)
class BookingDetails:
    """Start of an appointment, its service, and the name of its technician."""

    start: Minute
    service: ServiceType
    technician: str
    """Empty if the caller may not hear it."""

    def words(self, view: Viewpoint) -> dict[str, str]:
        """Return the values of a sentence's braces."""
        return {
            "service": say_service(self.service, view),
            "time": say_start(self.start, view),
            "technician": say_person(self.technician, view.voice),
        }


def booked(appointment: BookingDetails, view: Viewpoint) -> str:
    """Confirm a booking."""
    return view.voice.say("You're booked for {service}, {time}, with {technician}.", **appointment.words(view))


def details_stored(appointment: BookingDetails, view: Viewpoint) -> str:
    """Say that an appointment exists already, and that new details were added to it."""
    return view.voice.say(
        "You're already booked for {service}, {time}. I've added the new details.", **appointment.words(view)
    )


def already_booked(appointment: BookingDetails, view: Viewpoint) -> str:
    """Ask if a request corrects an existing appointment or means another visit."""
    return view.voice.say(
        "You already have an appointment for {service}, {time}. Should I change that one, or book another visit?",
        **appointment.words(view),
    )


def assignment_reason(name: str, reason: AssignmentReason, view: Viewpoint) -> str:
    """Say why this technician was assigned."""
    voice, person = view.voice, say_person(name, view.voice)
    if not reason.considered:
        return voice.say("{name} was named when it was booked.", name=person)
    if reason.wished:
        return voice.say("The customer asked for {name}.", name=person)
    if reason.kept:
        return voice.say("{name} had it before, and is free at the new time, too.", name=person)
    if reason.considered == 1:
        return voice.say("Only {name} was free.", name=person)
    values = [_criterion(key, reason.values[key], voice) for key in reason.policy if key in reason.values]
    if not values:
        return voice.say("Any of the {count} who were free would do.", count=reason.considered)
    return voice.say(
        "Of the {count} who were free, {name} comes first: {criteria}.",
        count=reason.considered,
        name=person,
        criteria=say_row(values, voice),
    )


def only_upcoming(appointment: BookingDetails, view: Viewpoint) -> str:
    """Describe the only upcoming appointment."""
    if not appointment.technician:
        return view.voice.say("You have one appointment: {service}, {time}.", **appointment.words(view))
    return view.voice.say("You have one appointment: {service}, {time}, with {technician}.", **appointment.words(view))


def several_upcoming(count: int, appointment: BookingDetails, view: Viewpoint) -> str:
    """Say how many appointments are upcoming, and describe the next one."""
    if not appointment.technician:
        return view.voice.say_count(
            "You have {count} appointment. The next one: {service}, {time}.",
            "You have {count} appointments. The next one: {service}, {time}.",
            count,
            **appointment.words(view),
        )
    return view.voice.say_count(
        "You have {count} appointment. The next one: {service}, {time}, with {technician}.",
        "You have {count} appointments. The next one: {service}, {time}, with {technician}.",
        count,
        **appointment.words(view),
    )


def none_upcoming(view: Viewpoint) -> str:
    """Say that there are only canceled and missed appointments."""
    return view.voice.say("You have nothing coming up.")


def last_past(appointment: BookingDetails, view: Viewpoint) -> str:
    """Say that no appointment is upcoming, and describe the last one that took place."""
    if not appointment.technician:
        return view.voice.say(
            "You have nothing coming up. The last one was {service}, {time}.", **appointment.words(view)
        )
    return view.voice.say(
        "You have nothing coming up. The last one was {service}, {time}, with {technician}.",
        **appointment.words(view),
    )


def none_found(view: Viewpoint) -> str:
    """Say that the lookup found no appointment."""
    return view.voice.say("I can't find an appointment. Could it be under another phone number or email?")


def moved(appointment: BookingDetails, view: Viewpoint) -> str:
    """Confirm an appointment's new time, with the same technician."""
    words = appointment.words(view)
    return view.voice.say(
        "I've moved your appointment to {time}, with {technician} as before.",
        time=words["time"],
        technician=words["technician"],
    )


def moved_to_other_technician(appointment: BookingDetails, view: Viewpoint, *, previous_technician: str) -> str:
    """Confirm an appointment's new time, and name the new technician and the previous one."""
    words = appointment.words(view)
    return view.voice.say(
        "I've moved your appointment to {time}, now with {technician} instead of {technician_before}.",
        time=words["time"],
        technician=words["technician"],
        technician_before=say_person(previous_technician, view.voice),
    )


def not_moved(appointment: BookingDetails, view: Viewpoint) -> str:
    """Say that an appointment already had that time."""
    return view.voice.say(
        "You're already booked for that time: {service}, {time}, with {technician}.", **appointment.words(view)
    )


def canceled(appointment: BookingDetails, view: Viewpoint) -> str:
    """Confirm a cancellation."""
    words = appointment.words(view)
    return view.voice.say(
        "Your appointment is canceled: {service}, {time}.", service=words["service"], time=words["time"]
    )


def corrected(appointment: BookingDetails, view: Viewpoint, *, needs_check: bool) -> str:
    """Confirm a correction; with `needs_check` its new location may be too far away at that time."""
    words = appointment.words(view)
    service, time = words["service"], words["time"]
    if needs_check:
        return view.voice.say(
            "I've updated your appointment: {service}, {time}. Our office will check whether that time still works.",
            service=service,
            time=time,
        )
    return view.voice.say("I've updated your appointment: {service}, {time}.", service=service, time=time)


def already_so(appointment: BookingDetails, view: Viewpoint) -> str:
    """Say that a correction changes nothing."""
    words = appointment.words(view)
    return view.voice.say(
        "That's already what I have for your appointment: {service}, {time}.",
        service=words["service"],
        time=words["time"],
    )


def verification_needed(view: Viewpoint, *, has_contact: bool) -> str:
    """Ask for the contact on a booking, or for another one if the given one is not on it."""
    if has_contact:
        return view.voice.say(
            "I'm sorry, I can't find that appointment under this phone number or email. "
            "Could it be another one? Otherwise, only our office can change it."
        )
    return view.voice.say(
        "I'm sorry, I can't change that yet. Which phone number or email was it booked under? "
        "Without either, only our office can change it."
    )


def too_many_guesses(view: Viewpoint) -> str:
    """Say that too many contacts did not match."""
    return view.voice.say(
        "I'm sorry, too many phone numbers or emails didn't match. Please call our office, or try again later."
    )


def closed(view: Viewpoint, *, is_canceled: bool) -> str:
    """Say that an appointment can no longer be changed, because it was canceled or has begun."""
    if is_canceled:
        return view.voice.say("I'm sorry, that appointment is already canceled. Should I book a new one?")
    return view.voice.say(
        "I'm sorry, that appointment has already started or is over, so I can't change it. Please ask our office."
    )


def hold_withdrawn(starts: Sequence[Minute], view: Viewpoint) -> str:
    """Say that a held time had to be withdrawn, and offer alternatives."""
    if not starts:
        return view.voice.say("I'm sorry, nobody can make that time anymore. Should I look for other times?")
    return offer_times(
        starts,
        view,
        lambda times: view.voice.say_count(
            "I'm sorry, nobody can make that time anymore. I do have {times}. Does that work?",
            "I'm sorry, nobody can make that time anymore. I do have {times}. Which works best?",
            len(times),
            times=say_choices(times, view),
        ),
    )


def _criterion(key: RankingKey, value: int, voice: Voice) -> str:
    return voice.say_phrase(_CRITERIA[key], value)
