"""get_slots: bookable starts of a range by service, technician, weekday and part of the day."""

from datetime import UTC, date, datetime

import pytest

from slotmcp.domain.errors import InvalidArgument, NotFound
from slotmcp.domain.moment import PartOfDay, WallDate, WallTime
from slotmcp.domain.recurrence import PartsOfDay, WallSpan
from slotmcp.services.slots import MAX_LIMIT, SlotQuery
from support.shop import at, booking, busy, clock_text, customer, hours, plan, service, technician
from unit.services.conftest import Open

ANA = technician("ana", "09:00-12:00")
BEN = technician("ben", "10:00-13:00", priority=2)
TUESDAY = {"from_": at("2025-06-03T00:00Z"), "to": at("2025-06-04T00:00Z")}


async def test_each_start_has_its_capacity_and_candidates(opened: Open) -> None:
    shop = await opened(plan(ANA, BEN))
    assert await shop.offered() == "09:00 09:30 10:00x2 10:30x2 11:00x2 11:30 12:00"
    answer = await shop.slots()
    ten = next(slot for slot in answer.offer.slots if clock_text(slot.start) == "10:00")
    assert [candidate.technician_id for candidate in ten.candidates] == ["ana", "ben"]
    assert ten.end == at("11:00")


async def test_bookings_holds_and_busy_time_reduce_capacity(opened: Open) -> None:
    business = plan(ANA, BEN, bookings=[booking("b-1", "ana", "09:30")], busy=[busy("ben", "11:00", "11:45")])
    shop = await opened(business)
    await shop.hold("10:30", technician_id="ana")
    assert await shop.offered() == "10:00 12:00"


async def test_candidates_have_their_ranking_values(opened: Open) -> None:
    shop = await opened(plan(ANA, BEN, bookings=[booking("b-1", "ben", "12:00")]))
    (slot,) = (await shop.slots(from_=at("10:00"), to=at("10:01"))).offer.slots
    assert [(one.technician_id, one.priority, one.bookings_that_day) for one in slot.candidates] == [
        ("ana", 1, 0),
        ("ben", 2, 1),
    ]


async def test_technicians_are_the_candidates_in_project_file_order(opened: Open) -> None:
    shop = await opened(plan(BEN, technician("cem", "20:00-21:00"), ANA))
    answer = await shop.slots(to=at("12:00"))
    assert [one.id for one in answer.technicians] == ["ben", "ana"]


async def test_a_requested_technician_limits_starts_and_capacity(opened: Open) -> None:
    shop = await opened(plan(ANA, BEN))
    assert await shop.offered(technician_id="ben") == "10:00 10:30 11:00 11:30 12:00"


async def test_a_service_needs_its_skills_and_its_length(opened: Open) -> None:
    able = technician("ana", "09:00-12:00", skills="gas")
    shop = await opened(plan(able, BEN, services=(service("boiler", 120, skills="gas"), service("visit"))))
    assert await shop.offered(service_id="boiler") == "09:00 09:30 10:00"
    assert await shop.offered(service_id="visit", duration_minutes=180) == "09:00 10:00"


async def test_the_service_is_optional_with_one_service_or_a_default(opened: Open) -> None:
    both = (service("visit"), service("other", 120))
    shop = await opened(plan(ANA))
    assert (await shop.slots()).service.id == "visit"
    await shop.app.projects.import_project(plan(ANA, services=both), prune=False)
    with pytest.raises(InvalidArgument, match="visit, other") as refused:
        await shop.slots()
    assert refused.value.fields[0].field == "serviceType"
    await shop.app.projects.import_project(plan(ANA, services=both, default_service_id="other"), prune=False)
    assert ((await shop.slots()).service.id, (await shop.slots()).duration_minutes) == ("other", 120)


async def test_the_project_is_optional_with_one_project(opened: Open) -> None:
    shop = await opened(plan(ANA))
    assert (await shop.slots()).offer.project.id == "shop"
    await shop.app.projects.import_project(plan(ANA, id="other"), prune=False)
    with pytest.raises(InvalidArgument, match="other, shop") as refused:
        await shop.slots()
    assert refused.value.fields[0].field == "projectId"
    assert (await shop.slots(project_id="other")).offer.project.id == "other"
    with pytest.raises(NotFound) as missing:
        await shop.slots(project_id="othr")
    assert missing.value.nearest == ("other", "shop")


async def test_a_database_without_projects_is_an_error_with_a_hint(opened: Open) -> None:
    shop = await opened()
    with pytest.raises(InvalidArgument, match="slotmcp import"):
        await shop.slots()


async def test_the_default_range_is_seven_days_from_now(opened: Open) -> None:
    shop = await opened(plan(ANA))
    answer = await shop.app.slots.get_slots(SlotQuery(limit=MAX_LIMIT))
    assert (answer.from_, answer.to) == (at("06:00"), at("2025-06-09T06:00Z"))
    assert {slot.start // 1440 - at("00:00") // 1440 for slot in answer.offer.slots} == set(range(7))


async def test_the_past_part_of_a_range_is_skipped(opened: Open) -> None:
    shop = await opened(plan(ANA))
    shop.at_time("10:00:00.001")
    answer = await shop.slots(from_=at("2025-05-01T00:00Z"))
    assert answer.from_ == at("10:01")
    assert [clock_text(slot.start) for slot in answer.offer.slots] == ["10:30", "11:00"]


@pytest.mark.parametrize(
    ("from_", "to", "field"),
    [
        (at("10:00"), at("10:00"), "to"),
        (at("10:00"), at("09:00"), "to"),
        (at("2025-06-01T00:00Z"), at("06:00"), "to"),
        (at("2025-06-13T00:00Z"), at("2025-06-14T00:00Z"), "from"),
        (at("2025-06-13T00:00Z"), None, "from"),
    ],
)
async def test_an_empty_or_past_range_is_rejected(opened: Open, from_: int, to: int | None, field: str) -> None:
    shop = await opened(plan(ANA))
    with pytest.raises(InvalidArgument) as refused:
        await shop.slots(from_=from_, to=to)
    assert [one.field for one in refused.value.fields] == [field]


async def test_an_end_date_includes_the_whole_day(opened: Open) -> None:
    shop = await opened(plan(ANA))
    answer = await shop.slots(from_=WallDate(date(2025, 6, 3)), to=WallDate(date(2025, 6, 3)))
    assert (answer.from_, answer.to) == (at("2025-06-03T00:00Z"), at("2025-06-04T00:00Z"))
    assert len(answer.offer.slots) == 5


async def test_notice_and_horizon_limit_the_starts(opened: Open) -> None:
    shop = await opened(plan(ANA, min_notice_minutes=240, horizon_days=1))
    answer = await shop.slots(to=at("2025-06-20T00:00Z"))
    assert [clock_text(slot.start) for slot in answer.offer.slots] == [
        *["10:00", "10:30", "11:00"],
        *["09:00", "09:30", "10:00", "10:30", "11:00"],
    ]


async def test_weekdays_and_parts_of_the_day_use_the_requested_zone(opened: Open) -> None:
    shop = await opened(plan(technician("ana", "00:00-24:00"), slot_interval_minutes=120))
    week = {"from_": at("00:00"), "to": at("2025-06-09T00:00Z")}
    answer = await shop.slots(**week, timezone="Asia/Tokyo", part_of_day=PartOfDay.EVENING, days_of_week=frozenset({1}))
    assert [slot.start for slot in answer.offer.slots] == [at(f"2025-06-03T{hour:02}:00Z") for hour in (8, 10, 12)]
    morning = await shop.slots(part_of_day=PartOfDay.MORNING)
    assert [clock_text(slot.start) for slot in morning.offer.slots] == ["06:00", "08:00", "10:00"]
    afternoon = await shop.slots(part_of_day=PartOfDay.AFTERNOON)
    assert [clock_text(slot.start) for slot in afternoon.offer.slots] == ["12:00", "14:00", "16:00"]
    night = await shop.slots(**TUESDAY, part_of_day=PartOfDay.NIGHT)
    assert [clock_text(slot.start) for slot in night.offer.slots] == ["00:00", "02:00", "04:00", "22:00"]


async def test_a_project_defines_its_parts_of_the_day(opened: Open) -> None:
    def span(first: int, last: int) -> WallSpan:
        return WallSpan(start_minute=first * 60, end_minute=last * 60)

    parts = PartsOfDay(morning=span(8, 11), afternoon=span(13, 18), evening=span(18, 24))
    shop = await opened(plan(technician("ana", "00:00-24:00"), slot_interval_minutes=60, parts_of_day=parts))
    for part, expected in (
        ("morning", [8, 9, 10]),
        ("evening", [18, 19, 20, 21, 22, 23]),
        ("night", [*range(8), 11, 12]),
    ):
        answer = await shop.slots(**TUESDAY, part_of_day=PartOfDay(part), limit=24)
        assert [clock_text(slot.start) for slot in answer.offer.slots] == [f"{hour:02}:00" for hour in expected]


@pytest.mark.parametrize("zone_key", ["Mars/Olympus", "", " ", "../etc/passwd", "America/Denver\0", "x" * 500])
async def test_an_unknown_zone_is_rejected(opened: Open, zone_key: str) -> None:
    shop = await opened(plan(ANA))
    if not zone_key:
        assert (await shop.slots(timezone=zone_key)).offer.timezone == "UTC"
        return
    with pytest.raises(InvalidArgument) as refused:
        await shop.slots(timezone=zone_key)
    assert refused.value.fields[0].field == "timezone"


@pytest.mark.parametrize("limit", [0, -1, MAX_LIMIT + 1, 10**9])
async def test_a_limit_out_of_bounds_is_rejected(opened: Open, limit: int) -> None:
    shop = await opened(plan(ANA))
    with pytest.raises(InvalidArgument) as refused:
        await shop.slots(limit=limit)
    assert refused.value.fields[0].field == "limit"


async def test_an_empty_range_returns_the_next_free_start(opened: Open) -> None:
    shop = await opened(plan(technician("ana", shifts=(hours("09:00-10:00", 3),))))
    answer = await shop.slots()
    assert answer.offer.slots == ()
    assert answer.next_cursor == ""
    assert answer.next_free is not None
    assert answer.next_free.start == at("2025-06-05T09:00Z")


async def test_the_next_free_start_matches_the_filters(opened: Open) -> None:
    shop = await opened(plan(technician("ana", "09:00-10:00", "18:00-19:00")))
    await shop.book("18:00")
    answer = await shop.slots(part_of_day=PartOfDay.EVENING, days_of_week=frozenset({0, 4}))
    assert answer.next_free is not None
    assert answer.next_free.start == at("2025-06-06T18:00Z")


async def test_no_next_free_start_exists_without_a_slot_up_to_the_horizon(opened: Open) -> None:
    shop = await opened(plan(technician("ana", "09:00-10:00"), horizon_days=0))
    await shop.book("09:00")
    assert (await shop.slots()).next_free is None


async def test_an_offer_has_its_time(opened: Open) -> None:
    shop = await opened(plan(ANA))
    assert (await shop.slots()).now_ms == shop.clock.now_ms()


async def test_a_wall_time_uses_the_requested_zone(opened: Open) -> None:
    shop = await opened(plan(ANA))
    noon = WallTime(datetime(2025, 6, 2, 12, tzinfo=UTC).replace(tzinfo=None))
    answer = await shop.slots(from_=noon, timezone="Europe/Paris")
    assert answer.from_ == at("10:00")


async def test_a_change_by_another_server_on_the_file_is_visible_at_once(opened: Open) -> None:
    shop = await opened(plan(ANA))
    other = await opened(clock=shop.clock)
    assert await shop.offered() == await other.offered() == "09:00 09:30 10:00 10:30 11:00"
    await other.book("09:00", customer=customer(1))
    assert await shop.offered() == "10:00 10:30 11:00"
    await shop.hold("10:00")
    assert await other.offered() == "11:00"
