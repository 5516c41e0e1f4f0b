"""Requested hours, compared with a check of every minute of a question."""

from hypothesis import given
from hypothesis import strategies as st

from slotmcp.domain.moment import PartOfDay
from slotmcp.domain.recurrence import PartsOfDay
from slotmcp.domain.trace import Question
from slotmcp.engine.zones import utc_to_wall
from slotmcp.services.reporting.demand import is_wanted, wanted_hours
from support.shop import at
from support.traces import question

ZONES = st.sampled_from(["UTC", "America/Denver", "Asia/Kathmandu", "Australia/Lord_Howe", "Europe/Paris"])
CLOCKS_GO_BACK = at("2025-10-26T00:00")


PARTS = PartsOfDay()


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
