"""Reasons and offers are one: an explanation is held to the offer, and to the oracle's reading of the rules."""

from collections import Counter
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.reasons import EVERYBODYS, Reasons
from oracle.wall_clock import DAY, minute_when, reading
from slotmcp.domain.offer import Slot
from slotmcp.domain.reasons import Change, Explanation, Reason, TechnicianReason, combined_reasons
from slotmcp.engine.availability import Availability
from slotmcp.engine.explain import explain, reasons_between
from slotmcp.engine.need import Need
from slotmcp.engine.slots import check_start
from unit.engine.desk import Desk
from unit.engine.rush import Errand, background_tasks, rushes
from unit.engine.strategies import Case, cases

A_FEW = max(2, settings().max_examples // 10)
STRIDE = 97
"""Of all the minutes of a book that runs over days, every so manieth."""
RUSH_HOURS = range(-30, 330)
"""Every minute around the hours of a rush, counted from two hours after now."""


@settings(max_examples=A_FEW)
@given(case=cases(), offset=st.integers(0, STRIDE - 1))
def test_reasons_agree_with_offers_in_any_schedule(case: Case, offset: int) -> None:
    critic = Critic(case)
    for start in range(case.span[0] + offset, case.span[1] + 5 * DAY, STRIDE):
        critic.holds(start)


@settings(max_examples=A_FEW // 2)
@given(case=rushes(), background_tasks=background_tasks())
def test_reasons_agree_with_offers_at_every_minute_of_a_rush(case: Case, background_tasks: list[Errand]) -> None:
    critic = Critic(after(case, background_tasks))
    for minutes in RUSH_HOURS:
        critic.holds(case.now + 120 + minutes)


@settings(max_examples=A_FEW * 2)
@given(case=st.one_of(cases(), rushes()), offset=st.integers(0, 2 * DAY), length=st.integers(1, 120))
def test_counted_reasons_match_explanations(case: Case, offset: int, length: int) -> None:
    availability, oracle = Availability.of(case.schedule, case.now_ms), Reasons(case.schedule, case.now_ms)
    start_from = case.now + offset
    counts = reasons_between(availability, case.need, start_from, start_from + length)
    skilled = {one.id for one in oracle.technicians if case.need.skills <= one.skills}
    asked_for = {id_ for id_ in skilled if case.need.technician_id in (None, id_)}
    if not asked_for:
        assert counts == {one.id: {Reason.SKILL_MISSING: 1} for one in oracle.technicians}
        assert combined_reasons(counts) == {Reason.SKILL_MISSING: len(oracle.technicians)}
        return
    is_clock = case.schedule.project.slot_alignment == "clock"
    starts = [one for one in range(start_from, start_from + length) if oracle.is_within_horizon(one)]
    explained = [
        (told.technician_id, told.reason)
        for start in starts
        if oracle.is_on_clock(start) or not is_clock
        for told in explain(availability, case.need, start).technicians
        if told.technician_id in asked_for and told.reason is not None
    ]
    assert counts == {one: Counter(reason for id_, reason in explained if id_ == one) for one in asked_for}
    expected = Counter(reason for _, reason in explained)
    for common in (Reason.OFF_GRID, Reason.INACTIVE, Reason.OUTSIDE_SHIFT):
        if len(expected) > 1:
            del expected[common]
    assert combined_reasons(counts) == expected


def after(case: Case, background_tasks: list[Errand]) -> Case:
    """The same when some have been served."""
    desk = Desk(case.schedule, case.now_ms)
    for errand in background_tasks:
        service, need = desk.wanted(errand)
        if slot := desk.chosen(errand, need, *case.span):
            desk.sell(service.id, need, slot.start, hold=errand.hold)
    return replace(case, schedule=desk.oracle.schedule)


class Critic:
    """Asks the engine for an explanation, and the oracle what to think of it."""

    def __init__(self, case: Case) -> None:
        self.case, self.need = case, case.need
        self.oracle = Reasons(case.schedule, case.now_ms)
        self.availability = Availability.of(case.schedule, case.now_ms)
        self.offers = self.oracle.slots(case.need, *case.span)

    def holds(self, start: int) -> None:
        """Every promise of one explanation."""
        explanation = explain(self.availability, self.need, start)
        assert explanation.slot == check_start(self.availability, self.need, start)
        assert [one.technician_id for one in explanation.technicians] == [*self.case.schedule.technician_schedules]
        assert {one.technician_id for one in explanation.technicians if one.reason is None} == self.able(start)
        for told in explanation.technicians:
            self.is_right(told, start)
        assert {one.change: one.slot for one in explanation.openings} == self.openings(explanation, start)
        assert [one.change for one in explanation.openings] == sorted(
            (one.change for one in explanation.openings), key=[*Change].index
        )

    def able(self, start: int) -> set[str]:
        """Those who are offered, and those who only were not wished for."""
        offer = self.oracle.slot(self.need, start)
        offered = {one.technician_id for one in offer.candidates} if offer else set()
        anybody = replace(self.need, technician_id=None)
        is_open = self.oracle.is_after_notice(start) and self.oracle.is_within_horizon(start)
        free = {one.id for one in self.oracle.technicians if is_open and self.oracle.can_take(one, anybody, start)}
        return offered | free if self.need.technician_id else offered

    def is_right(self, told: TechnicianReason, start: int) -> None:
        """The reason is one, nothing of the technician's own is passed over, and it ends when it is said to."""
        if told.reason is None:
            return
        technician = self.case.schedule.technician_schedules[told.technician_id].technician
        found = self.oracle.in_the_way(technician, self.need, start)
        assert told.reason in found
        assert told.until in found[told.reason]
        is_skill = told.reason is Reason.SKILL_MISSING
        assert told.missing_skills == (tuple(sorted(self.need.skills - technician.skills)) if is_skill else ())
        if told.reason in EVERYBODYS and self.is_within_reach(start):
            assert found.keys() <= EVERYBODYS

    def is_within_reach(self, start: int) -> bool:
        """Neither past nor beyond the horizon: there, nobody's diary needs to be looked at."""
        return start * 60_000 >= self.case.now_ms and self.oracle.is_within_horizon(start)

    def openings(self, explanation: Explanation, start: int) -> dict[Change, Slot]:
        """What would open a start that cannot be had."""
        if explanation.slot:
            return {}
        found = {
            Change.ANY_TECHNICIAN: self.anybody(start),
            Change.SHORTER: self.shorter(start),
            Change.OTHER_TIME: self.nearest([one for one in self.offers if self.is_same_day(one.start, start)], start),
            Change.OTHER_DAY: self.other_day(start),
        }
        return {change: slot for change, slot in found.items() if slot is not None}

    def anybody(self, start: int) -> Slot | None:
        if self.need.technician_id is None:
            return None
        return self.oracle.slot(replace(self.need, technician_id=None), start)

    def shorter(self, start: int) -> Slot | None:
        """The longest that is shorter by quarters of an hour."""
        lengths = range(self.need.duration_minutes - 15, 0, -15)
        fits = (self.oracle.slot(_as_long_as(self.need, length), start) for length in lengths)
        return next((slot for slot in fits if slot), None)

    def other_day(self, start: int) -> Slot | None:
        """The same time on the nearest day within a week, the later one first; else whatever is nearest."""
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
