"""The catalog: services, and opening hours on the project's clock."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from slotmcp.domain.catalog import DateOverride, TechnicianStatus, TimeOff
from slotmcp.domain.recurrence import WallSpan, WeeklySpan
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
