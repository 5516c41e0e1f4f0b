"""An index that reuses timelines equals a new one after any change."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from slotmcp.domain.claim import Claim
from slotmcp.domain.schedule import Schedule, TechnicianSchedule
from slotmcp.engine.assign import assign
from slotmcp.engine.availability import Availability, new_timelines
from slotmcp.engine.need import Need
from slotmcp.engine.travel import site_at
from support.slot_search import find_slots
from unit.engine.drawing import PLACES, date_of, once_in, pick, whole
from unit.engine.examples import MONDAY, SHOP, at, hold, job, schedule, technician, technician_schedule
from unit.engine.strategies import Case, a_project, a_service, cases
from unit.engine.technician_schedules import a_technician, a_technician_schedule, holds_in_a_row, some_claims

TUESDAY, WEDNESDAY = "2025-06-03", "2025-06-04"
WEEK = at("00:00"), at("2025-06-09T00:00Z")

Change = Callable[[st.DrawFn, Case], Case]


@st.composite
def stories(draw: st.DrawFn) -> list[Case]:
    """Draw a case and its changes, step by step."""
    story = [draw(cases())]
    for _ in range(whole(draw, 1, 3)):
        changed = pick(draw, CHANGES)(draw, story[-1])
        story.append(_time_passes(draw, changed) if once_in(draw, 3) else changed)
    return story


@settings(max_examples=settings().max_examples // 2)
@given(story=stories())
def test_an_index_that_reuses_timelines_equals_a_new_one(story: list[Case]) -> None:
    grown: Availability | None = None
    for case in story:
        grown = Availability.of(case.schedule, case.now_ms, grown)
        fresh = Availability.of(case.schedule, case.now_ms)
        for need in needs_of(case):
            assert find_slots(grown, need, *case.span) == find_slots(fresh, need, *case.span)


@settings(max_examples=settings().max_examples // 4)
@given(story=stories())
def test_timelines_that_were_built_before_are_the_only_new_ones_of_an_index(story: list[Case]) -> None:
    grown: Availability | None = None
    for case in story:
        known = dict(grown.index.timelines) if grown is not None else {}
        built = dict(new_timelines(case.schedule, case.now_ms, grown))
        grown = Availability.of(case.schedule, case.now_ms, grown, built=built)
        assert all(timeline is (known | built)[name] for name, timeline in grown.index.timelines.items())


@st.composite
def reductions(draw: st.DrawFn) -> tuple[Case, list[Claim], list[Claim]]:
    """Draw a case, preferably with movable holds, and claims to leave out in two steps."""
    case = draw(cases())
    for _ in range(whole(draw, 0, 2)):
        case = _other_claims(draw, case)
    first = [claim for claim in _claims(case.schedule) if once_in(draw, 3)]
    second = [claim for claim in _claims(case.schedule) if claim not in first and once_in(draw, 3)]
    return case, first, second


@settings(max_examples=settings().max_examples // 3)
@given(reduction=reductions())
def test_an_availability_without_claims_equals_that_of_a_schedule_without_them(
    reduction: tuple[Case, list[Claim], list[Claim]],
) -> None:
    case, first, second = reduction
    whole_availability = Availability.of(case.schedule, case.now_ms)
    for need in needs_of(case) if len(first) % 2 else []:  # warm caches, or cold ones
        find_slots(whole_availability, need, *case.span)
    reduced = whole_availability.without(*first)
    steps = [
        (reduced, first),
        (whole_availability.without(*second), second),
        (reduced.without(*second), first + second),
    ]
    for availability, left_out in steps:
        fresh = Availability.of(_schedule_without(case.schedule, left_out), case.now_ms)
        for need in needs_of(case):
            found = find_slots(fresh, need, *case.span)
            assert find_slots(availability, need, *case.span) == found
            starts = [slot.start for slot in found]
            assert [assign(availability, need, start) for start in starts] == [
                assign(fresh, need, start) for start in starts
            ]


def test_a_hold_moves_out_of_a_timeline_without_another_hold() -> None:
    busy = technician_schedule(
        technician("a", "09:00-11:00"), hold("09:00", 60, id_="other"), hold("10:00", 60, id_="own")
    )
    availability = Availability.of(
        schedule(busy, technician_schedule(technician("b", "09:00-10:00"))), at("08:00") * 60_000
    )
    assert find_slots(availability, job(120), at("00:00"), at("12:00")) == []
    own = next(claim for claim in availability.index.holds if claim.id == "own")
    assert [slot.start for slot in find_slots(availability.without(own), job(120), at("00:00"), at("12:00"))] == [
        at("09:00")
    ]


def test_an_index_caches_few_reduced_ones() -> None:
    held = technician_schedule(technician("a", "09:00-17:00"), *[hold("10:00", 1, id_=f"h{n}") for n in range(40)])
    availability = Availability.of(schedule(held), at("09:00") * 60_000)
    one, *others = availability.index.holds
    reduced = availability.without(one).index
    assert availability.without(one).index is reduced
    for other in others:
        availability.without(other)
    assert availability.without(one).index is not reduced


EXPIRES_MS = at("09:30") * 60_000
EARLY = technician_schedule(technician("a", "10:00-11:00"), hold("10:00", 60, until_ms=EXPIRES_MS))
LATE = technician_schedule(technician("b", "11:00-12:00"))


def grown_starts(schedule: Schedule, then_ms: int, later: Schedule, now_ms: int, *, day: str = MONDAY) -> str:
    """Return the slots of an index that reuses the timelines of a queried one."""
    old = Availability.of(schedule, then_ms)
    find_slots(old, job(60), *WEEK)
    found = find_slots(Availability.of(later, now_ms, old), job(60), at(f"{day}T00:00Z"), at(f"{day}T23:59Z"))
    return " ".join(f"{slot.start // 60 % 24:02}:{slot.start % 60:02}" for slot in found)


def test_an_expired_hold_disappears_from_an_unchanged_technician_schedule() -> None:
    before, after = schedule(EARLY, LATE), schedule(EARLY, replace(LATE, busy=()))
    assert grown_starts(before, EXPIRES_MS - 1, before, EXPIRES_MS - 1) == "11:00"
    assert grown_starts(before, EXPIRES_MS - 1, before, EXPIRES_MS) == "10:00 11:00"
    assert grown_starts(before, EXPIRES_MS - 1, after, EXPIRES_MS) == "10:00 11:00"


def test_a_clock_set_back_makes_an_expired_hold_live_again() -> None:
    before, after = schedule(EARLY, LATE), schedule(EARLY, replace(LATE, busy=()))
    assert grown_starts(before, EXPIRES_MS, before, EXPIRES_MS - 1) == "11:00"
    assert grown_starts(before, EXPIRES_MS, after, EXPIRES_MS - 1) == "11:00"


def test_a_new_day_extends_the_frame_by_one_date() -> None:
    shop = schedule(LATE, project=replace(SHOP, horizon_days=1))
    monday, tuesday = at("12:00") * 60_000, at(f"{TUESDAY}T00:00Z") * 60_000
    assert grown_starts(shop, monday, shop, monday, day=WEDNESDAY) == ""
    assert grown_starts(shop, monday, shop, tuesday, day=WEDNESDAY) == "11:00"
    assert grown_starts(shop, monday, replace(shop, revision=2), tuesday, day=WEDNESDAY) == "11:00"


def _claims(schedule: Schedule) -> list[Claim]:
    return [claim for one in schedule.technician_schedules.values() for claim in one.claims]


def _schedule_without(schedule: Schedule, left_out: list[Claim]) -> Schedule:
    reduced = {
        id_: replace(one, claims=tuple(claim for claim in one.claims if claim not in left_out))
        for id_, one in schedule.technician_schedules.items()
    }
    return replace(schedule, technician_schedules=reduced)


def needs_of(case: Case) -> list[Need]:
    """Return the case's need, and one of every service, without and with a location."""
    site = site_at(PLACES[2], case.schedule.project.travel)
    services = case.schedule.services.values()
    return [case.need, *(Need.of_service(one, site=place) for one in services for place in (None, site))]


def _other_claims(draw: st.DrawFn, case: Case) -> Case:
    technician_schedule = _somebody(draw, case)
    make = pick(draw, (some_claims, holds_in_a_row))
    return _with_diary(
        case, replace(technician_schedule, claims=make(draw, technician_schedule.technician.id, case.now_ms))
    )


def _one_claim_less(draw: st.DrawFn, case: Case) -> Case:
    technician_schedule = _somebody(draw, case)
    return _with_diary(case, replace(technician_schedule, claims=technician_schedule.claims[1:]))


def _other_hours(draw: st.DrawFn, case: Case) -> Case:
    technician_schedule = _somebody(draw, case)
    person = a_technician(draw, technician_schedule.technician.id, case.schedule.project.timezone, case.now)
    return _with_diary(case, replace(technician_schedule, technician=person))


def _somebody_comes(draw: st.DrawFn, case: Case) -> Case:
    newcomer = a_technician_schedule(draw, "z", case.schedule.project.timezone, case.now_ms, crowded=once_in(draw, 2))
    return _with_diary(case, newcomer)


def _somebody_goes(draw: st.DrawFn, case: Case) -> Case:
    gone = _somebody(draw, case).technician.id
    rest = {
        id_: technician_schedule
        for id_, technician_schedule in case.schedule.technician_schedules.items()
        if id_ != gone
    }
    return _with_book(case, replace(case.schedule, technician_schedules=rest or case.schedule.technician_schedules))


def _other_rules(draw: st.DrawFn, case: Case) -> Case:
    zone = pick(draw, (case.schedule.project.timezone, "America/New_York", "Asia/Kathmandu"))
    return _with_book(case, replace(case.schedule, project=a_project(draw, zone, case.now)))


def _closed_tomorrow(draw: st.DrawFn, case: Case) -> Case:
    closed = date_of(case.now) + timedelta(days=whole(draw, 0, 1))
    return _with_book(case, replace(case.schedule, project=replace(case.schedule.project, closed_dates=(closed,))))


def _other_service(draw: st.DrawFn, case: Case) -> Case:
    services = {**case.schedule.services, "s2": a_service(draw, "s2")}
    return _with_book(case, replace(case.schedule, services=services))


def _service_goes(draw: st.DrawFn, case: Case) -> Case:
    gone = pick(draw, ("s1", "s2"))
    services = {id_: one for id_, one in case.schedule.services.items() if id_ != gone}
    return _with_book(case, replace(case.schedule, services=services))


def _time_passes(draw: st.DrawFn, case: Case) -> Case:
    """Move the time so that holds expire, the notice moves or days begin; the clock may also go back."""
    later = case.now_ms + pick(draw, (1, 59_999, 60_000, 3_600_000, 86_400_000, 200_000_000, -60_000, -86_400_000))
    return replace(case, now_ms=later)


CHANGES: tuple[Change, ...] = (
    _time_passes,
    _other_claims,
    _one_claim_less,
    _other_hours,
    _somebody_comes,
    _somebody_goes,
    _other_rules,
    _closed_tomorrow,
    _other_service,
    _service_goes,
)


def _somebody(draw: st.DrawFn, case: Case) -> TechnicianSchedule:
    return pick(draw, tuple(case.schedule.technician_schedules.values()))


def _with_diary(case: Case, technician_schedule: TechnicianSchedule) -> Case:
    technician_schedules = {
        **case.schedule.technician_schedules,
        technician_schedule.technician.id: technician_schedule,
    }
    return _with_book(case, replace(case.schedule, technician_schedules=technician_schedules))


def _with_book(case: Case, schedule: Schedule) -> Case:
    """Keep the location of the need under the current travel policy."""
    place = case.need.site.location if case.need.site else None
    need = replace(case.need, site=site_at(place, schedule.project.travel))
    return replace(case, need=need, schedule=replace(schedule, revision=case.schedule.revision + 1))
