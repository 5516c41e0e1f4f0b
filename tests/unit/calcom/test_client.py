"""API v2 as it is asked and answers, against the stand-in, whose words are held to Cal.com's own document."""

import json
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from slotmcp.calcom.client import CalcomCalendar
from slotmcp.domain.booking import Customer
from slotmcp.domain.calcom import CalcomHost, ConnectedCalendar
from slotmcp.domain.calendar import CalendarEvent, EventStatus
from slotmcp.ports.calendar import CalendarAccount, CalendarRejected, CalendarUnavailable, NewEvent
from support.calcom.office import ANAS, ATTENDEE, event_types
from support.calcom.server import API_KEY, Fault, StandIn, standing_in
from support.calcom.state import World
from support.calcom.wire import output_of
from support.shop import at

SCHEMAS = json.loads((Path(__file__).parents[2] / "support" / "calcom" / "api_v2.json").read_text(encoding="utf-8"))
TEN = at("10:00")
NOW_MS = TEN * 60_000
ORDER = NewEvent(
    booking_id="b-1",
    project_id="shop",
    event_type_id=ANAS,
    start=TEN,
    length_minutes=None,
    customer=Customer(name="Kim Doe", phone="+13035550142 ext. 7", email="kim@example.com"),
    timezone="America/Denver",
    locale="en-US",
    address="1 Main St",
)


def check(name: str, said: object) -> None:
    """Hold what is said to the document."""
    jsonschema.validate(said, {**SCHEMAS["schemas"][name], "schemas": SCHEMAS["schemas"]})


@pytest.fixture
def calcom() -> Iterator[StandIn]:
    world = World(lambda: NOW_MS)
    world.event_types = event_types()
    with standing_in(world) as stand_in:
        yield stand_in
        for method, path, asked in stand_in.asked:
            if method == "POST":
                check("create" if path.endswith("/bookings") else path.rpartition("/")[2], asked)
        for booking in stand_in.world.bookings.values():
            check("booking", output_of(booking))


@pytest.fixture
async def account(calcom: StandIn) -> AsyncIterator[CalendarAccount]:
    async with CalcomCalendar(calcom.url, timeout_seconds=0.3).account(API_KEY) as opened:
        yield opened


async def test_what_is_ordered_is_made(calcom: StandIn, account: CalendarAccount) -> None:
    made = await account.create(ORDER)
    assert (made.uid, made.interval, made.booking_id) == ("uid-1", (TEN, TEN + 60), "b-1")
    (booking,) = calcom.world.live()
    assert booking.notes == "1 Main St"
    assert booking.attendee["phoneNumber"] == "+13035550142"
    assert await account.event("uid-1") == made
    assert await account.event("uid-9") is None


async def test_a_move_is_another_event_that_replaces_the_first(account: CalendarAccount) -> None:
    await account.create(ORDER)
    moved = await account.reschedule("uid-1", TEN + 60, "")
    assert (moved.uid, moved.replaces, moved.start, moved.booking_id) == ("uid-2", "uid-1", TEN + 60, "b-1")
    before = await account.event("uid-1")
    assert before is not None
    assert before.status is EventStatus.REPLACED


async def test_what_is_called_off_is_over(account: CalendarAccount) -> None:
    await account.create(ORDER)
    assert (await account.cancel("uid-1", "")).status is EventStatus.CANCELLED
    with pytest.raises(CalendarRejected):
        await account.cancel("uid-1", "")


async def test_the_feed_tells_what_was_updated_in_order(calcom: StandIn, account: CalendarAccount) -> None:
    first = calcom.world.book(ANAS, TEN, ATTENDEE)
    calcom.world.book(ANAS, TEN + 60, ATTENDEE)
    calcom.world.cancel(first.uid)
    assert [one.uid for one in await account.events_updated_after(0)] == ["uid-2", "uid-1"]
    assert [one.uid for one in await account.events_updated_after(first.updated_ms - 1)] == ["uid-1"]


@pytest.mark.parametrize("together", [1, 3, 7, 20])
async def test_paged_nothing_is_missed_even_of_what_was_updated_at_once(
    calcom: StandIn, account: CalendarAccount, together: int
) -> None:
    calcom.world.allows_overlaps = True
    for number in range(20):
        booking = calcom.world.book(ANAS, TEN, ATTENDEE)
        booking.updated_ms = NOW_MS + number // together
    seen: set[str] = set()
    after_ms, page = 0, list[CalendarEvent]()
    for _ in range(30):
        page = list(await account.events_updated_after(after_ms, limit=3))
        seen |= {one.uid for one in page}
        if len(page) < 3:
            break
        after_ms = max(after_ms + 1, page[-1].at_ms - 1)
    assert len(page) < 3, "it comes to an end"
    assert len(seen) == 20


async def test_busy_times_are_those_of_the_hosts_calendars(calcom: StandIn, account: CalendarAccount) -> None:
    calcom.world.busy[7, "ana@example.com"] = [(TEN, TEN + 30)]
    host = CalcomHost(user_id=1, calendars=(ConnectedCalendar(credential_id=7, external_id="ana@example.com"),))
    assert await account.busy_times(host, (TEN, TEN + 1440)) == [(TEN, TEN + 30)]
    assert calcom.asked[-1][2]["dateFrom"] == "2025-06-02"


async def test_it_says_whose_account_it_is(account: CalendarAccount) -> None:
    assert await account.name() == "office"


@pytest.mark.parametrize(
    ("fault", "is_outcome_unknown"),
    [
        (Fault.TOO_MANY, False),
        (Fault.BROKEN_BEFORE, True),
        (Fault.BROKEN_AFTER, True),
        (Fault.SILENT_BEFORE, True),
        (Fault.SILENT_AFTER, True),
        (Fault.DROPPED_AFTER, True),
        (Fault.NONSENSE_AFTER, True),
    ],
)
async def test_it_is_told_whether_it_may_have_heard(
    calcom: StandIn, account: CalendarAccount, fault: Fault, *, is_outcome_unknown: bool
) -> None:
    calcom.faults = [fault]
    with pytest.raises(CalendarUnavailable) as told:
        await account.create(ORDER)
    assert told.value.is_outcome_unknown is is_outcome_unknown
    assert "Kim" not in told.value.message


@pytest.mark.parametrize(
    ("said", "waits_ms"),
    [("7", 7_000), ("0", 0), ("", 30_000), ("soon", 30_000), ("999999999999", 3_600_000), ("Mon", 30_000)],
)
async def test_how_long_to_wait_is_what_it_says(
    calcom: StandIn, account: CalendarAccount, said: str, waits_ms: int
) -> None:
    calcom.faults, calcom.retry_after = [Fault.TOO_MANY], said
    with pytest.raises(CalendarUnavailable) as told:
        await account.name()
    assert told.value.retry_after_ms == waits_ms


async def test_a_server_that_is_not_there_did_nothing() -> None:
    async with CalcomCalendar("http://127.0.0.1:9/v2").account(API_KEY) as account:
        with pytest.raises(CalendarUnavailable) as told:
            await account.create(ORDER)
    assert not told.value.is_outcome_unknown


async def test_a_key_that_is_not_good_is_refused(calcom: StandIn) -> None:
    async with CalcomCalendar(calcom.url).account("cal_other") as account:
        with pytest.raises(CalendarRejected, match="API key is invalid"):
            await account.name()


async def test_a_refusal_says_its_code_and_nobodys_name(calcom: StandIn, account: CalendarAccount) -> None:
    calcom.world.book(ANAS, TEN, ATTENDEE)
    with pytest.raises(CalendarRejected, match=r"HTTP 400, BOOKING_CONFLICT") as told:
        await account.create(ORDER)
    assert "Kim" not in told.value.message


async def test_nothing_secret_or_personal_is_logged(account: CalendarAccount, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "slotmcp")
    await account.create(ORDER)
    assert not [word for word in (API_KEY, "Kim", "3035550142", "Main St") if word in caplog.text]


async def test_one_odd_booking_does_not_hide_the_others(
    calcom: StandIn, account: CalendarAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    calcom.world.book(ANAS, TEN, ATTENDEE)
    feed = calcom._feed  # noqa: SLF001  the stand-in is ours

    def with_an_odd_one(asked: dict[str, str]) -> list[dict[str, Any]]:
        return [{"uid": 5}, *feed(asked)]

    monkeypatch.setattr(calcom, "_feed", with_an_odd_one)
    assert [one.uid for one in await account.events_updated_after(0)] == ["uid-1"]
