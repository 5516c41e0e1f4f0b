"""Joining the waitlist: once for the same job, and only while nothing fitting is available."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, datetime
from typing import Any, TypeVar

import pytest

from slotmcp.bootstrap import build_app
from slotmcp.domain.booking import BookingStatus, Customer
from slotmcp.domain.catalog import Location, SlotAlignment, TechnicianStatus, TimeOff
from slotmcp.domain.errors import IdempotencyMismatch, InvalidArgument, NotFound, NothingToWaitFor, SlotsAvailable
from slotmcp.domain.moment import WallDate, WallTime
from slotmcp.domain.reasons import Reason
from slotmcp.domain.waitlist import WaitlistState
from slotmcp.ports import Store, Unit
from slotmcp.services.status_changes import CancelRequest
from slotmcp.services.waitlist import WaitlistEntryStatus
from slotmcp.services.waitlist_checks import RefusedWait
from support.shop import Shop, at, booking, busy, hours, plan, service, technician
from support.sqlite_file import fingerprint
from support.waiting import join, line, on, person, release
from support.wrapped_store import WrappedStore
from unit.services.conftest import Open

T = TypeVar("T")

FULL = plan(technician("ana", "09:00-10:00"), bookings=[booking("b", "ana", "09:00")])
TWO_SERVICES = plan(
    technician("ana", "09:00-10:00", skills="x y"),
    services=(service("x-job", skills="x"), service("y-job", skills="y")),
    bookings=[booking("b", "ana", "09:00", service_id="x-job")],
)

TWO_STARTS = plan(technician("ana", "09:00-11:00"), slot_interval_minutes=60)


@pytest.fixture
async def shop(opened: Open) -> Shop:
    """Open a shop with no time on Monday and a start at nine from Tuesday on."""
    return await opened(FULL)


async def test_joining_returns_the_position_in_the_queue(shop: Shop) -> None:
    first, second = await join(shop, "kim"), await join(shop, "lee")
    assert (first.entry.state, first.position, first.hold) == (WaitlistState.WAITING, 1, None)
    assert (second.position, second.replayed) == (2, False)
    assert await line(shop) == "kim:1 lee:2"


async def test_an_entry_stores_the_whole_request(shop: Shop) -> None:
    customer = Customer(name="Kim", phone="(303) 555-0142", email="Kim@Example.com")
    answer = await join(shop, customer=customer, customer_reference="a hash", technician_id="ana", duration_minutes=45)
    (stored,) = await shop.store.waitlist_entries("shop", *WaitlistState)
    assert stored == answer.entry
    assert stored.customer == Customer(name="Kim", phone="+13035550142", email="kim@example.com")
    assert (stored.service_id, stored.duration_minutes, stored.technician_id) == ("visit", 45, "ana")
    assert (stored.start_from, stored.start_to, stored.joined_at_ms) == (at("09:00"), at("17:00"), shop.clock.now_ms())


@pytest.mark.parametrize(
    ("own", "is_secret"), [("c7a1f93e05b24d68", True), ("a hash", False), ("aaaaaaaaaaaaaaaaaaaa", False)]
)
async def test_an_entry_has_a_key_for_every_contact_of_its_customer(shop: Shop, own: str, *, is_secret: bool) -> None:
    customer = Customer(name="Kim", phone="(303) 555-0142", email="Kim@Example.com")
    answer = await join(shop, customer=customer, customer_reference=own)
    references = (f"hash:{own}", "phone:+13035550142", "email:kim@example.com")
    hashed = await shop.store.write("shop", lambda tx: _hashes(tx, references))
    assert answer.entry.contact_keys == (hashed if is_secret else hashed[1:])
    assert answer.entry.customer_pseudonym == hashed[0]


async def _hashes(transaction: Any, references: tuple[str, ...]) -> tuple[str, ...]:  # noqa: ANN401  a Transaction
    return tuple(map(transaction.pseudonym, references))


async def test_an_entry_id_is_secret(shop: Shop) -> None:
    one, other = await join(shop, "kim"), await join(shop, "lee")
    assert len(one.entry.id) >= 32
    assert one.entry.id[:8] != other.entry.id[:8]


UNGUESSABLE = "c7a1f93e05b24d68"


@pytest.mark.parametrize(
    "again",
    [
        {},
        {"customer": Customer(name="kim ", phone="303-555-0000")},
        {"from_": WallTime(datetime(2025, 6, 2, 9)), "to": WallTime(datetime(2025, 6, 2, 17))},  # noqa: DTZ001  wall times
        {"service_id": "visit", "duration_minutes": 60, "idempotency_key": "another try"},
        {"customer_reference": "another caller"},
    ],
)
async def test_a_customer_joins_once_for_the_same_wish(shop: Shop, again: dict[str, Any]) -> None:
    first = await join(shop)
    await join(shop, "lee")
    shop.clock.advance(seconds=100)
    retry = await join(shop, **again)
    assert (retry.entry, retry.position, retry.replayed, retry.is_changed) == (first.entry, 1, True, False)
    assert await line(shop) == "kim:1 lee:2"


@pytest.mark.parametrize(
    ("again", "changed"),
    [
        ({"window": "09:00-16:00"}, {"start_to": at("16:00")}),
        ({"window": "08:00-09:01"}, {"start_from": at("08:00"), "start_to": at("09:01")}),
        ({"from_": at("07:00"), "to": at("18:00")}, {"start_from": at("07:00"), "start_to": at("18:00")}),
        ({"duration_minutes": 45}, {"duration_minutes": 45}),
        ({"technician_id": "ana"}, {"technician_id": "ana"}),
        ({"customer": Customer(name="Kim Doe", phone="303-555-0000")}, {}),
        ({"customer": replace(person("kim"), email="kim@example.com")}, {}),
        ({"location": Location(39.7, -105.0)}, {"location": Location(39.7, -105.0)}),
    ],
)
async def test_a_corrected_wish_keeps_its_place_in_line(
    shop: Shop, again: dict[str, Any], changed: dict[str, Any]
) -> None:
    first = await join(shop)
    await join(shop, "lee")
    customer = replace(again.get("customer", person("kim")), phone="+13035550000")
    expected = replace(first.entry, customer=customer, **changed)
    corrected = await join(shop, **again)
    assert (corrected.replayed, corrected.is_changed, corrected.position) == (True, True, 1)
    assert replace(corrected.entry, contact_keys=expected.contact_keys) == expected
    assert set(corrected.entry.contact_keys) >= set(first.entry.contact_keys)
    assert (await shop.app.waitlist.look_up(first.entry.id)).entry == corrected.entry
    repeated = await join(shop, **again)
    assert (repeated.entry, repeated.replayed, repeated.is_changed) == (corrected.entry, True, False)
    assert len(await shop.store.waitlist_entries("shop", *WaitlistState)) == 2


@pytest.mark.parametrize(
    "other",
    [
        {"name": "lee"},
        {"window": "17:00-18:00", "technician_id": "ana"},
        {"service_id": "tea"},
        {"customer": Customer(name="Kim", phone="+1 303 555 0199")},
        {"customer": Customer(name="Kim", email="kim@example.com")},
    ],
)
async def test_another_wish_or_customer_is_another_entry(opened: Open, other: dict[str, Any]) -> None:
    """The customers share a customerHash that can be guessed, as agents with a constant one do."""
    evening = booking("c", "ana", "17:00", service_id="visit")
    services = (service("visit"), service("tea"))
    shop = await opened(
        plan(technician("ana", "09:00-10:00", "17:00-18:00"), bookings=[*FULL.bookings, evening], services=services)
    )
    await join(shop, service_id="visit", customer_reference="caller")
    assert not (await join(shop, **{"service_id": "visit", "customer_reference": "caller", **other})).replayed
    assert len(await shop.store.waitlist_entries("shop", WaitlistState.WAITING)) == 2


@pytest.mark.parametrize(
    ("customer", "is_same"),
    [
        (Customer(name="Kim", email="kim@example.com"), True),
        (Customer(name="Kim", phone="+1 303 555 0000 ext. 7"), True),
        (Customer(name="Kim", phone="+1 303 555 0199"), False),
        (Customer(name="Kim", phone="+1 303 555 0199", email="kim@example.com"), False),
    ],
)
async def test_a_secret_hash_identifies_a_customer_unless_a_contact_differs(
    shop: Shop, customer: Customer, *, is_same: bool
) -> None:
    await join(shop, customer_reference=UNGUESSABLE)
    assert (await join(shop, customer=customer, customer_reference=UNGUESSABLE)).replayed is is_same


async def test_a_late_retry_with_its_key_does_not_undo_a_correction(shop: Shop) -> None:
    await join(shop, idempotency_key="k-1")
    corrected = await join(shop, window="09:00-16:00", idempotency_key="k-2")
    late = await join(shop, idempotency_key="k-1")
    assert (late.entry, late.replayed, late.is_changed) == (corrected.entry, True, False)
    again = await join(shop, window="09:00-15:00", idempotency_key="k-1")
    assert again.is_changed
    late = await join(shop, idempotency_key="k-1")
    assert (late.entry, late.is_changed) == (again.entry, False)


async def test_an_offer_that_fits_a_corrected_wish_is_kept(opened: Open) -> None:
    shop = await opened(plan(technician("ana", "09:00-10:00")))
    token = (await shop.hold("09:00")).hold.token
    await join(shop, "kim")
    await join(shop, "lee")
    await release(shop, token)
    kept = await join(shop, "kim", window="08:00-12:00", technician_id="ana")
    assert (kept.entry.state, kept.is_changed) == (WaitlistState.OFFERED, True)
    assert await line(shop) == "kim:09:00 lee:1"
    assert kept.offer is not None
    assert (await shop.book(hold_token=kept.offer.token, customer=person("kim"))).booking.claim.start == at("09:00")


async def test_an_offer_that_does_not_fit_a_corrected_wish_goes_to_the_next_entry(opened: Open) -> None:
    shop = await opened(TWO_STARTS)
    tokens = [(await shop.hold(start)).hold.token for start in ("09:00", "10:00")]
    await join(shop, "kim")
    await join(shop, "lee")
    await release(shop, tokens[0])
    assert await line(shop) == "kim:09:00 lee:1"
    waiting = await join(shop, "kim", window="09:01-17:00")
    assert (waiting.entry.state, waiting.is_changed, waiting.position) == (WaitlistState.WAITING, True, 1)
    assert await line(shop) == "kim:1 lee:09:00"


async def test_a_corrected_duration_is_offered_to_the_first_in_line(opened: Open) -> None:
    shop = await opened(TWO_STARTS)
    tokens = [(await shop.hold(start)).hold.token for start in ("09:00", "10:00")]
    await join(shop, "kim")
    await join(shop, "lee")
    await release(shop, tokens[0])
    offered = await join(shop, "kim", duration_minutes=45)
    assert offered.offer is not None
    assert (offered.offer.claim.start, offered.offer.claim.end) == (at("09:00"), at("09:45"))
    assert await line(shop) == "kim:09:00 lee:1"


async def test_a_correction_is_checked_like_a_new_wish(shop: Shop) -> None:
    first = await join(shop)
    with pytest.raises(SlotsAvailable):
        await join(shop, to=on(1, "17:00"))
    with pytest.raises(NothingToWaitFor):
        await join(shop, duration_minutes=600)
    with pytest.raises(InvalidArgument):
        await join(shop, to=at("2026-07-01T09:00"))
    assert (await shop.app.waitlist.look_up(first.entry.id)).entry == first.entry


async def booked_wait(shop: Shop, **facts: Any) -> WaitlistEntryStatus:  # noqa: ANN401  a JoinRequest's fields
    """Join, get the offer and book it."""
    token = (await shop.hold("09:00")).hold.token
    wait = await join(shop, **facts)
    await release(shop, token)
    offer = (await shop.app.waitlist.look_up(wait.entry.id)).offer
    assert offer is not None
    await shop.book(hold_token=offer.token, customer=person("kim"))
    return wait


@pytest.mark.parametrize("key", ["", "k-1"])
async def test_a_repeated_request_returns_the_booking_of_its_offer(opened: Open, key: str) -> None:
    shop = await opened(TWO_STARTS)
    await shop.hold("10:00", who="another caller", ttl_seconds=120)
    wait = await booked_wait(shop, idempotency_key=key)
    again = await join(shop, idempotency_key=key)
    assert (again.entry.id, again.entry.state, again.replayed) == (wait.entry.id, WaitlistState.BOOKED, True)
    assert again.booking is not None
    assert again.booking.claim.start == at("09:00")
    assert len(await shop.store.waitlist_entries("shop", *WaitlistState)) == 1


async def test_a_wait_that_another_booking_ended_returns_that_booking(opened: Open) -> None:
    shop = await opened(TWO_STARTS)
    tokens = [(await shop.hold(start)).hold.token for start in ("09:00", "10:00")]
    await join(shop)
    booked = await shop.book(hold_token=tokens[1], customer=person("kim"))
    again = await join(shop)
    assert (again.entry.state, again.booking) == (WaitlistState.BOOKED, booked.booking)


async def test_another_window_after_a_booking_is_a_new_wish(opened: Open) -> None:
    shop = await opened(TWO_STARTS)
    await shop.hold("10:00", who="another caller", ttl_seconds=120)
    await booked_wait(shop)
    other = await join(shop, window="09:00-16:00")
    assert (other.replayed, other.entry.state, other.booking) == (False, WaitlistState.WAITING, None)


async def test_a_canceled_booking_does_not_end_a_new_wish(opened: Open) -> None:
    shop = await opened(TWO_STARTS)
    await shop.hold("10:00", who="another caller", ttl_seconds=120)
    wait = await booked_wait(shop, idempotency_key="k-1")
    found = await join(shop)
    assert found.booking is not None
    await shop.app.bookings.cancel_booking(CancelRequest(booking_id=found.booking.id))
    by_key = await join(shop, idempotency_key="k-1")
    assert (by_key.entry.id, by_key.replayed) == (wait.entry.id, True)
    assert by_key.booking is not None
    assert by_key.booking.status is BookingStatus.CANCELLED
    with pytest.raises(SlotsAvailable):
        await join(shop)


async def test_another_customers_booking_does_not_end_a_wait_with_the_same_guessable_hash(opened: Open) -> None:
    shop = await opened(TWO_STARTS)
    tokens = [(await shop.hold(start, who="caller")).hold.token for start in ("09:00", "10:00")]
    wait = await join(shop, "kim", customer_reference="caller")
    await shop.book(hold_token=tokens[0], customer=person("lee"))
    assert (await shop.app.waitlist.look_up(wait.entry.id)).entry.state is WaitlistState.WAITING
    assert (await join(shop, "kim", customer_reference="caller")).entry == wait.entry


@pytest.mark.parametrize(
    ("again", "outcome"),
    [
        ({}, "replayed"),
        ({"window": "09:00-12:00"}, "changed"),
        ({"duration_minutes": 45}, "changed"),
        ({"window": "17:00-18:00"}, "mismatch"),
        ({"customer": replace(person("kim"), name="Kim Doe")}, "changed"),
    ],
)
async def test_a_repeated_key_belongs_to_one_wish(opened: Open, again: dict[str, Any], outcome: str) -> None:
    shop = await opened(
        plan(
            technician("ana", "09:00-10:00", "17:00-18:00"),
            bookings=[booking("b", "ana", "09:00"), booking("c", "ana", "17:00")],
        )
    )
    await join(shop, idempotency_key="k")
    before = fingerprint(shop.path)
    if outcome == "mismatch":
        with pytest.raises(IdempotencyMismatch):
            await join(shop, idempotency_key="k", **again)
        assert fingerprint(shop.path) == before
        return
    repeated = await join(shop, idempotency_key="k", **again)
    assert (repeated.replayed, repeated.is_changed) == (True, outcome == "changed")


async def test_a_retry_returns_the_current_state_of_its_entry(shop: Shop) -> None:
    first = await join(shop, idempotency_key="k")
    shop.at_time("2025-06-03T06:00")
    await shop.app.waitlist.sweep()
    again = await join(shop, idempotency_key="k")
    assert (again.entry, again.replayed) == (replace(first.entry, state=WaitlistState.EXPIRED), True)
    assert again.position == 0


async def test_joining_is_rejected_while_a_start_is_available(shop: Shop) -> None:
    before = fingerprint(shop.path)
    with pytest.raises(SlotsAvailable) as refused:
        await join(shop, from_=at("06:00"), to=on(4, "17:00"))
    assert refused.value.alternatives is not None
    free = [slot.start for slot in refused.value.alternatives.slots]
    assert free == [on(day, "09:00") for day in (1, 2, 3)]
    assert fingerprint(shop.path) == before
    assert (await shop.book(free[0])).booking.claim.start == free[0]


class _RushedStore(WrappedStore):
    """Store in which another caller is served right after a rejected request to join."""

    def __init__(self, store: Store, then: Callable[[], Awaitable[object]]) -> None:
        super().__init__(store)
        self._then = then

    async def write(self, project_id: str, unit: Unit[T], *, create: bool = False) -> T:
        try:
            return await super().write(project_id, unit, create=create)
        except RefusedWait:
            await self._then()
            raise


async def test_a_rejection_has_the_start_that_caused_it_even_if_it_is_taken_at_once(shop: Shop) -> None:
    start = on(1, "09:00")
    rushed = Shop(build_app(_RushedStore(shop.store, lambda: shop.book(start))), shop.store, shop.clock, shop.path)
    with pytest.raises(SlotsAvailable) as refused:
        await join(rushed, from_=start, to=start + 60)
    assert refused.value.alternatives is not None
    assert [slot.start for slot in refused.value.alternatives.slots] == [start]
    assert await shop.offered(from_=start, to=start + 60) == ""


async def test_joining_succeeds_if_no_available_start_fits(opened: Open) -> None:
    shop = await opened(TWO_SERVICES)
    await shop.app.projects.import_project(
        plan(
            technician("ana", "09:00-10:00", skills="x y"),
            technician("ben", "09:00-10:00", skills="x"),
            services=TWO_SERVICES.services,
        ),
        prune=False,
    )
    assert await shop.offered(service_id="x-job") == "09:00"
    assert (await join(shop, service_id="y-job")).position == 1
    with pytest.raises(SlotsAvailable):
        await join(shop, service_id="x-job")
    assert (await join(shop, service_id="x-job", technician_id="ana")).position == 1
    assert (await join(shop, "lee", service_id="y-job")).position == 2, "of those who wait for the same service"


async def test_joining_does_not_overtake_earlier_entries(shop: Shop) -> None:
    """The time of an expired hold belongs to the customers who wait already."""
    await shop.app.projects.import_project(plan(technician("ana", "09:00-10:00"), id="other"), prune=False)
    hold = await shop.hold("09:00", project_id="other")
    first = await join(shop, "kim", project_id="other")
    shop.clock.advance(seconds=90)
    assert hold.hold.claim.expires_at_ms == shop.clock.now_ms()
    second = await join(shop, "lee", project_id="other")
    assert second.position == 1
    assert (await shop.app.waitlist.look_up(first.entry.id)).entry.state is WaitlistState.OFFERED


@pytest.mark.parametrize(
    ("facts", "field", "message"),
    [
        ({"window": "17:00-09:00"}, "to", "after from"),
        ({"window": "09:00-09:00"}, "to", "after from"),
        ({"window": "04:00-06:00"}, "to", "it is 2025-06-02T06:00"),
        ({"from_": WallDate(date(2025, 6, 1)), "to": WallDate(date(2025, 6, 1))}, "to", "passed"),
        ({"from_": on(11, "00:00"), "to": on(11, "09:00")}, "from", "up to and including 2025-06-12"),
        ({"to": WallDate(date(2026, 6, 3))}, "to", "366 days"),
        ({"duration_minutes": 1441}, "durationMinutes", "1440"),
        ({"customer": Customer(name="Kim")}, "customerPhone", "reached"),
        ({"customer": Customer(name="Kim", phone="555 01")}, "customerPhone", "phone number"),
    ],
)
async def test_an_invalid_argument_is_named_and_adds_no_entry(
    shop: Shop, facts: dict[str, Any], field: str, message: str
) -> None:
    before = fingerprint(shop.path)
    with pytest.raises(InvalidArgument, match=message) as refused:
        await join(shop, **facts)
    assert [one.field for one in refused.value.fields] == [field]
    assert fingerprint(shop.path) == before


async def test_a_window_may_end_after_the_last_bookable_day(shop: Shop) -> None:
    await shop.app.projects.import_project(
        plan(technician("ana", "09:00-10:00"), bookings=[booking("c", "ana", "2025-06-03T09:00")], horizon_days=1),
        prune=False,
    )
    waiting = await join(shop, from_=at("06:00"), to=WallDate(date(2026, 6, 2)))
    shop.at_time("2025-06-03T06:00")
    await shop.app.waitlist.sweep()
    status = await shop.app.waitlist.look_up(waiting.entry.id)
    assert status.hold is not None
    assert status.hold.claim.start == on(2, "09:00")


async def test_a_window_within_the_notice_period_is_rejected(opened: Open) -> None:
    shop = await opened(replace(FULL, project=replace(FULL.project, min_notice_minutes=120)))
    with pytest.raises(NothingToWaitFor) as refused:
        await join(shop, window="06:00-08:00")
    assert refused.value.reason is Reason.NOTICE


BUSY = plan(
    technician("ana", "09:00-12:00", skills="x", breaks=(hours("10:00-10:30"),)),
    technician("ben", "13:00-17:00", skills="y", time_off=(TimeOff(start=on(2, "00:00"), end=on(3, "00:00")),)),
    technician("off", "00:00-24:00", skills="x y z", status=TechnicianStatus.OFF),
    services=(
        service("x-job", skills="x"),
        service("y-job", skills="y"),
        service("z-job", skills="z"),
        service("w-job", skills="w"),
    ),
    bookings=[booking("b", "ana", "09:00", service_id="x-job"), booking("c", "ana", "10:30", 90, service_id="x-job")],
    closed_dates=(date(2025, 6, 5),),
)
"""Shop in which ana is booked on Monday, ben is away on Wednesday, and Thursday is closed."""


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        pytest.param({"from_": on(1, "02:00"), "to": on(1, "04:00")}, Reason.OUTSIDE_SHIFT, id="at night"),
        pytest.param({"window": "12:00-13:00", "service_id": "x-job"}, Reason.OUTSIDE_SHIFT, id="after the last start"),
        pytest.param({"duration_minutes": 600}, Reason.TOO_LONG, id="longer than the day"),
        pytest.param({"duration_minutes": 120}, Reason.TOO_LONG, id="longer than the time around the break"),
        pytest.param({"window": "09:15-10:30", "duration_minutes": 61}, Reason.BREAK, id="into the break"),
        pytest.param({"window": "09:10-09:20"}, Reason.OFF_GRID, id="between the starts"),
        pytest.param({"service_id": "w-job"}, Reason.SKILL_MISSING, id="a skill that nobody has"),
        pytest.param({"service_id": "z-job"}, Reason.INACTIVE, id="everybody with the skill is off"),
        pytest.param({"service_id": "z-job", "technician_id": "off"}, Reason.INACTIVE, id="the technician is off"),
        pytest.param({"from_": on(3, "00:00"), "to": on(4, "00:00")}, Reason.HOLIDAY, id="a closed date"),
        pytest.param(
            {"from_": on(2, "00:00"), "to": on(3, "00:00"), "service_id": "y-job"}, Reason.TIME_OFF, id="time off"
        ),
        pytest.param(
            {"from_": on(2, "13:00"), "to": on(2, "16:00"), "service_id": "y-job", "technician_id": "ben"},
            Reason.TIME_OFF,
            id="time off of the technician",
        ),
    ],
)
async def test_a_wait_that_no_cancellation_can_end_is_rejected(
    opened: Open, facts: dict[str, Any], reason: Reason
) -> None:
    shop = await opened(BUSY)
    before = fingerprint(shop.path)
    with pytest.raises(NothingToWaitFor) as refused:
        await join(shop, **{"service_id": "x-job", **facts})
    assert refused.value.reason is reason
    assert refused.value.alternatives is not None
    assert bool(refused.value.alternatives.slots) is (reason not in NEVER)
    assert fingerprint(shop.path) == before


NEVER = {Reason.TOO_LONG, Reason.SKILL_MISSING, Reason.INACTIVE}


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"window": "09:00-09:01"}, id="a booking"),
        pytest.param({"window": "09:30-12:00", "duration_minutes": 30}, id="two bookings around the break"),
        pytest.param({"window": "10:30-10:31", "duration_minutes": 90, "technician_id": "ana"}, id="of a technician"),
        pytest.param({"window": "02:00-09:01"}, id="the end of the night"),
    ],
)
async def test_a_wait_that_a_cancellation_can_end_is_accepted(opened: Open, facts: dict[str, Any]) -> None:
    shop = await opened(BUSY)
    assert (await join(shop, **{"service_id": "x-job", **facts})).position == 1


async def test_a_wait_for_a_technician_without_the_skill_is_rejected(opened: Open) -> None:
    shop = await opened(BUSY)
    with pytest.raises(InvalidArgument) as refused:
        await join(shop, service_id="x-job", technician_id="ben")
    assert [one.field for one in refused.value.fields] == ["technicianId"]


async def test_the_maximum_of_zero_bookings_a_day_is_named(opened: Open) -> None:
    shop = await opened(plan(technician("ana", "09:00-17:00", max_bookings_per_day=0)))
    with pytest.raises(NothingToWaitFor) as refused:
        await join(shop)
    assert refused.value.reason is Reason.DAY_FULL


async def test_a_full_day_can_be_waited_for(opened: Open) -> None:
    ana = technician("ana", "09:00-17:00", max_bookings_per_day=1)
    shop = await opened(plan(ana, bookings=[booking("b", "ana", "09:00")]))
    assert (await join(shop)).position == 1


async def test_a_calendars_busy_time_can_be_waited_for(opened: Open) -> None:
    shop = await opened(plan(technician("ana", "09:00-17:00"), busy=[busy("ana", "08:00", "18:00")]))
    assert (await join(shop)).position == 1


async def test_a_start_between_those_of_an_opening_grid_can_be_waited_for(opened: Open) -> None:
    """A cancellation can make room from 09:20 on, which begins a grid of its own."""
    ana = technician("ana", "09:00-12:00")
    full = [booking("a", "ana", "09:00", 20), booking("b", "ana", "09:20"), booking("c", "ana", "10:20", 100)]
    shop = await opened(plan(ana, bookings=full, slot_alignment=SlotAlignment.OPENING))
    assert (await join(shop, window="09:20-09:21")).position == 1


@pytest.mark.parametrize(
    ("first_day", "accepted"),
    [
        pytest.param(date(2025, 7, 1), True, id="within the window"),
        pytest.param(date(2026, 5, 1), False, id="after it"),
    ],
)
async def test_hours_beyond_the_horizon_can_be_waited_for(opened: Open, first_day: date, *, accepted: bool) -> None:
    later = technician("ana", shifts=(replace(hours("09:00-17:00"), valid_from=first_day),))
    shop = await opened(plan(later))
    window: dict[str, Any] = {"from_": on(1, "00:00"), "to": at("2025-08-01T00:00")}
    if accepted:
        assert (await join(shop, **window)).position == 1
        return
    with pytest.raises(NothingToWaitFor) as refused:
        await join(shop, **window)
    assert refused.value.reason is Reason.OUTSIDE_SHIFT


async def test_unknown_ids_are_not_found(shop: Shop) -> None:
    for facts in ({"service_id": "tea"}, {"technician_id": "zoe"}, {"project_id": "nowhere"}):
        with pytest.raises(NotFound):
            await join(shop, **facts)
    with pytest.raises(NotFound):
        await shop.app.waitlist.look_up("never joined")
