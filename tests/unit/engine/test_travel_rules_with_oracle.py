"""Rules 23 to 25 of docs/reference/availability.md: travel times, by handwritten examples.

Everybody lives and works on one road that leads north from kilometre 0. A kilometre takes a minute.
"""

from dataclasses import replace
from math import pi

import pytest

from oracle.travel import MEAN_EARTH_RADIUS_KM, OracleTravel
from slotmcp.domain.catalog import Location, RankingKey, Technician, TravelMode, TravelPolicy
from slotmcp.domain.claim import Claim
from slotmcp.engine.need import Need
from slotmcp.engine.travel import EstimatedTravel, RoutedTravel, TravelTimes, site_at
from unit.engine.examples import (
    SHOP,
    Ask,
    booking,
    hold,
    job,
    offered,
    schedule,
    slots,
    technician,
    technician_schedule,
    weekly,
)

A_KM_A_MINUTE = TravelPolicy(mode=TravelMode.ESTIMATED, speed_kmh=60 * 1.3, minutes_per_stop=0)
ROAD = replace(SHOP, travel=A_KM_A_MINUTE)


def km(number: float) -> Location:
    """Return a location just before a kilometer mark, so that travel from 0 rounds up to that many minutes."""
    return Location((number - 0.5) * 180 / (pi * MEAN_EARTH_RADIUS_KM) if number else 0.0, 0.0)


def visit(minutes: int, at_km: float | None, *, before: int = 0, after: int = 0, skills: str = "") -> Need:
    place = None if at_km is None else km(at_km)
    return replace(job(minutes, before=before, after=after, skills=skills), site=site_at(place, A_KM_A_MINUTE))


def placed(claim: Claim, at_km: float) -> Claim:
    return replace(claim, location=km(at_km))


def living(technician: Technician, at_km: float) -> Technician:
    return replace(technician, home=km(at_km))


MORNING = technician("a", "09:00-12:00")


@pytest.mark.parametrize(
    ("worker", "need", "starts"),
    [
        pytest.param(living(MORNING, 0), visit(60, 30), "09:30 10:00 10:30 11:00", id="half an hour from home"),
        pytest.param(living(MORNING, 0), visit(60, 31), "10:00 10:30 11:00", id="a minute more"),
        pytest.param(living(MORNING, 30), visit(60, 30), "09:00 09:30 10:00 10:30 11:00", id="at home"),
        pytest.param(living(MORNING, 0), visit(60, 30, before=45), "09:30 10:00 10:30 11:00", id="no buffer from home"),
        pytest.param(living(MORNING, 0), visit(60, 200), "", id="too far for the whole shift"),
        pytest.param(living(MORNING, 0), visit(60, None), "09:00 09:30 10:00 10:30 11:00", id="nobody knows where"),
        pytest.param(MORNING, visit(60, 200), "09:00 09:30 10:00 10:30 11:00", id="nobody knows from where"),
    ],
)
def test_rule_23_the_day_begins_with_travel_from_home(ask: Ask, worker: Technician, need: Need, starts: str) -> None:
    assert offered(ask, schedule(technician_schedule(worker), project=ROAD), need) == starts


@pytest.mark.parametrize(
    ("claim", "need", "starts"),
    [
        pytest.param(placed(booking("09:00", 60), 0), visit(60, 30), "10:30 11:00", id="half an hour on"),
        pytest.param(placed(booking("09:00", 60), 30), visit(60, 30), "10:00 10:30 11:00", id="in the same house"),
        pytest.param(placed(booking("09:00", 60, after=1), 0), visit(60, 30), "11:00", id="after its buffer"),
        pytest.param(placed(booking("09:00", 60), 0), visit(60, 30, before=1), "11:00", id="before the job's buffer"),
        pytest.param(placed(hold("09:00", 60), 0), visit(60, 30), "10:30 11:00", id="a hold likewise"),
        pytest.param(booking("09:00", 60), visit(60, 30), "10:00 10:30 11:00", id="nobody knows from where"),
    ],
)
def test_rule_23_a_technician_travels_from_the_previous_job(ask: Ask, claim: Claim, need: Need, starts: str) -> None:
    """Check that the technician does not start at home, an hour away."""
    assert offered(ask, schedule(technician_schedule(living(MORNING, 90), claim), project=ROAD), need) == starts


@pytest.mark.parametrize(
    ("claim", "need", "starts"),
    [
        pytest.param(placed(booking("11:00", 60), 0), visit(60, 30), "09:00 09:30", id="half an hour on"),
        pytest.param(placed(booking("11:00", 60), 30), visit(60, 30), "09:00 09:30 10:00", id="in the same house"),
        pytest.param(placed(booking("11:00", 60, before=1), 0), visit(60, 30), "09:00", id="before its buffer"),
        pytest.param(placed(booking("11:00", 60), 0), visit(60, 30, after=1), "09:00", id="after the job's buffer"),
        pytest.param(booking("11:00", 60), visit(60, 30), "09:00 09:30 10:00", id="nobody knows where to"),
    ],
)
def test_rule_23_a_technician_reaches_the_next_job_in_time(ask: Ask, claim: Claim, need: Need, starts: str) -> None:
    assert offered(ask, schedule(technician_schedule(MORNING, claim), project=ROAD), need) == starts


def test_rule_23_each_shift_begins_at_home_independently_of_others(ask: Ask) -> None:
    two_shifts = living(technician("a", "09:00-12:00", "13:00-15:00"), 89.8)
    morning, evening = placed(booking("09:00", 60, id_="1"), 0), placed(booking("14:00", 60, id_="2"), 0)
    shop = schedule(technician_schedule(two_shifts, morning, evening), project=ROAD)
    assert offered(ask, shop, visit(30, 60)) == "11:00 11:30"
    shop = schedule(technician_schedule(two_shifts, morning), project=ROAD)
    assert offered(ask, shop, visit(30, 60)) == "11:00 11:30 13:30 14:00 14:30"


def test_rule_23_a_break_does_not_start_another_working_day(ask: Ask) -> None:
    worker = replace(living(technician("a", "09:00-15:00"), 90), breaks=(weekly("12:00-13:00"),))
    shop = schedule(technician_schedule(worker, placed(booking("11:00", 60), 0)), project=ROAD)
    assert offered(ask, shop, visit(60, 90)) == "13:30 14:00"


def test_rule_23_a_job_that_started_before_the_shift_does_not_count(ask: Ask) -> None:
    """Check that a technician with an early job outside the shift still starts at home."""
    early = placed(booking("08:30", 60), 0)
    assert (
        offered(ask, schedule(technician_schedule(living(MORNING, 0), early), project=ROAD), visit(60, 60))
        == "10:00 10:30 11:00"
    )


def test_rule_23_a_job_that_ends_in_the_next_shift_does_not_count_there(ask: Ask) -> None:
    two_shifts = living(technician("a", "09:00-12:00", "13:00-15:00"), 89.8)
    shop = schedule(technician_schedule(two_shifts, placed(booking("11:00", 180), 0)), project=ROAD)
    assert offered(ask, shop, visit(30, 60)) == "09:30 14:00 14:30"


def test_rule_23_and_18_the_working_day_stays_whole_when_a_hold_moves_away(ask: Ask) -> None:
    worker = replace(technician("a", "09:00-14:00", skills="pipes"), breaks=(weekly("12:00-13:00"),), home=km(90))
    before, held = placed(booking("11:00", 60), 0), hold("13:00", 60)
    shop = schedule(
        technician_schedule(worker, before, held), technician_schedule(technician("b", "13:00-14:00")), project=ROAD
    )
    assert offered(ask, shop, visit(30, 90, skills="pipes")) == "09:00 13:30"


def test_rule_23_a_night_shift_is_one_day(ask: Ask) -> None:
    owl = living(technician("a", "22:00-02:00"), 60.2)
    shop = schedule(technician_schedule(owl, placed(booking("2025-06-01T22:00Z", 60), 0)), project=ROAD)
    assert offered(ask, shop, visit(60, 90)) == "00:30 01:00 22:30 23:00 23:30"


def test_rule_23_without_travel_times_locations_are_ignored(ask: Ask) -> None:
    shop = schedule(technician_schedule(living(MORNING, 0), placed(booking("09:00", 60), 0)), project=SHOP)
    assert offered(ask, shop, replace(job(60), site=site_at(km(500), SHOP.travel))) == "10:00 10:30 11:00"


@pytest.mark.parametrize(
    ("held", "starts"),
    [
        pytest.param(placed(hold("10:00", 60), 30), "", id="too far for the other"),
        pytest.param(placed(hold("10:00", 60), 0), "10:00", id="near enough"),
        pytest.param(hold("10:00", 60), "10:00", id="nobody knows where"),
    ],
)
def test_rule_23_the_new_technician_reaches_a_moved_hold_in_time(ask: Ask, held: Claim, starts: str) -> None:
    plumber = technician("a", "10:00-11:00", skills="pipes")
    other = living(technician("b", "10:00-11:00"), 0)
    assert (
        offered(
            ask,
            schedule(technician_schedule(plumber, held), technician_schedule(other), project=ROAD),
            job(60, skills="pipes"),
        )
        == starts
    )


def test_rule_23_and_18_travel_times_ignore_the_moved_hold(ask: Ask) -> None:
    plumber = living(technician("a", "09:00-11:00", skills="pipes"), 30)
    held = placed(hold("09:00", 60), 90)
    shop = schedule(
        technician_schedule(plumber, held), technician_schedule(technician("b", "09:00-10:00")), project=ROAD
    )
    assert offered(ask, shop, visit(60, 30, skills="pipes")) == "09:00 09:30 10:00"


LONDON, PARIS = Location(51.5074, -0.1278), Location(48.8566, 2.3522)
FIJI, SAMOA = Location(-16.5, 179.5), Location(-16.5, -179.5)


@pytest.mark.parametrize("travel", [EstimatedTravel, OracleTravel], ids=["engine", "oracle"])
@pytest.mark.parametrize(
    ("policy", "origin", "destination", "minutes"),
    [
        pytest.param(TravelPolicy(), LONDON, LONDON, 0, id="no stop where nobody moves"),
        pytest.param(TravelPolicy(speed_kmh=60, road_factor=1, minutes_per_stop=0), LONDON, PARIS, 344, id="343.6 km"),
        pytest.param(TravelPolicy(speed_kmh=60, minutes_per_stop=0), LONDON, PARIS, 447, id="1.3 times on roads"),
        pytest.param(TravelPolicy(speed_kmh=60, minutes_per_stop=7), PARIS, LONDON, 454, id="and a stop, either way"),
        pytest.param(TravelPolicy(speed_kmh=60, road_factor=1, minutes_per_stop=0), FIJI, SAMOA, 107, id="date line"),
        pytest.param(TravelPolicy(), km(0), Location(0.00001, 0.0), 6, id="any way is a minute at least"),
    ],
)
def test_rule_24_estimated_travel_times(
    travel: type[EstimatedTravel | OracleTravel],
    policy: TravelPolicy,
    origin: Location,
    destination: Location,
    minutes: int,
) -> None:
    assert travel(policy).minutes(origin, destination) == minutes


def test_rule_24_a_routing_service_replaces_the_estimate_of_known_routes() -> None:
    routed: TravelTimes = RoutedTravel({(LONDON, PARIS): 12}, EstimatedTravel(A_KM_A_MINUTE))
    assert routed.minutes(LONDON, PARIS) == 12
    assert routed.minutes(PARIS, LONDON) == 344
    worker = replace(technician("a", "09:00-11:00"), home=LONDON)
    site = site_at(PARIS, A_KM_A_MINUTE, routed)
    assert site is not None
    assert (site.minutes_from(LONDON), site.minutes_to(LONDON), worker.home) == (12, 344, LONDON)


def ranked(ask: Ask, *policy: RankingKey) -> str:
    """Return ETA+buffer=score at noon and kilometer 60: c from home, b and a from a job, d from an unknown location."""
    all_day = {id_: technician(id_, "09:00-13:00") for id_ in "abcd"}
    shop = schedule(
        technician_schedule(living(all_day["c"], 35.2)),
        technician_schedule(living(all_day["a"], 0), placed(booking("09:00", 60, after=10), 55.2)),
        technician_schedule(all_day["d"], booking("09:00", 60, after=20)),
        technician_schedule(all_day["b"], placed(hold("09:00", 60), 50.2)),
        project=replace(ROAD, slot_interval_minutes=720, candidate_ranking=policy),
    )
    (found,) = slots(ask, shop, visit(60, 60, before=15))
    shown = [f"{one.technician_id}:{one.eta_minutes}+{one.buffer_minutes}={one.score}" for one in found.candidates]
    return " ".join(shown).replace("None", "?")


def test_rule_25_eta_ranks_by_travel_and_buffers_with_unknown_values_last(ask: Ask) -> None:
    a, b, c, d = "a:5+25=30", "b:10+15=25", "c:25+0=25", "d:?+35=?"
    assert ranked(ask, RankingKey.ETA) == f"{b} {c} {a} {d}"
    assert ranked(ask, RankingKey.LOAD, RankingKey.ETA) == f"{b} {c} {a} {d}"
    assert ranked(ask) == f"{a} {b} {c} {d}"


def test_rule_25_the_eta_of_a_start_that_needs_a_move_ignores_the_move(ask: Ask) -> None:
    plumber = living(technician("a", "08:00-11:00", skills="pipes"), 0)
    held = [placed(hold("09:00", 60, id_="1"), 40), replace(hold("10:00", 60, id_="2"), location=km(40))]
    shop = schedule(
        technician_schedule(plumber, *held),
        technician_schedule(technician("b", "10:00-11:00")),
        project=replace(ROAD, slot_interval_minutes=600),
    )
    (found,) = slots(ask, shop, visit(60, 40, skills="pipes"))
    assert [(one.technician_id, one.eta_minutes, one.buffer_minutes) for one in found.candidates] == [("a", 0, 0)]
