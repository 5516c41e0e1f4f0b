"""The quick reader of bookings accepts only what the complete reader accepts, with the same result."""

from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slotmcp.domain.booking import Booking
from slotmcp.project_file import BookingsFile, Problem
from slotmcp.project_file import quick_bookings as quick_module
from slotmcp.project_file.export import export_booking
from slotmcp.project_file.quick_bookings import QuickBookings
from slotmcp.project_file.times import TimeResolver
from slotmcp.services.imports import ProjectPlan
from unit.project_file.files import GOOD, SUNDAY_NOV_22_2026_MS, plan
from unit.project_file.plans import plans

DRAWS = settings().max_examples

TIMES = [
    "2026-11-25T16:00Z",
    "2026-11-25T17:30:00Z",
    "2026-11-25T17:30:30Z",
    "2026-11-25 16:00+05:45",
    "2026-11-25T24:00-00:30",
    "2026-11-25T24:01Z",
    "2026-11-25T16:00",
    "2026-11-25T16:00 Z",
    "2026-11-25",
    "2026-02-30T16:00Z",
    "2026-12-25T16:00Z",
    "2026-11-01T01:30",
    "2026-03-08T02:30",
    "1999-11-25T16:00Z",
    "today+2T09:00",
    "today+100T16:00Z",
    "workdayT09:00",
    "today",
    "T16:00Z",
    "\u0662026-11-25T16:00Z",
    "",
]
ODD = st.sampled_from(
    [None, True, False, 0, 1, -1, 15, 720, 721, 1.5, 2**70, "", "15", "x", [], {}, ["x"], {"id": "x"}]
)
LOCATIONS = st.fixed_dictionaries(
    {},
    optional={
        "latitude": st.sampled_from([0, 39.7, 90, 90.1, -90, True, "39", None, 1e300]),
        "longitude": st.sampled_from([0, -104.9, 180, -181, None]),
        "altitude": st.just(3),
    },
)


def one_of(*values: object) -> st.SearchStrategy[object]:
    """Return a strategy of these values, and sometimes of odd ones."""
    usual = st.sampled_from(values)
    return st.one_of(usual, usual, usual, usual, ODD)


KEYS = st.fixed_dictionaries(
    {
        "id": one_of("c-1", "c:2.x_y", "-", "x" * 100, "x" * 101, "ü"),
        "technicianId": one_of("t-ana", "t-ben", "t-none", "T"),
        "serviceType": one_of("ac-repair", "repair", "a c"),
        "start": one_of(*TIMES),
    },
    optional={
        "end": one_of(*TIMES),
        "bufferBeforeMinutes": one_of(0, 30),
        "bufferAfterMinutes": one_of(0, 30),
        "location": st.one_of(LOCATIONS, ODD),
        "postalCode": one_of("80202", "sw1a 1aa", " 80202 ", "*"),
        "priority": one_of("normal", "emergency"),
        "technicianChosen": st.one_of(st.booleans(), ODD),
        "status": one_of("confirmed", "completed", "no_show", "rescheduled", "cancelled"),
        "Id": st.just("c-1"),
        "customer": st.just("x"),
    },
)
RESOLVER = TimeResolver("America/Denver", SUNDAY_NOV_22_2026_MS)
PLAN = plan(GOOD)


def complete(keys: object, of: ProjectPlan) -> Booking | None:
    """Return the booking of the complete reader; None if it reports a problem."""
    file = BookingsFile(path=Path("unused"), plan=of, now_ms=SUNDAY_NOV_22_2026_MS)
    problems: list[Problem] = []
    booking = file._checked_booking(1, orjson.dumps(keys), RESOLVER, (), problems)  # noqa: SLF001  without the quick one
    assert (booking is None) == bool(problems)
    return booking


@settings(max_examples=2 * DRAWS)
@given(st.lists(st.one_of(KEYS, KEYS, KEYS, KEYS, ODD), min_size=1, max_size=10))
def test_a_booking_that_is_read_quickly_is_that_of_the_complete_reader(lines: list[object]) -> None:
    """Lines share one reader, whose caches could mix them up."""
    quick = QuickBookings(PLAN, RESOLVER)
    for keys in (line for line in lines if _is_json(line)):
        booking = quick.read(orjson.loads(orjson.dumps(keys)))
        assert booking is None or booking == complete(keys, PLAN), keys


def _is_json(keys: object) -> bool:
    try:
        orjson.dumps(keys)
    except TypeError:  # a number of more than 64 bits
        return False
    return True


@settings(max_examples=DRAWS // 3)
@given(plans())
def test_every_exported_booking_is_read_quickly(any_plan: ProjectPlan) -> None:
    services = {service.id: service for service in any_plan.services}
    quick = QuickBookings(any_plan, TimeResolver(any_plan.project.timezone, SUNDAY_NOV_22_2026_MS))
    for booking in any_plan.bookings:
        keys = {key: value for key, value in export_booking(booking, services).items() if value is not None}
        assert quick.read(orjson.loads(orjson.dumps(keys))) == booking


def test_a_time_is_read_right_when_the_caches_are_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quick_module, "MAX_CACHED", 1)
    quick = QuickBookings(replace(PLAN, bookings=()), RESOLVER)
    for start in ("2026-11-25T16:00Z", "2026-11-26T17:00Z", "2026-11-26T16:00+01:00", "2026-11-25T17:00Z"):
        keys = {"id": "c-1", "technicianId": "t-ana", "serviceType": "ac-repair", "start": start}
        assert quick.read(keys) == complete(keys, PLAN) is not None
