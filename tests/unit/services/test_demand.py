"""Requested hours and first starts, compared with a check of every minute of a question."""

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from slotmcp.domain.moment import PartOfDay
from slotmcp.domain.recurrence import PartsOfDay
from slotmcp.domain.schedule import Schedule, TechnicianSchedule
from slotmcp.domain.trace import Question, TracedUse
from slotmcp.engine.zones import utc_to_wall
from slotmcp.services.reporting.conversations import Conversation
from slotmcp.services.reporting.demand import count_demand, is_wanted, wanted_hours
from support.shop import at, hours, plan, technician
from support.traces import question, trace

ZONES = st.sampled_from(["UTC", "America/Denver", "Asia/Kathmandu", "Australia/Lord_Howe", "Europe/Paris"])
CLOCKS_GO_BACK = at("2025-10-26T00:00")


PARTS = PartsOfDay()
OUTCOMES = st.sampled_from(["ok", "ok", "slot_unavailable", "hold_expired", "unavailable"])


@st.composite
def questions(draw: st.DrawFn) -> Question:
    start = CLOCKS_GO_BACK + draw(st.integers(-3000, 3000))
    return question(
        start,
        start + draw(st.integers(1, 3000)),
        timezone=draw(ZONES),
        part_of_day=draw(st.none() | st.sampled_from(PartOfDay)),
        days_of_week=tuple(sorted(draw(st.sets(st.integers(0, 6), max_size=3)))),
    )


@given(asked=questions(), zone_key=ZONES)
def test_a_question_includes_the_hours_of_its_minutes(asked: Question, zone_key: str) -> None:
    minutes = (minute for minute in range(asked.start_from, asked.start_to) if is_wanted(asked, minute, PARTS))
    walls = (utc_to_wall(zone_key, minute) for minute in minutes)
    assert wanted_hours(asked, zone_key, PARTS) == {(wall.weekday(), wall.hour) for wall in walls}


@st.composite
def conversations(draw: st.DrawFn) -> Conversation:
    """Draw the calls of a conversation."""
    starts = st.none() | st.integers(0, 3000).map(lambda minute: CLOCKS_GO_BACK + minute)
    offers = st.lists(st.integers(0, 3000), max_size=2).map(lambda minutes: tuple(CLOCKS_GO_BACK + m for m in minutes))
    calls = draw(st.lists(st.tuples(st.sampled_from(TracedUse), OUTCOMES, starts, offers), min_size=1, max_size=4))
    return Conversation(
        tuple(
            trace(use, number, outcome=outcome, start=start, offered=offered, question=draw(st.none() | questions()))
            for number, (use, outcome, start, offered) in enumerate(calls)
        )
    )


def expected_start(conversation: Conversation) -> int | None:
    """Return the start that a caller would have taken, by the definition in docs/reference/reports.md."""
    calls = conversation.traces
    kinds: list[list[int | None]] = [
        [call.start for call in calls if call.use is TracedUse.BOOK_SLOT and call.outcome == "ok"],
        [call.start for call in calls if call.use is TracedUse.CREATE_HOLD and call.outcome == "ok"],
        [call.start for call in calls if call.outcome in {"slot_unavailable", "hold_expired"}],
        [start for call in calls for start in call.offered],
    ]
    known = [start for starts in kinds for start in starts if start is not None]
    if known:
        return known[0]
    asked = [call.question for call in calls if call.question]
    if not asked:
        return None
    minutes = range(asked[0].start_from, asked[0].start_to)
    wanted = [minute for minute in minutes if is_wanted(asked[0], minute, PARTS)]
    return next((minute for minute in wanted if is_open(minute)), wanted[0] if wanted else asked[0].start_from)


def is_open(minute: int) -> bool:
    """Return whether the shop's technician works, on weekdays from 9 to 17 in Denver."""
    local = utc_to_wall("America/Denver", minute)
    return local.weekday() < 5 and 9 <= local.hour < 17


WEEKDAYS = technician("ana", shifts=(hours("09:00-17:00", 0, 1, 2, 3, 4),), timezone="America/Denver")
SCHEDULE = Schedule(
    project=plan().project,
    services={},
    technician_schedules={"ana": TechnicianSchedule(technician=WEEKDAYS)},
    revision=1,
)


@given(drawn=st.lists(conversations(), max_size=4), zone_key=ZONES)
def test_demand_counts_each_conversation_once_when_the_caller_would_have_come(
    drawn: list[Conversation], zone_key: str
) -> None:
    schedule = replace(SCHEDULE, project=replace(SCHEDULE.project, timezone=zone_key))
    starts = (expected_start(conversation) for conversation in drawn)
    walls = (utc_to_wall(zone_key, start) for start in starts if start is not None)
    expected = Counter((wall.weekday(), wall.hour) for wall in walls)
    counts = {
        (day, hour): n for day, row in enumerate(count_demand(drawn, schedule)) for hour, n in enumerate(row) if n
    }
    assert counts == expected
