"""API client against the fake Cal.com, whose requests and responses are validated with Cal.com's OpenAPI schemas."""

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
from support.calcom.office import ANA_VISIT, ATTENDEE, event_types
from support.calcom.server import API_KEY, FakeCalcom, Fault, run_fake_calcom
from support.calcom.state import CalcomState
from support.calcom.wire import output_of
from support.shop import at

SCHEMAS = json.loads((Path(__file__).parents[2] / "support" / "calcom" / "api_v2.json").read_text(encoding="utf-8"))
TEN = at("10:00")
NOW_MS = TEN * 60_000
NEW_EVENT = NewEvent(
    booking_id="b-1",
    project_id="shop",
    event_type_id=ANA_VISIT,
    start=TEN,
    length_minutes=None,
    customer=Customer(name="Kim Doe", phone="+13035550142 ext. 7", email="kim@example.com"),
    timezone="America/Denver",
    locale="en-US",
    address="1 Main St",
)


def validate(name: str, data: object) -> None:
    """Validate data with a schema of Cal.com's OpenAPI document."""
    jsonschema.validate(data, {**SCHEMAS["schemas"][name], "schemas": SCHEMAS["schemas"]})


@pytest.fixture
def calcom() -> Iterator[FakeCalcom]:
    state = CalcomState(lambda: NOW_MS)
    state.event_types = event_types()
    with run_fake_calcom(state) as calcom:
        yield calcom
        for method, path, params in calcom.requests:
            if method == "POST":
                validate("create" if path.endswith("/bookings") else path.rpartition("/")[2], params)
        for booking in calcom.state.bookings.values():
            validate("booking", output_of(booking))


@pytest.fixture
async def account(calcom: FakeCalcom) -> AsyncIterator[CalendarAccount]:
    async with CalcomCalendar(calcom.url, timeout_seconds=0.3).account(API_KEY) as opened:
        yield opened


async def test_a_booking_is_created(calcom: FakeCalcom, account: CalendarAccount) -> None:
    created = await account.create(NEW_EVENT)
    assert (created.uid, created.interval, created.booking_id) == ("uid-1", (TEN, TEN + 60), "b-1")
    (booking,) = calcom.state.live()
    assert booking.notes == "1 Main St"
    assert booking.attendee["phoneNumber"] == "+13035550142"
    assert await account.event("uid-1") == created
    assert await account.event("uid-9") is None


async def test_rescheduling_replaces_the_booking(account: CalendarAccount) -> None:
    await account.create(NEW_EVENT)
    moved = await account.reschedule("uid-1", TEN + 60, "")
    assert (moved.uid, moved.replaces, moved.start, moved.booking_id) == ("uid-2", "uid-1", TEN + 60, "b-1")
    before = await account.event("uid-1")
    assert before is not None
    assert before.status is EventStatus.REPLACED


@pytest.mark.parametrize(
    "changes",
    [
        {"location": "+13035550189"},
        {"bookingFieldsResponses": {"location": {"value": "phone", "optionValue": "+13035550189"}}},
        {"bookingFieldsResponses": {"attendeePhoneNumber": "+13035550189"}},
        {"attendees": [{"name": "Kim", "phoneNumber": "+13035550189"}]},
        {"attendees": [{"name": "Kim", "email": "13035550189@sms.cal.com"}]},
        {"attendees": [{"name": "Kim", "bookingFieldsResponses": {"phone": "+13035550189"}}]},
    ],
)
async def test_the_customers_phone_is_found_in_responses(
    calcom: FakeCalcom, account: CalendarAccount, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
) -> None:
    booking = calcom.state.book(ANA_VISIT, TEN, {"name": "Kim", "timeZone": "UTC"})
    output = {**output_of(booking), "bookingFieldsResponses": {}, **changes}
    monkeypatch.setattr("support.calcom.server.output_of", lambda _booking: output)
    found = await account.event(booking.uid)
    assert found is not None
    assert (found.customer, found.visit.address) == (Customer(name="Kim", phone="+13035550189"), "")


async def test_a_booking_is_cancelled(account: CalendarAccount) -> None:
    await account.create(NEW_EVENT)
    assert (await account.cancel("uid-1", "")).status is EventStatus.CANCELLED
    with pytest.raises(CalendarRejected):
        await account.cancel("uid-1", "")


async def test_updated_bookings_are_returned_in_order(calcom: FakeCalcom, account: CalendarAccount) -> None:
    first = calcom.state.book(ANA_VISIT, TEN, ATTENDEE)
    calcom.state.book(ANA_VISIT, TEN + 60, ATTENDEE)
    calcom.state.cancel(first.uid)
    assert [event.uid for event in await account.events_updated_after(0)] == ["uid-2", "uid-1"]
    assert [event.uid for event in await account.events_updated_after(first.updated_ms - 1)] == ["uid-1"]


@pytest.mark.parametrize("together", [1, 3, 7, 20])
async def test_paging_misses_no_bookings_with_the_same_time_of_update(
    calcom: FakeCalcom, account: CalendarAccount, together: int
) -> None:
    calcom.state.allows_overlaps = True
    for number in range(20):
        booking = calcom.state.book(ANA_VISIT, TEN, ATTENDEE)
        booking.updated_ms = NOW_MS + number // together
    seen: set[str] = set()
    after_ms, page = 0, list[CalendarEvent]()
    for _ in range(30):
        page = list(await account.events_updated_after(after_ms, limit=3))
        seen |= {event.uid for event in page}
        if len(page) < 3:
            break
        after_ms = max(after_ms + 1, page[-1].at_ms - 1)
    assert len(page) < 3, "paging ends"
    assert len(seen) == 20


async def test_busy_times_come_from_the_hosts_calendars(calcom: FakeCalcom, account: CalendarAccount) -> None:
    calcom.state.busy[7, "ana@example.com"] = [(TEN, TEN + 30)]
    host = CalcomHost(user_id=1, calendars=(ConnectedCalendar(credential_id=7, external_id="ana@example.com"),))
    assert await account.busy_times(host, (TEN, TEN + 1440)) == [(TEN, TEN + 30)]
    assert calcom.requests[-1][2]["dateFrom"] == "2025-06-02"


async def test_the_account_has_a_name(account: CalendarAccount) -> None:
    assert await account.name() == "office"


@pytest.mark.parametrize(
    ("fault", "is_outcome_unknown"),
    [
        (Fault.TOO_MANY, False),
        (Fault.ERROR_BEFORE, True),
        (Fault.ERROR_AFTER, True),
        (Fault.TIMEOUT_BEFORE, True),
        (Fault.TIMEOUT_AFTER, True),
        (Fault.DROPPED_AFTER, True),
        (Fault.MALFORMED_AFTER, True),
    ],
)
async def test_an_error_reports_whether_the_outcome_is_unknown(
    calcom: FakeCalcom, account: CalendarAccount, fault: Fault, *, is_outcome_unknown: bool
) -> None:
    calcom.faults = [fault]
    with pytest.raises(CalendarUnavailable) as error:
        await account.create(NEW_EVENT)
    assert error.value.is_outcome_unknown is is_outcome_unknown
    assert "Kim" not in error.value.message


@pytest.mark.parametrize(
    ("retry_after", "delay_ms"),
    [("7", 7_000), ("0", 0), ("", 30_000), ("soon", 30_000), ("999999999999", 3_600_000), ("Mon", 30_000)],
)
async def test_retry_after_defines_the_delay(
    calcom: FakeCalcom, account: CalendarAccount, retry_after: str, delay_ms: int
) -> None:
    calcom.faults, calcom.retry_after = [Fault.TOO_MANY], retry_after
    with pytest.raises(CalendarUnavailable) as error:
        await account.name()
    assert error.value.retry_after_ms == delay_ms


async def test_an_unreachable_server_has_no_effect() -> None:
    async with CalcomCalendar("http://127.0.0.1:9/v2").account(API_KEY) as account:
        with pytest.raises(CalendarUnavailable) as error:
            await account.create(NEW_EVENT)
    assert not error.value.is_outcome_unknown


async def test_an_invalid_api_key_is_rejected(calcom: FakeCalcom) -> None:
    async with CalcomCalendar(calcom.url).account("cal_other") as account:
        with pytest.raises(CalendarRejected, match="API key is invalid"):
            await account.name()


async def test_a_rejection_has_its_code_and_no_personal_data(calcom: FakeCalcom, account: CalendarAccount) -> None:
    calcom.state.book(ANA_VISIT, TEN, ATTENDEE)
    with pytest.raises(CalendarRejected, match=r"HTTP 400, BOOKING_CONFLICT") as error:
        await account.create(NEW_EVENT)
    assert "Kim" not in error.value.message


async def test_nothing_secret_or_personal_is_logged(account: CalendarAccount, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "slotmcp")
    await account.create(NEW_EVENT)
    assert not [word for word in (API_KEY, "Kim", "3035550142", "Main St") if word in caplog.text]


async def test_one_invalid_booking_does_not_hide_the_others(
    calcom: FakeCalcom, account: CalendarAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    calcom.state.book(ANA_VISIT, TEN, ATTENDEE)
    updated = calcom._updated  # noqa: SLF001  of the fake

    def with_an_invalid_booking(params: dict[str, str]) -> list[dict[str, Any]]:
        return [{"uid": 5}, *updated(params)]

    monkeypatch.setattr(calcom, "_updated", with_an_invalid_booking)
    assert [event.uid for event in await account.events_updated_after(0)] == ["uid-1"]
