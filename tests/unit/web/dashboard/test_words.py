"""Words: nothing that has a code elsewhere is without."""

import pytest

from slotmcp.domain.errors import SlotmcpError
from slotmcp.domain.reasons import Reason
from slotmcp.domain.report import AssignmentReason, LossReason
from slotmcp.domain.trace import TechnicianTrace, TracedUse
from slotmcp.services.reporting.sections import TITLES, SectionName
from slotmcp.web.dashboard.words import DECIDED, HELP, LOSSES, REASONS, asked, why_refused
from support.traces import trace

CODES = {kind.code for kind in SlotmcpError.__subclasses__() for kind in kind.__subclasses__()}


def test_everything_that_is_counted_has_words() -> None:
    assert (set(REASONS), set(HELP)) == (set(Reason), set(Reason))
    assert (set(LOSSES), set(DECIDED)) == (set(LossReason), set(AssignmentReason))
    assert set(TITLES) == set(SectionName)


@pytest.mark.parametrize("use", TracedUse)
def test_a_use_is_told_as_the_story_tells_it(use: TracedUse) -> None:
    assert asked(use).split()[0] in {"Asked", "Wanted"}


@pytest.mark.parametrize("code", sorted(CODES - {"slots_available"}))
def test_every_refusal_is_told_in_words(code: str) -> None:
    assert code not in why_refused(trace(TracedUse.BOOK_SLOT, 0, outcome=code))


def test_what_was_in_the_way_is_told_with_it() -> None:
    ana = TechnicianTrace(technician_id="ana", could=0, reasons={Reason.BOOKED: 2, Reason.BREAK: 1})
    assert why_refused(trace(TracedUse.GET_SLOTS, 0, technicians=(ana,))) == "Nothing was free: booked already"
