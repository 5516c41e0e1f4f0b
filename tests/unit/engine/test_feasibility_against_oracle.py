"""Waits that cancellations can end: compared with the oracle on the schedule without some or all of its claims."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.reasons import Reasons
from oracle.wall_clock import DAY
from slotmcp.domain.catalog import SlotAlignment
from slotmcp.domain.reasons import Reason
from slotmcp.domain.schedule import Schedule, TechnicianSchedule
from slotmcp.engine.availability import Availability
from slotmcp.engine.feasibility import reason_never_free
from unit.engine.rush import rushes
from unit.engine.strategies import Case, cases

A_FEW = max(2, settings().max_examples // 5)
WINDOWS = {"offset": st.integers(0, 2 * DAY), "length": st.integers(1, 240)}


def with_claims(case: Case, kept: str) -> Schedule:
    """Return the schedule with the claims of the kept technicians only, and without busy times."""
    schedules = {
        one.technician.id: TechnicianSchedule(
            technician=one.technician, claims=one.claims if one.technician.id in kept else ()
        )
        for one in case.schedule.technician_schedules.values()
    }
    return replace(case.schedule, technician_schedules=schedules)


@settings(max_examples=A_FEW)
@given(case=st.one_of(cases(), rushes()), kept=st.sampled_from(["", "a", "b", "ab"]), **WINDOWS)
def test_a_start_that_some_cancellations_free_can_be_waited_for(
    case: Case, kept: str, offset: int, length: int
) -> None:
    window = case.now + offset, case.now + offset + length
    oracle = Reasons(with_claims(case, kept), case.now_ms)
    if oracle.slots(case.need, *window):
        assert reason_never_free(Availability.of(case.schedule, case.now_ms), case.need, *window) is None


@settings(max_examples=A_FEW)
@given(case=st.one_of(cases(), rushes()), **WINDOWS)
def test_a_wait_is_rejected_for_a_reason_that_holds_without_claims(case: Case, offset: int, length: int) -> None:
    need = replace(case.need, site=None)
    oracle = Reasons(with_claims(case, ""), case.now_ms)
    starts = [
        start
        for start in range(case.now + offset, case.now + offset + length)
        if oracle.is_after_notice(need, start) and oracle.is_within_horizon(need, start)
    ]
    if not starts:
        return
    reason = reason_never_free(Availability.of(case.schedule, case.now_ms), case.need, starts[0], starts[-1] + 1)
    is_anywhere = case.schedule.project.slot_alignment is SlotAlignment.OPENING
    technicians = [one for one in oracle.technicians if need.technician_id in {None, one.id}]
    is_possible = any(
        oracle.has_room(one, need, start) and oracle.is_in_span(need, start, need.priority)
        for start in starts
        for one in technicians
        if is_anywhere or oracle.is_on_clock(start)
    )
    assert (reason is None) is is_possible
    if reason not in {None, Reason.OFF_GRID}:
        assert any(reason in oracle.team_reasons(need, start) for start in starts)
