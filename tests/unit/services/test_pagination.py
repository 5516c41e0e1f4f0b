"""Pagination: the first page is spread over days and parts of the day; its cursor lists all other starts."""

import json
import math
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import Counter
from typing import Any

import pytest

from slotmcp.domain.errors import InvalidArgument
from slotmcp.domain.moment import PartOfDay
from slotmcp.domain.recurrence import PartsOfDay
from slotmcp.services.day_parts import part_of_day
from slotmcp.services.slots import SlotAnswer
from support.shop import MINUTES_PER_DAY, Shop, at, customer, plan, service, technician
from unit.services.conftest import Open

ALL_DAY = technician("ana", "08:00-20:00")
WEEK = {"from_": at("00:00"), "to": at("2025-06-09T00:00Z")}


def starts(answer: SlotAnswer) -> list[int]:
    return [slot.start for slot in answer.offer.slots]


async def pages(shop: Shop, limit: int, **facts: object) -> list[SlotAnswer]:
    found = [await shop.slots(limit=limit, **WEEK, **facts)]
    while found[-1].next_cursor:
        found.append(await shop.slots(limit=limit, **WEEK, **facts, cursor=found[-1].next_cursor))
    return found


async def test_the_first_page_covers_each_day_before_repeating_a_day(opened: Open) -> None:
    shop = await opened(plan(ALL_DAY))
    for limit in (5, 7, 10, 21):
        days = Counter(start // MINUTES_PER_DAY for start in starts(await shop.slots(limit=limit, **WEEK)))
        assert len(days) == min(limit, 7)
        assert max(days.values()) - min(days.values()) <= 1


async def test_the_first_page_covers_each_part_of_a_day_before_repeating_a_part(opened: Open) -> None:
    shop = await opened(plan(technician("ana", "00:00-24:00")))
    for limit, parts in ((3, set(PartOfDay) - {PartOfDay.NIGHT}), (4, set(PartOfDay))):
        found = starts(await shop.slots(limit=limit, from_=at("2025-06-03T00:00Z"), to=at("2025-06-04T00:00Z")))
        assert {part_of_day("UTC", start, PartsOfDay()) for start in found} == parts


async def test_the_first_page_takes_distant_starts_of_a_part_first(opened: Open) -> None:
    shop = await opened(plan(technician("ana", "08:00-12:00"), slot_interval_minutes=15))
    first, second = starts(await shop.slots(limit=2))
    assert first == at("08:00")
    assert second - first >= 90


async def test_a_page_is_in_order_of_time(opened: Open) -> None:
    shop = await opened(plan(ALL_DAY))
    for answer in await pages(shop, 9):
        assert starts(answer) == sorted(starts(answer))


@pytest.mark.parametrize("limit", [1, 10, 37, 100])
async def test_the_pages_contain_every_start_exactly_once(opened: Open, limit: int) -> None:
    shop = await opened(plan(ALL_DAY))
    all_starts = [start for page in await pages(shop, 100) for start in starts(page)]
    found = [start for page in await pages(shop, limit) for start in starts(page)]
    assert sorted(found) == sorted(all_starts)
    assert len(found) == 7 * 23


async def test_pages_after_the_first_are_in_order_of_time(opened: Open) -> None:
    shop = await opened(plan(ALL_DAY))
    _, *others = await pages(shop, 20)
    found = [start for page in others for start in starts(page)]
    assert found == sorted(found)


async def test_a_full_last_page_has_no_cursor(opened: Open) -> None:
    shop = await opened(plan(technician("ana", "09:00-12:00")))
    first = await shop.slots(limit=3)
    second = await shop.slots(limit=2, cursor=first.next_cursor)
    assert first.next_cursor
    assert (len(starts(second)), second.next_cursor) == (2, "")


async def test_bookings_between_pages_cause_no_gaps_or_repetitions(opened: Open) -> None:
    """Every start that stays free from the first page to the last is listed exactly once."""
    shop = await opened(plan(ALL_DAY))
    everything = {start for page in await pages(shop, 100) for start in starts(page)}
    answer = await shop.slots(limit=10, **WEEK)
    listed = starts(answer)
    taken: set[int] = set()
    for number in range(100):
        if not answer.next_cursor:
            break
        for one in (at("08:00") + number * 60 + number % 7 * MINUTES_PER_DAY, listed[-1]):
            taken |= await book_if_free(shop, one, number)
        answer = await shop.slots(limit=10, **WEEK, cursor=answer.next_cursor)
        listed += starts(answer)
    assert len(listed) == len(set(listed)), "a start was listed twice"
    assert taken, "no booking happened in between"
    still_free = {start for page in await pages(shop, 100) for start in starts(page)}
    assert still_free <= set(listed) <= everything, "a start that was free all the time was skipped"


async def book_if_free(shop: Shop, start: int, number: int) -> set[int]:
    if not (await shop.slots(from_=start, to=start + 1)).offer.slots:
        return set()
    await shop.book(start, customer=customer(number))
    return {start}


async def test_a_start_freed_before_the_page_is_not_repeated(opened: Open) -> None:
    shop = await opened(plan(technician("ana", "09:00-12:00")))
    hold = await shop.hold("09:00")
    first = await shop.slots(limit=1)
    await shop.app.holds.release_hold(None, hold.hold.token)
    others = await shop.slots(limit=100, cursor=first.next_cursor)
    assert set(starts(first)) & set(starts(others)) == set()
    assert at("09:00") in starts(others)


async def test_starts_that_pass_between_pages_are_dropped(opened: Open) -> None:
    shop = await opened(plan(technician("ana", "09:00-12:00")))
    first = await shop.slots(limit=1)
    shop.at_time("10:15")
    others = await shop.slots(limit=100, cursor=first.next_cursor)
    assert starts(others) == [at("10:30"), at("11:00")]


async def test_the_range_of_the_first_page_applies_to_the_others(opened: Open) -> None:
    """The default range begins now; later pages do not move with the clock."""
    shop = await opened(plan(ALL_DAY))
    first = await shop.slots(limit=10, from_=None, to=None)
    shop.clock.advance(seconds=3600)
    second = await shop.slots(limit=10, from_=None, to=None, cursor=first.next_cursor)
    assert (second.from_, second.to) == (first.from_, first.to)


@pytest.mark.parametrize(
    "other",
    [
        {"service_id": "other"},
        {"duration_minutes": 90},
        {"timezone": "Asia/Tokyo"},
        {"part_of_day": PartOfDay.MORNING},
        {"days_of_week": frozenset({0})},
        {"technician_id": "ana"},
        {"project_id": "shop-2"},
    ],
)
async def test_a_cursor_is_valid_for_its_own_query_only(opened: Open, other: dict[str, Any]) -> None:
    services = (service("visit"), service("other"))
    shop = await opened(plan(ALL_DAY, services=services, default_service_id="visit"))
    second = plan(ALL_DAY, id="shop-2", services=services, default_service_id="visit")
    await shop.app.projects.import_project(second, prune=False)
    first = await shop.slots(limit=1, project_id="shop")
    with pytest.raises(InvalidArgument) as refused:
        await shop.slots(**{"limit": 1, "project_id": "shop", "cursor": first.next_cursor, **other})
    assert refused.value.fields[0].field == "cursor"


@pytest.mark.parametrize(
    "malformed",
    [
        "x",
        "====",
        "AAAA",
        "bnVsbA==",
        "W10=",
        "WzEsMl0=",
        "WyJhIixudWxsLDFd",
        "eyJhIjoxfQ==",
        "é",
        "WyJhIiwxLDJd" * 200,
    ],
)
async def test_a_malformed_cursor_is_rejected(opened: Open, malformed: str) -> None:
    shop = await opened(plan(ALL_DAY))
    with pytest.raises(InvalidArgument) as refused:
        await shop.slots(cursor=malformed)
    assert refused.value.fields[0].field == "cursor"


@pytest.mark.parametrize("part", [1, 2, 3, 4])
@pytest.mark.parametrize("value", [math.nan, math.inf, 1e300, 1.5, 10**30, -2, True, None, "1", [1], {"a": 1}])
async def test_a_modified_cursor_is_rejected(opened: Open, part: int, value: object) -> None:
    shop = await opened(plan(ALL_DAY))
    parts = json.loads(urlsafe_b64decode((await shop.slots(limit=1)).next_cursor))
    parts[part] = value
    with pytest.raises(InvalidArgument) as refused:
        await shop.slots(cursor=urlsafe_b64encode(json.dumps(parts).encode()).decode())
    assert refused.value.fields[0].field == "cursor"


async def test_a_deeply_nested_cursor_is_rejected(opened: Open) -> None:
    shop = await opened(plan(ALL_DAY))
    with pytest.raises(InvalidArgument) as refused:
        await shop.slots(cursor=urlsafe_b64encode(b"[" * 100_000).decode())
    assert refused.value.fields[0].field == "cursor"
