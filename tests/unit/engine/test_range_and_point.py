"""The function for a range and the function for one start agree on every minute."""

from hypothesis import given, settings
from hypothesis import strategies as st

from slotmcp.engine.assign import assign
from slotmcp.engine.availability import Availability
from slotmcp.engine.slots import check_start, list_starts, slots_at
from support.slot_search import find_slots
from unit.engine.strategies import Case, cases

A_QUARTER = settings().max_examples // 4


@settings(max_examples=A_QUARTER)
@given(case=cases())
def test_a_range_returns_the_slots_of_all_its_starts(case: Case) -> None:
    availability = Availability.of(case.schedule, case.now_ms)
    points = (check_start(availability, case.need, minute) for minute in range(*case.span))
    assert find_slots(availability, case.need, *case.span) == [point for point in points if point is not None]


@settings(max_examples=A_QUARTER)
@given(case=cases(), cuts=st.tuples(st.integers(0, 5000), st.integers(0, 5000)))
def test_a_part_of_a_range_returns_that_part_of_the_slots(case: Case, cuts: tuple[int, int]) -> None:
    availability = Availability.of(case.schedule, case.now_ms)
    low, high = (case.span[0] + cut for cut in cuts)
    whole = find_slots(availability, case.need, *case.span)
    expected = [slot for slot in whole if low <= slot.start < high]
    assert find_slots(availability, case.need, low, min(high, case.span[1])) == expected


@settings(max_examples=A_QUARTER)
@given(case=cases(), best=st.integers(1, 4))
def test_the_best_candidates_are_the_first_of_all_candidates(case: Case, best: int) -> None:
    availability = Availability.of(case.schedule, case.now_ms)
    everyone = find_slots(availability, case.need, *case.span)
    expected = [slot._replace(candidates=slot.candidates[:best]) for slot in everyone]
    assert find_slots(availability, case.need, *case.span, best=best) == expected


@settings(max_examples=A_QUARTER)
@given(case=cases(), best=st.one_of(st.none(), st.integers(1, 3)), chosen=st.sets(st.integers(0, 300)))
def test_listed_starts_match_the_slots_and_can_be_expanded_in_any_subset(
    case: Case, best: int | None, chosen: set[int]
) -> None:
    availability = Availability.of(case.schedule, case.now_ms)
    slots = find_slots(availability, case.need, *case.span, best=best)
    starts = list_starts(availability, case.need, *case.span)
    assert starts == [slot.start for slot in slots]
    some = [number for number in sorted(chosen) if number < len(starts)]
    filled_in = slots_at(availability, case.need, [starts[number] for number in some], best=best)
    assert filled_in == [slots[number] for number in some]


@settings(max_examples=A_QUARTER)
@given(case=cases())
def test_every_offered_start_and_no_other_has_an_assignment_to_a_candidate(case: Case) -> None:
    availability = Availability.of(case.schedule, case.now_ms)
    offers = {slot.start: slot for slot in find_slots(availability, case.need, *case.span)}
    for minute in range(*case.span):
        given_to = assign(availability, case.need, minute)
        assert (given_to is not None) == (minute in offers)
        if given_to is not None:
            assert given_to.technician_id in {one.technician_id for one in offers[minute].candidates}
