"""Gaps are described in ranked sentences, with consecutive equal hours combined."""

import pytest

from slotmcp.domain.report import (
    ExtraHour,
    ExtraSkills,
    ExtraTechnician,
    Gap,
    GapChange,
    Gaps,
    RelaxedRule,
    WithoutRule,
)
from slotmcp.domain.schedule import Schedule, TechnicianSchedule
from slotmcp.web.dashboard.gaps import GapRow, gap_rows
from support.shop import VISIT, plan, technician

ANA = technician("ana", "09:00-17:00")


def rows(*gaps: tuple[GapChange, int]) -> list[GapRow]:
    schedule = Schedule(
        project=plan().project,
        services={"visit": VISIT},
        technician_schedules={"ana": TechnicianSchedule(technician=ANA)},
        revision=1,
    )
    ranked = tuple(Gap(change=change, won=won) for change, won in gaps)
    return gap_rows(Gaps(lost=9, had_alternatives=2, gaps=ranked), schedule)


def hour(weekday: int, hour: int, technician_id: str = "ana") -> ExtraHour:
    return ExtraHour(technician_id=technician_id, weekday=weekday, hour=hour)


def test_each_change_is_a_sentence() -> None:
    result = rows(
        (ExtraTechnician(service_id="visit", like_technician_id="ana"), 4),
        (hour(1, 17), 2),
        (ExtraSkills(technician_id="ana", skills=("gas", "hvac", "ducts")), 1),
    )
    assert [f"{row['change']}, {row['won']}." for row in result] == [
        "With one more technician for Visit, on Ana's shifts, 4 more callers would have booked.",
        "If Ana also worked Tuesdays 17:00-18:00, 2 more callers would have booked.",
        "If Ana learned gas, hvac and ducts, 1 more caller would have booked.",
    ]
    assert [row["percent"] for row in result] == [100, 50, 25]


@pytest.mark.parametrize(
    ("rule", "subject_id", "sentence"),
    [
        (RelaxedRule.RESERVE, "visit", "Without the reserve of Visit for emergencies"),
        (RelaxedRule.BOOKABLE_HOURS, "visit", "If Visit could start whenever a technician works"),
        (RelaxedRule.NOTICE, "visit", "If Visit could be booked without notice"),
        (RelaxedRule.SERVICE_DAY_MAXIMUM, "visit", "Without the daily limit of Visit"),
        (RelaxedRule.TECHNICIAN_DAY_MAXIMUM, "ana", "Without Ana's daily limit"),
        (RelaxedRule.BREAKS, "ana", "Without Ana's breaks"),
        (RelaxedRule.AREA_TECHNICIANS, "hills", "If every technician served the area hills"),
        (RelaxedRule.AREA_DAYS, "hills", "If the area hills were served every day"),
        (RelaxedRule.OUTSIDE_AREAS, "", "If addresses outside the areas were accepted"),
    ],
)
def test_the_absence_of_each_rule_is_a_sentence(rule: RelaxedRule, subject_id: str, sentence: str) -> None:
    (row,) = rows((WithoutRule(rule=rule, subject_id=subject_id), 4))
    assert f"{row['change']}, {row['won']}." == f"{sentence}, 4 more callers would have booked."


def test_consecutive_hours_with_equal_gains_are_combined() -> None:
    result = rows(
        (hour(1, 17), 3), (hour(1, 18), 1), (hour(1, 19), 1), (hour(1, 21), 1), (hour(2, 22), 1), (hour(2, 23), 1)
    )
    assert [str(row["change"]).removeprefix("If Ana also worked ") for row in result] == [
        "Tuesdays 17:00-18:00",
        "one hour on Tuesdays between 18:00 and 20:00",
        "Tuesdays 21:00-22:00",
        "one hour on Wednesdays between 22:00 and 24:00",
    ]


def test_a_removed_technician_is_named_by_id() -> None:
    (row,) = rows((hour(6, 0, "old-ben"), 1))
    assert row["change"] == "If old-ben also worked Sundays 00:00-01:00"
