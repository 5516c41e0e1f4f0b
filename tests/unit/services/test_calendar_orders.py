"""Whatever order deliveries come in, and however often: the book has what the calendar has."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slotmcp.domain.booking import BookingStatus
from slotmcp.services.calendar.apply import Effect
from support.calcom.office import ANAS, ASKED, ATTENDEE, BENS, HOST_ANA, HOST_BEN, UNKNOWN, Office, open_office
from support.calcom.state import Booking, Taken, World
from support.calcom.wire import Message
from support.shop import at, customer

HOURS: Final = [at(f"{hour:02}:00") for hour in range(8, 11)]
"""Few, so that what comes late finds its time taken by what took it afterwards."""
KINDS: Final = (ANAS, ANAS, ANAS, BENS, ASKED, UNKNOWN)
AWAY: Final = at("16:00")


@dataclass(frozen=True)
class Act:
    """Something that somebody does there: what, to which of those that there are, and when."""

    what: str
    which: int
    hour: int


ACTS: Final = st.builds(
    Act,
    st.sampled_from(["book"] * 3 + ["move"] * 2 + ["cancel", "cancel", "accept", "reject", "reassign", "reassign"]),
    st.integers(0, len(KINDS) - 1),
    st.integers(0, len(HOURS) - 1),
)


def play(world: World, acts: Sequence[Act]) -> None:
    """Live through a history there."""
    for act in acts:
        live = world.live()
        try:
            if act.what == "book":
                world.book(KINDS[act.which], HOURS[act.hour], ATTENDEE)
            elif live:
                _change(world, live[act.which % len(live)], act)
        except Taken:
            pass  # it is not to be had


def _change(world: World, booking: Booking, act: Act) -> None:
    match act.what:
        case "move":
            world.reschedule(booking.uid, HOURS[act.hour])
        case "cancel":
            world.cancel(booking.uid)
        case "accept" if booking.status == "pending":
            world.accept(booking.uid)
        case "reject" if booking.status == "pending":
            world.reject(booking.uid)
        case "reassign":
            to = HOST_BEN if booking.host == HOST_ANA else HOST_ANA
            if not any(one.host == to and one.start < booking.end and booking.start < one.end for one in world.live()):
                world.reassign(booking.uid, to)


async def hear(office: Office, messages: Sequence[Message]) -> None:
    """Let them come. Of those that are the same only the first may do anything."""
    heard: set[bytes] = set()
    for message in messages:
        before = (await office.shop.store.head("shop")).revision
        applied = await office.hear(message)
        if message.body in heard:
            assert applied.effect is Effect.KNOWN
            assert (await office.shop.store.head("shop")).revision == before
        heard.add(message.body)


async def check(office: Office) -> None:
    """The same time is taken here as there, by bookings where it can be, and reconciling has nothing to mend."""
    absence = (AWAY, AWAY + 60, "ana")
    assert await office.taken() == sorted([*office.there(), absence])
    await check_bookings(office)
    answer = await office.worker.sync("shop")
    assert answer.report.differences == []
    assert await office.taken() == sorted([*office.there(), absence])
    await check_bookings(office)


async def check_bookings(office: Office) -> None:
    """What is accepted there, and a service, is a booking here; nothing else is."""
    sold = [one for one in await office.shop.store.bookings("shop") if one.status is not BookingStatus.CANCELLED]
    wanted = [one for one in office.world.live() if one.status == "accepted" and one.event_type.id != UNKNOWN]
    assert sorted((one.claim.start, one.claim.technician_id) for one in sold) == sorted(
        (one.start, one.host.name.lower()) for one in wanted
    )


@settings(max_examples=30)
@given(acts=st.lists(ACTS, min_size=8, max_size=20), chance=st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing(acts: list[Act], chance: Random) -> None:
    async def run(path: Path) -> None:
        async with open_office(path) as office:
            office.calcom.leave(HOST_ANA, AWAY, AWAY + 60)
            play(office.world, acts)
            said = office.calcom.messages
            messages = [*said, *chance.choices(said, k=len(said) // 2)]
            chance.shuffle(messages)
            await hear(office, messages)
            await check(office)

    with TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder) / "shop.db"))


@pytest.mark.parametrize("change", ["cancel", "move", "reassign"])
async def test_what_found_its_time_taken_is_a_booking_once_that_is_known_to_be_free(
    office: Office, change: str
) -> None:
    first = office.world.book(ANAS, HOURS[0], ATTENDEE)
    await office.hear_all()
    _change(office.world, first, Act(change, 0, 1))
    office.world.book(ANAS, HOURS[0], ATTENDEE)
    freed, taken = office.calcom.messages
    await hear(office, [taken])
    assert len((await office.shop.store.schedule("shop")).technician_schedules["ana"].busy) == 1
    await hear(office, [freed])
    assert await office.taken() == office.there()
    await check_bookings(office)


async def test_a_booking_that_could_not_follow_leaves_where_it_was(office: Office) -> None:
    first = office.world.book(ANAS, HOURS[0], ATTENDEE)
    office.world.reassign(first.uid, HOST_BEN)
    office.world.book(ANAS, HOURS[0], ATTENDEE)
    office.world.reschedule(first.uid, HOURS[1])
    office.world.book(BENS, HOURS[0], ATTENDEE)
    made, given, after, moved, bens = office.calcom.messages
    await hear(office, [made, bens, after, given, moved])
    assert (await office.shop.store.schedule("shop")).technician_schedules["ana"].busy == ()


async def test_what_has_parted_from_its_booking_stands_by_itself_whatever_is_said_of_it_later(office: Office) -> None:
    first, other = (office.world.book(ANAS, hour, ATTENDEE) for hour in HOURS[:2])
    office.world.cancel(other.uid)
    moved = office.world.reschedule(first.uid, HOURS[1])
    office.world.reassign(moved.uid, HOST_BEN)
    made, made_other, cancelled, late, given = office.calcom.messages
    await hear(office, [made, made_other, late, given, cancelled])
    await office.work()
    assert [one.uid for one in office.world.live()] == [moved.uid]
    assert await office.taken() == office.there()
    await check_bookings(office)


async def test_one_of_ours_that_was_moved_there_onto_a_taken_time_is_never_called_off_there(office: Office) -> None:
    await office.shop.book(HOURS[0], customer=customer(1), service_id="visit", technician_id="ana")
    await office.work()
    await office.hear_all()
    await office.shop.book(HOURS[1], customer=customer(2), service_id="visit", technician_id="ana")
    moved = office.world.reschedule(office.world.live()[0].uid, HOURS[1])
    await office.hear_all()
    office.world.reassign(moved.uid, HOST_BEN)
    await office.hear_all()
    await office.work()
    assert moved.uid in [one.uid for one in office.world.live()]
    sold = [(one.claim.start, one.claim.technician_id) for one in await office.shop.store.bookings("shop")]
    assert sorted(sold) == [(HOURS[1], "ana"), (HOURS[1], "ben")]


async def test_of_what_was_over_before_it_was_heard_of_reconciling_has_nothing_to_tell(office: Office) -> None:
    first = office.world.book(ANAS, HOURS[0], ATTENDEE)
    office.world.reschedule(first.uid, HOURS[1])
    _, moved = office.calcom.messages
    await hear(office, [moved])
    assert (await office.worker.sync("shop")).report.differences == []
    assert await office.taken() == office.there()
