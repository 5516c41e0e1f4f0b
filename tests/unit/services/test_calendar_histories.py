"""Random actions on both sides with lost messages and faults: both sides agree in the end, without duplicates."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from slotmcp.domain.booking import BookingStatus
from slotmcp.domain.errors import SlotmcpError
from slotmcp.services.corrections import UpdateRequest
from slotmcp.services.rescheduling import RescheduleRequest
from slotmcp.services.status_changes import CancelRequest
from support.calcom.office import ANA_VISIT, ATTENDEE, BEN_VISIT, ON_REQUEST, Office, open_office
from support.calcom.server import Fault
from support.calcom.state import BookingGone, HostBusy
from support.shop import at, customer

HOURS = [at(f"{hour:02}:00") for hour in range(8, 17)]
FAULTS = [fault for fault in Fault if "no response" not in fault]
ROUNDS = 12
"""Maximum number of reconciliations until nothing is left to do."""


@dataclass(frozen=True)
class Action:
    """Action on each of the bookings, at an hour."""

    what: str
    which: int
    hour: int


ACTIONS = st.builds(
    Action,
    st.sampled_from(
        ["book here", "move here", "correct here", "cancel here"] * 2
        + ["book in calcom", "book in calcom", "request in calcom", "accept in calcom", "reject in calcom"]
        + ["move in calcom", "cancel in calcom"]
        + ["deliver", "deliver twice", "deliver last", "lose"]
        + ["fault", "fault", "run worker", "run worker", "run worker", "run worker", "wait"]
    ),
    st.integers(0, 5),
    st.integers(0, len(HOURS) - 1),
)


class History:
    """Runs actions in an office."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._booking_ids: list[str] = []

    async def play(self, action: Action) -> None:
        side = action.what.rpartition(" ")[2]
        try:
            if side == "here":
                await self._act_here(action)
            elif side == "calcom":
                self._act_in_calcom(action)
            else:
                await self._act_between(action)
        except (SlotmcpError, BookingGone, HostBusy):
            pass  # rejections are expected

    async def _act_here(self, action: Action) -> None:
        bookings = self._office.shop.app.bookings
        if action.what == "book here":
            technician = {"technician_id": ("ana", "ben")[action.which % 2]} if action.which < 4 else {}
            answer = await self._office.shop.book(
                HOURS[action.hour], customer=customer(len(self._booking_ids)), service_id="visit", **technician
            )
            self._booking_ids.append(answer.booking.id)
        elif self._booking_ids:
            booking_id = self._booking_ids[action.which % len(self._booking_ids)]
            if action.what == "move here":
                await bookings.reschedule_booking(RescheduleRequest(booking_id=booking_id, start=HOURS[action.hour]))
            elif action.what == "correct here":
                request = UpdateRequest(booking_id=booking_id, name=f"Kim {action.hour}")
                await bookings.update_booking(request)
            else:
                await bookings.cancel_booking(CancelRequest(booking_id=booking_id))

    def _act_in_calcom(self, action: Action) -> None:
        state = self._office.state
        if action.what in {"book in calcom", "request in calcom"}:
            kind = ON_REQUEST if action.what == "request in calcom" else (ANA_VISIT, BEN_VISIT)[action.which % 2]
            state.book(kind, HOURS[action.hour], {**ATTENDEE, "email": f"{len(state.bookings)}@example.com"})
            return
        live = state.live()
        if not live:
            return
        uid = live[action.which % len(live)].uid
        match action.what:
            case "accept in calcom":
                state.accept(uid) if state.bookings[uid].status == "pending" else None
            case "reject in calcom":
                state.reject(uid) if state.bookings[uid].status == "pending" else None
            case "move in calcom":
                state.reschedule(uid, HOURS[action.hour])
            case "cancel in calcom":
                state.cancel(uid)

    async def _act_between(self, action: Action) -> None:
        messages = self._office.calcom.messages
        match action.what:
            case "deliver" if messages:
                await self._office.receive(messages.pop(action.which % len(messages)))
            case "deliver twice" if messages:
                await self._office.receive(messages[action.which % len(messages)])
            case "deliver last" if messages:
                await self._office.receive(messages.pop())
            case "lose" if messages:
                messages.pop(action.which % len(messages))
            case "fault":
                self._office.calcom.faults.append(FAULTS[(action.which + action.hour) % len(FAULTS)])
            case "run worker":
                await self._office.run_worker()
            case "wait":
                self._office.shop.clock.advance(seconds=60 * (action.which + 1))


async def reconcile_until_done(office: Office) -> None:
    """Reconcile until nothing is left to do."""
    office.calcom.faults.clear()
    office.calcom.messages.clear()
    for _ in range(ROUNDS):
        office.shop.clock.advance(seconds=1200)
        answer = await office.worker.sync("shop")
        open_pushes = [each for each in (await office.shop.store.calendar("shop")).pushes if not each.refused]
        if not (answer.pushed or answer.report.differences or open_pushes):
            return
    raise AssertionError("reconciliation does not end")


async def check(office: Office) -> None:
    """Check that both sides agree, without duplicates."""
    view = await office.shop.store.calendar("shop")
    refused = {each.booking_id for each in view.pushes}
    live = [each for each in await office.shop.store.bookings("shop") if each.status is not BookingStatus.CANCELLED]
    known = {entry.booking_id for entry in view.entries if entry.booking_id}
    not_pushed = [each for each in live if each.id not in known]
    assert {each.id for each in not_pushed} <= refused, "each booking is in Cal.com, or was rejected there"
    times = await office.local_times()
    for each in not_pushed:
        times.remove((*each.claim.interval, each.claim.technician_id))
        assert each.attention
    assert times == office.calcom_times()
    names = {each.id: each.customer.name for each in live if each.customer}
    shown = {
        event.metadata["slotmcpBooking"]: event.attendee["name"] for event in office.state.live() if event.metadata
    }
    assert {id_: names[id_] for id_ in shown} == shown, "each event has the corrected name"
    assert len(known) == sum(bool(entry.booking_id) for entry in view.entries), "no booking has two events"


@settings(max_examples=settings().max_examples // 8)
@given(actions=st.lists(ACTIONS, min_size=15, max_size=40))
def test_both_sides_agree_after_reconciliation(actions: list[Action]) -> None:
    async def run(path: Path) -> None:
        async with open_office(path) as office:
            history = History(office)
            for action in actions:
                await history.play(action)
            await reconcile_until_done(office)
            await check(office)

    with TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder) / "shop.db"))
