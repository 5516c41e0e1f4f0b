"""Changes in the dashboard take effect for callers immediately."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from interfaces.dashboard.test_board import ANA, BOARD, BUSINESS, book, minute_of, tomorrow
from slotmcp.domain.booking import Answer, Booking, BookingStatus, Customer
from slotmcp.domain.booking_rules import ServiceQuestion
from slotmcp.domain.catalog import TechnicianStatus
from slotmcp.services.booking_requests import BookRequest
from slotmcp.services.hold_rules import HoldRequest
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


async def stored(site: Site, booking_id: str) -> Booking:
    booking = await site.schedules.app.bookings._store.booking(TWO.project.id, booking_id)  # noqa: SLF001  the stored row
    assert booking is not None
    return booking


async def send(site: Site, booking_id: str, action: str, **fields: str) -> httpx2.Response:
    return await site.browser.send(f"{BOARD}/bookings/{booking_id}/{action}", **fields)


def form_time(when: datetime) -> dict[str, str]:
    return {"date": f"{when:%Y-%m-%d}", "time": f"{when:%H:%M}"}


async def test_a_booking_page_shows_its_details(desk: Site) -> None:
    booking_id = await book(desk, tomorrow())
    page = (await desk.browser.get(f"{BOARD}/bookings/{booking_id}")).text
    for words in ("Kim &lt;script&gt;", "AC repair", "09:00 to 10:00", "+13035550142", "Ana &lt;b&gt;", "Confirmed"):
        assert words in page


async def test_a_booking_page_shows_the_answers_after_their_questions(tmp_path: Path) -> None:
    asked = ServiceQuestion(id="pets", ask="Any <pets>?", is_required=True)
    curious = replace(TWO, services=tuple(replace(service, questions=(asked,)) for service in TWO.services))
    async with open_site(tmp_path, curious) as site:
        await site.browser.log_in(await site.key())
        booked = await site.schedules.app.bookings.book_slot(
            BookRequest(
                service_id="ac-repair",
                start=minute_of(tomorrow()),
                customer=Customer(name="Kim", phone="+1 303 555 0142"),
                answers=(Answer(question_id="pets", text="a <dog>"),),
            )
        )
        path = f"{BOARD}/bookings/{booked.booking.id}"
        assert "<dt>Any &lt;pets&gt;?</dt><dd>a &lt;dog&gt;</dd>" in (await site.browser.get(path)).text
        await site.schedules.app.projects.import_project(TWO, prune=False)
        assert "<dt>pets</dt><dd>a &lt;dog&gt;</dd>" in (await site.browser.get(path)).text


async def test_the_form_moves_a_booking_and_frees_its_time(desk: Site) -> None:
    when, later = tomorrow(), tomorrow() + timedelta(hours=3)
    booking_id = await book(desk, when)
    assert await capacity(desk, when) == 1
    answer = await send(desk, booking_id, "move", **form_time(later))
    assert answer.url.path == f"/dashboard{BOARD}/bookings/{booking_id}"
    assert "Booking moved." in answer.text
    assert (await stored(desk, booking_id)).claim.start == minute_of(later)
    assert (await capacity(desk, when), await capacity(desk, later)) == (2, 1)


async def test_a_dragged_booking_moves_to_the_time_and_technician(desk: Site) -> None:
    when, later = tomorrow(), tomorrow() + timedelta(hours=1, minutes=30)
    booking_id = await book(desk, when)
    minute = str(minute_of(later))
    answer = await send(desk, booking_id, "move", minute=minute, technician="t-ben", back="board")
    assert answer.url.path == f"/dashboard{BOARD}"
    assert re.search("Booking moved to .+: Kim &lt;script&gt; with Ben", answer.text)
    claim = (await stored(desk, booking_id)).claim
    assert (claim.start, claim.technician_id) == (minute_of(later), "t-ben")
    assert await capacity(desk, when) == 2
    assert await capacity(desk, later) == 1, "no hold remains"


async def test_a_booking_shorter_than_its_service_moves_to_another_technician(desk: Site) -> None:
    when, later = tomorrow(), tomorrow() + timedelta(hours=1, minutes=30)
    booking_id = await book(desk, when)
    services = tuple(replace(service, duration_minutes=150) for service in TWO.services)
    await desk.schedules.app.projects.import_project(replace(TWO, services=services), prune=False)
    await send(desk, booking_id, "move", minute=str(minute_of(later)), technician="t-ben", back="board")
    claim = (await stored(desk, booking_id)).claim
    assert (claim.start, claim.end - claim.start, claim.technician_id) == (minute_of(later), 60, "t-ben")


async def test_an_unavailable_time_keeps_the_booking_and_offers_alternatives(desk: Site) -> None:
    when, taken = tomorrow(), tomorrow() + timedelta(hours=2)
    booking_id = await book(desk, when)
    for _ in range(2):
        await desk.schedules.app.holds.create_hold(
            HoldRequest(start=minute_of(taken), service_id="ac-repair", customer_reference="")
        )
    answer = await send(desk, booking_id, "move", **form_time(taken))
    assert answer.status_code == 409
    assert "stays as it was" in answer.text
    assert "Ben is held for another caller." in answer.text
    assert 'name="minute" value="' in answer.text
    assert (await stored(desk, booking_id)).claim.start == minute_of(when)


async def test_an_unavailable_technician_keeps_the_booking_without_a_hold(desk: Site) -> None:
    when = tomorrow()
    first, second = await book(desk, when), await book_another(desk, when)
    technicians = {id_: (await stored(desk, id_)).claim.technician_id for id_ in (first, second)}
    answer = await send(desk, first, "move", **form_time(when), technician=technicians[second])
    assert answer.status_code == 409
    name = {"t-ana": "Ana &lt;b&gt;", "t-ben": "Ben"}[technicians[second]]
    assert re.findall("<li>(.* is booked.)</li>", answer.text) == [f"{name} is booked."]
    assert (await stored(desk, first)).claim.technician_id == technicians[first]
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
        {"date": "2999-01-01", "time": "10:00", "technician": "unknown"},
    ],
)
async def test_an_invalid_move_is_rejected(desk: Site, fields: dict[str, str]) -> None:
    when = tomorrow()
    booking_id = await book(desk, when)
    answer = await send(desk, booking_id, "move", **fields)
    assert answer.status_code == 409
    assert 'role="alert"' in answer.text
    assert (await stored(desk, booking_id)).claim.start == minute_of(when)


async def test_a_cancelled_booking_cannot_be_moved(desk: Site) -> None:
    booking_id = await book(desk, tomorrow())
    answer = await send(desk, booking_id, "cancel", reason="moved away")
    assert "Booking canceled." in answer.text
    assert "moved away" in answer.text
    assert await capacity(desk, tomorrow()) == 2
    again = await send(desk, booking_id, "move", **form_time(tomorrow() + timedelta(hours=2)))
    assert again.status_code == 409
    assert "cancelled" in again.text


async def test_an_outcome_cannot_be_set_before_the_booking_begins(desk: Site) -> None:
    ahead = await book(desk, tomorrow())
    early = await send(desk, ahead, "status", status="completed")
    assert early.status_code == 409
    assert "has not begun yet" in early.text
    wrong = await send(desk, ahead, "status", status="confirmed")
    assert wrong.status_code == 422
    assert (await stored(desk, ahead)).status is BookingStatus.CONFIRMED


async def test_an_unknown_booking_is_not_found(desk: Site) -> None:
    for action in ("", "/move", "/cancel"):
        path = f"{BOARD}/bookings/01AAAAAAAAAAAAAAAAAAAAAAAA{action}"
        answer = await (desk.browser.send(path, minute="1") if action else desk.browser.get(path))
        assert answer.status_code == 404
        assert "no booking with that ID" in answer.text


async def test_an_unavailable_technician_is_not_offered_and_their_bookings_are_listed(desk: Site) -> None:
    booking_id = await book(desk, tomorrow())
    technician_id = (await stored(desk, booking_id)).claim.technician_id
    answer = await desk.browser.send(f"{BOARD}/technicians/{technician_id}/status", status="off")
    assert "is unavailable from now on." in answer.text
    assert f"/bookings/{booking_id}" in answer.text
    assert await capacity(desk, tomorrow() + timedelta(hours=4)) == 1
    assert (await stored(desk, booking_id)).attention
    board = (await desk.browser.get(f"{BOARD}?day={tomorrow():%Y-%m-%d}")).text
    assert "Needs attention" in board
    back = await desk.browser.send(f"{BOARD}/technicians/{technician_id}/status", status="active")
    assert "is available again." in back.text
    again = await desk.browser.send(f"{BOARD}/technicians/{technician_id}/status", status="active")
    assert "Nothing changed." in again.text


@pytest.mark.parametrize(
    ("times", "hours_free"),
    [({}, [0, 12, 23]), ({"start_time": "10:00", "end_time": "12:00"}, [10, 11])],
    ids=["a whole day", "two hours"],
)
async def test_time_off_is_added(desk: Site, times: dict[str, str], hours_free: list[int]) -> None:
    day = f"{tomorrow():%Y-%m-%d}"
    path = f"{BOARD}/technicians/t-ben/time-off"
    answer = await desk.browser.send(path, start_date=day, end_date=day, reason="A wedding", **times)
    assert "Time off added for Ben." in answer.text
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
async def test_an_invalid_change_is_rejected(desk: Site, path: str, fields: dict[str, str], words: str) -> None:
    answer = await desk.browser.send(f"{BOARD}/technicians/{path}", **fields)
    assert answer.status_code == 422
    assert words in answer.text
    listed = await desk.schedules.app.technicians.list_technicians(None)
    assert {load.technician.status for load in listed.technicians} == {TechnicianStatus.ACTIVE}
    assert all(load.time_off == () for load in listed.technicians)


async def test_an_unknown_technician_is_not_found(desk: Site) -> None:
    answer = await desk.browser.send(f"{BOARD}/technicians/t-max/status", status="off")
    assert answer.status_code == 404
    assert "t-max" in answer.text


async def test_bookings_that_an_import_affects_are_listed_until_they_fit_again(desk: Site) -> None:
    booking_id = await book(desk, tomorrow())
    technician_id = (await stored(desk, booking_id)).claim.technician_id
    other = {"t-ana": "Ben", "t-ben": "Ana &lt;b&gt;"}[technician_id]
    team = tuple(
        replace(one, status=TechnicianStatus.OFF) if one.id == technician_id else one for one in TWO.technicians
    )
    assert "attention" not in (await desk.browser.get(BOARD)).text.replace("#attention", "")
    projects = desk.schedules.app.projects
    await projects.import_project(replace(TWO, technicians=team), prune=False)
    page = (await desk.browser.get(f"{BOARD}/technicians")).text
    assert f"/bookings/{booking_id}" in page
    assert "The technician is unavailable." in page
    assert f"{other} could take it." in page
    assert "1 booking needs attention." in (await desk.browser.get(BOARD)).text
    everyone_off = tuple(replace(one, status=TechnicianStatus.OFF) for one in TWO.technicians)
    await projects.import_project(replace(TWO, technicians=everyone_off), prune=False)
    assert "No other technician could take it then." in (await desk.browser.get(f"{BOARD}/technicians")).text
    await projects.import_project(TWO, prune=False)
    assert "could take it." not in (await desk.browser.get(f"{BOARD}/technicians")).text
    assert "1 booking needs attention." not in (await desk.browser.get(BOARD)).text


async def test_time_off_is_shown_and_entered_in_the_technicians_zone(tmp_path: Path) -> None:
    ken = replace(BEN, id="t-ken", name="Ken", timezone="Asia/Tokyo")
    async with open_site(tmp_path, replace(TWO, technicians=(ANA, ken))) as site:
        await site.browser.log_in(await site.key())
        page = (await site.browser.get(f"{BOARD}/technicians")).text
        assert page.count("Dates and times are in Asia/Tokyo.") == 1
        day = tomorrow() + timedelta(days=2)
        path = f"{BOARD}/technicians/t-ken/time-off"
        added = await site.browser.send(path, start_date=f"{day:%Y-%m-%d}", end_date=f"{day:%Y-%m-%d}")
        assert f"{day:%a %b} {day.day}</span>" in added.text, "it is a whole day in Tokyo"
