"""Sentences that explain why a time is unavailable, and what would be possible instead."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from slotmcp.domain.catalog import Wording
from slotmcp.domain.interval import Minute
from slotmcp.domain.reasons import PerReason, Reason
from slotmcp.tools.speech.lists import say_list
from slotmcp.tools.speech.names import say_person
from slotmcp.tools.speech.sentences import first_that_fits, fit_times
from slotmcp.tools.speech.times import (
    BARE,
    full_date,
    is_midnight,
    say_choices,
    say_clock,
    say_day,
    say_start,
    say_time,
)
from slotmcp.tools.speech.viewpoint import Viewpoint
from slotmcp.tools.speech.voice import message

FOR_TEAM: Final = PerReason(
    skill_missing=message("Nobody here does that kind of work."),
    inactive=message("Nobody who does that work is available at the moment."),
    past=message("That time has already passed."),
    horizon=message("We don't book that far ahead yet."),
    too_long=message("That appointment is too long for our working hours."),
    holiday=message("We're closed that day."),
    outside_shift=message("That's outside our hours."),
    time_off=message("Nobody is available then."),
    break_=message("That's during our break."),
    booked=message("We're fully booked then."),
    held=message("Someone else is booking the last opening."),
    own_hold=message("I'm already holding an appointment for you then."),
    busy=message("Nobody is free then."),
    day_full=message("We can't take any more appointments that day."),
    travel=message("Nobody could get there in time."),
    notice=message("That's too short notice for us."),
    off_grid=message("Our appointments don't start at exactly that time."),
    outside_area=message("We don't serve that area."),
    closed=message("We're closed on those dates."),
    on_call_only=message("We're only on call for emergencies then."),
    reserved=message("The last openings then are kept for emergencies."),
    area_day=message("We don't serve that area on that day."),
    not_bookable_then=message("We don't do that kind of work at that time."),
    emergency_only=message("We only take emergencies at that time."),
    service_day_full=message("We can't take any more appointments of that kind that day."),
)
FOR_TECHNICIAN: Final = PerReason(
    skill_missing=message("{name} doesn't do this kind of work."),
    inactive=message("{name} isn't working at the moment."),
    past=message("{name} isn't available, because that time has already passed."),
    horizon=message("{name} doesn't take appointments that far ahead yet."),
    too_long=message("{name} doesn't work long enough at a time for that appointment."),
    holiday=message("{name} doesn't work that day."),
    outside_shift=message("{name} doesn't work at that time."),
    time_off=message("{name} is away then."),
    break_=message("{name} is on break then."),
    booked=message("{name} is booked then."),
    held=message("Someone else is booking that time with {name}."),
    own_hold=message("I'm already holding an appointment with {name} for you then."),
    busy=message("{name} is busy then."),
    day_full=message("{name} can't take any more appointments that day."),
    travel=message("{name} couldn't get there in time."),
    notice=message("{name} isn't available on such short notice."),
    off_grid=message("{name} is free, but our appointments don't start at exactly that time."),
    outside_area=message("{name} doesn't serve that area."),
    closed=message("{name} isn't working on those dates, because we're closed."),
    on_call_only=message("{name} is only on call for emergencies then."),
    reserved=message("{name} is being kept free for emergencies then."),
    area_day=message("{name} doesn't serve that area on that day."),
    not_bookable_then=message("{name} doesn't do that kind of work at that time."),
    emergency_only=message("{name} only takes emergencies at that time."),
    service_day_full=message("{name} can't take any more appointments of that kind that day."),
)
UNTIL_CLOCK: Final[Mapping[Reason, str]] = {
    Reason.TIME_OFF: message("{name} is away until {clock}."),
    Reason.BREAK: message("{name} is on break until {clock}."),
    Reason.BOOKED: message("{name} is booked until {clock}."),
    Reason.BUSY: message("{name} is busy until {clock}."),
}
UNTIL_TIME: Final[Mapping[Reason, str]] = {
    Reason.TIME_OFF: message("{name} is away until {time}."),
    Reason.BREAK: message("{name} is on break until {time}."),
    Reason.BOOKED: message("{name} is booked until {time}."),
    Reason.BUSY: message("{name} is busy until {time}."),
}
_MAY_BECOME_FREE: Final = frozenset(
    {Reason.BOOKED, Reason.HELD, Reason.BUSY, Reason.DAY_FULL, Reason.SERVICE_DAY_FULL, Reason.RESERVED}
)
_MAX_ALTERNATIVES: Final = 2
"""Names or times that are offered instead of a requested technician."""


def for_technician(
    name: str, reason: Reason | None, view: Viewpoint, *, start: Minute | None = None, until: Minute | None = None
) -> str:
    """Say that a technician can come at a start, or why not, and until when if that is known."""
    voice, person = view.voice, say_person(name, view.voice)
    if reason is None:
        return _can_come(person, view)
    if until is None or reason not in UNTIL_TIME:
        return voice.say(FOR_TECHNICIAN[reason], name=person)
    end = view.local(until)
    if start is not None and _ends_same_day(view.local(start), end) and not view.has_foreign_zone:
        return voice.say(UNTIL_CLOCK[reason], name=person, clock=say_clock(end, voice))
    if reason is Reason.TIME_OFF and is_midnight(end):
        return voice.say("{name} is away, and will be back {day}.", name=person, day=say_day(end.date(), view, BARE))
    return voice.say(UNTIL_TIME[reason], name=person, time=say_time(end, view, BARE))


def _can_come(person: str, view: Viewpoint) -> str:
    if view.wording is Wording.VISIT:
        return view.voice.say("{name} can come then.", name=person)
    return view.voice.say("{name} is available then.", name=person)


def _ends_same_day(start: datetime, end: datetime) -> bool:
    """Return True if an end is said without its day. The midnight after the start is."""
    return start.date() == end.date() or (is_midnight(end) and end.date() - start.date() == timedelta(days=1))


def for_team(reason: Reason | None, view: Viewpoint) -> str:
    """Say why no technician with the required skills can come. None: the reason is unknown."""
    return view.voice.say("I don't have anything then.") if reason is None else view.voice.say(FOR_TEAM[reason])


def passed(start: Minute, view: Viewpoint) -> str:
    """Say that a start has passed, with today's date if it was on another day."""
    if view.local(start).date() == view.today:
        return view.voice.say(FOR_TEAM[Reason.PAST])
    return view.voice.say("That date has passed: today is {date}.", date=full_date(view.today, view.voice))


def open_at_other_times(view: Viewpoint) -> str:
    """Say that the business is open on the requested day, which is otherwise closed, but at other times."""
    return view.voice.say("We're only open at other times that day.")


def next_free(cause: str, start: Minute | None, reason: Reason, view: Viewpoint) -> str:
    """Offer the next free time after a sentence with the cause; if there is none, offer the waitlist if it may help."""
    if start is None:
        return f"{cause} {_none_later(reason, view)}"
    opening = view.voice.say("The next opening is {time}.", time=say_start(start, view))
    return first_that_fits(f"{cause} {opening} {ask_if_suitable(view)}", f"{cause} {opening}")


def _none_later(reason: Reason, view: Viewpoint) -> str:
    if reason in _MAY_BECOME_FREE:
        return view.voice.say("I don't see any openings after that either. Should I put you on the waitlist?")
    return view.voice.say("I don't see any openings after that either.")


def available(start: Minute, view: Viewpoint) -> str:
    """Offer a start that can be booked."""
    return view.voice.say("I can offer you {time}. Should I book it?", time=say_start(start, view))


def other_technicians(names: Sequence[str], view: Viewpoint) -> str:
    """Name the technicians who could come at the requested start."""
    technicians = _say_people(names, view)
    if view.wording is Wording.VISIT:
        return view.voice.say("{technicians} could come at that time.", technicians=technicians)
    return view.voice.say("{technicians} would be available at that time.", technicians=technicians)


def shorter_fits(minutes: int, view: Viewpoint) -> str:
    """Say that a shorter appointment would fit at the requested start."""
    return view.voice.say_count(
        "An appointment of one minute would fit then.",
        "An appointment of {count} minutes would fit then.",
        minutes,
    )


def open_for_emergencies(view: Viewpoint) -> str:
    """Say that the requested start is available for an emergency."""
    return view.voice.say("If it's an emergency, that time is available.")


def other_start(start: Minute, view: Viewpoint) -> str:
    """Offer another start."""
    return view.voice.say("I can offer you {time} instead.", time=say_start(start, view))


def instead(cause: str, short_cause: str, change: str, view: Viewpoint) -> str:
    """Offer a change after a sentence with the cause, as completely as the length of a response allows."""
    question = ask_if_suitable(view)
    return first_that_fits(
        f"{cause} {change} {question}", f"{short_cause} {change} {question}", f"{short_cause} {change}"
    )


def ask_if_suitable(view: Viewpoint) -> str:
    """Ask if the offered alternative suits the caller."""
    return view.voice.say("Would that work?")


def ask_to_search(view: Viewpoint) -> str:
    """Ask if the agent shall look for other times, as there is no alternative nearby."""
    return view.voice.say("Should I look for other times?")


def technician_unavailable(name: str, others: Sequence[str], starts: Sequence[Minute], view: Viewpoint) -> str:
    """Say that the requested technician is not available then; offer two other technicians, or two other starts.

    At least one of the two must not be empty.
    """
    person = say_person(name, view.voice)
    if others:
        return _offer_others(person, _say_people(others, view), view)
    return fit_times(
        [view.local(start) for start in starts[:_MAX_ALTERNATIVES]],
        lambda times: view.voice.say_count(
            "I'm sorry, nobody is available then. {name} has {times}. Does that work?",
            "I'm sorry, nobody is available then. {name} has {times}. Which works best?",
            len(times),
            name=person,
            times=say_choices(times, view),
        ),
    )


def _offer_others(person: str, others: str, view: Viewpoint) -> str:
    if view.wording is Wording.VISIT:
        return view.voice.say(
            "I'm sorry, {name} isn't available then, but {others} could come. "
            "Or should I look for another time with {name}?",
            name=person,
            others=others,
        )
    return view.voice.say(
        "I'm sorry, {name} isn't available then, but {others} would be. Or should I look for another time with {name}?",
        name=person,
        others=others,
    )


def _say_people(names: Sequence[str], view: Viewpoint) -> str:
    return say_list([say_person(name, view.voice) for name in names[:_MAX_ALTERNATIVES]], view.voice)
