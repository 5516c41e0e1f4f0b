"""The catalog: services, and opening hours on the project's clock."""

from dataclasses import replace
from datetime import date

from slotmcp.domain.catalog import TechnicianStatus
from support.clock import HandClock
from support.shop import hours, instant_ms, plan, service, technician
from unit.services.conftest import Open

DAY = 1440


async def test_services_are_listed_in_the_files_order(opened: Open) -> None:
    shop = await opened(plan(technician("ana"), services=(service("tune-up"), service("ac-repair"))))
    answer = await shop.app.projects.list_services(None)
    assert [one.id for one in answer.services] == ["tune-up", "ac-repair"]
    assert answer.project.id == "shop"
    assert answer.now_ms == shop.clock.now_ms()


async def test_hours_of_all_technicians_are_merged_by_weekday(opened: Open) -> None:
    ana = technician("ana", shifts=(hours("08:00-12:00", 0), hours("13:00-17:00", 0)))
    ben = technician("ben", shifts=(hours("11:00-14:00", 0, 1),))
    shop = await opened(plan(ana, ben))
    answer = await shop.app.projects.list_services("shop")
    assert answer.hours == {0: ((480, 1020),), 1: ((660, 840),), 2: (), 3: (), 4: (), 5: (), 6: ()}


async def test_a_night_shift_is_cut_at_midnight(opened: Open) -> None:
    shop = await opened(plan(technician("ana", shifts=(hours("22:00-06:00", 6),))))
    answer = await shop.app.projects.list_services(None)
    assert answer.hours[6] == ((1320, DAY),)
    assert answer.hours[0] == ((0, 360),)


async def test_hours_are_on_the_projects_clock(opened: Open) -> None:
    far = technician("ana", shifts=(hours("08:00-17:00", 0),), timezone="Asia/Tokyo")
    shop = await opened(plan(far, timezone="America/New_York"), clock=HandClock(instant_ms("2025-06-02T06:00Z")))
    answer = await shop.app.projects.list_services(None)
    assert answer.hours[6] == ((19 * 60, DAY),)
    assert answer.hours[0] == ((0, 4 * 60),)


async def test_shifts_of_inactive_technicians_and_future_shifts_do_not_count(opened: Open) -> None:
    off = technician("ana", "08:00-10:00", status=TechnicianStatus.OFF)
    later = technician("ben", shifts=(replace(hours("10:00-12:00"), valid_from=date(2025, 6, 3)),))
    gone = technician("cem", shifts=(replace(hours("12:00-14:00"), valid_until=date(2025, 6, 1)),))
    today = technician(
        "dua", shifts=(replace(hours("14:00-16:00", 2), valid_from=date(2025, 6, 2), valid_until=date(2025, 6, 2)),)
    )
    shop = await opened(plan(off, later, gone, today))
    answer = await shop.app.projects.list_services(None)
    assert [day for day, spans in answer.hours.items() if spans] == [2]
