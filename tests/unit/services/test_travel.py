"""Travel: it limits searches, holds and bookings, by estimate or by road."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from slotmcp.domain.booking import Booking
from slotmcp.domain.catalog import Location, RankingKey, Technician, TravelMode
from slotmcp.domain.errors import InvalidArgument, SlotUnavailable
from slotmcp.domain.waitlist import WaitlistState
from slotmcp.engine.travel import TravelSource
from slotmcp.routing.osrm import OsrmTravel
from slotmcp.services.imports import ProjectPlan
from support.roads import Coordinate, RoutingServer, routing_server
from support.shop import Shop, at, booking, clock_text, open_shop, plan, technician
from support.trips import SHOP, TRAVEL, place
from support.waiting import join, state
from unit.services.conftest import Open

ANA = technician("ana", "09:00-12:00", home=SHOP)
BEN = technician("ben", "09:00-12:00", home=place(60), priority=2)


def business(*technicians: Technician, **rules: Any) -> ProjectPlan:  # noqa: ANN401  what `plan` takes
    return plan(*technicians, **{"travel": TRAVEL, **rules})


def job(id_: str, technician_id: str, start: str, where: Location | None) -> Booking:
    made = booking(id_, technician_id, start)
    return replace(made, claim=replace(made.claim, location=where))


async def test_travel_from_home_and_between_jobs_takes_time(opened: Open) -> None:
    shop = await opened(business(ANA, bookings=[job("b-1", "ana", "10:00", place(20))]))
    assert await shop.offered() == "09:00 11:00"
    assert await shop.offered(location=SHOP) == ""
    assert await shop.offered(location=place(20)) == "11:00"
    assert await shop.offered(location=place(40)) == ""


async def test_a_missing_place_excludes_no_technician(opened: Open) -> None:
    homeless = technician("ana", "09:00-12:00")
    shop = await opened(business(homeless, bookings=[job("b-1", "ana", "10:00", None)]))
    assert await shop.offered(location=place(500)) == await shop.offered() == "09:00 11:00"


async def test_a_place_changes_nothing_if_travel_does_not_count(opened: Open) -> None:
    shop = await opened(business(ANA, travel=replace(TRAVEL, mode=TravelMode.NONE)))
    answer = await shop.slots(location=place(500))
    assert answer.travel is None
    assert len(answer.offer.slots) == 5
    assert answer.offer.slots[0].candidates[0].eta_minutes is None


async def test_candidates_report_travel_and_rank_by_it(opened: Open) -> None:
    near_ben = place(50)
    shop = await opened(business(ANA, BEN, candidate_ranking=(RankingKey.ETA,)))
    answer = await shop.slots(location=near_ben)
    assert answer.travel is TravelSource.ESTIMATED
    ranked = [
        [(one.technician_id, one.eta_minutes, one.score) for one in slot.candidates] for slot in answer.offer.slots
    ]
    assert ranked == [
        [("ben", 10, 10)],
        [("ben", 10, 10), ("ana", 50, 50)],
        *[[("ben", 10, 10), ("ana", 50, 50)]] * 2,
    ]


async def test_the_nearest_technician_wins_a_tie(opened: Open) -> None:
    shop = await opened(business(ANA, replace(BEN, priority=1)))
    answer = await shop.book("10:00", location=place(50))
    assert answer.technician.id == "ben"
    assert answer.booking.claim.location == place(50)
    assert answer.booking.reason is not None
    assert answer.booking.reason.values[RankingKey.ETA] == 10


async def test_an_unreachable_start_can_be_neither_held_nor_booked(opened: Open) -> None:
    shop = await opened(business(ANA))
    for take in (shop.hold, shop.book):
        with pytest.raises(SlotUnavailable) as refused:
            await take("09:00", location=place(20))
        offer = refused.value.alternatives
        assert offer is not None
        assert [clock_text(slot.start) for slot in offer.slots] == ["09:30", "10:00", "10:30"]
    assert (await shop.hold("09:30", location=place(20))).hold.claim.location == place(20)


async def test_an_offered_start_can_be_held_and_booked_at_its_place(opened: Open) -> None:
    everywhere = [place(minutes) for minutes in (0, 10, 29, 45, 75)]
    held = [job("b-1", "ana", "10:30", place(20)), job("b-2", "ben", "09:30", place(70))]
    for where in everywhere:
        shop = await opened(business(ANA, BEN, bookings=held))
        for slot in (await shop.slots(location=where)).offer.slots:
            hold = await shop.hold(slot.start, location=where)
            await shop.app.holds.release_hold(None, hold.hold.token)
        offered = [slot.start for slot in (await shop.slots(location=where)).offer.slots]
        for start in range(at("09:00"), at("12:00"), 30):
            if start not in offered:
                with pytest.raises(SlotUnavailable):
                    await shop.hold(start, location=where)


async def test_a_place_in_the_booking_request_decides_the_assignment(opened: Open) -> None:
    shop = await opened(business(ANA, BEN))
    hold = await shop.hold("09:00")
    assert hold.hold.claim.technician_id == "ana"
    answer = await shop.book_hold(hold, location=place(60))
    assert answer.technician.id == "ben"
    assert answer.booking.claim.location == place(60)


async def test_a_live_hold_is_kept_despite_travel(opened: Open) -> None:
    shop = await opened(business(ANA))
    hold = await shop.hold("09:00")
    answer = await shop.book_hold(hold, location=place(500))
    assert (answer.technician.id, answer.booking.claim.location) == ("ana", place(500))


async def test_a_hold_keeps_its_place(opened: Open) -> None:
    shop = await opened(business(ANA))
    hold = await shop.hold("09:30", location=place(20))
    answer = await shop.book_hold(hold, location=place(500))
    assert answer.booking.claim.location == place(20)


async def test_a_hold_at_another_place_replaces_the_first_one(opened: Open) -> None:
    shop = await opened(business(ANA))
    first = await shop.hold("10:00", location=SHOP, idempotency_key="k")
    again = await shop.hold("10:00", location=SHOP, idempotency_key="k")
    assert again.replayed
    assert again.hold.token == first.hold.token
    moved = await shop.hold("10:00", location=place(5), idempotency_key="k")
    assert (moved.replayed, moved.hold.claim.location, moved.replaced) == (False, place(5), (first.hold,))


async def test_a_cursor_is_valid_for_one_place(opened: Open) -> None:
    shop = await opened(business(ANA))
    cursor = (await shop.slots(location=SHOP, limit=2)).next_cursor
    assert (await shop.slots(location=SHOP, limit=2, cursor=cursor)).offer.slots
    with pytest.raises(InvalidArgument):
        await shop.slots(location=place(5), limit=2, cursor=cursor)


async def test_the_next_free_start_is_reachable(opened: Open) -> None:
    short = technician("ana", "09:00-10:00", home=SHOP)
    weekend = replace(short, shifts=(*short.shifts, *technician("x", "13:00-16:00").shifts))
    shop = await opened(business(weekend))
    answer = await shop.slots(to=at("12:00"), location=place(20))
    assert answer.offer.slots == ()
    assert answer.next_free is not None
    assert clock_text(answer.next_free.start) == "13:30"


@asynccontextmanager
async def by_road(
    path: Path, server: RoutingServer, plan_: ProjectPlan, minutes: Callable[[Coordinate, Coordinate], float]
) -> AsyncIterator[Shop]:
    server.answer = lambda request: (200, request.table(lambda one, other: minutes(one, other) * 60))
    async with OsrmTravel.open(server.url) as travel, open_shop(path, plan_, travel=travel) as shop:
        yield shop


async def test_routed_travel_times_replace_estimates(tmp_path: Path) -> None:
    """The bridge is closed northward: the way there takes 45 minutes, the way back 10."""
    one_way = business(technician("ana", "09:00-13:00", home=SHOP), bookings=[job("b-1", "ana", "11:30", SHOP)])
    async with (
        routing_server() as server,
        by_road(tmp_path / "s.db", server, one_way, lambda one, other: 45 if one[1] < other[1] else 10) as shop,
    ):
        answer = await shop.slots(location=place(20))
        assert answer.travel is TravelSource.ROUTED
        assert await shop.offered(location=place(20)) == "10:00"
        assert await shop.offered(location=place(-20)) == "09:30"
        with pytest.raises(SlotUnavailable):
            await shop.book("09:30", location=place(20))
        hold = await shop.hold("09:30", location=place(-20))
        booked = await shop.book_hold(hold)
        assert booked.booking.reason is not None
        assert booked.booking.reason.values[RankingKey.ETA] == 10


async def test_a_place_in_the_booking_request_is_routed(tmp_path: Path) -> None:
    async with (
        routing_server() as server,
        by_road(
            tmp_path / "s.db",
            server,
            business(ANA, BEN),
            lambda one, other: 5 if SHOP.latitude in (one[1], other[1]) else 90,
        ) as shop,
    ):
        hold = await shop.hold("10:00")
        assert server.requests == []
        booked = await shop.book_hold(hold, location=place(55))
        assert booked.technician.id == "ana"
        assert booked.booking.reason is not None
        assert booked.booking.reason.values[RankingKey.ETA] == 5


async def test_the_waitlist_offers_no_start_that_is_unreachable_by_road(tmp_path: Path) -> None:
    """By the estimate Ana would arrive in time."""
    async with (
        routing_server() as server,
        by_road(tmp_path / "s.db", server, business(ANA), lambda _one, _other: 45) as shop,
    ):
        assert await shop.offered(location=place(20), to=at("10:00")) == ""
        wait = await join(shop, window="09:30-10:00", location=place(20))
        await shop.app.waitlist.sweep()
        assert await state(shop, wait) is WaitlistState.WAITING


async def test_a_hold_is_not_reassigned_to_an_unreachable_technician(tmp_path: Path) -> None:
    """By the estimate Ben could take over the hold."""
    async with (
        routing_server() as server,
        by_road(
            tmp_path / "s.db",
            server,
            business(ANA, BEN),
            lambda one, other: 90 if max(one[1], other[1]) > place(50).latitude else 5,
        ) as shop,
    ):
        hold = await shop.hold("10:00", location=place(30))
        assert hold.hold.claim.technician_id == "ana"
        assert "10:00" not in await shop.offered(technician_id="ana")
        with pytest.raises(SlotUnavailable):
            await shop.book("10:00", technician_id="ana")


async def test_estimates_are_used_if_the_routing_service_fails(tmp_path: Path) -> None:
    async with (
        routing_server() as server,
        by_road(tmp_path / "s.db", server, business(ANA), lambda _one, _other: 1) as shop,
    ):
        server.answer = lambda _asked: (503, "")
        answer = await shop.slots(location=place(20))
        assert answer.travel is TravelSource.ESTIMATED
        assert await shop.offered(location=place(20)) == "09:30 10:00 10:30 11:00"
        assert (await shop.book("09:30", location=place(20))).technician.id == "ana"
