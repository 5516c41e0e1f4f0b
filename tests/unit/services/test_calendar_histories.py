"""Whatever happens on both sides, and whatever is lost on the way: in the end both have the same, and nothing twice."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from slotmcp.domain.booking import BookingStatus
from slotmcp.domain.errors import SlotmcpError
from slotmcp.services.rescheduling import RescheduleRequest
from slotmcp.services.status_changes import CancelRequest
from support.calcom.office import ANAS, ASKED, ATTENDEE, BENS, Office, open_office
from support.calcom.server import Fault
from support.calcom.state import Gone, Taken
from support.shop import at, customer

HOURS = [at(f"{hour:02}:00") for hour in range(8, 17)]
FAULTS = [fault for fault in Fault if "no answer" not in fault]
ROUNDS = 12
"""So often it is synced at most until all is quiet."""


@dataclass(frozen=True)
class Act:
    """Something that somebody does: what, to which of those that there are, and when."""

    what: str
    which: int
    hour: int


ACTS = st.builds(
    Act,
    st.sampled_from(
        ["book here", "move here", "cancel here"] * 2
        + ["book there", "book there", "ask there", "accept there", "reject there", "move there", "cancel there"]
        + ["hear", "hear twice", "hear last", "lose"]
        + ["fault", "fault", "work", "work", "work", "work", "wait"]
    ),
    st.integers(0, 5),
    st.integers(0, len(HOURS) - 1),
)


class History:
    """Plays acts out in an office."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._here: list[str] = []
        self._there: list[str] = []
        self._heard: list[bytes] = []

    async def play(self, act: Act) -> None:
        side = act.what.rpartition(" ")[2]
        try:
            if side == "here":
                await self._act_here(act)
            elif side == "there":
                self._act_there(act)
            else:
                await self._act_between(act)
        except (SlotmcpError, Gone, Taken):
            pass  # a refusal is an answer

    async def _act_here(self, act: Act) -> None:
        bookings = self._office.shop.app.bookings
        if act.what == "book here":
            who = {"technician_id": ("ana", "ben")[act.which % 2]} if act.which < 4 else {}
            answer = await self._office.shop.book(
                HOURS[act.hour], customer=customer(len(self._here)), service_id="visit", **who
            )
            self._here.append(answer.booking.id)
        elif self._here:
            one = self._here[act.which % len(self._here)]
            if act.what == "move here":
                await bookings.reschedule_booking(RescheduleRequest(booking_id=one, start=HOURS[act.hour]))
            else:
                await bookings.cancel_booking(CancelRequest(booking_id=one))

    def _act_there(self, act: Act) -> None:
        world = self._office.world
        if act.what in {"book there", "ask there"}:
            kind = ASKED if act.what == "ask there" else (ANAS, BENS)[act.which % 2]
            world.book(kind, HOURS[act.hour], {**ATTENDEE, "email": f"{len(world.bookings)}@example.com"})
            return
        live = world.live()
        if not live:
            return
        uid = live[act.which % len(live)].uid
        match act.what:
            case "accept there":
                world.accept(uid) if world.bookings[uid].status == "pending" else None
            case "reject there":
                world.reject(uid) if world.bookings[uid].status == "pending" else None
            case "move there":
                world.reschedule(uid, HOURS[act.hour])
            case "cancel there":
                world.cancel(uid)

    async def _act_between(self, act: Act) -> None:
        messages = self._office.calcom.messages
        match act.what:
            case "hear" if messages:
                await self._office.hear(messages.pop(act.which % len(messages)))
            case "hear twice" if messages:
                await self._office.hear(messages[act.which % len(messages)])
            case "hear last" if messages:
                await self._office.hear(messages.pop())
            case "lose" if messages:
                messages.pop(act.which % len(messages))
            case "fault":
                self._office.calcom.faults.append(FAULTS[(act.which + act.hour) % len(FAULTS)])
            case "work":
                await self._office.work()
            case "wait":
                self._office.shop.clock.advance(seconds=60 * (act.which + 1))


async def come_to_rest(office: Office) -> None:
    """Let it be reconciled until nothing is left to do."""
    office.calcom.faults.clear()
    office.calcom.messages.clear()
    for _ in range(ROUNDS):
        office.shop.clock.advance(seconds=1200)
        answer = await office.worker.sync("shop")
        open_pushes = [one for one in (await office.shop.store.calendar("shop")).pushes if not one.refused]
        if not (answer.pushed or answer.report.differences or open_pushes):
            return
    raise AssertionError("it does not come to rest")


async def check(office: Office) -> None:
    """Both sides have the same, and nothing twice."""
    view = await office.shop.store.calendar("shop")
    refused = {one.booking_id for one in view.pushes}
    live = [one for one in await office.shop.store.bookings("shop") if one.status is not BookingStatus.CANCELLED]
    known = {entry.booking_id for entry in view.entries if entry.booking_id}
    untold = [one for one in live if one.id not in known]
    assert {one.id for one in untold} <= refused, "what was booked here is there, or was refused there"
    here = await office.taken()
    for one in untold:
        here.remove((*one.claim.interval, one.claim.technician_id))
        assert one.attention
    assert here == office.there()
    assert len(known) == sum(bool(entry.booking_id) for entry in view.entries), "no booking is two events"


@settings(max_examples=30)
@given(acts=st.lists(ACTS, min_size=15, max_size=40))
def test_in_the_end_both_sides_have_the_same(acts: list[Act]) -> None:
    async def run(path: Path) -> None:
        async with open_office(path) as office:
            history = History(office)
            for act in acts:
                await history.play(act)
            await come_to_rest(office)
            await check(office)

    with TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder) / "shop.db"))
