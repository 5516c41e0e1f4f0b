"""Reasons agree with offers: explanations are checked against the offer and the oracle."""

from collections import Counter
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.areas import is_served_by
from oracle.reasons import COMMON_REASONS, RULES_OF_SERVICE, Reasons
from oracle.wall_clock import DAY, minute_when, reading
from slotmcp.domain.booking_rules import Priority
from slotmcp.domain.offer import Slot
from slotmcp.domain.reasons import Change, Explanation, Reason, TechnicianReason, combined_reasons
from slotmcp.engine.availability import Availability
from slotmcp.engine.explain import explain, reasons_between
from slotmcp.engine.need import Need
from slotmcp.engine.slots import check_start
from unit.engine.booking_simulator import BookingSimulator
from unit.engine.rush import Caller, callers, rushes
from unit.engine.strategies import Case, cases

A_FEW = max(2, settings().max_examples // 10)
STRIDE = 97
"""Step between the checked minutes of a schedule of several days."""
REASONS_OF_TECHNICIAN = {Reason.INACTIVE, Reason.SKILL_MISSING, Reason.OUTSIDE_AREA}
"""Reasons that apply to a technician at every start, and precede all others."""
RUSH_HOURS = range(-30, 330)
"""Minutes around the hours of a rush, counted from two hours after the current time."""


@settings(max_examples=A_FEW // 2)
@given(case=cases(), offset=st.integers(0, STRIDE - 1))
def test_reasons_agree_with_offers_in_any_schedule(case: Case, offset: int) -> None:
    critic = Critic(case)
    for start in range(case.span[0] + offset, case.span[1] + 5 * DAY, STRIDE):
        critic.holds(start)


@settings(max_examples=A_FEW // 2)
@given(case=rushes(), callers=callers())
def test_reasons_agree_with_offers_at_every_minute_of_a_rush(case: Case, callers: list[Caller]) -> None:
    critic = Critic(after(case, callers))
    for minutes in RUSH_HOURS:
        critic.holds(case.now + 120 + minutes)


@settings(max_examples=A_FEW * 2)
@given(case=st.one_of(cases(), rushes()), offset=st.integers(0, 2 * DAY), length=st.integers(1, 120))
def test_counted_reasons_match_explanations(case: Case, offset: int, length: int) -> None:
    availability, oracle = Availability.of(case.schedule, case.now_ms), Reasons(case.schedule, case.now_ms)
    start_from = case.now + offset
    counts = reasons_between(availability, case.need, start_from, start_from + length).by_technician
    skilled = {one.id for one in oracle.technicians if case.need.skills <= one.skills}
    asked_for = {id_ for id_ in skilled if case.need.technician_id in (None, id_)}
    if not asked_for:
        assert counts == {one.id: {Reason.SKILL_MISSING: 1} for one in oracle.technicians}
        assert combined_reasons(counts) == {Reason.SKILL_MISSING: len(oracle.technicians)}
        return
    serving = {one.id for one in oracle.technicians if is_served_by(case.need.area, one)}
    if not asked_for & serving:
        assert counts == {id_: {Reason.OUTSIDE_AREA: 1} for id_ in asked_for}
        return
    asked_for &= serving
    is_clock = case.schedule.project.slot_alignment == "clock"
    starts = [one for one in range(start_from, start_from + length) if oracle.is_within_horizon(case.need, one)]
    explained = [
        (shown.technician_id, shown.reason)
        for start in starts
        if oracle.is_on_clock(start) or not is_clock
        for shown in explain(availability, case.need, start).technicians
        if shown.technician_id in asked_for and shown.reason is not None
    ]
    assert counts == {one: Counter(reason for id_, reason in explained if id_ == one) for one in asked_for}
    expected = Counter(reason for _, reason in explained)
    for common in (
        Reason.OFF_GRID,
        Reason.INACTIVE,
        Reason.NOT_BOOKABLE_THEN,
        Reason.TOO_LONG,
        Reason.OUTSIDE_SHIFT,
        Reason.ON_CALL_ONLY,
        Reason.EMERGENCY_ONLY,
    ):
        if len(expected) > 1:
            del expected[common]
    assert combined_reasons(counts) == expected


def after(case: Case, callers: list[Caller]) -> Case:
    """Return the case after some callers were served."""
    simulator = BookingSimulator(case.schedule, case.now_ms)
    for caller in callers:
        service, need = simulator.wanted(caller)
        if slot := simulator.chosen(caller, need, *case.span):
            simulator.sell(service.id, need, slot.start, hold=caller.hold)
    return replace(case, schedule=simulator.oracle.schedule)


class Critic:
    """Checker of the engine's explanations against the oracle."""

    def __init__(self, case: Case) -> None:
        self.case, self.need = case, case.need
        self.oracle = Reasons(case.schedule, case.now_ms)
        self.availability = Availability.of(case.schedule, case.now_ms)
        self.offers = self.oracle.slots(case.need, *case.span)

    def holds(self, start: int) -> None:
        """Check everything that one explanation states."""
        explanation = explain(self.availability, self.need, start)
        assert explanation.slot == check_start(self.availability, self.need, start)
        assert [one.technician_id for one in explanation.technicians] == [*self.case.schedule.technician_schedules]
        assert {one.technician_id for one in explanation.technicians if one.reason is None} == self.able(start)
        for shown in explanation.technicians:
            self.is_right(shown, start)
        self.is_right_for_the_team(explanation, start)
        assert {one.change: one.slot for one in explanation.openings} == self.openings(explanation, start)
        assert [one.change for one in explanation.openings] == sorted(
            (one.change for one in explanation.openings), key=[*Change].index
        )

    def able(self, start: int) -> set[str]:
        """Return the offered technicians, and those who were only not requested."""
        offer = self.oracle.slot(self.need, start)
        offered = {one.technician_id for one in offer.candidates} if offer else set()
        anybody = replace(self.need, technician_id=None)
        is_open = self.is_open(start)
        free = {one.id for one in self.oracle.technicians if is_open and self.oracle.can_take(one, anybody, start)}
        return offered | free if self.need.technician_id else offered

    def is_open(self, start: int) -> bool:
        """Return whether the rules that apply to all technicians allow a start."""
        return (
            self.oracle.is_after_notice(self.need, start)
            and self.oracle.is_within_horizon(self.need, start)
            and self.oracle.is_allowed(self.need, start)
        )

    def is_right(self, shown: TechnicianReason, start: int) -> None:
        """Check that a reason is valid, has the right end, and hides no reason of the technician's own."""
        if shown.reason is None:
            return
        technician = self.case.schedule.technician_schedules[shown.technician_id].technician
        found = self.oracle.blocking_reasons(technician, self.need, start)
        assert shown.reason in found
        assert shown.until in found[shown.reason]
        is_skill = shown.reason is Reason.SKILL_MISSING
        assert shown.missing_skills == (tuple(sorted(self.need.skills - technician.skills)) if is_skill else ())
        if shown.reason in COMMON_REASONS and self.is_within_reach(start):
            assert found.keys() <= COMMON_REASONS
        if RULES_OF_SERVICE & found.keys() and self.is_within_reach(start):
            assert shown.reason in RULES_OF_SERVICE | REASONS_OF_TECHNICIAN
        elif Reason.ON_CALL_ONLY in found and self.is_within_reach(start):
            assert shown.reason in REASONS_OF_TECHNICIAN | {Reason.ON_CALL_ONLY}
        elif Reason.TOO_LONG in found and self.is_within_reach(start):
            assert shown.reason in REASONS_OF_TECHNICIAN | {Reason.TOO_LONG}

    def is_right_for_the_team(self, explanation: Explanation, start: int) -> None:
        """Check that the reason that is stated is true, and that a search for this start states the same."""
        if explanation.slot is not None:
            return
        stated = explanation.reason_of(self.need.technician_id)
        assert stated in self.oracle.team_reasons(self.need, start)
        if self.availability.frame.contains(start) and self.oracle.is_within_horizon(self.need, start):
            assert reasons_between(self.availability, self.need, start, start + 1).main == stated

    def is_within_reach(self, start: int) -> bool:
        """Return whether a start is neither past nor beyond the horizon, so that schedules matter."""
        return start * 60_000 >= self.case.now_ms and self.oracle.is_within_horizon(self.need, start)

    def openings(self, explanation: Explanation, start: int) -> dict[Change, Slot]:
        """Check the openings of a start that is not free."""
        if explanation.slot:
            return {}
        found = {
            Change.ANY_TECHNICIAN: self.anybody(start),
            Change.EMERGENCY: self.for_emergency(start),
            Change.SHORTER: self.shorter(start),
            Change.OTHER_TIME: self.nearest([one for one in self.offers if self.is_same_day(one.start, start)], start),
            Change.OTHER_DAY: self.other_day(start),
        }
        return {change: slot for change, slot in found.items() if slot is not None}

    def anybody(self, start: int) -> Slot | None:
        if self.need.technician_id is None:
            return None
        return self.oracle.slot(replace(self.need, technician_id=None), start)

    def for_emergency(self, start: int) -> Slot | None:
        if self.need.priority is Priority.EMERGENCY:
            return None
        return self.oracle.slot(replace(self.need, priority=Priority.EMERGENCY), start)

    def shorter(self, start: int) -> Slot | None:
        """Return the longest allowed duration that is shorter by quarters of an hour."""
        lengths = [length for length in range(self.need.duration_minutes - 15, 0, -15) if self.is_allowed(length)]
        fits = (self.oracle.slot(_as_long_as(self.need, length), start) for length in lengths)
        return next((slot for slot in fits if slot), None)

    def is_allowed(self, minutes: int) -> bool:
        return minutes >= self.need.shortest_minutes

    def other_day(self, start: int) -> Slot | None:
        """Return the same time on the nearest day within a week, the later one first; else the nearest time."""
        zone = self.case.schedule.project.timezone
        shown = reading(zone, start)
        days = (sign * number for number in range(1, 8) for sign in (1, -1))
        same_time = (self.oracle.slot(self.need, minute_when(zone, shown + day * DAY)) for day in days)
        others = [one for one in self.offers if not self.is_same_day(one.start, start)]
        return next((slot for slot in same_time if slot), None) or self.nearest(others, start)

    def is_same_day(self, one: int, other: int) -> bool:
        return self.oracle.date(one) == self.oracle.date(other)

    def nearest(self, offers: list[Slot], start: int) -> Slot | None:
        return min(offers, key=lambda one: (abs(one.start - start), one.start), default=None)


def _as_long_as(need: Need, minutes: int) -> Need:
    return replace(need, duration_minutes=minutes)
