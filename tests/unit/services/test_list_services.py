"""The catalog: services, and opening hours on the project's clock."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from slotmcp.domain.booking_rules import BookableSpan, Closure, Priority
from slotmcp.domain.catalog import DateOverride, TechnicianStatus, TimeOff
from slotmcp.domain.recurrence import RecurringTimeOff, WallSpan, WeeklySpan
from support.clock import HandClock
from support.shop import Shop, at, clock_text, hours, instant_ms, plan, service, technician
from unit.services.conftest import Open

DAY = 1440
MORNING = (WallSpan(start_minute=480, end_minute=600),)


def since(day: str) -> WeeklySpan:
    return replace(hours("09:00-17:00"), valid_from=date.fromisoformat(day))


def until(day: str) -> WeeklySpan:
    return replace(hours("09:00-17:00"), valid_until=date.fromisoformat(day))


async def test_services_are_listed_in_the_files_order(opened: Open) -> None:
    shop = await opened(plan(technician("ana"), services=(service("tune-up"), service("ac-repair"))))
    answer = await shop.app.projects.list_services(None)
    assert [one.id for one in answer.services] == ["tune-up", "ac-repair"]
    assert answer.project.id == "shop"
    assert answer.now_ms == shop.clock.now_ms()


async def opening(shop: Shop) -> dict[str, str]:
    """Return the hours of the next dates, such as "08:00-12:00", without those on which the shop is closed."""
    answer = await shop.app.projects.list_services(None)
    return {
        f"{day.date:%a}": " ".join(f"{clock_text(start)}-{clock_text(end)}" for start, end in day.hours)
        for day in answer.days
        if day.hours
    }


async def test_hours_of_all_technicians_are_merged_by_date(opened: Open) -> None:
    ana = technician("ana", shifts=(hours("08:00-12:00", 0), hours("13:00-17:00", 0)))
    ben = technician("ben", shifts=(hours("11:00-14:00", 0, 1),))
    shop = await opened(plan(ana, ben))
    answer = await shop.app.projects.list_services("shop")
    assert [day.date.isoformat() for day in answer.days] == [f"2025-06-0{number}" for number in range(2, 9)]
    assert await opening(shop) == {"Mon": "08:00-17:00", "Tue": "11:00-14:00"}
    shop.at_time("2025-06-03T12:00")
    assert list(await opening(shop)) == ["Tue", "Mon"]


async def test_a_night_shift_is_cut_at_midnight(opened: Open) -> None:
    shop = await opened(plan(technician("ana", shifts=(hours("22:00-06:00", 6),))))
    answer = await shop.app.projects.list_services(None)
    assert {f"{day.date:%a}": day.hours for day in answer.days if day.hours} == {
        "Mon": ((0, 360),),
        "Sun": ((1320, DAY),),
    }


async def test_hours_are_on_the_projects_clock(opened: Open) -> None:
    far = technician("ana", shifts=(hours("08:00-17:00", 0),), timezone="Asia/Tokyo")
    shop = await opened(plan(far, timezone="America/New_York"), clock=HandClock(instant_ms("2025-06-02T06:00Z")))
    answer = await shop.app.projects.list_services(None)
    assert {f"{day.date:%a}": day.hours for day in answer.days if day.hours} == {
        "Mon": ((0, 4 * 60),),
        "Sun": ((19 * 60, DAY),),
    }


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param({"status": TechnicianStatus.OFF}, {}, id="off"),
        pytest.param(
            {"shifts": (since("2025-06-07"),)}, {"Sat": "09:00-17:00", "Sun": "09:00-17:00"}, id="from Saturday"
        ),
        pytest.param(
            {"shifts": (until("2025-06-03"),)}, {"Mon": "09:00-17:00", "Tue": "09:00-17:00"}, id="until Tuesday"
        ),
        pytest.param({"shifts": (until("2025-06-01"),)}, {}, id="until yesterday"),
        pytest.param({"shifts": (since("2025-06-09"),)}, {}, id="from next Monday"),
        pytest.param(
            {"shifts": (replace(hours("09:00-17:00", 5), valid_from=date(2025, 6, 7), valid_until=date(2025, 6, 7)),)},
            {"Sat": "09:00-17:00"},
            id="one Saturday",
        ),
        pytest.param(
            {"shifts": (hours("09:00-17:00", 1),), "breaks": (hours("12:00-12:30"),)},
            {"Tue": "09:00-12:00 12:30-17:00"},
            id="a break",
        ),
        pytest.param(
            {
                "shifts": (hours("09:00-17:00", 1),),
                "overrides": (
                    DateOverride(date=date(2025, 6, 3)),
                    DateOverride(date=date(2025, 6, 5), windows=MORNING),
                ),
            },
            {"Thu": "08:00-10:00"},
            id="overrides",
        ),
        pytest.param(
            {
                "shifts": (hours("09:00-17:00", 1, 2),),
                "time_off": (TimeOff(start=at("2025-06-03T00:00"), end=at("2025-06-04T12:00")),),
            },
            {"Wed": "12:00-17:00"},
            id="time off",
        ),
    ],
)
async def test_hours_are_those_of_the_next_seven_dates(
    opened: Open, facts: dict[str, Any], expected: dict[str, str]
) -> None:
    shop = await opened(plan(technician("ana", **facts)))
    assert await opening(shop) == expected


async def test_hours_follow_the_clock_when_it_changes(opened: Open) -> None:
    ana = technician("ana", "00:00-24:00", timezone="America/New_York")
    shop = await opened(plan(ana, timezone="America/New_York"), clock=HandClock(instant_ms("2025-10-30T16:00Z")))
    answer = await shop.app.projects.list_services(None)
    assert {day.hours for day in answer.days} == {((0, DAY),)}


async def test_a_holiday_closes_a_date(opened: Open) -> None:
    ana = technician("ana", "09:00-17:00")
    shop = await opened(plan(ana, holiday_regions=("US",)), clock=HandClock(instant_ms("2026-11-22T18:00Z")))
    answer = await shop.app.projects.list_services(None)
    assert [day.date.isoformat() for day in answer.days if day.is_unusually_closed] == ["2026-11-26"]
    assert [day.date.isoformat() for day in answer.days if day.is_shortened] == ["2026-11-26"]


async def test_closures_of_whole_dates_and_of_parts_shorten_the_hours(opened: Open) -> None:
    closures = (
        Closure(first=date(2025, 6, 3), last=date(2025, 6, 4)),
        Closure(first=date(2025, 6, 5), last=date(2025, 6, 5), span=WallSpan(start_minute=720, end_minute=1440)),
    )
    ana = technician("ana", shifts=(hours("09:00-17:00", 1, 2, 3, 4),))
    shop = await opened(plan(ana, closures=closures))
    assert await opening(shop) == {"Thu": "09:00-12:00", "Fri": "09:00-17:00"}
    answer = await shop.app.projects.list_services(None)
    assert [f"{day.date:%a}" for day in answer.days if day.is_unusually_closed] == ["Tue", "Wed"]
    assert [f"{day.date:%a}" for day in answer.days if day.is_shortened] == ["Tue", "Wed", "Thu"]


async def test_hours_recur_date_by_date(opened: Open) -> None:
    saturday = replace(hours("08:00-12:00", 5), valid_from=date(2025, 5, 31), every_weeks=2)
    monthly = replace(
        hours("13:00-17:00"), days=frozenset(), valid_from=date(2025, 1, 1), rrule="FREQ=MONTHLY;BYDAY=1MO"
    )
    absence = RecurringTimeOff(
        rrule="FREQ=MONTHLY;BYDAY=1MO", first=date(2025, 1, 1), span=WallSpan(start_minute=960, end_minute=1440)
    )
    ana = technician("ana", shifts=(saturday, monthly), recurring_time_off=(absence,))
    shop = await opened(plan(ana))
    assert await opening(shop) == {"Mon": "13:00-16:00"}
    shop.at_time("2025-06-09T12:00")
    assert await opening(shop) == {"Sat": "08:00-12:00"}
    answer = await shop.app.projects.list_services(None)
    assert not [day for day in answer.days if day.is_shortened]


async def test_a_service_has_the_hours_in_which_it_can_start(opened: Open) -> None:
    weekday = BookableSpan(days=frozenset({0, 1}), span=WallSpan(start_minute=480, end_minute=720))
    night = BookableSpan(
        days=frozenset({0}), span=WallSpan(start_minute=720, end_minute=1440), priority=Priority.EMERGENCY
    )
    repair = replace(service("repair", skills="gas"), bookable=(weekday, night))
    ana = technician("ana", "09:00-17:00", skills="gas")
    ben = technician("ben", "06:00-20:00")
    shop = await opened(plan(ana, ben, services=(service("check"), repair)))
    days = (await shop.app.projects.list_services(None, "repair")).days
    assert {f"{day.date:%a}": day.hours for day in days if day.hours} == {"Mon": ((540, 720),), "Tue": ((540, 720),)}
    assert {f"{day.date:%a}": day.emergency_hours for day in days if day.emergency_hours} == {"Mon": ((720, 1020),)}
    assert not [day for day in days if day.is_shortened]
    assert {day.hours for day in (await shop.app.projects.list_services(None, "check")).days} == {((360, 1200),)}


async def test_on_call_time_is_for_emergencies_only(opened: Open) -> None:
    ana = technician("ana", shifts=(hours("08:00-17:00", 0),), on_call=(hours("00:00-24:00", 0, 6),))
    shop = await opened(plan(ana, closures=(Closure(first=date(2025, 6, 2), last=date(2025, 6, 2)),)))
    answer = await shop.app.projects.list_services(None)
    days = {
        f"{day.date:%a}": (day.hours, day.emergency_hours) for day in answer.days if day.hours or day.emergency_hours
    }
    assert days == {"Mon": ((), ((0, DAY),)), "Sun": ((), ((0, DAY),))}
    assert [f"{day.date:%a}" for day in answer.days if day.is_unusually_closed] == ["Mon"]
