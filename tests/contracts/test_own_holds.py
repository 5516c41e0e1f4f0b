"""Holds of one caller on two servers, which share a store, at the same instant."""

import asyncio
from collections import Counter

import pytest

from concurrency.rush import GatedStore
from slotmcp.bootstrap import build_app
from slotmcp.domain.claim import Claim
from slotmcp.ports import Store
from slotmcp.services.callers import RequestOrigin
from slotmcp.services.hold_creation import HoldAnswer
from slotmcp.services.hold_rules import HoldRequest
from slotmcp.services.slots import SlotQuery
from support.callers import call, connection
from support.schedules import PROJECT

SERVERS = 2
REQUESTS = 20
CALL = call("c7a1f93e05b24d68")
STRANGER = RequestOrigin(credential="local")


async def start_of_a_free_slot(store: Store) -> int:
    """Return a start that all three technicians can take."""
    answer = await build_app(store).slots.get_slots(SlotQuery(service_id="repair"))
    return next(slot.start for slot in answer.offer.slots if slot.capacity == 3)


async def hold_at_once(store: Store, other: Store, *requests: HoldRequest) -> list[HoldAnswer]:
    """Send requests to the two servers in turn; all of their writes begin together."""
    barrier = asyncio.Barrier(len(requests))
    apps = [build_app(GatedStore(server, barrier)) for server in (store, other)]
    calls = (apps[number % SERVERS].holds.create_hold(request) for number, request in enumerate(requests))
    return await asyncio.gather(*calls)


async def live_holds(store: Store) -> list[Claim]:
    """Return the holds in the schedule."""
    schedules = (await store.schedule(PROJECT.id)).technician_schedules.values()
    return [claim for schedule in schedules for claim in schedule.claims if claim.is_hold]


@pytest.mark.parametrize(
    ("origin", "customer_hash"),
    [
        pytest.param(CALL, "", id="call"),
        pytest.param(RequestOrigin(credential="local"), "c7a1f93e05b24d68", id="hash"),
        pytest.param(connection("stdio"), "", id="connection"),
    ],
)
async def test_identical_holds_of_one_caller_are_one_hold(
    store: Store, other: Store, origin: RequestOrigin, customer_hash: str
) -> None:
    start = await start_of_a_free_slot(store)
    request = HoldRequest(service_id="repair", start=start, origin=origin, customer_reference=customer_hash)
    answers = await hold_at_once(store, other, *[request] * REQUESTS)
    assert Counter(answer.replayed for answer in answers) == {False: 1, True: REQUESTS - 1}
    assert len({answer.hold.token for answer in answers}) == 1
    assert [claim.start for claim in await live_holds(other)] == [start]


async def test_overlapping_holds_of_one_caller_leave_one(store: Store, other: Store) -> None:
    start = await start_of_a_free_slot(store)
    requests = [
        HoldRequest(service_id="repair", start=start + 30 * (number % 2), origin=CALL) for number in range(REQUESTS)
    ]
    await hold_at_once(store, other, *requests)
    assert len(await live_holds(store)) == 1


async def test_holds_of_different_callers_are_kept(store: Store, other: Store) -> None:
    start = await start_of_a_free_slot(store)
    requests = [
        HoldRequest(service_id="repair", start=start, customer_reference=f"{number}-c7a1f93e05b24d68")
        for number in range(3)
    ]
    answers = await hold_at_once(store, other, *requests)
    assert sorted(answer.capacity_left for answer in answers) == [0, 1, 2]
    assert len(await live_holds(other)) == 3


async def test_another_server_sees_a_callers_own_time_as_free(store: Store, other: Store) -> None:
    app, start = build_app(store), await start_of_a_free_slot(store)
    for technician_id, origin in (("ana", CALL), ("ben", STRANGER), ("cleo", STRANGER)):
        request = HoldRequest(service_id="repair", start=start, technician_id=technician_id, origin=origin)
        await app.holds.create_hold(request)
    for origin, capacity in ((CALL, [1]), (call("d7a1f93e05b24d68"), [])):
        query = SlotQuery(service_id="repair", from_=start, to=start + 1, origin=origin)
        answer = await build_app(other).slots.get_slots(query)
        assert [slot.capacity for slot in answer.offer.slots] == capacity
