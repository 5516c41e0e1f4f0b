"""The reason that callers hear is true of the technicians who could do the job."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from slotmcp.domain.catalog import DateOverride, Technician, TechnicianStatus, TimeOff
from slotmcp.domain.recurrence import WallSpan
from slotmcp.project_file import read_project_file
from slotmcp.project_file.packaged import sample_text
from slotmcp.services.imports import ProjectPlan
from support.denver import ANA, BEN, FURNACE, PLAN, PROJECT, SUNDAY_NOON_MS, weekly
from support.server import Caller, open_caller

THANKSGIVING = date(2026, 11, 26)
OUTSIDE_HOURS = "That's outside our hours."


@pytest.fixture
async def sample(tmp_path: Path) -> AsyncIterator[Caller]:
    plan = read_project_file(sample_text(), source="sample", now_ms=SUNDAY_NOON_MS).plan
    async with open_caller(tmp_path / "sample.db", plan, now_ms=SUNDAY_NOON_MS) as opened:
        yield opened


@pytest.mark.parametrize(
    ("service", "start", "spoken"),
    [
        ("furnace-tune-up", "2026-12-01T19:30", OUTSIDE_HOURS),
        ("heat-pump-install", "2026-12-05T15:00", OUTSIDE_HOURS),
        ("duct-cleaning", "2026-12-05T13:00", OUTSIDE_HOURS),
        ("thermostat-setup", "2026-12-01T18:30", OUTSIDE_HOURS),
        ("thermostat-setup", "2026-12-01T23:30", "We don't do that kind of work at that time."),
        ("heat-pump-install", "2026-11-26T10:00", "We're closed that day."),
        ("furnace-tune-up", "2026-12-01T09:10", "Our appointments don't start at exactly that time."),
    ],
)
async def test_the_reason_is_that_of_the_technicians_with_the_skills(
    sample: Caller, service: str, start: str, spoken: str
) -> None:
    answer = await sample.call("explain_slot", serviceType=service, start=start)
    assert answer["result"].startswith(f"{spoken} ")
    refusal = await sample.expect_error("create_hold", serviceType=service, start=start, customerHash="kim")
    assert refusal["result"].startswith(f"I'm sorry. {spoken} ")


@pytest.mark.parametrize("start", ["2026-12-01T20:30", "2026-12-02T20:30", "2026-11-26T21:00"])
async def test_a_search_for_one_start_states_the_same_reason(sample: Caller, start: str) -> None:
    explained = await sample.call("explain_slot", serviceType="furnace-tune-up", start=start)
    until = f"{start[:-2]}{int(start[-2:]) + 1:02}"
    found = await sample.call("get_slots", serviceType="furnace-tune-up", **{"from": start, "to": until})
    assert explained["result"].partition(". ")[0] == found["result"].partition(". ")[0]


async def open_plan(path: Path, plan: ProjectPlan, service: str, start: str) -> str:
    async with open_caller(path, plan, now_ms=SUNDAY_NOON_MS) as caller:
        return str((await caller.call("explain_slot", serviceType=service, start=start))["result"])


OFF = replace(ANA, status=TechnicianStatus.OFF)
AWAY = replace(ANA, time_off=(TimeOff(start=0, end=2**31),))
LATE = replace(ANA, id="t-late", shifts=weekly(13, 20), breaks=())
BEN_WITH_GAS = replace(BEN, skills=ANA.skills, breaks=())
BEN_WITH_LUNCH = replace(BEN_WITH_GAS, breaks=weekly(12, 13))


@pytest.mark.parametrize(
    ("technicians", "start", "spoken"),
    [
        ((BEN,), "2026-11-24T10:00", "Nobody here does that kind of work."),
        ((OFF, BEN), "2026-11-24T10:00", "Nobody who does that work is available at the moment."),
        ((replace(BEN, status=TechnicianStatus.OFF),), "2026-11-24T10:00", "Nobody here does that kind of work."),
        ((AWAY, BEN), "2026-11-24T10:00", "Nobody is available then."),
        ((AWAY, LATE), "2026-11-24T10:00", "Nobody is available then."),
        (
            (AWAY, replace(BEN_WITH_GAS, breaks=weekly(12, 13))),
            "2026-11-24T11:30",
            "That's during our break",
        ),
        ((LATE, BEN), "2026-11-24T10:00", OUTSIDE_HOURS),
        ((BEN,), "2026-11-24T20:00", "Nobody here does that kind of work."),
    ],
)
async def test_a_sentence_about_everybody_is_true(
    tmp_path: Path, technicians: tuple[Technician, ...], start: str, spoken: str
) -> None:
    plan = replace(PLAN, technicians=technicians)
    assert (await open_plan(tmp_path / "slotmcp.db", plan, "furnace-check", start)).startswith(spoken)


async def test_a_free_technician_off_the_grid_is_not_called_booked(tmp_path: Path) -> None:
    plan = replace(PLAN, technicians=tuple(replace(BEN_WITH_GAS, id=f"t-{number}") for number in range(4)))
    async with open_caller(tmp_path / "slotmcp.db", plan, now_ms=SUNDAY_NOON_MS) as caller:
        for number in range(3):
            await caller.call(
                "book_slot",
                serviceType="furnace-check",
                start="2026-11-24T09:00",
                customerName=f"Kim {number}",
                customerPhone=f"+1 303 555 010{number}",
            )
        answer = await caller.call("explain_slot", serviceType="furnace-check", start="2026-11-24T09:05")
        assert answer["result"].startswith("Our appointments don't start at exactly that time.")


async def test_a_holiday_with_special_hours_is_not_called_closed(tmp_path: Path) -> None:
    window = WallSpan(start_minute=9 * 60 + 30, end_minute=11 * 60 + 30)
    ana = replace(ANA, overrides=(DateOverride(date=THANKSGIVING, windows=(window,)),))
    plan = replace(PLAN, project=replace(PROJECT, holiday_regions=("US",)), technicians=(ana, BEN_WITH_GAS))
    path = tmp_path / "slotmcp.db"
    assert await open_plan(path, plan, "furnace-check", "2026-11-26T10:00") == (
        "We're only open at other times that day. I can offer you Thursday at 9:30 in the morning instead. "
        "Would that work?"
    )


async def test_a_day_on_which_everybody_is_closed_is_called_closed(tmp_path: Path) -> None:
    plan = replace(PLAN, project=replace(PROJECT, holiday_regions=("US",)))
    spoken = await open_plan(tmp_path / "slotmcp.db", plan, "furnace-check", "2026-11-26T10:00")
    assert spoken.startswith("We're closed that day.")


@pytest.mark.parametrize(
    ("start", "spoken"),
    [
        ("2024-11-24T10:00", "That date has passed: today is Sunday, November 22, 2026."),
        ("2026-11-20T10:00", "That date has passed: today is Sunday, November 22, 2026."),
        ("2026-11-22T11:59", "That time has already passed."),
        ("2027-11-24T10:00", "We don't book that far ahead yet."),
        ("2026-12-24T10:00", "We don't book that far ahead yet."),
    ],
)
async def test_a_start_in_the_past_or_too_far_ahead_is_named_as_such(caller: Caller, start: str, spoken: str) -> None:
    assert (await caller.call("explain_slot", start=start))["result"].startswith(f"{spoken} ")
    held = await caller.expect_error("create_hold", start=start, customerHash="kim")
    booked = await caller.expect_error(
        "book_slot", start=start, customerName="Kim Doe", customerPhone="+1 303 555 0142", technicianId="t-ben"
    )
    assert held["result"].startswith(f"I'm sorry. {spoken} I do have ")
    assert booked["result"].startswith(f"I'm sorry. {spoken} I do have ")
    assert {held["reason"], booked["reason"]} <= {"past", "horizon"}
    assert held["code"] == booked["code"] == "slot_unavailable"


LONG = replace(FURNACE, duration_minutes=360)


@pytest.mark.parametrize(
    ("start", "technician_id", "spoken"),
    [
        ("2026-11-24T08:00", None, "That appointment is too long for our working hours."),
        ("2026-11-24T12:30", None, "That appointment is too long for our working hours."),
        ("2026-11-24T22:00", None, "That appointment is too long for our working hours."),
        ("2026-11-24T08:00", "t-ana", "Ana doesn't work long enough at a time for that appointment."),
    ],
)
async def test_a_job_longer_than_every_span_of_work_is_named_as_such(
    tmp_path: Path, start: str, technician_id: str | None, spoken: str
) -> None:
    async with open_caller(tmp_path / "slotmcp.db", replace(PLAN, services=(LONG,)), now_ms=SUNDAY_NOON_MS) as caller:
        wanted = {"serviceType": "furnace-check", "technicianId": technician_id}
        explained = await caller.call("explain_slot", start=start, **wanted)
        assert explained["result"].startswith(spoken)
        assert {one["code"] for one in explained["technicians"] if one["technicianId"] == "t-ana"} == {"too_long"}
        assert (await caller.call("get_slots", **wanted))["result"].startswith(spoken)


async def test_a_job_that_fits_one_technician_is_not_called_too_long(tmp_path: Path) -> None:
    plan = replace(PLAN, services=(LONG,), technicians=(ANA, BEN_WITH_GAS))
    spoken = await open_plan(tmp_path / "slotmcp.db", plan, "furnace-check", "2026-11-24T13:00")
    assert spoken.startswith(OUTSIDE_HOURS)
