"""Rule 34 of docs/reference/availability.md: the reserve for emergencies, by examples and generated rushes."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.capacity import Oracle
from slotmcp.domain.booking_rules import Priority, Reserve
from slotmcp.domain.catalog import Location, SlotAlignment, TravelMode, TravelPolicy
from slotmcp.domain.reasons import Reason
from slotmcp.domain.schedule import Schedule
from slotmcp.engine.assign import assign, assign_revived
from slotmcp.engine.availability import Availability
from slotmcp.engine.explain import explain
from slotmcp.engine.need import Need
from slotmcp.engine.slots import check_start, list_starts
from slotmcp.engine.travel import site_at
from support.slot_search import find_slots
from unit.engine.booking_simulator import BookingSimulator
from unit.engine.drawing import once_in, pick, whole
from unit.engine.examples import SHOP, Ask, at, job, offered, schedule, service, technician, technician_schedule
from unit.engine.rush import Caller, callers, rushes
from unit.engine.strategies import Case

A_FEW = max(2, settings().max_examples // 6)
MORNING = technician("a", "09:00-11:00"), technician("b", "09:00-11:00"), technician("c", "09:00-10:00")


def shop(places: int, until: int = 0, *, skills: str = "") -> Schedule:
    urgent = replace(service("urgent", skills=skills), reserves=(Reserve(places=places, until_minutes=until),))
    project = replace(SHOP, slot_interval_minutes=60)
    return schedule(*[technician_schedule(one) for one in MORNING], project=project, services=(urgent,))


def urgent(shop: Schedule) -> Need:
    return Need.of_service(shop.services["urgent"], priority=Priority.EMERGENCY)


def test_a_normal_sale_of_any_service_leaves_the_reserved_places(ask: Ask) -> None:
    assert offered(ask, shop(0), job(60)) == "09:00x3 10:00x2"
    assert offered(ask, shop(1), job(60)) == "09:00x2 10:00"
    assert offered(ask, shop(2), job(60)) == "09:00"
    assert offered(ask, shop(2), urgent(shop(2))) == "09:00x3 10:00x2", "an emergency sees everything"
    assert offered(ask, shop(3), job(60)) == "10:00x2", "10:00 has fewer than 3 before"
    assert offered(ask, shop(2), job(120)) == "", "a job of two hours also takes the places of 10:00"


def test_every_minute_counts_if_the_grid_follows_the_opening_hours(ask: Ask) -> None:
    """On the clock, no start has two free technicians. From 09:01 to 09:59 two are free at every minute."""
    by_opening = replace(SHOP, slot_interval_minutes=60, slot_alignment=SlotAlignment.OPENING)
    people = technician("a", "09:00-11:00"), technician("b", "09:01-10:59")
    two = schedule(*map(technician_schedule, people), project=by_opening, services=tuple(shop(2).services.values()))
    assert offered(ask, two, urgent(two)) == "09:00 09:01 10:00"
    assert offered(ask, two, job(60)) == ""
    hourly = replace(by_opening, slot_alignment=SlotAlignment.CLOCK)
    assert offered(ask, replace(two, project=hourly), job(60)) == "09:00 10:00"


def test_each_start_is_released_some_minutes_before_itself(ask: Ask) -> None:
    assert offered(ask, shop(3, until=60), job(60), now="2025-06-02T07:59Z") == "10:00x2"
    assert offered(ask, shop(3, until=60), job(60), now="2025-06-02T08:00Z") == "09:00x3 10:00x2"
    assert offered(ask, shop(2, until=60), job(60), now="2025-06-02T08:00Z") == "09:00x3"


def test_starts_with_travel_times_are_listed_within_the_reserve() -> None:
    travel = TravelPolicy(mode=TravelMode.ESTIMATED)
    reserved = replace(shop(2), project=replace(shop(2).project, travel=travel))
    need = replace(job(60), site=site_at(Location(0.0, 0.0), travel))
    availability = Availability.of(reserved, at("08:00") * 60_000)
    assert list_starts(availability, need, at("09:00"), at("11:00")) == [at("09:00")]


def test_a_cached_index_releases_starts_as_time_passes() -> None:
    before = Availability.of(shop(3, until=60), at("07:59") * 60_000)
    assert [one.capacity for one in find_slots(before, job(60), at("09:00"), at("10:00"))] == []
    after = Availability.of(before.schedule, at("08:00") * 60_000, before)
    assert after.index is before.index
    assert [one.capacity for one in find_slots(after, job(60), at("09:00"), at("10:00"))] == [3]


def test_only_technicians_with_the_skills_are_kept(ask: Ask) -> None:
    skilled = shop(1, skills="gas")
    people = {
        id_: replace(one, technician=replace(one.technician, skills=frozenset({"gas"}))) if id_ == "a" else one
        for id_, one in skilled.technician_schedules.items()
    }
    skilled = replace(skilled, technician_schedules=people)
    assert offered(ask, skilled, job(60)) == "09:00x2 10:00"
    explanation = explain(Availability.of(skilled, at("2025-06-01T12:00Z") * 60_000), job(60), at("09:00"))
    assert [one.reason for one in explanation.technicians] == [Reason.RESERVED, None, None]
    lapsed = assign_revived(
        Availability.of(skilled, at("2025-06-01T12:00Z") * 60_000), replace(job(60), technician_id="a"), at("09:00")
    )
    assert lapsed is None


@st.composite
def reserved_rushes(draw: st.DrawFn) -> Case:
    """Draw a rush in a project with reserves."""
    case = draw(rushes())
    services = {
        id_: replace(one, reserves=(Reserve(places=whole(draw, 1, 2), until_minutes=pick(draw, (0, 60, 150, 240))),))
        if id_ == "s1" or once_in(draw, 3)
        else one
        for id_, one in case.schedule.services.items()
    }
    project = replace(case.schedule.project, slot_alignment=SlotAlignment.CLOCK)
    return replace(case, schedule=replace(case.schedule, project=project, services=services))


@settings(max_examples=A_FEW)
@given(case=reserved_rushes(), callers=callers())
def test_reading_and_selling_agree_with_the_oracle(case: Case, callers: list[Caller]) -> None:
    simulator = BookingSimulator(case.schedule, case.now_ms)
    for caller in callers[:5]:
        service, need = simulator.wanted(caller)
        availability = simulator.availability
        offers = find_slots(availability, need, *case.span)
        assert offers == Oracle(simulator.oracle.schedule, case.now_ms).slots(need, *case.span)
        listed = {slot.start: slot for slot in offers}
        assert list_starts(availability, need, *case.span) == [*listed]
        for start in range(case.now, case.now + 480, 30):
            explanation = explain(availability, need, start)
            assert check_start(availability, need, start) == explanation.slot == listed.get(start)
            assert (assign(availability, need, start) is not None) == (start in listed)
            if explanation.slot is None:
                assert all(
                    one.reason for one in explanation.technicians if need.technician_id in {None, one.technician_id}
                )
        if slot := simulator.chosen(caller, need, *case.span):
            assert simulator.sell(service.id, need, slot.start, hold=caller.hold)


@settings(max_examples=A_FEW)
@given(case=reserved_rushes(), callers=callers())
def test_the_capacity_is_the_number_of_sales_one_after_the_other(case: Case, callers: list[Caller]) -> None:
    simulator = BookingSimulator(case.schedule, case.now_ms)
    for caller in callers[:3]:
        service, need = simulator.wanted(replace(caller, priority=Priority.NORMAL))
        if slot := simulator.chosen(caller, need, *case.span):
            sales = [simulator.sell(service.id, need, slot.start, hold=caller.hold) for _ in range(slot.capacity + 1)]
            assert sales == [True] * slot.capacity + [False]


@settings(max_examples=A_FEW)
@given(case=reserved_rushes(), callers=callers(), owned=st.sets(st.integers(0, 4), min_size=1))
def test_own_claims_count_as_taken_before_the_sale(case: Case, callers: list[Caller], owned: set[int]) -> None:
    simulator = BookingSimulator(case.schedule, case.now_ms)
    for caller in callers[:5]:
        service, need = simulator.wanted(caller)
        if slot := simulator.chosen(caller, need, *case.span):
            simulator.sell(service.id, need, slot.start, hold=caller.hold)
    before = simulator.oracle
    claims = [claim for one in before.technicians for claim in before.live_claims(one)]
    own = [claim for number, claim in enumerate(claims) if number in owned]
    oracle = before
    for one in before.technicians:
        kept = [claim for claim in before.live_claims(one) if claim not in own]
        oracle = oracle.with_claims(one.id, kept)
    oracle.before_sale = before
    need = replace(simulator.wanted(callers[0])[1], priority=Priority.NORMAL)
    assert find_slots(simulator.availability.without(*own), need, *case.span) == oracle.slots(need, *case.span)
