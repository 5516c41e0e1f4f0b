"""Tests of the operators' technician tools."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from slotmcp.domain.recurrence import FloatingBreak, RecurringTimeOff, WallSpan
from slotmcp.tools.gate import Toolset
from support.denver import ANA, BEN, PLAN, SUNDAY_NOON_MS, weekly
from support.server import Body, Caller, fields, open_caller, starts
from support.sqlite_file import fingerprint

MONDAY_9, MONDAY_10 = "2026-11-23T16:00:00Z", "2026-11-23T17:00:00Z"
KIM = {"customerName": "Kim Doe", "customerPhone": "+1 303 555 0142"}
AFTERNOON = WallSpan(start_minute=14 * 60, end_minute=16 * 60)
AT_9 = {"from": MONDAY_9, "to": "2026-11-23T16:15:00Z"}


async def book(operator: Caller, start: str = MONDAY_9, technician: str = "t-ana") -> Body:
    booking: Body = (await operator.call("book_slot", start=start, technicianId=technician, **KIM))["booking"]
    return booking


async def test_every_technician_is_listed_with_their_workload(operator: Caller) -> None:
    booked = await book(operator)
    await operator.call(
        "add_time_off", technicianId="t-ben", start="2026-11-26", end="2026-11-27", reason="Thanksgiving at home"
    )
    answer = await operator.call("list_technicians")
    assert answer["result"] == "There are 2 technicians, of whom 2 take work."
    ana, ben = answer["technicians"]
    next_booking = ana.pop("nextBooking")
    assert (next_booking["bookingId"], next_booking["attention"]) == (booked["bookingId"], "")
    assert ana == {
        "technicianId": "t-ana",
        "name": "Ana",
        "status": "active",
        "timezone": "America/Denver",
        "priority": 1,
        "skills": ["gas", "hvac"],
        "bookingsToday": 0,
        "bookingsThisWeek": 1,
        "timeOff": [],
    }
    assert "nextBooking" not in ben
    assert ben["timeOff"] == [
        {
            "start": "2026-11-26T07:00:00Z",
            "end": "2026-11-28T07:00:00Z",
            "startLocal": "2026-11-26T00:00:00-07:00",
            "endLocal": "2026-11-28T00:00:00-07:00",
            "reason": "Thanksgiving at home",
            "byOperator": True,
        }
    ]


async def test_the_next_recurring_times_of_a_technician_are_listed(tmp_path: Path) -> None:
    """It is Sunday, November 22, 12:00."""
    every_second_friday = RecurringTimeOff(
        rrule="FREQ=WEEKLY;INTERVAL=2;BYDAY=FR",
        first=date(2026, 11, 20),
        span=WallSpan(start_minute=720, end_minute=1020),
        reason="school",
    )
    (all_day,), (late,), (lunch,) = weekly(8, 18), weekly(18, 24), weekly(12, 13)
    recurring = replace(
        ANA,
        shifts=tuple(replace(span, days=frozenset(range(7))) for span in (all_day,)),
        breaks=(replace(lunch, days=frozenset({6})),),
        floating_breaks=(FloatingBreak(window=replace(lunch, days=frozenset({6}), span=AFTERNOON), minutes=30),),
        on_call=(late,),
        recurring_time_off=(every_second_friday,),
    )
    team, path = replace(PLAN, technicians=(recurring, BEN)), tmp_path / "slotmcp.db"
    async with open_caller(path, team, now_ms=SUNDAY_NOON_MS, toolset=Toolset.OPERATOR) as operator:
        ana, ben = (await operator.call("list_technicians"))["technicians"]
    assert ana["recurringTimeOff"] == [{**local("2026-12-04T12:00", "2026-12-04T17:00"), "reason": "school"}]
    assert ana["onCall"] == [local(f"2026-11-{day}T18:00", f"2026-11-{day + 1}T00:00") for day in (23, 24, 25)]
    assert ana["breaksToday"] == [local("2026-11-22T12:00", "2026-11-22T13:00")]
    (floating,) = ana["floatingBreaksToday"]
    assert floating == {
        **local("2026-11-22T14:00", "2026-11-22T16:00"),
        "minutes": 30,
        "fitsAtLocal": "2026-11-22T14:00:00-07:00",
    }
    assert not ben.keys() & {"recurringTimeOff", "onCall", "floatingBreaksToday"}


def local(start: str, end: str) -> Body:
    return {"startLocal": f"{start}:00-07:00", "endLocal": f"{end}:00-07:00"}


async def test_an_inactive_technician_is_not_offered_and_their_bookings_are_listed(operator: Caller) -> None:
    booked = await book(operator)
    answer = await operator.call("set_technician_status", technicianId="t-ana", status="off")
    assert answer["result"] == (
        "Ana takes no work now. One booking is kept and needs attention. "
        "Another technician could take one of them at its time."
    )
    assert (answer["status"], answer["changed"]) == ("off", True)
    (listed,) = answer["bookings"]
    assert (listed["bookingId"], listed["status"]) == (booked["bookingId"], "confirmed")
    assert (listed["attention"], listed["causes"]) == ("The technician is off.", ["technician_off"])
    assert listed["couldTake"] == ["t-ben"]
    (slot,) = (await operator.call("get_slots", **AT_9))["slots"]
    assert slot["candidates"] == [{"technicianId": "t-ben"}]
    (ana, _) = (await operator.call("list_technicians"))["technicians"]
    assert ana["nextBooking"]["attention"] == "The technician is off."
    back = await operator.call("set_technician_status", technicianId="t-ana", status="active")
    assert (back["result"], back["bookings"]) == ("Ana takes work now.", [])


async def test_held_times_are_reassigned_or_withdrawn_and_booking_reports_it(operator: Caller) -> None:
    tokens = [(await operator.call("create_hold", start=MONDAY_9, customerHash=who))["holdToken"] for who in ("a", "b")]
    await operator.call("release_hold", holdToken=tokens.pop())
    moved = await operator.call("set_technician_status", technicianId="t-ana", status="off")
    assert moved["result"] == "Ana takes no work now. One held time went to somebody else."
    gone = await operator.call("add_time_off", technicianId="t-ben", start="2026-11-23", end="2026-11-23")
    assert gone["result"] == "Ben has that time off now. One held time had to be withdrawn."
    assert (gone["holdsMoved"], gone["holdsWithdrawn"]) == (0, 1)
    error = await operator.expect_error("book_slot", holdToken=tokens[0], **KIM)
    assert error["code"] == "hold_expired"
    assert error["result"].startswith("I'm sorry, nobody can make that time anymore. I do have Tuesday at 8")
    assert starts(error["alternatives"])[0] == "2026-11-24T15:00:00Z"


KEN = replace(BEN, id="t-ken", name="Ken", timezone="Asia/Tokyo")
FAR_TEAM = replace(PLAN, technicians=(ANA, KEN))


@pytest.mark.parametrize(
    ("locale", "sentence"),
    [
        ("en-US", "Ken has that time off now, in Tokyo time."),
        ("en-GB", "Ken has that time off now, in Tokyo time."),
        ("es", "La ausencia de Ken queda registrada, en la hora de Tokio."),
        ("fr", "L'absence de Ken est enregistrée, selon l'heure locale (Tokyo)."),
        ("de", "Die Abwesenheit von Ken ist eingetragen, nach der Ortszeit in Tokio."),
    ],
)
async def test_a_day_off_is_the_technicians_day_and_the_answer_says_so(
    tmp_path: Path, locale: str, sentence: str
) -> None:
    path = tmp_path / "far.db"
    async with open_caller(path, FAR_TEAM, now_ms=SUNDAY_NOON_MS, toolset=Toolset.OPERATOR) as operator:
        answer = await operator.call(
            "add_time_off", technicianId="t-ken", start="2026-11-25", end="2026-11-25", locale=locale
        )
        assert answer["result"] == sentence
        assert answer["timezone"] == answer["clock"]["timezone"] == "Asia/Tokyo"
        assert answer["timeOff"] == [
            {
                "start": "2026-11-24T15:00:00Z",
                "end": "2026-11-25T15:00:00Z",
                "startLocal": "2026-11-25T00:00:00+09:00",
                "endLocal": "2026-11-26T00:00:00+09:00",
                "byOperator": True,
            }
        ]
        (_, ken) = (await operator.call("list_technicians"))["technicians"]
        assert (ken["timezone"], ken["timeOff"]) == ("Asia/Tokyo", answer["timeOff"])


async def test_a_day_off_in_the_project_zone_needs_no_zone(operator: Caller) -> None:
    answer = await operator.call("add_time_off", technicianId="t-ben", start="2026-11-25", end="2026-11-25")
    assert answer["result"] == "Ben has that time off now."
    assert answer["timeOff"][0]["startLocal"] == "2026-11-25T00:00:00-07:00"


async def test_a_repeated_absence_changes_nothing(operator: Caller) -> None:
    arguments = {"technicianId": "t-ana", "start": MONDAY_9, "end": MONDAY_10, "reason": "Dentist"}
    await operator.call("add_time_off", **arguments)
    await operator.call("set_technician_status", technicianId="t-ben", status="off")
    before = fingerprint(operator.path)
    assert not (await operator.call("add_time_off", **arguments))["changed"]
    assert not (await operator.call("set_technician_status", technicianId="t-ben", status="off"))["changed"]
    assert fingerprint(operator.path) == before


@pytest.mark.parametrize(
    "tool", ["list_technicians", "set_technician_status", "add_time_off", "list_waitlist", "get_metrics"]
)
async def test_callers_cannot_call_the_technician_tools(caller: Caller, tool: str) -> None:
    assert tool not in {listed.name for listed in await caller.server.list_tools()}


async def test_an_unknown_technician_is_not_found(operator: Caller) -> None:
    for tool, more in (
        ("set_technician_status", {"status": "off"}),
        ("add_time_off", {"start": MONDAY_9, "end": MONDAY_10}),
    ):
        error = await operator.expect_error(tool, technicianId="t-anna", **more)
        assert (error["code"], fields(error), error["nearest"][0]) == ("not_found", ["technicianId"], "t-ana")
