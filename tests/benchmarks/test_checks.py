"""The benchmarks reject wrong responses, and rows can be measured."""

from dataclasses import replace
from typing import Any

import pytest

from benchmarks import catalog
from benchmarks.benchmark import SMOKE, NotMeasuredError, Outcome
from benchmarks.floors.order import Result
from benchmarks.responses import LIMIT, capacities, check_slots, utc
from benchmarks.sales import Sale, check_floor
from benchmarks.schedules import NOW
from benchmarks.version_databases import source_of
from benchmarks.versions import check_bookings

SOLD = [Sale(0, NOW, "t000"), Sale(1, NOW, "t001")]


def slots_body() -> dict[str, Any]:
    free = list(capacities().items())[:LIMIT]
    return {"slots": [{"start": start, "capacity": capacity} for start, capacity in free]}


def booked(number: int, technician: str, start: int = NOW) -> dict[str, Any]:
    booking = {"start": utc(start), "technicianId": technician, "bookingId": f"b-{number}"}
    return {"booking": booking, "replayed": False}


def test_the_capacity_of_each_slot_is_checked() -> None:
    right, wrong = slots_body(), slots_body()
    check_slots([right, right])
    wrong["slots"][3]["capacity"] += 1
    with pytest.raises(AssertionError, match="wrong slots"):
        check_slots([right, wrong])
    with pytest.raises(AssertionError, match="wrong slots"):
        check_slots([{"slots": right["slots"][1:]}])
    with pytest.raises(AssertionError, match="different slots"):
        check_slots([right, {"slots": right["slots"][::-1]}])


@pytest.mark.parametrize(
    "bodies",
    [
        [booked(0, "t000")],
        [booked(0, "t000"), booked(1, "t000")],
        [booked(0, "t000"), booked(0, "t001")],
        [booked(0, "t000"), booked(1, "t001", NOW + 60)],
        [booked(0, "t000"), {**booked(1, "t001"), "replayed": True}],
        [booked(0, "t000"), {"error": {"code": "slot_unavailable"}}],
    ],
)
def test_each_booking_over_http_is_checked(bodies: list[dict[str, Any]]) -> None:
    check_bookings(SOLD, [booked(0, "t000"), booked(1, "t001")])
    with pytest.raises(AssertionError, match="booked"):
        check_bookings(SOLD, bodies)


def test_each_order_of_a_floor_is_checked() -> None:
    check_floor([(sale, [Result.DONE]) for sale in SOLD])
    with pytest.raises(AssertionError, match="refused 1"):
        check_floor([(SOLD[0], [Result.DONE]), (SOLD[1], [Result.DONE, Result.TAKEN])])


def test_a_revision_that_is_not_in_the_history_is_named() -> None:
    with pytest.raises(NotMeasuredError, match="no revision 0123456789"):
        source_of("0123456789")


@pytest.mark.parametrize("name", ["engine-5x7-warm", "engine-5x7-cold", "get_slots-50x7-warm"])
def test_a_row_can_be_measured(name: str) -> None:
    row = next(row for row in catalog.rows(name) if row.name == name)
    outcome = Outcome(replace(row, target=None))
    outcome.measure(SMOKE)
    assert outcome.ratio > 0
