"""Gaps as sentences: ranked, with names, and no hour after hour of the same."""

from slotmcp.domain.report import ExtraHour, ExtraSkills, ExtraTechnician, Gap, GapChange, Gaps
from slotmcp.domain.schedule import Schedule, TechnicianSchedule
from slotmcp.services.reporting.reports import GapsAnswer
from slotmcp.web.dashboard.gap_views import GapRow, gaps_view
from support.shop import VISIT, plan, technician

ANA = technician("ana", "09:00-17:00")


def rows(*gaps: tuple[GapChange, int]) -> list[GapRow]:
    schedule = Schedule(
        project=plan().project,
        services={"visit": VISIT},
        technician_schedules={"ana": TechnicianSchedule(technician=ANA)},
        revision=1,
    )
    found = tuple(Gap(change=change, won=won) for change, won in gaps)
    return list(gaps_view(GapsAnswer(schedule=schedule, gaps=Gaps(lost=9, had_alternatives=2, gaps=found))).rows)


def hour(weekday: int, hour: int, technician_id: str = "ana") -> ExtraHour:
    return ExtraHour(technician_id=technician_id, weekday=weekday, hour=hour)


def test_each_change_is_a_sentence() -> None:
    told = rows(
        (ExtraTechnician(service_id="visit", like_technician_id="ana"), 4),
        (hour(1, 17), 2),
        (ExtraSkills(technician_id="ana", skills=("gas", "hvac", "ducts")), 1),
    )
    assert [f"{one.change}, {one.won}." for one in told] == [
        "If there were one more technician for Visit, with the shifts of Ana, 4 more callers would have booked.",
        "If Ana also worked Tuesdays 17:00-18:00, 2 more callers would have booked.",
        "If Ana learned gas, hvac and ducts, 1 more caller would have booked.",
    ]
    assert [one.percent for one in told] == [100, 50, 25]


def test_hours_one_after_the_other_that_win_the_same_are_told_together() -> None:
    told = rows(
        (hour(1, 17), 3), (hour(1, 18), 1), (hour(1, 19), 1), (hour(1, 21), 1), (hour(2, 22), 1), (hour(2, 23), 1)
    )
    assert [one.change.removeprefix("If Ana also worked ") for one in told] == [
        "Tuesdays 17:00-18:00",
        "an hour of Tuesdays between 18:00 and 20:00",
        "Tuesdays 21:00-22:00",
        "an hour of Wednesdays between 22:00 and 24:00",
    ]


def test_who_has_left_since_is_known_by_the_id() -> None:
    (one,) = rows((hour(6, 0, "old-ben"), 1))
    assert one.change == "If old-ben also worked Sundays 00:00-01:00"
