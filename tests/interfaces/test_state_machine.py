"""Stateful test of the tools against a model of a small shop, over a real database file.

After every step the file is read with plain SQL: what is sold and held is exactly what the model knows of, nobody is
in two places at once, everything that is promised can be kept, and nobody waits for what can be had.
"""

from pathlib import Path

import anyio
import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import invariant

from interfaces.state_machine_running import RunningRules
from support.clock import HandClock
from support.shop import open_shop
from support.small_shop import STAFF, plan_of
from support.small_shop_rules import is_servable
from support.small_shop_tools import BEGIN_MS
from support.sqlite_file import entries, overlaps, rows

_LAST_EVENTS = "SELECT subject_id, kind FROM events WHERE kind LIKE 'waitlist.%' ORDER BY number"


@pytest.fixture(scope="module", autouse=True)
def template(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Path of the shop's initial database, which each example copies."""
    SmallShop.template = tmp_path_factory.mktemp("small-shop") / "template.db"
    anyio.run(_create, SmallShop.template)


class SmallShop(RunningRules):
    """State machine with the actions of callers, the owner and operators, and the invariants."""

    @invariant()
    def no_technician_has_overlapping_claims(self) -> None:
        assert overlaps(self._live()) == []

    @invariant()
    def what_is_held_is_what_the_model_knows(self) -> None:
        known = {one.token: one for one in entries(self.path) if one.token}
        for token, hold in self.memory.holds.items():
            one, job = known.pop(token), hold.job
            assert (one.service_id, one.start, one.end) == (job.kind, job.start, job.end) or hold.state == "booked"
            if hold.state != "held":
                assert one.state in {hold.state, "cancelled"}
            elif one.state == "lapsed":
                assert self.memory.latest_ms >= hold.expires_at_ms, "lapsed too early"
            else:
                assert (one.state, one.expires_at_ms) == ("held", hold.expires_at_ms)
        assert not known, "holds without a response"

    @invariant()
    def each_booking_has_exactly_one_time(self) -> None:
        booked = [(one.id, one.start, one.end) for one in self._live() if one.state == "booked"]
        sold = [(id_, sale.job.start, sale.job.end) for id_, sale in self.memory.sold.items() if sale.takes_time]
        assert sorted(booked) == sorted(sold)
        shown = dict(rows(self.path, "SELECT claim_id, status FROM bookings"))
        assert shown == {id_: sale.status for id_, sale in self.memory.sold.items()}

    @invariant()
    def each_claims_technician_can_serve_it(self) -> None:
        for one in self._live():
            assert self._suits(one) or one.id in self.memory.stranded

    @invariant()
    def all_claims_can_be_served_together(self) -> None:
        assert is_servable(self.memory.staff, self._live(), self.memory.stranded)

    @invariant()
    def no_entry_waits_for_an_available_start(self) -> None:
        assert self._entries_with_an_available_start() == []

    @invariant()
    def each_change_of_an_entry_is_an_event(self) -> None:
        shown = dict(rows(self.path, _LAST_EVENTS))
        for id_, wait in self.memory.waits.items():
            assert shown.get(id_, "waitlist.waiting") == f"waitlist.{wait.state}"

    @invariant()
    def the_revision_never_goes_back(self) -> None:
        ((revision,),) = rows(self.path, "SELECT revision FROM projects")
        assert revision >= self.revision
        self.revision = revision


async def _create(path: Path) -> None:
    async with open_shop(path, plan_of(STAFF), clock=HandClock(BEGIN_MS)):
        pass


pytestmark = pytest.mark.timeout(
    600
)  # half a minute of work, and where a day goes wrong shrinking takes many times that

TestSmallShop = SmallShop.TestCase
TestSmallShop.settings = settings(
    max_examples=settings().max_examples // 14,
    stateful_step_count=30,
    phases=[phase for phase in Phase if phase is not Phase.explain],  # shrinking takes minutes as it is
)
