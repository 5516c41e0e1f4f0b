"""Contract of the ports Store and Transaction: the waitlist and events."""

import asyncio
from dataclasses import replace

import pytest

from slotmcp.domain.waitlist import WaitlistEntry, WaitlistState
from slotmcp.ports import ProjectEvent, Store, Transaction
from support.clock import NOW_MS, HandClock
from support.schedules import AIRPORT, FULL_WAIT, NOON, PROJECT, hold, ids_of, token, wait
from support.stores import OpenStore

SHOP = PROJECT.id
MANY = 10_000
OFFERED = "waitlist.offered"


async def joined(store: Store, *waits: WaitlistEntry) -> None:
    """Add these entries to the waitlist."""

    async def unit(transaction: Transaction) -> None:
        for entry in waits:
            await transaction.add_waitlist_entry(entry)

    await store.write(SHOP, unit)


async def in_states(store: Store, *states: WaitlistState) -> list[str]:
    """Return the ids of the entries in these states."""
    return ids_of(await store.write(SHOP, lambda transaction: transaction.waitlist_entries(*states)))


async def lapse(store: Store) -> None:
    """Lapse holds. As with every write, old entries are deleted, at most once per minute."""
    await store.write(SHOP, lambda transaction: transaction.lapse_holds())


async def add_events(store: Store, *subject_ids: str) -> None:
    """Add an event for each of these subjects."""

    async def unit(transaction: Transaction) -> None:
        for subject_id in subject_ids:
            await transaction.add_event(OFFERED, subject_id)

    await store.write(SHOP, unit)


async def events_after(store: Store, after: int = 0) -> list[tuple[int, str]]:
    """Return the events after a number."""
    return [(event.number, event.subject_id) for event in await store.events(SHOP, after)]


async def test_an_entry_is_read_as_it_was_added(store: Store, other: Store) -> None:
    await joined(store, FULL_WAIT, wait("plain"))
    assert await other.waitlist_entries(SHOP, *WaitlistState) == (FULL_WAIT, wait("plain"))
    assert await store.write(SHOP, lambda transaction: transaction.waitlist_entries(*WaitlistState)) == (
        FULL_WAIT,
        wait("plain"),
    )


async def test_entries_are_in_the_order_in_which_they_were_added(store: Store, clock: HandClock) -> None:
    await joined(store, wait("c"))
    clock.advance(seconds=-10)
    await joined(store, wait("b", joined_at_ms=clock.now_ms()), wait("a", joined_at_ms=clock.now_ms()))
    await store.write(SHOP, lambda transaction: transaction.save_waitlist_entry(wait("c", state=WaitlistState.OFFERED)))
    assert ids_of(await store.waitlist_entries(SHOP, *WaitlistState)) == ["c", "b", "a"]
    assert await in_states(store, WaitlistState.WAITING, WaitlistState.OFFERED) == ["c", "b", "a"]


async def test_entries_are_read_by_state(store: Store) -> None:
    await joined(store, *(wait(f"{state}-{number}", state=state) for number in range(2) for state in WaitlistState))
    for state in WaitlistState:
        assert await in_states(store, state) == [f"{state}-0", f"{state}-1"]
        assert ids_of(await store.waitlist_entries(SHOP, state)) == [f"{state}-0", f"{state}-1"]
    assert await in_states(store, WaitlistState.EXPIRED, WaitlistState.WAITING) == [
        *("waiting-0", "expired-0", "waiting-1", "expired-1")
    ]
    assert await in_states(store) == []
    assert await store.waitlist_entries(SHOP) == ()


async def test_saving_an_entry_replaces_every_field(store: Store) -> None:
    changed = replace(
        FULL_WAIT,
        service_id="check",
        duration_minutes=30,
        start_from=1,
        start_to=2,
        customer=replace(FULL_WAIT.customer, name="Lee"),
        customer_pseudonym="lee",
        technician_id=None,
        location=None,
        contact_keys=("email", "new"),
        state=WaitlistState.BOOKED,
        hold_token="",
        declined_times=((NOON, NOON + 30),),
    )
    await joined(store, FULL_WAIT, wait("another", location=AIRPORT))
    await store.write(SHOP, lambda transaction: transaction.save_waitlist_entry(changed))
    assert await store.waitlist_entries(SHOP, *WaitlistState) == (changed, wait("another", location=AIRPORT))


async def test_an_entry_is_read_by_its_id(store: Store, other: Store) -> None:
    await joined(store, FULL_WAIT, wait("plain"))
    for entry in (
        await other.waitlist_entry(SHOP, "full"),
        await store.write(SHOP, lambda transaction: transaction.waitlist_entry("full")),
    ):
        assert entry == FULL_WAIT
    assert await store.waitlist_entry(SHOP, "missing") is None
    assert await store.waitlist_entry("missing", "full") is None
    assert await store.write(SHOP, lambda transaction: transaction.waitlist_entry("missing")) is None


async def test_a_hold_is_read_by_its_token(store: Store, other: Store) -> None:
    await store.write(SHOP, lambda transaction: transaction.add_hold(hold("h", location=AIRPORT)))
    assert await other.hold(SHOP, token("h")) == hold("h", location=AIRPORT)
    assert await store.hold(SHOP, "missing") is None
    assert await store.hold("missing", token("h")) is None


async def test_saving_a_missing_entry_fails(store: Store) -> None:
    with pytest.raises(LookupError):
        await store.write(SHOP, lambda transaction: transaction.save_waitlist_entry(wait("missing")))
    assert await store.waitlist_entries(SHOP, *WaitlistState) == ()


async def test_an_entrys_id_is_unique(store: Store) -> None:
    await joined(store, wait("w"))
    with pytest.raises(Exception, match="id"):
        await joined(store, wait("w", service_id="check"))
    assert await store.waitlist_entries(SHOP, *WaitlistState) == (wait("w"),)


async def test_closed_entries_are_deleted_thirty_days_after_their_window(store: Store, clock: HandClock) -> None:
    """Their contact keys are deleted with them."""
    over = [wait(state, state=state, contact_keys=("phone", state)) for state in WaitlistState]
    later = wait("later", state=WaitlistState.BOOKED, start_to=over[0].start_to + 1)
    await joined(store, *over, later)
    clock.advance(seconds=-60, days=31)
    await lapse(store)
    assert len(await store.waitlist_entries(SHOP, *WaitlistState)) == len(over) + 1
    clock.advance(seconds=60)
    await lapse(store)
    assert ids_of(await store.waitlist_entries(SHOP, *WaitlistState)) == ["waiting", "offered", "later"]
    await joined(store, wait("booked", contact_keys=("new",)))
    assert await store.waitlist_entry(SHOP, "booked") == wait("booked", contact_keys=("new",))


async def test_a_project_has_its_own_waitlist_and_events(store: Store) -> None:
    async def unit(transaction: Transaction) -> tuple[WaitlistEntry, ...]:
        await transaction.save_project(replace(PROJECT, id="other"))
        await transaction.add_event("another", "x")
        with pytest.raises(LookupError):
            await transaction.save_waitlist_entry(wait("w"))
        return await transaction.waitlist_entries(*WaitlistState)

    await joined(store, wait("w"))
    await add_events(store, "w", "v")
    assert await store.write("other", unit, create=True) == ()
    assert await store.waitlist_entries("other", *WaitlistState) == ()
    assert await store.events("other", 0) == (ProjectEvent(number=1, kind="another", subject_id="x", at_ms=NOW_MS),)
    assert await events_after(store) == [(1, "w"), (2, "v")]


async def test_an_event_has_a_number_kind_subject_and_time(store: Store, other: Store, clock: HandClock) -> None:
    await add_events(store, "w")
    clock.advance(seconds=2)
    await other.write(SHOP, lambda transaction: transaction.add_event("slots.freed", "b"))
    assert await store.events(SHOP, 0) == (
        ProjectEvent(number=1, kind=OFFERED, subject_id="w", at_ms=NOW_MS),
        ProjectEvent(number=2, kind="slots.freed", subject_id="b", at_ms=NOW_MS + 2000),
    )


async def test_events_are_read_after_a_number(store: Store) -> None:
    await add_events(store, "a", "b", "c")
    assert await events_after(store, after=1) == [(2, "b"), (3, "c")]
    assert await events_after(store, after=3) == []
    await add_events(store, "d")
    assert await events_after(store, after=3) == [(4, "d")]
    assert await events_after(store, after=99) == []


async def test_projects_with_open_entries_and_new_events_are_found_at_once(store: Store, other: Store) -> None:
    async def unit(transaction: Transaction) -> None:
        await transaction.save_project(replace(PROJECT, id="other"))
        await transaction.add_waitlist_entry(wait("b", state=WaitlistState.OFFERED))
        await transaction.add_waitlist_entry(wait("both", state=WaitlistState.EXPIRED))

    assert (await store.waiting_projects(), dict(await store.newest_events())) == ((), {})
    await joined(store, wait("a", state=WaitlistState.BOOKED), wait("both", state=WaitlistState.EXPIRED))
    await store.write("other", unit, create=True)
    await add_events(store, "a", "b")
    assert await other.waiting_projects() == ("other",)
    assert dict(await other.newest_events()) == {SHOP: 2}
    found = {entry_id: await other.projects_of_waitlist_entry(entry_id) for entry_id in ("a", "b", "both", "c")}
    assert found == {"a": (SHOP,), "b": ("other",), "both": tuple(sorted(("other", SHOP))), "c": ()}


async def test_events_of_many_processes_have_unique_numbers(store: Store, other: Store) -> None:
    await asyncio.gather(*(add_events((store, other)[number % 2], str(number)) for number in range(40)))
    events = await store.events(SHOP, 0)
    assert [event.number for event in events] == list(range(1, 41))
    assert {event.subject_id for event in events} == set(map(str, range(40)))


async def test_an_event_of_a_rolled_back_unit_is_not_stored(store: Store) -> None:
    async def unit(transaction: Transaction) -> None:
        await transaction.add_event(OFFERED, "lost")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await store.write(SHOP, unit)
    await add_events(store, "kept")
    assert await events_after(store) == [(1, "kept")]


async def test_only_the_newest_events_are_kept_and_numbers_keep_growing(
    store: Store, open_store: OpenStore, clock: HandClock
) -> None:
    await add_events(store, *map(str, range(MANY + 5)))
    clock.advance(seconds=60)
    await lapse(store)
    events = await events_after(store)
    assert (len(events), events[0], events[-1]) == (MANY, (6, "5"), (MANY + 5, str(MANY + 4)))
    async with open_store() as restarted:
        await add_events(restarted, "next")
        assert await events_after(restarted, after=MANY + 5) == [(MANY + 6, "next")]
