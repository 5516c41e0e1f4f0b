"""Every code that the dashboard shows has a label."""

import pytest

from slotmcp.domain.errors import SlotmcpError
from slotmcp.domain.reasons import Reason
from slotmcp.domain.report import DecidedBy, LossReason
from slotmcp.domain.trace import TechnicianTrace, TracedUse
from slotmcp.services.reporting.refusals import REASONS, REMEDIES
from slotmcp.services.reporting.reports import TITLES, SectionName
from slotmcp.web.dashboard.labels import (
    LOSSES,
    decided_label,
    refusal_label,
    use_label,
)
from support.traces import trace

CODES = {kind.code for kind in SlotmcpError.__subclasses__() for kind in kind.__subclasses__()}


def test_every_counted_code_has_a_label() -> None:
    assert set(LOSSES) == set(LossReason)
    assert len(set(REASONS.values())) == len(Reason)
    assert len(set(REMEDIES.values())) == len(Reason)
    assert len({decided_label(decided) for decided in DecidedBy}) == len(DecidedBy)
    assert set(TITLES) == set(SectionName)


@pytest.mark.parametrize("use", TracedUse)
def test_every_use_has_a_label(use: TracedUse) -> None:
    assert use_label(use).split()[0] == "Asked"


@pytest.mark.parametrize("code", sorted(CODES - {"slots_available"}))
def test_every_refusal_code_has_a_label(code: str) -> None:
    assert code not in refusal_label(trace(TracedUse.BOOK_SLOT, 0, outcome=code))


def test_a_refusal_label_includes_the_main_reason() -> None:
    ana = TechnicianTrace(technician_id="ana", could=0, reasons={Reason.BOOKED: 2, Reason.BREAK: 1})
    assert refusal_label(trace(TracedUse.GET_SLOTS, 0, technicians=(ana,))) == "No times available: already booked"
