"""Parts of the day: each minute of a date is in exactly one part, as the wall clock shows."""

from datetime import date, timedelta

from hypothesis import assume, given
from hypothesis import strategies as st

from slotmcp.domain.moment import PartOfDay
from slotmcp.domain.recurrence import PartsOfDay, WallSpan
from slotmcp.engine.zones import has_no_clock_change, midnight, utc_to_wall
from slotmcp.services.day_parts import part_of_day, start_filter

DAY = 1440
ZONES = ("America/Denver", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC")


@st.composite
def parts_of_day(draw: st.DrawFn) -> PartsOfDay:
    """Draw three parts in order; each may touch the next one, and the edges of the date."""
    edges = sorted(draw(st.sets(st.integers(1, DAY - 1), min_size=6, max_size=6)))
    touches = draw(st.tuples(*[st.booleans()] * 4))
    for index, other in enumerate((0, edges[1], edges[3], DAY)):
        if touches[index]:
            edges[(0, 2, 4, 5)[index]] = other
    spans = [WallSpan(start_minute=first, end_minute=last) for first, last in zip(edges[::2], edges[1::2], strict=True)]
    return PartsOfDay(morning=spans[0], afternoon=spans[1], evening=spans[2])


def expected_part(parts: PartsOfDay, minute: int) -> PartOfDay:
    for part, span in (
        (PartOfDay.MORNING, parts.morning),
        (PartOfDay.AFTERNOON, parts.afternoon),
        (PartOfDay.EVENING, parts.evening),
    ):
        if span.start_minute <= minute < span.end_minute:
            return part
    return PartOfDay.NIGHT


@given(
    parts=parts_of_day(),
    zone_key=st.sampled_from(ZONES),
    days_on=st.integers(0, 400),
    minute=st.integers(0, DAY - 1),
    weekdays=st.none() | st.frozensets(st.integers(0, 6)),
)
def test_a_filter_accepts_the_starts_of_its_part_and_weekdays(
    parts: PartsOfDay, zone_key: str, days_on: int, minute: int, weekdays: frozenset[int] | None
) -> None:
    day = date(2026, 1, 1) + timedelta(days=days_on)
    assume(has_no_clock_change(zone_key, day))
    start = midnight(zone_key, day) + minute
    wall = utc_to_wall(zone_key, start)
    expected = expected_part(parts, wall.hour * 60 + wall.minute)
    assert part_of_day(zone_key, start, parts) is expected
    is_wanted_day = weekdays is None or day.weekday() in weekdays
    within = start - 3 * DAY, start + 3 * DAY
    for part in (None, *PartOfDay):
        accepts = start_filter(zone_key, weekdays, part, within, parts)
        assert accepts(start) is (is_wanted_day and part in {None, expected})


def test_a_day_without_a_night_has_no_starts_at_night() -> None:
    spans = [WallSpan(start_minute=first * 60, end_minute=last * 60) for first, last in ((0, 12), (12, 17), (17, 24))]
    parts = PartsOfDay(morning=spans[0], afternoon=spans[1], evening=spans[2])
    assert start_filter("UTC", None, PartOfDay.NIGHT, (0, DAY), parts).boundaries == ()


def test_the_default_night_is_before_six_and_from_ten_on() -> None:
    hours = [hour for hour in range(24) if part_of_day("UTC", hour * 60, PartsOfDay()) is PartOfDay.NIGHT]
    assert hours == [0, 1, 2, 3, 4, 5, 22, 23]
