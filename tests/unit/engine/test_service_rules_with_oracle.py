"""Rules 29 to 33 of docs/reference/availability.md: rules of a service, and on-call time, by handwritten examples."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from slotmcp.domain.booking_rules import BookableSpan, Closure, Priority
from slotmcp.domain.catalog import DateOverride, ServiceType, TimeOff
from slotmcp.domain.reasons import Change, Reason
from slotmcp.domain.schedule import Schedule, TechnicianSchedule
from slotmcp.engine.assign import assign
from slotmcp.engine.availability import Availability
from slotmcp.engine.explain import explain
from slotmcp.engine.need import Need
from unit.engine.examples import (
    SHOP,
    Ask,
    at,
    booking,
    hold,
    offered,
    schedule,
    service,
    span,
    technician,
    technician_schedule,
    weekly,
)

TUESDAY = "2025-06-03"
ALL_DAY = technician("a", "00:00-24:00")
EVERY_DAY = frozenset(range(7))


def bookable(text: str, *, days: tuple[int, ...] = tuple(EVERY_DAY), emergency: bool = False) -> BookableSpan:
    priority = Priority.EMERGENCY if emergency else Priority.NORMAL
    return BookableSpan(days=frozenset(days), span=span(text), priority=priority)


def visit(**rules: Any) -> ServiceType:  # noqa: ANN401  fields of any type
    return replace(service("visit", minutes=60), **rules)


def shop_with(visit: ServiceType, *people: TechnicianSchedule, **project: Any) -> Schedule:  # noqa: ANN401
    team = people or (technician_schedule(ALL_DAY),)
    changed = replace(SHOP, **{"slot_interval_minutes": 60, **project})
    return schedule(*team, project=changed, services=(visit,))


def normal(shop: Schedule) -> Need:
    return Need.of_service(shop.services["visit"])


def emergency(shop: Schedule) -> Need:
    return Need.of_service(shop.services["visit"], priority=Priority.EMERGENCY)


def reason(shop: Schedule, need: Need, start: str, now: str = "2025-06-01T12:00Z") -> Reason | None:
    explanation = explain(Availability.of(shop, at(now) * 60_000), need, at(start))
    return explanation.reason_of(None) if explanation.slot is None else None


def test_rule_29_a_span_bounds_the_start_and_not_the_end(ask: Ask) -> None:
    shop = shop_with(visit(bookable=(bookable("08:00-10:00"), bookable("14:00-14:01"))))
    assert offered(ask, shop, normal(shop)) == "08:00 09:00 14:00"
    assert reason(shop, normal(shop), "10:00") is Reason.NOT_BOOKABLE_THEN
    assert reason(shop, normal(shop), "14:00") is None


def test_rule_29_a_span_may_run_past_midnight_from_a_day_on_which_it_starts(ask: Ask) -> None:
    shop = shop_with(visit(bookable=(bookable("22:00-02:00", days=(0,)),)))
    assert offered(ask, shop, normal(shop)) == "22:00 23:00"
    assert offered(ask, shop, normal(shop), day=TUESDAY) == "00:00 01:00"


def test_rule_29_spans_are_in_the_zone_of_the_project(ask: Ask) -> None:
    shop = shop_with(visit(bookable=(bookable("08:00-09:01"),)), timezone="America/New_York")
    assert offered(ask, shop, normal(shop)) == "08:00 09:00"


def test_rule_29_only_emergencies_start_in_a_span_for_emergencies(ask: Ask) -> None:
    shop = shop_with(visit(bookable=(bookable("08:00-09:00"), bookable("20:00-22:00", emergency=True))))
    assert offered(ask, shop, normal(shop)) == "08:00"
    assert offered(ask, shop, emergency(shop)) == "08:00 20:00 21:00"
    assert reason(shop, normal(shop), "20:00") is Reason.EMERGENCY_ONLY
    assert reason(shop, emergency(shop), "12:00") is Reason.NOT_BOOKABLE_THEN


def test_rule_30_the_notice_of_a_service_replaces_that_of_the_project(ask: Ask) -> None:
    shop = shop_with(visit(min_notice_minutes=60), min_notice_minutes=600)
    other = Need.of_service(shop.services["service"])
    assert offered(ask, shop, normal(shop), now="2025-06-02T20:00Z") == "21:00 22:00 23:00"
    assert offered(ask, shop, other, now="2025-06-02T11:00Z") == "21:00 22:00 23:00"
    assert reason(shop, normal(shop), "20:30", now="2025-06-02T20:00Z") is Reason.NOTICE


@pytest.mark.parametrize(("own", "others"), [(3, 1), (1, 3)])
def test_rule_30_the_horizon_of_a_service_replaces_that_of_the_project(ask: Ask, own: int, others: int) -> None:
    shop = shop_with(visit(horizon_days=own), horizon_days=others)
    other = Need.of_service(shop.services["service"])
    for need, days in ((normal(shop), own), (other, others)):
        now = "2025-06-02T00:00Z"
        assert offered(ask, shop, need, day=f"2025-06-0{2 + days}", now=now)
        assert not offered(ask, shop, need, day=f"2025-06-0{3 + days}", now=now)
        assert reason(shop, need, f"2025-06-0{3 + days}T10:00Z", now=now) is Reason.HORIZON


def test_rule_31_bookings_and_holds_of_all_technicians_count_for_the_day_of_a_service(ask: Ask) -> None:
    limited = visit(max_bookings_per_day=2)
    of_visit = replace(booking("08:00", 60), service_id="visit")
    held = hold("09:00", 60, service="visit")
    others = [booking("12:00", 60, id_="other"), replace(of_visit, id="tuesday", start=at(f"{TUESDAY}T00:00Z"))]
    others[1] = replace(others[1], end=others[1].start + 60)
    busy = technician_schedule(technician("a", "08:00-10:00", "12:00-13:00"), of_visit, others[0])
    free = technician_schedule(technician("b", "08:00-11:00"), others[1])
    shop = shop_with(limited, busy, free)
    assert offered(ask, shop, normal(shop)) == "08:00 09:00 10:00", "one is left, although two are free at 9"
    full = shop_with(limited, busy, replace(free, claims=(*free.claims, replace(held, technician_id="b"))))
    assert offered(ask, full, normal(full)) == ""
    assert reason(full, normal(full), "10:00") is Reason.SERVICE_DAY_FULL
    assert offered(ask, full, Need.of_service(full.services["service"])) == "08:00 09:00 10:00"
    own = next(claim for one in full.technician_schedules.values() for claim in one.claims if claim.is_hold)
    seen = Availability.of(full, at("2025-06-01T12:00Z") * 60_000).without(own)
    assert assign(seen, normal(full), at("10:00")), "the caller's own hold does not count"


ON_CALL = replace(technician("a", "09:00-11:00"), on_call=(weekly("11:00-13:00"), weekly("20:00-22:00")))


def test_rule_32_on_call_time_is_working_time_for_emergencies_only(ask: Ask) -> None:
    shop = shop_with(visit(duration_minutes=120), technician_schedule(ON_CALL))
    assert offered(ask, shop, normal(shop)) == "09:00"
    assert offered(ask, shop, emergency(shop)) == "09:00 10:00 11:00 20:00", "shift and on-call time are merged"
    assert reason(shop, normal(shop), "20:00") is Reason.ON_CALL_ONLY
    assert reason(shop, normal(shop), "10:00") is Reason.ON_CALL_ONLY
    assert reason(shop, normal(shop), "21:00") is Reason.OUTSIDE_SHIFT


def test_rule_32_breaks_time_off_and_status_apply_to_on_call_time(ask: Ask) -> None:
    absence = TimeOff(start=at("21:00"), end=at("22:00"))
    worker = replace(ON_CALL, breaks=(weekly("12:00-13:00"),), time_off=(absence,))
    shop = shop_with(visit(), technician_schedule(worker))
    assert offered(ask, shop, emergency(shop)) == "09:00 10:00 11:00 20:00"
    assert reason(shop, normal(shop), "21:00") is Reason.OUTSIDE_SHIFT
    assert reason(shop, emergency(shop), "21:00") is Reason.TIME_OFF


@pytest.mark.parametrize(
    ("change", "starts"),
    [
        pytest.param({"overrides": (DateOverride(date=date(2025, 6, 2)),)}, "", id="off that day"),
        pytest.param(
            {"overrides": (DateOverride(date=date(2025, 6, 2), windows=(span("14:00-15:00"),)),)},
            "11:00 12:00 14:00 20:00 21:00",
            id="other hours",
        ),
    ],
)
def test_rule_32_only_an_override_without_windows_removes_on_call_time(
    ask: Ask, change: dict[str, Any], starts: str
) -> None:
    shop = shop_with(visit(), technician_schedule(replace(ON_CALL, **change)))
    assert offered(ask, shop, emergency(shop)) == starts


def test_rule_32_a_holiday_leaves_on_call_time(ask: Ask) -> None:
    shop = shop_with(visit(), technician_schedule(ON_CALL), closed_dates=(date(2025, 6, 2),))
    assert offered(ask, shop, emergency(shop)) == "11:00 12:00 20:00 21:00"
    assert reason(shop, normal(shop), "09:00") is Reason.HOLIDAY
    assert reason(shop, normal(shop), "12:00") is Reason.ON_CALL_ONLY


def test_rule_33_a_normal_hold_never_moves_into_on_call_time(ask: Ask) -> None:
    a = technician_schedule(technician("a", "09:00-10:00", skills="gas"), hold("09:00", 60, service="visit"))
    b = technician_schedule(replace(technician("b"), on_call=(weekly("09:00-10:00"),)))
    shop = shop_with(visit(), a, b)
    gas = replace(normal(shop), skills=frozenset({"gas"}))
    assert offered(ask, shop, gas) == ""
    urgent = replace(a, claims=(replace(a.claims[0], priority=Priority.EMERGENCY),))
    shop = shop_with(visit(), urgent, b)
    assert offered(ask, shop, gas) == "09:00"


def test_an_emergency_opens_a_start_that_is_only_for_emergencies() -> None:
    shop = shop_with(visit(bookable=(bookable("20:00-22:00", emergency=True),)), technician_schedule(ON_CALL))
    explanation = explain(Availability.of(shop, at("2025-06-01T12:00Z") * 60_000), normal(shop), at("20:00"))
    assert [(one.change, one.slot.start) for one in explanation.openings] == [(Change.EMERGENCY, at("20:00"))]


def test_a_closure_is_distinguished_from_a_holiday() -> None:
    closure = Closure(first=date(2025, 6, 2), last=date(2025, 6, 3))
    shop = shop_with(visit(), closures=(closure,))
    assert reason(shop, normal(shop), "10:00") is Reason.CLOSED
    holiday = shop_with(visit(), closures=(closure,), closed_dates=(date(2025, 6, 2),))
    assert reason(holiday, normal(holiday), "10:00") is Reason.HOLIDAY
    assert reason(holiday, normal(holiday), f"{TUESDAY}T10:00Z") is Reason.CLOSED
