"""What an operator does in the dashboard is what the tools do, and is seen by callers at once."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from interfaces.dashboard.test_board import ANA, BOARD, BUSINESS, book, minute_of, tomorrow
from slotmcp.domain.booking import Booking, BookingStatus, Customer
from slotmcp.domain.catalog import TechnicianStatus
from slotmcp.services.bookings import BookRequest
from slotmcp.services.holds import HoldRequest
from slotmcp.services.slots import SlotQuery
from support.dashboard import Site, open_site

BEN = replace(ANA, id="t-ben", name="Ben", priority=2)
TWO = replace(BUSINESS, technicians=(ANA, BEN))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Site]:
    async with open_site(tmp_path, TWO) as site:
        await site.browser.log_in(await site.key())
        yield site


async def capacity(site: Site, when: datetime) -> int:
    query = SlotQuery(service_id="ac-repair", from_=minute_of(when), to=minute_of(when) + 1)
    return sum(slot.capacity for slot in (await site.schedules.app.slots.get_slots(query)).offer.slots)


async def kept(site: Site, booking_id: str) -> Booking:
    from_store = await site.schedules.app.bookings._store.booking(TWO.project.id, booking_id)  # noqa: SLF001  what is kept
    assert from_store is not None
    return from_store


async def send(site: Site, booking_id: str, what: str, **fields: str) -> httpx2.Response:
    return await site.browser.send(f"{BOARD}/bookings/{booking_id}/{what}", **fields)


def written(when: datetime) -> dict[str, str]:
    return {"date": f"{when:%Y-%m-%d}", "time": f"{when:%H:%M}"}


async def test_a_booking_says_what_is_known_of_it(desk: Site) -> None:
    booking_id = await book(desk, tomorrow())
    page = (await desk.browser.get(f"{BOARD}/bookings/{booking_id}")).text
    for words in ("Kim &lt;script&gt;", "AC repair", "09:00 to 10:00", "+13035550142", "Ana &lt;b&gt;", "confirmed"):
        assert words in page


async def test_it_is_moved_by_the_form_and_its_time_is_free(desk: Site) -> None:
    when, later = tomorrow(), tomorrow() + timedelta(hours=3)
    booking_id = await book(desk, when)
    assert await capacity(desk, when) == 1
    answer = await send(desk, booking_id, "move", **written(later))
    assert answer.url.path == f"/dashboard{BOARD}/bookings/{booking_id}"
    assert "It has been moved." in answer.text
    assert (await kept(desk, booking_id)).claim.start == minute_of(later)
    assert (await capacity(desk, when), await capacity(desk, later)) == (2, 1)


async def test_dragged_it_is_moved_to_a_minute_and_a_technician_and_the_board_says_so(desk: Site) -> None:
    when, later = tomorrow(), tomorrow() + timedelta(hours=1, minutes=30)
    booking_id = await book(desk, when)
    minute = str(minute_of(later))
    answer = await send(desk, booking_id, "move", minute=minute, technician="t-ben", back="board")
    assert answer.url.path == f"/dashboard{BOARD}"
    assert "Moved. Ben comes to Kim &lt;script&gt;" in answer.text
    claim = (await kept(desk, booking_id)).claim
    assert (claim.start, claim.technician_id) == (minute_of(later), "t-ben")
    assert await capacity(desk, when) == 2
    assert await capacity(desk, later) == 1, "and no hold is left behind"


async def test_a_time_that_cannot_be_had_leaves_it_and_offers_others_to_choose(desk: Site) -> None:
    when, taken = tomorrow(), tomorrow() + timedelta(hours=2)
    booking_id = await book(desk, when)
    for _ in range(2):
        await desk.schedules.app.holds.create_hold(
            HoldRequest(start=minute_of(taken), service_id="ac-repair", customer_reference="")
        )
    answer = await send(desk, booking_id, "move", **written(taken))
    assert answer.status_code == 409
    assert "stays as it was" in answer.text
    assert "Ben is held for another caller." in answer.text
    assert 'name="minute" value="' in answer.text
    assert (await kept(desk, booking_id)).claim.start == minute_of(when)


async def test_a_technician_who_cannot_leaves_it_and_nothing_is_held(desk: Site) -> None:
    when = tomorrow()
    first, second = await book(desk, when), await book_another(desk, when)
    theirs = {one: (await kept(desk, one)).claim.technician_id for one in (first, second)}
    answer = await send(desk, first, "move", **written(when), technician=theirs[second])
    assert answer.status_code == 409
    name = {"t-ana": "Ana &lt;b&gt;", "t-ben": "Ben"}[theirs[second]]
    assert re.findall("<li>(.* is booked.)</li>", answer.text) == [f"{name} is booked."]
    assert (await kept(desk, first)).claim.technician_id == theirs[first]
    assert await capacity(desk, when + timedelta(hours=2)) == 2


async def book_another(site: Site, when: datetime) -> str:
    lee = Customer(name="Lee", phone="+13035550143")
    request = BookRequest(start=minute_of(when), service_id="ac-repair", customer=lee)
    return (await site.schedules.app.bookings.book_slot(request)).booking.id


@pytest.mark.parametrize(
    "fields",
    [
        {"date": "", "time": ""},
        {"date": "2026-02-30", "time": "10:00"},
        {"minute": "soon"},
        {"minute": "-5"},
        {"date": "2020-01-01", "time": "10:00"},
        {"date": "2999-01-01", "time": "10:00", "technician": "nobody"},
    ],
)
async def test_a_move_that_makes_no_sense_is_said_to(desk: Site, fields: dict[str, str]) -> None:
    when = tomorrow()
    booking_id = await book(desk, when)
    answer = await send(desk, booking_id, "move", **fields)
    assert answer.status_code == 409
    assert 'role="alert"' in answer.text
    assert (await kept(desk, booking_id)).claim.start == minute_of(when)


async def test_it_is_cancelled_for_good(desk: Site) -> None:
    booking_id = await book(desk, tomorrow())
    answer = await send(desk, booking_id, "cancel", reason="moved away")
    assert "It has been cancelled" in answer.text
    assert "moved away" in answer.text
    assert await capacity(desk, tomorrow()) == 2
    again = await send(desk, booking_id, "move", **written(tomorrow() + timedelta(hours=2)))
    assert again.status_code == 409
    assert "cancelled" in again.text


async def test_what_came_of_a_visit_is_noted_once_it_has_begun(desk: Site) -> None:
    ahead = await book(desk, tomorrow())
    early = await send(desk, ahead, "status", status="completed")
    assert early.status_code == 409
    assert "has not begun yet" in early.text
    wrong = await send(desk, ahead, "status", status="confirmed")
    assert wrong.status_code == 422
    assert (await kept(desk, ahead)).status is BookingStatus.CONFIRMED


async def test_no_booking_is_found_by_another_id(desk: Site) -> None:
    for what in ("", "/move", "/cancel"):
        path = f"{BOARD}/bookings/01AAAAAAAAAAAAAAAAAAAAAAAA{what}"
        answer = await (desk.browser.send(path, minute="1") if what else desk.browser.get(path))
        assert answer.status_code == 404
        assert "no booking of that id" in answer.text


async def test_who_takes_no_work_is_not_offered_and_their_bookings_are_listed(desk: Site) -> None:
    booking_id = await book(desk, tomorrow())
    who = (await kept(desk, booking_id)).claim.technician_id
    answer = await desk.browser.send(f"{BOARD}/technicians/{who}/status", status="off")
    assert "takes no work any more" in answer.text
    assert f"/bookings/{booking_id}" in answer.text
    assert await capacity(desk, tomorrow() + timedelta(hours=4)) == 1
    assert (await kept(desk, booking_id)).attention
    board = (await desk.browser.get(f"{BOARD}?day={tomorrow():%Y-%m-%d}")).text
    assert "Look at this" in board
    back = await desk.browser.send(f"{BOARD}/technicians/{who}/status", status="active")
    assert "takes work again" in back.text
    again = await desk.browser.send(f"{BOARD}/technicians/{who}/status", status="active")
    assert "It was so already." in again.text


@pytest.mark.parametrize(
    ("times", "hours_free"),
    [({}, [0, 12, 23]), ({"start_time": "10:00", "end_time": "12:00"}, [10, 11])],
    ids=["a whole day", "two hours"],
)
async def test_time_off_is_added(desk: Site, times: dict[str, str], hours_free: list[int]) -> None:
    day = f"{tomorrow():%Y-%m-%d}"
    path = f"{BOARD}/technicians/t-ben/time-off"
    answer = await desk.browser.send(path, start_date=day, end_date=day, reason="A wedding", **times)
    assert "Ben has time off." in answer.text
    assert "A wedding" in answer.text
    assert {hour: await capacity(desk, tomorrow().replace(hour=hour)) for hour in hours_free if hour != 23} == {
        hour: 1 for hour in hours_free if hour != 23
    }


@pytest.mark.parametrize(
    ("path", "fields", "words"),
    [
        ("t-ben/status", {"status": "asleep"}, "give one of active, off"),
        ("t-ben/time-off", {"start_date": "soon", "end_date": "later"}, "give a date such as"),
        ("t-ben/time-off", {"start_date": "2026-01-02", "end_date": "2026-01-01"}, "after start"),
    ],
)
async def test_what_makes_no_sense_changes_nothing(desk: Site, path: str, fields: dict[str, str], words: str) -> None:
    answer = await desk.browser.send(f"{BOARD}/technicians/{path}", **fields)
    assert answer.status_code == 422
    assert words in answer.text
    told = await desk.schedules.app.technicians.list_technicians(None)
    assert {one.technician.status for one in told.technicians} == {TechnicianStatus.ACTIVE}
    assert all(one.time_off == () for one in told.technicians)


async def test_nobody_of_that_id_is_a_page_that_says_so(desk: Site) -> None:
    answer = await desk.browser.send(f"{BOARD}/technicians/t-max/status", status="off")
    assert answer.status_code == 404
    assert "t-max" in answer.text
