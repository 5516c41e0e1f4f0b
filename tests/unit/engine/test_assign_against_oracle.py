"""Assignment: the first technician who can take a job, also for a promised start (rules 20 and 22)."""

from collections.abc import Iterable
from dataclasses import replace
from math import isfinite

import pytest
from hypothesis import given, settings

from oracle.capacity import Oracle
from slotmcp.domain.catalog import RankingKey, Technician
from slotmcp.domain.claim import Claim
from slotmcp.domain.offer import Slot
from slotmcp.engine.assign import assign, assign_kept
from slotmcp.engine.availability import Availability
from slotmcp.engine.need import Need
from slotmcp.engine.travel import site_at
from support.slot_search import find_slots
from unit.engine.examples import SHOP, at, booking, hold, job, schedule, technician, technician_schedule
from unit.engine.strategies import Case, cases


@settings(max_examples=settings().max_examples // 2)
@given(case=cases())
def test_the_assignment_is_the_first_candidate_by_the_assignment_ranking(case: Case) -> None:
    oracle, availability = Oracle(case.schedule, case.now_ms), Availability.of(case.schedule, case.now_ms)
    for slot in find_slots(availability, case.need, *case.span):
        able = [case.schedule.technician_schedules[one.technician_id].technician for one in slot.candidates]
        winner = assign(availability, case.need, slot.start)
        assert winner is not None
        assert winner.technician_id == _first(oracle, able, case.need, slot.start)
        assert winner.reason.considered == len(able)
        assert winner.reason.values == _shown(
            oracle, case.schedule.technician_schedules[winner.technician_id].technician, case, slot
        )
        assert bool(winner.moves) == (not _somebody_free(oracle, case.need, slot.start))


@settings(max_examples=settings().max_examples // 2)
@given(case=cases())
def test_a_live_hold_is_assigned_to_the_first_technician_who_could_take_it_without_the_hold(case: Case) -> None:
    oracle, availability = Oracle(case.schedule, case.now_ms), Availability.of(case.schedule, case.now_ms)
    claims = [claim for one in oracle.technicians for claim in oracle.live_claims(one)]
    for held in (claim for claim in claims if claim.is_hold and claim.service_id in case.schedule.services):
        site = site_at(held.location, case.schedule.project.travel)
        need = Need.of_claim(held, case.schedule.services[held.service_id], site)
        able = [one for one in oracle.technicians if oracle.has_room(one, need, held.start, without=held)]
        given_to = assign_kept(availability.without(held), need, held.start)
        expected = _first(oracle, able, need, held.start, without=held)
        assert (given_to.technician_id if given_to else None) == expected


@pytest.mark.parametrize(
    ("held", "booked"),
    [
        pytest.param("2025-06-05T10:00Z", "2025-06-06T10:00Z", id="after the horizon"),
        pytest.param("2025-06-22T10:00Z", "2025-06-23T10:00Z", id="long after the horizon"),
        pytest.param("2025-06-01T23:30Z", "2025-05-31T23:30Z", id="before today"),
    ],
)
def test_a_live_hold_beyond_the_offered_dates_can_be_booked(held: str, booked: str) -> None:
    """Keep a hold after the horizon shrank or midnight passed, counting on its date (rules 12 and 20)."""
    worker = replace(technician("a", "00:00-24:00"), max_bookings_per_day=1)
    promised = hold(held, 60, until_ms=at("00:01") * 60_000)
    shop = schedule(technician_schedule(worker, promised, booking(booked, 60)), project=replace(SHOP, horizon_days=1))
    availability = Availability.of(shop, at("00:00") * 60_000)
    kept = assign_kept(availability.without(replace(promised, technician_id="a")), job(60), at(held))
    assert kept is not None
    assert kept.technician_id == "a"


def _first(
    oracle: Oracle, able: Iterable[Technician], need: Need, start: int, without: Claim | None = None
) -> str | None:
    policy = oracle.project.assignment_ranking
    ranked = sorted(([oracle.rank_value(key, one, need, start, without) for key in policy], one.id) for one in able)
    return ranked[0][1] if ranked else None


def _shown(oracle: Oracle, winner: Technician, case: Case, slot: Slot) -> dict[RankingKey, float]:
    """Return the winner's value of each key of the policy, without an unknown travel time."""
    policy = case.schedule.project.assignment_ranking
    values = {key: oracle.rank_value(key, winner, case.need, slot.start) for key in policy}
    return {key: value for key, value in values.items() if isfinite(value)}


def _somebody_free(oracle: Oracle, need: Need, start: int) -> bool:
    requested = [one for one in oracle.technicians if need.technician_id in (None, one.id)]
    return any(oracle.can_take(one, need, start) for one in requested)
