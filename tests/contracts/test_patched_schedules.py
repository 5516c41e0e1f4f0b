"""Contract of the port Store: a schedule that follows its own writes in memory equals one that is read completely."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from random import Random

import pytest

from slotmcp.domain.booking import Booking, BookingStatus
from slotmcp.domain.booking_rules import Priority
from slotmcp.domain.claim import Claim
from slotmcp.domain.schedule import Schedule
from slotmcp.ports import ClaimConflict, Store, Transaction
from support.clock import HandClock
from support.schedules import (
    AIRPORT,
    ANA,
    BEN,
    CLEO,
    DOWNTOWN,
    FULL_BOOKING,
    FULL_TERMS,
    PROJECT,
    booking,
    busy,
    hold,
    technician,
)

SHOP = PROJECT.id
TEAM = ("ana", "ben", "cleo")
UNITS = 60
LARGEST_UNIT = 4
ROLLED_BACK = 0.15
AT_ONCE = 3
LONGEST_PAUSE_SECONDS = 100
NO_SCHEDULE = Schedule(project=PROJECT, services={}, technician_schedules={}, revision=10**9)
"""Schedule of a revision that does not exist yet, so that a reader ignores it and reads everything."""


class Operations:
    """Random operations of transactions on a few hours of three technicians."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._number = 0

    async def run(self, transaction: Transaction) -> None:
        """Run some operations. One that meets taken time, or a claim in another state, changes nothing."""
        await transaction.lapse_holds()
        for _ in range(self._random.randint(1, LARGEST_UNIT)):
            if self._random.random() < 0.5:
                await transaction.schedule()
            try:
                await self._choose()(transaction)
            except (ClaimConflict, LookupError):
                continue

    def _choose(self) -> Callable[[Transaction], Awaitable[None]]:
        return self._random.choice(
            [
                self._hold,
                self._hold,
                self._book,
                self._book,
                self._book_many,
                self._move_hold,
                self._end_hold,
                self._confirm,
                self._save,
                self._save,
                self._forget,
                self._occupy,
                self._change_technician,
            ]
        )

    def _claim(self, claim_id: str) -> Claim:
        """Return a claim at a random time, of a booking."""
        location, postal_code = self._random.choice([(None, ""), (DOWNTOWN, "80202"), (AIRPORT, "80249")])
        return replace(
            FULL_BOOKING.claim,
            id=claim_id,
            technician_id=self._random.choice(TEAM),
            start=(start := FULL_BOOKING.claim.start + 60 * self._random.randint(-80, 8)),
            end=start + 60,
            priority=self._random.choice(list(Priority)),
            location=location,
            postal_code=postal_code,
        )

    def _new_id(self) -> str:
        self._number += 1
        return f"c-{self._number}"

    def _known_id(self) -> str:
        return f"c-{self._random.randint(max(1, self._number - 12), max(1, self._number))}"

    async def _hold(self, transaction: Transaction) -> None:
        new = hold(self._new_id())
        expires_at_ms = transaction.now_ms + 1000 * self._random.randint(1, 2 * LONGEST_PAUSE_SECONDS)
        terms = self._random.choice([None, FULL_TERMS])
        claim = replace(self._claim(new.claim.id), expires_at_ms=expires_at_ms, hold=terms)
        await transaction.add_hold(replace(new, claim=claim))

    async def _book(self, transaction: Transaction) -> None:
        await transaction.add_booking(self._booking(self._new_id()))

    async def _book_many(self, transaction: Transaction) -> None:
        starts = [FULL_BOOKING.claim.start + 60 * (20 + self._number + each) for each in range(3)]
        claims = [replace(self._claim(self._new_id()), start=start, end=start + 60) for start in starts]
        await transaction.add_bookings([replace(booking(claim.id), claim=claim) for claim in claims])

    async def _move_hold(self, transaction: Transaction) -> None:
        await transaction.move_hold(self._known_id(), self._random.choice(TEAM))

    async def _end_hold(self, transaction: Transaction) -> None:
        await self._random.choice([transaction.release_hold, transaction.withdraw_hold])(self._known_id())

    async def _confirm(self, transaction: Transaction) -> None:
        held = await transaction.hold_of_claim(self._known_id())
        if held is not None:
            claim = replace(held.claim, technician_id=self._random.choice(TEAM), expires_at_ms=None)
            await transaction.confirm_hold(replace(booking(claim.id), claim=claim))

    async def _save(self, transaction: Transaction) -> None:
        before = await transaction.booking(self._known_id())
        if before is None:
            return
        changed = self._random.choice(
            [
                replace(before, claim=self._claim(before.id)),
                replace(before, claim=replace(before.claim, location=AIRPORT)),
                replace(before, status=BookingStatus.CANCELLED),
                replace(before, contact_keys=("another",)),
            ]
        )
        await transaction.save_booking(changed)

    async def _forget(self, transaction: Transaction) -> None:
        await transaction.erase_customer(self._random.choice(["kim", "another"]))

    async def _occupy(self, transaction: Transaction) -> None:
        change = self._random.choice([transaction.add_busy, transaction.remove_busy])
        await change([busy(self._random.choice(TEAM), at=600)])

    async def _change_technician(self, transaction: Transaction) -> None:
        changed = self._random.choice([ANA, BEN, CLEO, technician("ben", priority=self._number)])
        if self._random.random() < 0.7:
            await transaction.save_technicians([changed])
        else:
            await transaction.remove_technicians([changed.id])

    def _booking(self, claim_id: str) -> Booking:
        return replace(booking(claim_id), claim=self._claim(claim_id), contact_keys=("kim", "phone"))


def live(schedule: Schedule, now_ms: int) -> Schedule:
    """Return a schedule without expired holds and claims before yesterday, which may stay in a known schedule."""
    since = now_ms // 60_000 - 1440
    return replace(
        schedule,
        technician_schedules={
            name: replace(
                each, claims=tuple(claim for claim in each.claims if claim.is_live(now_ms) and claim.end > since)
            )
            for name, each in schedule.technician_schedules.items()
        },
    )


@pytest.mark.parametrize("seed", range(3))
async def test_the_schedule_in_memory_equals_a_complete_read_after_any_operations(
    store: Store, other: Store, clock: HandClock, seed: int
) -> None:
    random = Random(seed)  # noqa: S311  no secret
    operations = Operations(random)

    async def unit(transaction: Transaction) -> None:
        await operations.run(transaction)
        if random.random() < ROLLED_BACK:
            raise ZeroDivisionError
        if random.random() < 0.5:
            await transaction.schedule()

    for _ in range(UNITS):
        writer = random.choice([store, store, other])
        group = [writer.write(SHOP, unit) for _ in range(random.randint(1, AT_ONCE))]
        for outcome in await asyncio.gather(*group, return_exceptions=True):
            assert outcome is None or isinstance(outcome, ZeroDivisionError)
        seen = await writer.write(SHOP, lambda transaction: transaction.schedule())
        complete = live(await store.schedule(SHOP, NO_SCHEDULE), clock.now_ms())
        assert live(seen, clock.now_ms()) == complete
        assert live(await other.schedule(SHOP), clock.now_ms()) == complete
        clock.advance(seconds=random.choice([0, 0, 1, LONGEST_PAUSE_SECONDS, 40_000]))
