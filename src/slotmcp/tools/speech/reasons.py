"""The sentences that say why not, and what would be possible; made as those of speech are."""

from collections.abc import Sequence
from typing import Final

from slotmcp.domain.interval import Minute
from slotmcp.domain.reasons import Reason
from slotmcp.tools.speech.times import say_choices, say_clock, say_list, say_time
from slotmcp.tools.speech.viewpoint import Viewpoint
from slotmcp.tools.speech.voice import Voice

_MAY_BECOME_FREE: Final = frozenset({Reason.BOOKED, Reason.HELD, Reason.BUSY, Reason.DAY_FULL})


def of_technician(
    name: str, reason: Reason | None, view: Viewpoint, *, start: Minute | None = None, until: Minute | None = None
) -> str:
    """Whether one technician can come at a start, or what is in the way, and until when where that is known."""
    if until is None:
        return _then(name, reason, view.voice)
    if start is not None and view.read(start).date() == view.read(until).date() and not view.has_foreign_zone:
        return _until_clock(name, reason, say_clock(view.read(until), view.voice), view.voice)
    return _until(name, reason, _say(until, view), view.voice)


def of_everybody(reason: Reason, view: Viewpoint) -> str:  # noqa: C901, PLR0911, PLR0912  one sentence a reason
    """What is in the way of most of those who would be able."""
    voice = view.voice
    match reason:
        case Reason.INACTIVE:
            return voice.say("Nobody is working at present.")
        case Reason.SKILL_MISSING:
            return voice.say("Nobody here does that kind of work.")
        case Reason.HOLIDAY:
            return voice.say("We are closed then.")
        case Reason.OUTSIDE_SHIFT:
            return voice.say("That is outside our working hours.")
        case Reason.TIME_OFF:
            return voice.say("Everybody who could come is away then.")
        case Reason.BREAK:
            return voice.say("Everybody who could come has a break then.")
        case Reason.BOOKED:
            return voice.say("We are fully booked then.")
        case Reason.HELD:
            return voice.say("Other callers are just deciding on what is left then.")
        case Reason.BUSY:
            return voice.say("Everybody who could come is busy then.")
        case Reason.DAY_FULL:
            return voice.say("We can take no more appointments then.")
        case Reason.TRAVEL:
            return voice.say("Nobody could be there in time.")
        case Reason.OFF_GRID:
            return voice.say("Our appointments do not begin at exactly that time.")
        case Reason.NOTICE:
            return voice.say("That is too short notice for us.")
        case Reason.HORIZON:
            return voice.say("We do not book that far ahead yet.")


def next_free(start: Minute | None, reason: Reason, view: Viewpoint) -> str:
    """When something is free, after it was said why nothing is; where waiting may help, that one can wait."""
    if start is None and reason in _MAY_BECOME_FREE:
        return view.voice.say(
            "There is nothing later either, as far ahead as can be booked. Shall I put you on the waitlist?"
        )
    if start is None:
        return view.voice.say("There is nothing later either, as far ahead as can be booked.")
    return view.voice.say("The next free time is {time}. Would that suit you?", time=_say(start, view))


def can_be_had(start: Minute, view: Viewpoint) -> str:
    """That a start can be booked."""
    return view.voice.say("I can offer you {time}. Shall I book it?", time=_say(start, view))


def others_could(names: Sequence[str], view: Viewpoint) -> str:
    """Who else could come at a start."""
    return view.voice.say(
        "{technicians} could come at the time that you asked for.", technicians=say_list(names, view.voice)
    )


def shorter_would_fit(minutes: int, view: Viewpoint) -> str:
    """That less time would fit at a start."""
    return view.voice.say_count(
        "An appointment of one minute would fit then.",
        "An appointment of {count} minutes would fit then.",
        minutes,
        count=minutes,
    )


def instead(start: Minute, view: Viewpoint) -> str:
    """Another start that can be had."""
    return view.voice.say("I can offer you {time} instead.", time=_say(start, view))


def would_that_suit(view: Viewpoint) -> str:
    """What is asked after something else was named."""
    return view.voice.say("Would that suit you?")


def look_elsewhere(view: Viewpoint) -> str:
    """That nothing near it can be had."""
    return view.voice.say("Shall I look for other times?")


def not_with(name: str, others: Sequence[str], starts: Sequence[Minute], view: Viewpoint) -> str:
    """That a technician who was wished for cannot take a start; who else could, and when the one who was can.

    One of the two is there.
    """
    times = [view.read(start) for start in starts]
    if not others:
        return view.voice.say_count(
            "That did not work: {name} cannot come then, nor can anybody else. With {name}, I have {times}. "
            "Does that suit you?",
            "That did not work: {name} cannot come then, nor can anybody else. With {name}, I have {times}. "
            "Which suits you?",
            len(times),
            name=name,
            times=say_choices(times, view),
        )
    could = say_list(others, view.voice)
    if not times:
        return view.voice.say(
            "That did not work: {name} cannot come then, but {others} could. Would that suit you?",
            name=name,
            others=could,
        )
    return view.voice.say(
        "That did not work: {name} cannot come then, but {others} could. With {name}, I have {times}. "
        "Which do you prefer?",
        name=name,
        others=could,
        times=say_choices(times, view),
    )


def _until_clock(name: str, reason: Reason | None, clock: str, voice: Voice) -> str:
    match reason:
        case Reason.TIME_OFF:
            return voice.say("{name} is away until {clock}.", name=name, clock=clock)
        case Reason.BREAK:
            return voice.say("{name} has a break until {clock}.", name=name, clock=clock)
        case Reason.BOOKED:
            return voice.say("{name} is booked until {clock}.", name=name, clock=clock)
        case Reason.BUSY:
            return voice.say("{name} is busy until {clock}.", name=name, clock=clock)
        case _:
            return _then(name, reason, voice)


def _until(name: str, reason: Reason | None, time: str, voice: Voice) -> str:
    match reason:
        case Reason.TIME_OFF:
            return voice.say("{name} is away until {time}.", name=name, time=time)
        case Reason.BREAK:
            return voice.say("{name} has a break until {time}.", name=name, time=time)
        case Reason.BOOKED:
            return voice.say("{name} is booked until {time}.", name=name, time=time)
        case Reason.BUSY:
            return voice.say("{name} is busy until {time}.", name=name, time=time)
        case _:
            return _then(name, reason, voice)


def _then(name: str, reason: Reason | None, voice: Voice) -> str:  # noqa: C901, PLR0911, PLR0912  one sentence a reason
    match reason:
        case None:
            return voice.say("{name} can come.", name=name)
        case Reason.INACTIVE:
            return voice.say("{name} is not working at present.", name=name)
        case Reason.SKILL_MISSING:
            return voice.say("{name} does not do this kind of work.", name=name)
        case Reason.HOLIDAY:
            return voice.say("{name} does not work then, since we are closed.", name=name)
        case Reason.OUTSIDE_SHIFT:
            return voice.say("{name} does not work at that time.", name=name)
        case Reason.TIME_OFF:
            return voice.say("{name} is away then.", name=name)
        case Reason.BREAK:
            return voice.say("{name} has a break then.", name=name)
        case Reason.BOOKED:
            return voice.say("{name} is booked then.", name=name)
        case Reason.HELD:
            return voice.say("Another caller is just deciding on that time with {name}.", name=name)
        case Reason.BUSY:
            return voice.say("{name} is busy then.", name=name)
        case Reason.DAY_FULL:
            return voice.say("{name} can take no more appointments that day.", name=name)
        case Reason.TRAVEL:
            return voice.say("The drive there or to the next job would take {name} too long.", name=name)
        case Reason.OFF_GRID:
            return voice.say("{name} would be free, but our appointments do not begin at exactly that time.", name=name)
        case Reason.NOTICE:
            return voice.say("{name} cannot come that soon.", name=name)
        case Reason.HORIZON:
            return voice.say("The calendar of {name} is not open that far ahead yet.", name=name)


def _say(start: Minute, view: Viewpoint) -> str:
    return say_time(view.read(start), view)
