"""Deliveries in any order, with repetitions: the schedule ends up like the calendar."""

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
from support.calcom.office import (
    ANA_VISIT,
    ATTENDEE,
    BEN_VISIT,
    HOST_ANA,
    HOST_BEN,
    ON_REQUEST,
    OTHER_TYPE,
    Office,
    open_office,
)
from support.calcom.state import Booking, CalcomState, HostBusy
from support.calcom.wire import Message
from support.shop import at, customer

HOURS: Final = [at(f"{hour:02}:00") for hour in range(8, 11)]
"""Few hours, so that late deliveries find their time taken by later events."""
KINDS: Final = (ANA_VISIT, ANA_VISIT, ANA_VISIT, BEN_VISIT, ON_REQUEST, OTHER_TYPE)
AWAY: Final = at("16:00")


@dataclass(frozen=True)
class Action:
    """Action of a user in Cal.com, on each of the live bookings, at an hour."""

    what: str
    which: int
    hour: int


ACTIONS: Final = st.builds(
    Action,
    st.sampled_from(["book"] * 3 + ["move"] * 2 + ["cancel", "cancel", "accept", "reject", "reassign", "reassign"]),
    st.integers(0, len(KINDS) - 1),
    st.integers(0, len(HOURS) - 1),
)


def play(state: CalcomState, actions: Sequence[Action]) -> None:
    """Run actions in Cal.com."""
    for action in actions:
        live = state.live()
        try:
            if action.what == "book":
                state.book(KINDS[action.which], HOURS[action.hour], ATTENDEE)
            elif live:
                _change(state, live[action.which % len(live)], action)
        except HostBusy:
            pass  # the time is not free


def _change(state: CalcomState, booking: Booking, action: Action) -> None:
    match action.what:
        case "move":
            state.reschedule(booking.uid, HOURS[action.hour])
        case "cancel":
            state.cancel(booking.uid)
        case "accept" if booking.status == "pending":
            state.accept(booking.uid)
        case "reject" if booking.status == "pending":
            state.reject(booking.uid)
        case "reassign":
            to = HOST_BEN if booking.host == HOST_ANA else HOST_ANA
            if not any(
                each.host == to and each.start < booking.end and booking.start < each.end for each in state.live()
            ):
                state.reassign(booking.uid, to)


async def deliver(office: Office, messages: Sequence[Message]) -> None:
    """Deliver messages; only the first of identical ones may have an effect."""
    delivered: set[bytes] = set()
    for message in messages:
        before = (await office.shop.store.head("shop")).revision
        result = await office.receive(message)
        if message.body in delivered:
            assert result.effect is Effect.KNOWN
            assert (await office.shop.store.head("shop")).revision == before
        delivered.add(message.body)


async def check(office: Office) -> None:
    """Check that both sides have the same times, as bookings where possible, and that reconciling repairs nothing."""
    absence = (AWAY, AWAY + 60, "ana")
    assert await office.local_times() == sorted([*office.calcom_times(), absence])
    await check_bookings(office)
    answer = await office.worker.sync("shop")
    assert answer.report.differences == []
    assert await office.local_times() == sorted([*office.calcom_times(), absence])
    await check_bookings(office)


async def check_bookings(office: Office) -> None:
    """Check that exactly the accepted events with a service are bookings."""
    booked = [each for each in await office.shop.store.bookings("shop") if each.status is not BookingStatus.CANCELLED]
    expected = [each for each in office.state.live() if each.status == "accepted" and each.event_type.id != OTHER_TYPE]
    assert sorted((each.claim.start, each.claim.technician_id) for each in booked) == sorted(
        (each.start, each.host.name.lower()) for each in expected
    )


@settings(max_examples=30)
@given(actions=st.lists(ACTIONS, min_size=8, max_size=20), chance=st.randoms(use_true_random=False))
def test_order_and_repetition_of_deliveries_do_not_matter(actions: list[Action], chance: Random) -> None:
    async def run(path: Path) -> None:
        async with open_office(path) as office:
            office.calcom.add_absence(HOST_ANA, AWAY, AWAY + 60)
            play(office.state, actions)
            sent = office.calcom.messages
            messages = [*sent, *chance.choices(sent, k=len(sent) // 2)]
            chance.shuffle(messages)
            await deliver(office, messages)
            await check(office)

    with TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder) / "shop.db"))


@pytest.mark.parametrize("change", ["cancel", "move", "reassign"])
async def test_an_event_is_booked_once_its_time_is_known_to_be_free(office: Office, change: str) -> None:
    first = office.state.book(ANA_VISIT, HOURS[0], ATTENDEE)
    await office.receive_all()
    _change(office.state, first, Action(change, 0, 1))
    office.state.book(ANA_VISIT, HOURS[0], ATTENDEE)
    freed, taken = office.calcom.messages
    await deliver(office, [taken])
    assert len((await office.shop.store.schedule("shop")).technician_schedules["ana"].busy) == 1
    await deliver(office, [freed])
    assert await office.local_times() == office.calcom_times()
    await check_bookings(office)


async def test_a_booking_that_could_not_be_reassigned_frees_its_time_when_it_moves(office: Office) -> None:
    first = office.state.book(ANA_VISIT, HOURS[0], ATTENDEE)
    office.state.reassign(first.uid, HOST_BEN)
    office.state.book(ANA_VISIT, HOURS[0], ATTENDEE)
    office.state.reschedule(first.uid, HOURS[1])
    office.state.book(BEN_VISIT, HOURS[0], ATTENDEE)
    created, reassigned, next_booking, moved, of_ben = office.calcom.messages
    await deliver(office, [created, of_ben, next_booking, reassigned, moved])
    assert (await office.shop.store.schedule("shop")).technician_schedules["ana"].busy == ()


async def test_an_event_separated_from_its_booking_stays_separate(office: Office) -> None:
    first, other = (office.state.book(ANA_VISIT, hour, ATTENDEE) for hour in HOURS[:2])
    office.state.cancel(other.uid)
    moved = office.state.reschedule(first.uid, HOURS[1])
    office.state.reassign(moved.uid, HOST_BEN)
    created, other_created, cancelled, late, reassigned = office.calcom.messages
    await deliver(office, [created, other_created, late, reassigned, cancelled])
    await office.run_worker()
    assert [each.uid for each in office.state.live()] == [moved.uid]
    assert await office.local_times() == office.calcom_times()
    await check_bookings(office)


async def test_a_pushed_booking_moved_onto_a_taken_time_is_not_cancelled_in_calcom(office: Office) -> None:
    await office.shop.book(HOURS[0], customer=customer(1), service_id="visit", technician_id="ana")
    await office.run_worker()
    await office.receive_all()
    await office.shop.book(HOURS[1], customer=customer(2), service_id="visit", technician_id="ana")
    moved = office.state.reschedule(office.state.live()[0].uid, HOURS[1])
    await office.receive_all()
    office.state.reassign(moved.uid, HOST_BEN)
    await office.receive_all()
    await office.run_worker()
    assert moved.uid in [each.uid for each in office.state.live()]
    booked = [(each.claim.start, each.claim.technician_id) for each in await office.shop.store.bookings("shop")]
    assert sorted(booked) == [(HOURS[1], "ana"), (HOURS[1], "ben")]


async def test_reconciling_ignores_events_that_were_over_before_they_were_known(office: Office) -> None:
    first = office.state.book(ANA_VISIT, HOURS[0], ATTENDEE)
    office.state.reschedule(first.uid, HOURS[1])
    _, moved = office.calcom.messages
    await deliver(office, [moved])
    assert (await office.worker.sync("shop")).report.differences == []
    assert await office.local_times() == office.calcom_times()
