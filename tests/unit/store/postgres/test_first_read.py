"""The first read of a project decodes its rows on the event loop, and lets other tasks run after each technician."""

from collections import Counter

from slotmcp.ports import Transaction
from slotmcp.store import claims
from slotmcp.store.postgres.store import PostgresStore
from support.clock import HandClock
from support.observed import observed
from support.schedules import ANA, BEN, CLEO, PROJECT, booking
from support.turns import counted_turns

TECHNICIANS = (ANA, BEN, CLEO)
BOOKINGS = 5
"""Number of bookings of each technician."""


async def add_bookings(transaction: Transaction) -> None:
    """Add the bookings of all technicians."""
    for technician in TECHNICIANS:
        for number in range(BOOKINGS):
            await transaction.add_booking(booking(f"{technician.id}-{number}", technician.id, at=60 * number))


async def test_other_tasks_run_after_each_technician_of_a_first_read(store: PostgresStore, postgres_url: str) -> None:
    await store.write(PROJECT.id, add_bookings)
    read_by_turn = Counter[int]()
    async with PostgresStore.open(postgres_url, clock=HandClock()) as reading:
        with counted_turns() as turns, observed(claims.claim_of, lambda: read_by_turn.update([turns.count])):
            schedule = await reading.schedule(PROJECT.id)
    assert [len(each.claims) for each in schedule.technician_schedules.values()] == [BOOKINGS] * len(TECHNICIANS)
    assert list(read_by_turn.values()) == [BOOKINGS] * len(TECHNICIANS)
