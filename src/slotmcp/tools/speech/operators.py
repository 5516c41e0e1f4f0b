"""Sentences for operators."""

from slotmcp.domain.report import Funnel
from slotmcp.services.technicians import AbsenceAnswer
from slotmcp.tools.speech.names import say_person
from slotmcp.tools.speech.viewpoint import Viewpoint


def technicians(active: int, count: int, view: Viewpoint) -> str:
    """Say how many technicians there are, and how many are active."""
    return view.voice.say_count(
        "There is {count} technician, of whom {active} takes work.",
        "There are {count} technicians, of whom {active} take work.",
        count,
        active=active,
    )


def funnel(counts: Funnel, needing_attention: int, view: Viewpoint) -> str:
    """Say how many callers reached each step of the funnel, and how many bookings need attention."""
    sentence = _steps(counts, view)
    if not needing_attention:
        return sentence
    attention = view.voice.say_count(
        "One booking needs attention.", "{count} bookings need attention.", needing_attention
    )
    return f"{sentence} {attention}"


def _steps(counts: Funnel, view: Viewpoint) -> str:
    if not counts.conversations:
        return view.voice.say("Nobody has asked for a time.")
    return view.voice.say_count(
        "One caller asked. Times were offered to {offered}, held by {held} and booked by {booked}.",
        "{count} callers asked. Times were offered to {offered}, held by {held} and booked by {booked}.",
        counts.conversations,
        offered=counts.offered,
        held=counts.held,
        booked=counts.booked,
    )


def inactive(name: str, view: Viewpoint) -> str:
    """Confirm that a technician takes no work."""
    return view.voice.say("{name} takes no work now.", name=say_person(name, view.voice))


def active(name: str, view: Viewpoint) -> str:
    """Confirm that a technician takes work."""
    return view.voice.say("{name} takes work now.", name=say_person(name, view.voice))


def time_off(name: str, view: Viewpoint) -> str:
    """Confirm that a technician has time off, in the technician's time zone."""
    person, city = say_person(name, view.voice), view.city
    if city:
        return view.voice.say("{name} has that time off now, in {city} time.", name=person, city=city)
    return view.voice.say("{name} has that time off now.", name=person)


def consequences(answer: AbsenceAnswer, view: Viewpoint) -> list[str]:
    """List the effects of an absence on bookings and holds; an effect on none is left out."""
    voice = view.voice
    bookings, moved, withdrawn = len(answer.attention), answer.holds_moved, answer.holds_withdrawn
    takable = sum(bool(affected.able) for affected in answer.attention)
    effects = (
        bookings
        and voice.say_count(
            "One booking is kept and needs attention.",
            "{count} bookings are kept and need attention.",
            bookings,
        ),
        takable
        and voice.say_count(
            "Another technician could take one of them at its time.",
            "Other technicians could take {count} of them at their times.",
            takable,
        ),
        moved
        and voice.say_count("One held time went to somebody else.", "{count} held times went to somebody else.", moved),
        withdrawn
        and voice.say_count("One held time had to be withdrawn.", "{count} held times had to be withdrawn.", withdrawn),
    )
    return [effect for effect in effects if effect]
