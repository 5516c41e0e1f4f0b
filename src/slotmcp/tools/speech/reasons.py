"""Sentences that explain why a time is unavailable, and what would be possible instead."""

from collections.abc import Mapping, Sequence
from typing import Final

from slotmcp.domain.interval import Minute
from slotmcp.domain.reasons import PerReason, Reason
from slotmcp.tools.speech.times import full_date, say_choices, say_clock, say_list, say_start
from slotmcp.tools.speech.viewpoint import Viewpoint
from slotmcp.tools.speech.voice import message

FOR_TEAM: Final = PerReason(
    skill_missing=message("Nobody here does that kind of work."),
    inactive=message("Nobody who does that work is available at present."),
    past=message("That time has already passed."),
    horizon=message("We do not book that far ahead yet."),
    too_long=message("That appointment is too long for our working hours."),
    holiday=message("We are closed then."),
    outside_shift=message("That is outside our working hours."),
    time_off=message("Everybody who could come is away then."),
    break_=message("Everybody who could come has a break then."),
    booked=message("We are fully booked then."),
    held=message("Other callers are just deciding on what is left then."),
    own_hold=message("I am already keeping an appointment for you then."),
    busy=message("Everybody who could come is busy then."),
    day_full=message("We can take no more appointments then."),
    travel=message("Nobody could be there in time."),
    notice=message("That is too short notice for us."),
    off_grid=message("Our appointments do not begin at exactly that time."),
)
FOR_TECHNICIAN: Final = PerReason(
    skill_missing=message("{name} does not do this kind of work."),
    inactive=message("{name} is not working at present."),
    past=message("{name} cannot come then, because that time has already passed."),
    horizon=message("The calendar of {name} is not open that far ahead yet."),
    too_long=message("{name} does not work long enough at a time for that appointment."),
    holiday=message("{name} does not work on that day."),
    outside_shift=message("{name} does not work at that time."),
    time_off=message("{name} is away then."),
    break_=message("{name} has a break then."),
    booked=message("{name} is booked then."),
    held=message("Another caller is just deciding on that time with {name}."),
    own_hold=message("I am already keeping an appointment with {name} for you then."),
    busy=message("{name} is busy then."),
    day_full=message("{name} can take no more appointments that day."),
    travel=message("The drive there or to the next job would take {name} too long."),
    notice=message("{name} cannot come that soon."),
    off_grid=message("{name} would be free, but our appointments do not begin at exactly that time."),
)
UNTIL_CLOCK: Final[Mapping[Reason, str]] = {
    Reason.TIME_OFF: message("{name} is away until {clock}."),
    Reason.BREAK: message("{name} has a break until {clock}."),
    Reason.BOOKED: message("{name} is booked until {clock}."),
    Reason.BUSY: message("{name} is busy until {clock}."),
}
UNTIL_TIME: Final[Mapping[Reason, str]] = {
    Reason.TIME_OFF: message("{name} is away until {time}."),
    Reason.BREAK: message("{name} has a break until {time}."),
    Reason.BOOKED: message("{name} is booked until {time}."),
    Reason.BUSY: message("{name} is busy until {time}."),
}
_MAY_BECOME_FREE: Final = frozenset({Reason.BOOKED, Reason.HELD, Reason.BUSY, Reason.DAY_FULL})


def for_technician(
    name: str, reason: Reason | None, view: Viewpoint, *, start: Minute | None = None, until: Minute | None = None
) -> str:
    """Say that a technician can come at a start, or why not, and until when if that is known."""
    voice = view.voice
    if reason is None:
        return voice.say("{name} can come.", name=name)
    if until is None or reason not in UNTIL_TIME:
        return voice.say(FOR_TECHNICIAN[reason], name=name)
    if start is not None and view.local(start).date() == view.local(until).date() and not view.has_foreign_zone:
        return voice.say(UNTIL_CLOCK[reason], name=name, clock=say_clock(view.local(until), voice))
    return voice.say(UNTIL_TIME[reason], name=name, time=say_start(until, view))


def for_team(reason: Reason | None, view: Viewpoint) -> str:
    """Say why no technician with the required skills can come. None: the reason is unknown."""
    return view.voice.say("I have nothing free then.") if reason is None else view.voice.say(FOR_TEAM[reason])


def passed(start: Minute, view: Viewpoint) -> str:
    """Say that a start has passed, with today's date if it was on another day."""
    if view.local(start).date() == view.today:
        return view.voice.say(FOR_TEAM[Reason.PAST])
    return view.voice.say("That date has passed: today is {date}.", date=full_date(view.today, view.voice))


def open_at_other_times(view: Viewpoint) -> str:
    """Say that the business is open on the requested day, which is otherwise closed, but at other times."""
    return view.voice.say("We are open only at other times that day.")


def next_free(start: Minute | None, reason: Reason, view: Viewpoint) -> str:
    """Offer the next free time; if there is none, offer the waitlist where waiting may help."""
    if start is not None:
        return view.voice.say("The next free time is {time}. Would that suit you?", time=say_start(start, view))
    if reason in _MAY_BECOME_FREE:
        return view.voice.say(
            "There is nothing later either, as far ahead as can be booked. Shall I put you on the waitlist?"
        )
    return view.voice.say("There is nothing later either, as far ahead as can be booked.")


def available(start: Minute, view: Viewpoint) -> str:
    """Offer a start that can be booked."""
    return view.voice.say("I can offer you {time}. Shall I book it?", time=say_start(start, view))


def other_technicians(names: Sequence[str], view: Viewpoint) -> str:
    """Name the technicians who could come at the requested start."""
    return view.voice.say(
        "{technicians} could come at the time that you asked for.", technicians=say_list(names, view.voice)
    )


def shorter_fits(minutes: int, view: Viewpoint) -> str:
    """Say that a shorter appointment would fit at the requested start."""
    return view.voice.say_count(
        "An appointment of one minute would fit then.",
        "An appointment of {count} minutes would fit then.",
        minutes,
    )


def other_start(start: Minute, view: Viewpoint) -> str:
    """Offer another start."""
    return view.voice.say("I can offer you {time} instead.", time=say_start(start, view))


def ask_if_suitable(view: Viewpoint) -> str:
    """Ask if the offered alternative suits the caller."""
    return view.voice.say("Would that suit you?")


def ask_to_search(view: Viewpoint) -> str:
    """Ask if the agent shall look for other times, as there is no alternative nearby."""
    return view.voice.say("Shall I look for other times?")


def technician_unavailable(name: str, others: Sequence[str], starts: Sequence[Minute], view: Viewpoint) -> str:
    """Say that the requested technician cannot come then; offer other technicians, other starts, or both.

    At least one of the two must not be empty.
    """
    times = [view.local(start) for start in starts]
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
    others_list = say_list(others, view.voice)
    if not times:
        return view.voice.say(
            "That did not work: {name} cannot come then, but {others} could. Would that suit you?",
            name=name,
            others=others_list,
        )
    return view.voice.say(
        "That did not work: {name} cannot come then, but {others} could. With {name}, I have {times}. "
        "Which do you prefer?",
        name=name,
        others=others_list,
        times=say_choices(times, view),
    )
