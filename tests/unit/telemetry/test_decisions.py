"""Metrics of decisions."""

from dataclasses import replace

import pytest

from slotmcp.domain.reasons import Reason
from slotmcp.domain.trace import ScheduleSource, TechnicianTrace, Trace, TracedUse
from slotmcp.telemetry import record_decision
from unit.telemetry.counted import added

ASKED = Trace(
    id="01",
    project_id="shop",
    use=TracedUse.GET_SLOTS,
    at_ms=0,
    outcome="ok",
    conversation="c",
    revision=7,
    book_from=ScheduleSource.MEMORY,
    offered=(600, 630),
    hops={"engine": 1_500, "total": 4_000},
)
BOOKED = replace(ASKED, use=TracedUse.BOOK_SLOT, book_from=ScheduleSource.DATABASE, offered=(), start=600, hops={})


def test_an_offer_counts_its_source_and_spans_and_no_refusal() -> None:
    with added() as counted:
        record_decision(ASKED)
    assert counted == {
        "slotmcp_books_found_total layer=memory": 1,
        "slotmcp_hop_seconds_count hop=engine use_case=get_slots": 1,
        "slotmcp_hop_seconds_sum hop=engine use_case=get_slots": 0.0015,
    }


def test_a_search_without_slots_counts_its_main_reason() -> None:
    technicians = (
        TechnicianTrace(technician_id="a", could=0, reasons={Reason.BOOKED: 3, Reason.HELD: 1}),
        TechnicianTrace(technician_id="b", could=0, reasons={Reason.SKILL_MISSING: 9}),
    )
    with added() as counted:
        record_decision(replace(ASKED, offered=(), technicians=technicians, hops={}))
    assert counted["slotmcp_refusals_total code=nothing_offered reason=booked use_case=get_slots"] == 1


@pytest.mark.parametrize(
    ("reasons", "main_reason"),
    [
        pytest.param(
            (Reason.OFF_GRID, Reason.OUTSIDE_SHIFT, Reason.OUTSIDE_SHIFT), Reason.OFF_GRID, id="free, and not offered"
        ),
        pytest.param(
            (Reason.BOOKED, Reason.OUTSIDE_SHIFT, Reason.SKILL_MISSING), Reason.BOOKED, id="the only one at work"
        ),
        pytest.param(
            (Reason.SKILL_MISSING, Reason.OUTSIDE_SHIFT),
            Reason.OUTSIDE_SHIFT,
            id="the qualified technician is off shift",
        ),
        pytest.param((Reason.SKILL_MISSING,), Reason.SKILL_MISSING, id="no technician has the skill"),
    ],
)
def test_a_requested_start_counts_the_reason_of_the_qualified_technicians(
    reasons: tuple[Reason, ...], main_reason: Reason
) -> None:
    technicians = tuple(
        TechnicianTrace(technician_id=f"t{number}", could=0, reasons={reason: 1})
        for number, reason in enumerate(reasons)
    )
    assert replace(BOOKED, outcome="slot_unavailable", technicians=technicians).main_reason is main_reason


def test_an_error_counts_its_code_and_no_schedule_source() -> None:
    with added() as counted:
        record_decision(replace(BOOKED, outcome="invalid_argument", revision=0))
    assert counted == {"slotmcp_refusals_total code=invalid_argument reason=none use_case=book_slot": 1}


def test_bookings_count_by_way_and_retries_do_not_count() -> None:
    with added() as counted:
        record_decision(BOOKED)
        record_decision(replace(BOOKED, hold_key="h"))
        record_decision(replace(BOOKED, hold_key="h", was_replayed=True))
    assert counted == {
        "slotmcp_books_found_total layer=database": 3,
        "slotmcp_bookings_total way=direct": 1,
        "slotmcp_bookings_total way=hold": 1,
    }
