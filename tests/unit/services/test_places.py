"""Locations that follow from postal codes and addresses: in calls, in imports, and as they are stored."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import pytest

from slotmcp.domain.booking import Visit
from slotmcp.domain.catalog import Location, TravelPolicy
from slotmcp.domain.errors import SlotUnavailable
from slotmcp.domain.waitlist import WaitlistState
from slotmcp.ports import Place
from slotmcp.services.corrections import UpdateRequest
from slotmcp.services.places import MAX_REMEMBERED, REMEMBERED_MS, VALID_MS, FirstGeocoder, StoredGeocoder
from slotmcp.services.rescheduling import RescheduleRequest
from slotmcp.store.sqlite import SqliteStore
from support.clock import HandClock
from support.new_file import new_file
from support.shop import CALLER, at, open_shop, plan, technician
from support.trips import SHOP, TRAVEL, place
from support.waiting import join

CODES: Final = {"80001": place(20), "80002": place(0), "99999": Location(-33.9, 151.2)}
ANA: Final = technician("ana", "09:00-12:00", home=SHOP)
BUSINESS: Final = plan(ANA, travel=TRAVEL, country="US")


@dataclass(slots=True)
class Gazetteer:
    """Geocoder that knows some codes and addresses, with the places that it was asked for."""

    codes: Mapping[str, Location] = field(default_factory=lambda: CODES)
    addresses: Mapping[str, Location] = field(default_factory=dict)
    asked: list[Place] = field(default_factory=list)

    async def locate(self, place: Place) -> Location | None:
        self.asked.append(place)
        return self.addresses.get(place.address) if place.address else self.codes.get(place.postal_code)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "shop.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    async with SqliteStore.open(new_file(path), clock=HandClock()) as opened:
        yield opened


async def test_a_postal_code_decides_as_its_coordinates_do(path: Path) -> None:
    async with open_shop(path, BUSINESS, geocoder=Gazetteer()) as shop:
        offered = await shop.offered(postal_code="80001")
        assert offered == await shop.offered(location=place(20)) == "09:30 10:00 10:30 11:00"
        with pytest.raises(SlotUnavailable):
            await shop.hold("09:00", postal_code="80001")
        hold = await shop.hold("09:30", postal_code="80001")
        assert hold.hold.claim.location == place(20)
        again = await shop.hold("09:30", postal_code="80001")
        assert (again.replayed, again.hold.token) == (True, hold.hold.token)
        booked = await shop.book_hold(hold)
        assert booked.booking.claim.location == place(20)
        assert (await shop.book_hold(hold)).replayed


async def test_given_coordinates_precede_the_postal_code(path: Path) -> None:
    gazetteer = Gazetteer()
    async with open_shop(path, BUSINESS, geocoder=gazetteer) as shop:
        assert (await shop.book("09:00", location=SHOP, postal_code="80001")).booking.claim.location == SHOP
    assert gazetteer.asked == []


async def test_an_address_precedes_the_postal_code(path: Path) -> None:
    gazetteer = Gazetteer(addresses={"1 North St": place(40)})
    async with open_shop(path, BUSINESS, geocoder=gazetteer) as shop:
        answer = await shop.book("10:00", postal_code="80001", visit=Visit(address="1 North St"))
        assert answer.booking.claim.location == place(40)
        other = await shop.book("2025-06-03T10:00", postal_code="80001", visit=Visit(address="Unknown"))
        assert other.booking.claim.location == place(20)
    assert [(asked.country, asked.postal_code, asked.address) for asked in gazetteer.asked] == [
        ("US", "80001", "1 North St"),
        ("US", "80001", "Unknown"),
        ("US", "80001", ""),
    ]


async def test_a_retry_replays_when_the_place_is_not_found_any_more(path: Path) -> None:
    gazetteer = Gazetteer()
    async with open_shop(path, BUSINESS, geocoder=gazetteer) as shop:
        first = await shop.book("10:00", postal_code="80001", idempotency_key="k")
        gazetteer.codes = {}
        again = await shop.book("10:00", postal_code="80001", idempotency_key="k")
        assert (again.replayed, again.booking) == (True, first.booking)


@pytest.mark.parametrize("postal_code", ["", "00000", "99999"], ids=["none", "unknown", "on another continent"])
async def test_a_place_that_is_not_found_excludes_no_start(path: Path, postal_code: str) -> None:
    async with open_shop(path, BUSINESS, geocoder=Gazetteer()) as shop:
        assert await shop.offered(postal_code=postal_code) == await shop.offered()
        assert (await shop.book("09:00", postal_code=postal_code)).booking.claim.location is None


async def test_a_project_without_travel_times_asks_for_no_place(path: Path) -> None:
    gazetteer = Gazetteer()
    ignoring = replace(BUSINESS, project=replace(BUSINESS.project, travel=TravelPolicy()))
    async with open_shop(path, ignoring, geocoder=gazetteer) as shop:
        await shop.offered(postal_code="80001")
        await shop.book("09:00", postal_code="80001", visit=Visit(address="1 North St"))
    assert gazetteer.asked == []


async def test_the_waitlist_keeps_the_location(path: Path) -> None:
    async with open_shop(path, BUSINESS, geocoder=Gazetteer()) as shop:
        for start in ("09:00", "10:00", "11:00"):
            await shop.book(start, is_additional=True)
        await join(shop, postal_code="80001")
        (entry,) = await shop.store.waitlist_entries("shop", WaitlistState.WAITING)
        assert entry.location == place(20)


async def test_a_move_to_another_postal_code_has_its_location(path: Path) -> None:
    """At 80002, next to the shop, a visit can begin at 09:00; at 80001 it takes 20 minutes to get there."""
    async with open_shop(path, BUSINESS, geocoder=Gazetteer()) as shop:
        booked = await shop.book("10:00", postal_code="80002")
        assert booked.booking.claim.location == place(0)
        near = {"booking_id": booked.booking.id, "phone": CALLER.phone}
        far = {**near, "postal_code": "80001"}
        assert "09:00" in await shop.offered(**near)
        offered = await shop.offered(**far)
        assert "09:00" not in offered
        with pytest.raises(SlotUnavailable):
            await shop.hold("09:00", **far)
        for start in offered.replace("10:00", "").split():  # the booking has that time already
            held = await shop.hold(at(start), **far)
            assert held.hold.claim.location == place(20)
        moved = await shop.app.bookings.reschedule_booking(
            RescheduleRequest(booking_id=booked.booking.id, phone=CALLER.phone, hold_token=held.hold.token)
        )
        assert moved.booked.booking.claim.location == place(20)
        back = RescheduleRequest(
            booking_id=booked.booking.id, phone=CALLER.phone, start=at("10:00"), postal_code="80002"
        )
        assert (await shop.app.bookings.reschedule_booking(back)).booked.booking.claim.location is None


async def test_a_corrected_postal_code_removes_the_location_of_the_old_one(path: Path) -> None:
    async with open_shop(path, BUSINESS, geocoder=Gazetteer()) as shop:
        booked = await shop.book("10:00", postal_code="80002")
        update = UpdateRequest(booking_id=booked.booking.id, phone=CALLER.phone, postal_code="80001")
        corrected = (await shop.app.bookings.update_booking(update)).booked.booking
        assert (corrected.claim.postal_code, corrected.claim.location) == ("80001", None)


async def test_an_import_locates_the_homes_of_technicians(path: Path) -> None:
    homes = {"given": (SHOP, "80001"), "code": (None, "80001"), "unknown": (None, "00000"), "none": (None, "")}
    technicians = [
        replace(technician(name, "09:00-12:00"), home=home, home_postal_code=code)
        for name, (home, code) in homes.items()
    ]
    business = plan(*technicians, travel=TRAVEL, country="US")
    async with open_shop(path, business, geocoder=Gazetteer()) as shop:
        schedule = await shop.store.schedule("shop")
        found = {name: one.technician.home for name, one in schedule.technician_schedules.items()}
        assert found == {"given": SHOP, "code": place(20), "unknown": None, "none": None}
        report = await shop.app.projects.import_project(business, prune=False)
        assert report.updated == ()


@pytest.mark.parametrize(
    ("changes", "is_kept"),
    [({}, True), ({"name": "Shop 2"}, True), ({"country": "CA"}, False), ({"timezone": "Europe/Berlin"}, True)],
)
async def test_a_home_that_is_not_found_again_keeps_its_location(
    path: Path, changes: dict[str, Any], *, is_kept: bool
) -> None:
    ben = replace(technician("ben", "09:00-12:00"), home_postal_code="80001")
    async with open_shop(path, plan(ben, travel=TRAVEL, country="US"), geocoder=Gazetteer()):
        pass
    for geocoder in (None, Gazetteer({})):
        async with open_shop(path, plan(ben, travel=TRAVEL, **{"country": "US", **changes}), geocoder=geocoder) as shop:
            home = (await shop.store.schedule("shop")).technician_schedules["ben"].technician.home
            assert home == (place(20) if is_kept else None)


async def test_a_home_with_another_postal_code_loses_its_location(path: Path) -> None:
    ben = replace(technician("ben", "09:00-12:00"), home_postal_code="80001")
    async with open_shop(path, plan(ben, travel=TRAVEL, country="US"), geocoder=Gazetteer()):
        pass
    moved = replace(ben, home_postal_code="80009")
    async with open_shop(path, plan(moved, travel=TRAVEL, country="US")) as shop:
        assert (await shop.store.schedule("shop")).technician_schedules["ben"].technician.home is None
        report = await shop.app.projects.import_project(plan(moved, travel=TRAVEL, country="US"), prune=False)
        assert report.updated == ()


# Stored and remembered places

DENVER: Final = Place(country="US", postal_code="80001")


async def test_the_location_of_a_postal_code_is_stored_for_90_days(store: SqliteStore) -> None:
    clock, gazetteer = HandClock(), Gazetteer()
    for days, number_asked in ((0, 1), (1, 1), (89, 1), (90, 2)):
        clock.set_ms(HandClock().now_ms() + days * 86_400_000)
        restarted = StoredGeocoder(gazetteer, store, clock)
        assert await restarted.locate(DENVER) == place(20)
        assert len(gazetteer.asked) == number_asked
    assert VALID_MS == 90 * 86_400_000


async def test_an_address_is_remembered_for_an_hour_and_not_stored(store: SqliteStore) -> None:
    clock, gazetteer = HandClock(), Gazetteer(addresses={"1 North St": place(40)})
    address = replace(DENVER, address="1 North St")
    geocoder = StoredGeocoder(gazetteer, store, clock)
    for _ in range(2):
        assert await geocoder.locate(address) == place(40)
    assert len(gazetteer.asked) == 1
    clock.advance(seconds=REMEMBERED_MS / 1000)
    await geocoder.locate(address)
    await StoredGeocoder(gazetteer, store, clock).locate(address)
    assert len(gazetteer.asked) == 3
    assert await store.postal_code_location("US", "80001", found_after_ms=0) is None


async def test_the_remembered_places_are_bounded(store: SqliteStore) -> None:
    gazetteer = Gazetteer(addresses={})
    geocoder = StoredGeocoder(gazetteer, store, HandClock())
    for number in range(MAX_REMEMBERED + 1):
        await geocoder.locate(Place(address=f"{number} North St"))
    await geocoder.locate(Place(address="1 North St"))
    assert len(gazetteer.asked) == MAX_REMEMBERED + 1
    await geocoder.locate(Place(address="0 North St"))
    assert len(gazetteer.asked) == MAX_REMEMBERED + 2


async def test_the_first_geocoder_that_knows_a_place_decides() -> None:
    table, service = Gazetteer(codes={"80001": SHOP}), Gazetteer(codes={"80001": place(9), "80009": place(9)})
    geocoder = FirstGeocoder(table, service)
    assert await geocoder.locate(DENVER) == SHOP
    assert service.asked == []
    assert await geocoder.locate(Place(postal_code="80009")) == place(9)
    assert await geocoder.locate(Place(postal_code="80000")) is None
