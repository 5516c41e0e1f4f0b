"""What operators are told."""

from slotmcp.domain.report import Funnel
from slotmcp.services.technicians import AbsenceAnswer
from slotmcp.tools.speech.viewpoint import Viewpoint


def everybody(active: int, count: int, view: Viewpoint) -> str:
    """How many technicians there are, and take work."""
    return view.voice.say_count(
        "There is {count} technician, of whom {active} takes work.",
        "There are {count} technicians, of whom {active} take work.",
        count,
        count=count,
        active=active,
    )


def came_of_calls(funnel: Funnel, view: Viewpoint) -> str:
    """How far callers came."""
    if not funnel.asked:
        return view.voice.say("Nobody has asked for a time.")
    return view.voice.say_count(
        "One caller asked. Times were offered to {offered}, held by {held} and booked by {booked}.",
        "{count} callers asked. Times were offered to {offered}, held by {held} and booked by {booked}.",
        funnel.asked,
        count=funnel.asked,
        offered=funnel.offered,
        held=funnel.held,
        booked=funnel.booked,
    )


def now_off(name: str, view: Viewpoint) -> str:
    """That somebody takes no work."""
    return view.voice.say("{name} takes no work now.", name=name)


def now_active(name: str, view: Viewpoint) -> str:
    """That somebody takes work."""
    return view.voice.say("{name} takes work now.", name=name)


def now_away(name: str, view: Viewpoint) -> str:
    """That somebody has time off."""
    return view.voice.say("{name} has that time off now.", name=name)


def consequences(answer: AbsenceAnswer, view: Viewpoint) -> list[str]:
    """What became of what was in the way; nothing where nothing was."""
    voice = view.voice
    bookings, moved, withdrawn = len(answer.attention), answer.holds_moved, answer.holds_withdrawn
    return [
        said
        for count, said in (
            (
                bookings,
                voice.say_count(
                    "One booking is kept and needs attention.",
                    "{count} bookings are kept and need attention.",
                    bookings,
                    count=bookings,
                ),
            ),
            (
                moved,
                voice.say_count(
                    "One held time went to somebody else.",
                    "{count} held times went to somebody else.",
                    moved,
                    count=moved,
                ),
            ),
            (
                withdrawn,
                voice.say_count(
                    "One held time had to be withdrawn.",
                    "{count} held times had to be withdrawn.",
                    withdrawn,
                    count=withdrawn,
                ),
            ),
        )
        if count
    ]
