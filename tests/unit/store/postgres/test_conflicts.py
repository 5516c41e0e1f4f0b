"""Groups that are decided without the lock: other writers, existing rows, lost responses, and other servers."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from slotmcp.bootstrap import build_app
from slotmcp.domain.errors import Unavailable
from slotmcp.ports import Receipt, Transaction
from slotmcp.store.postgres import known_projects
from slotmcp.store.postgres.store import PostgresStore
from support.counted_calls import MORNING, book
from support.postgres_databases import Databases, name_of
from support.postgres_trips import TripCounter
from support.proxy import Proxy
from support.schedules import FULL_BOOKING, PROJECT, booking, ids_of, open_shop, receipt, wait
from unit.store.postgres.conftest import OtherServer, open_store

SHOP = PROJECT.id


@pytest.fixture
def store(counted: tuple[PostgresStore, TripCounter]) -> PostgresStore:
    return counted[0]


def claims_of(schedule: Any, technician_id: str = "ana") -> list[str]:  # noqa: ANN401  a Schedule
    return ids_of(schedule.technician_schedules[technician_id].claims)


@pytest.fixture(autouse=True)
def long_contention(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contention that does not end during a test."""
    monkeypatch.setattr(known_projects, "CONTENTION_SECONDS", 3600.0)


@pytest.mark.parametrize("conflicts", [1, 2])
async def test_a_group_that_another_writer_overtakes_is_decided_again(
    store: PostgresStore, other_server: OtherServer, conflicts: int
) -> None:
    """After the second conflict, it is decided under the lock, so no other writer can be faster."""
    seen: list[list[str]] = []
    locked: list[bool] = []

    async def unit(transaction: Transaction) -> None:
        seen.append(claims_of(await transaction.schedule()))
        locked.append(other_server.sees_the_lock())
        if len(seen) <= conflicts:
            other = booking(f"other-{len(seen)}", at=60 * len(seen))
            other_server.write(lambda transaction: transaction.add_booking(other))
        await transaction.add_booking(booking("b", at=600))

    await store.write(SHOP, unit)
    others = [f"other-{number}" for number in range(1, conflicts + 1)]
    assert seen == [others[:number] for number in range(conflicts + 1)]
    assert locked == [False, False, True][: conflicts + 1]
    assert store._known.is_contended(SHOP) == (conflicts == 2)  # noqa: SLF001  then the next group locks first
    assert claims_of(await store.schedule(SHOP)) == [*others, "b"]
    await store.write(SHOP, lambda transaction: transaction.add_booking(booking("next", at=900)))
    assert (await store.head(SHOP)).revision == conflicts + 3


async def test_a_change_without_a_revision_is_also_a_conflict(store: PostgresStore, other_server: OtherServer) -> None:
    """Both add the receipt of a key, and neither changes the schedule. Receipts are expected to be missing."""
    found: list[Receipt | None] = []

    async def unit(transaction: Transaction) -> None:
        found.append(await transaction.receipt("book_slot", "local", "key"))
        if len(found) == 1:
            other_server.write(lambda transaction: transaction.add_receipt(receipt(answer='"other"')))
        elif found[-1] is None:
            await transaction.add_receipt(receipt())

    await store.write(SHOP, unit)
    assert [each.answer if each else None for each in found] == [None, None, '"other"']


READS: dict[str, Callable[[Transaction], Awaitable[object]]] = {
    "a receipt": lambda transaction: transaction.receipt("book_slot", "local", "key"),
    "overlapping bookings": lambda transaction: transaction.bookings_overlapping(
        ["a hash"], service_id="repair", start=0, end=2**40
    ),
    "an entry": lambda transaction: transaction.waitlist_entry("w"),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
async def test_a_row_that_was_assumed_to_be_missing_is_found(
    store: PostgresStore, read: Callable[[Transaction], Awaitable[object]]
) -> None:
    """The unit is decided again with the row, and writes once."""
    found: list[object] = []

    async def unit(transaction: Transaction) -> None:
        found.append(await read(transaction))
        await transaction.add_booking(booking("b", "ben"))

    await store.write(SHOP, lambda transaction: transaction.add_waitlist_entry(wait("w")))
    await store.write(SHOP, lambda transaction: transaction.add_receipt(receipt()))
    await store.write(
        SHOP, lambda transaction: transaction.add_booking(replace(FULL_BOOKING, claim=booking("full").claim))
    )
    await store.write(SHOP, unit)
    assert [bool(each) for each in found] == [False, True]
    assert claims_of(await store.schedule(SHOP), "ben") == ["b"]


async def test_a_unit_that_fails_without_an_existing_row_is_decided_again_with_it(store: PostgresStore) -> None:
    """A repeated request may fail, for example because the original one has taken the time."""

    async def unit(transaction: Transaction) -> Receipt:
        if found := await transaction.receipt("book_slot", "local", "key"):
            return found
        raise LookupError("no such receipt")

    await store.write(SHOP, lambda transaction: transaction.add_receipt(receipt()))
    assert await store.write(SHOP, unit) == receipt()


ROWS = """
SELECT (SELECT count(*) FROM claims WHERE id LIKE 'mine%'), (SELECT count(*) FROM bookings WHERE claim_id LIKE 'mine%'),
       (SELECT count(*) FROM booking_contacts WHERE claim_id LIKE 'mine%'), (SELECT count(*) FROM receipts),
       (SELECT array_agg(version) FROM calendar_pushes), (SELECT count(*) FROM events),
       (SELECT array_agg(claim_id ORDER BY revision) FROM changes WHERE claim_id <> '')
"""


@pytest.mark.parametrize("has_event", [False, True], ids=["without the lock", "under the lock"])
async def test_a_unit_that_runs_again_writes_each_row_once(
    store: PostgresStore, other_server: OtherServer, postgres: Databases, postgres_url: str, *, has_event: bool
) -> None:
    """Claims, bookings, contacts, receipts, pushes to the calendar, events and the change log."""
    runs: list[int] = []

    async def unit(transaction: Transaction) -> None:
        runs.append(len(runs))
        if len(runs) == 1:
            other_server.write(lambda transaction: transaction.add_booking(booking("other", at=300)))
        await transaction.add_booking(replace(FULL_BOOKING, claim=booking("mine", at=600).claim))
        await transaction.add_receipt(receipt())
        await transaction.calendar.request_push("mine")
        if has_event:
            await transaction.add_event("opened", "mine")

    await store.write(SHOP, unit)
    assert len(runs) == 2
    (row,) = postgres.execute(ROWS, url=postgres_url)
    contacts = len({*FULL_BOOKING.contact_keys, *FULL_BOOKING.former_keys, *FULL_BOOKING.call_keys})
    assert row == (1, 1, contacts, 1, [1], int(has_event), ["other", "mine"])


@pytest.mark.parametrize("lost", [b"Customer 7", b"COMMIT"], ids=["without the lock", "under the lock"])
async def test_a_call_whose_response_was_lost_is_repeated_with_its_key(
    proxied_database: tuple[Proxy, str], crashing_url: str, lost: bytes
) -> None:
    """The outcome is unknown, so nothing is tried again without the caller. The key finds the booking that was made."""
    proxy, url = proxied_database
    async with open_store(url) as store, open_store(crashing_url) as other:
        await open_shop(store)
        app = build_app(store)
        for number in range(2):  # prepares the statements; then their text is not sent again
            await book(app, MORNING + 60 * number, number=number)
        if lost == b"COMMIT":
            store._known.note_contention(SHOP)  # noqa: SLF001  as other writers would cause it
        proxy.cut_after = lost
        with pytest.raises(Unavailable, match="same idempotency key"):
            await book(app, MORNING + 180, number=7, key="key")
        assert not proxy.cut_after
        (made,) = [one.id for one in await other.bookings(SHOP) if one.claim.start == MORNING + 180]
        assert await book(app, MORNING + 180, number=7, key="key") == made
        assert len(await other.bookings(SHOP)) == 3


async def test_a_new_connection_forgets_the_known_states(postgres_url: str, postgres: Databases) -> None:
    """A server that was restored with its memory may use the same transaction ids again for other writes."""
    async with open_store(postgres_url) as store:
        await open_shop(store)
        await store.write(SHOP, lambda transaction: transaction.schedule())
        known = store._known.get(SHOP)  # noqa: SLF001  no other server repeats the ids on request
        store._known.put(SHOP, replace(known, state=replace(known.state, revision=99)))  # noqa: SLF001
        async with store._writer._pool.link() as link:  # noqa: SLF001  the only connection that writes
            pass
        cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1"
        postgres.execute(cut, name_of(postgres_url))
        async with asyncio.timeout(30):
            while not link.is_closed:  # noqa: ASYNC110  the driver has no event for it
                await asyncio.sleep(0)
        await store.write(SHOP, lambda transaction: transaction.add_booking(booking("b")))
        assert (await store.head(SHOP)).revision == 2


async def test_a_server_that_started_at_another_time_has_other_versions(store: PostgresStore) -> None:
    """A pooler keeps the connection when another server takes over, which may have used the same transaction ids."""
    known = store._known.get(SHOP)  # noqa: SLF001  no other server repeats the ids on request
    assert known is not None
    xmin, started = known.version.split()
    elsewhere = replace(known, state=replace(known.state, revision=99), version=f"{xmin} {float(started) - 60}")
    store._known.put(SHOP, elsewhere)  # noqa: SLF001
    await store.write(SHOP, lambda transaction: transaction.add_booking(booking("b")))
    assert (await store.head(SHOP)).revision == 2
