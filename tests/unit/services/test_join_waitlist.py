"""Joining the waitlist: once for the same job, and only while nothing fitting is available."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest

from slotmcp.domain.booking import Customer
from slotmcp.domain.catalog import SlotAlignment, TechnicianStatus, TimeOff
from slotmcp.domain.errors import IdempotencyMismatch, InvalidArgument, NotFound, NothingToWaitFor, SlotsAvailable
from slotmcp.domain.moment import WallDate, WallTime
from slotmcp.domain.reasons import Reason
from slotmcp.domain.waitlist import WaitlistState
from support.shop import Shop, at, booking, busy, hours, plan, service, technician
from support.sqlite_file import fingerprint
from support.waiting import join, line, on, person
from unit.services.conftest import Open

FULL = plan(technician("ana", "09:00-10:00"), bookings=[booking("b", "ana", "09:00")])
TWO_SERVICES = plan(
    technician("ana", "09:00-10:00", skills="x y"),
    services=(service("x-job", skills="x"), service("y-job", skills="y")),
    bookings=[booking("b", "ana", "09:00", service_id="x-job")],
)


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


async def test_an_entry_has_a_key_for_every_contact_of_its_customer(shop: Shop) -> None:
    customer = Customer(name="Kim", phone="(303) 555-0142", email="Kim@Example.com")
    answer = await join(shop, customer=customer, customer_reference="a hash")
    references = ("hash:a hash", "phone:+13035550142", "email:kim@example.com")
    hashed = await shop.store.write("shop", lambda tx: _hashes(tx, references))
    assert answer.entry.contact_keys == hashed
    assert answer.entry.customer_pseudonym == hashed[0]


async def _hashes(transaction: Any, references: tuple[str, ...]) -> tuple[str, ...]:  # noqa: ANN401  a Transaction
    return tuple(map(transaction.pseudonym, references))


async def test_an_entry_id_is_secret(shop: Shop) -> None:
    one, other = await join(shop, "kim"), await join(shop, "lee")
    assert len(one.entry.id) >= 32
    assert one.entry.id[:8] != other.entry.id[:8]


@pytest.mark.parametrize(
    "again",
    [
        {},
        {"customer": Customer(name="K. Doe", phone="303-555-0000")},
        {"customer": replace(person("kim"), email="kim@example.com")},
        {"from_": WallTime(datetime(2025, 6, 2, 9)), "to": WallTime(datetime(2025, 6, 2, 17))},  # noqa: DTZ001  wall times
        {"service_id": "visit", "duration_minutes": 60, "idempotency_key": "another try"},
    ],
)
async def test_a_customer_joins_once_for_the_same_job(shop: Shop, again: dict[str, Any]) -> None:
    first = await join(shop)
    await join(shop, "lee")
    shop.clock.advance(seconds=100)
    retry = await join(shop, **again)
    assert (retry.entry, retry.position, retry.replayed) == (first.entry, 1, True)
    assert await line(shop) == "kim:1 lee:2"


@pytest.mark.parametrize(
    "other",
    [
        {"window": "09:00-16:00"},
        {"duration_minutes": 45},
        {"technician_id": "ana"},
        {"name": "lee"},
    ],
)
async def test_another_job_or_customer_is_another_entry(shop: Shop, other: dict[str, Any]) -> None:
    await join(shop)
    assert not (await join(shop, **other)).replayed
    assert len(await shop.store.waitlist_entries("shop", WaitlistState.WAITING)) == 2


async def test_a_retry_returns_the_current_state_of_its_entry(shop: Shop) -> None:
    first = await join(shop, idempotency_key="k")
    shop.at_time("2025-06-03T06:00")
    await shop.app.waitlist.sweep()
    again = await join(shop, idempotency_key="k")
    assert (again.entry, again.replayed) == (replace(first.entry, state=WaitlistState.EXPIRED), True)
    assert again.position == 0


async def test_an_idempotency_key_is_valid_for_one_request(shop: Shop) -> None:
    await join(shop, idempotency_key="k")
    before = fingerprint(shop.path)
    with pytest.raises(IdempotencyMismatch):
        await join(shop, window="09:00-12:00", idempotency_key="k")
    assert fingerprint(shop.path) == before


async def test_joining_is_rejected_while_a_start_is_available(shop: Shop) -> None:
    before = fingerprint(shop.path)
    with pytest.raises(SlotsAvailable) as refused:
        await join(shop, from_=at("06:00"), to=on(4, "17:00"))
    assert refused.value.alternatives is not None
    free = [slot.start for slot in refused.value.alternatives.slots]
    assert free == [on(day, "09:00") for day in (1, 2, 3)]
    assert fingerprint(shop.path) == before
    assert (await shop.book(free[0])).booking.claim.start == free[0]


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
        ({"window": "04:00-06:00"}, "to", "from 2025-06-02T06:00"),
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
    with pytest.raises(InvalidArgument, match="from 2025-06-02T08:00"):
        await join(shop, window="06:00-08:00")


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
