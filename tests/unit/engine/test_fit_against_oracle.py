"""Fit of existing claims: a claim has no cause exactly if the oracle would allow it with all else as it is."""

from dataclasses import replace

from hypothesis import given, settings

from oracle.areas import is_served_on
from oracle.capacity import Oracle
from slotmcp.domain.attention import FROM_SCHEDULE, AttentionCause
from slotmcp.domain.claim import Claim
from slotmcp.domain.schedule import Schedule
from slotmcp.engine.availability import Availability
from slotmcp.engine.fit import ScheduleFit
from slotmcp.engine.need import Need
from unit.engine.strategies import Case, cases


def fits(oracle: Oracle, claim: Claim) -> bool:
    technician = oracle.schedule.technician_schedules[claim.technician_id].technician
    need = oracle.need_of(claim)
    return is_allowed(oracle, need, claim) and oracle.has_room(technician, need, claim.start, without=claim)


def is_allowed(oracle: Oracle, need: Need, claim: Claim) -> bool:
    """Return whether the day of the area and the spans of the service allow a claim. Spans do not apply to holds."""
    has_span = claim.is_hold or oracle.is_in_span(need, claim.start, claim.priority)
    return has_span and is_served_on(need.area, oracle.date(claim.start))


def bookings_only(schedule: Schedule) -> Schedule:
    """Return the schedule without its holds."""
    return replace(
        schedule,
        technician_schedules={
            id_: replace(one, claims=tuple(claim for claim in one.claims if not claim.is_hold))
            for id_, one in schedule.technician_schedules.items()
        },
    )


@settings(max_examples=settings().max_examples // 2)
@given(case=cases())
def test_a_claim_without_a_cause_is_one_that_the_oracle_allows(case: Case) -> None:
    availability, oracle = Availability.of(case.schedule, case.now_ms), Oracle(case.schedule, case.now_ms)
    for technician in oracle.technicians:
        fit = ScheduleFit.among_claims(availability, technician.id)
        for claim in oracle.live_claims(technician):
            causes = fit.causes(claim)
            assert causes <= FROM_SCHEDULE
            if claim.service_id in case.schedule.services:
                assert (not causes) == fits(oracle, claim), (claim, causes)
            else:
                assert AttentionCause.SERVICE_REMOVED in causes


@settings(max_examples=settings().max_examples // 4)
@given(case=cases())
def test_bookings_are_checked_as_if_there_were_no_holds(case: Case) -> None:
    availability = Availability.of(case.schedule, case.now_ms)
    oracle = Oracle(bookings_only(case.schedule), case.now_ms)
    for technician in oracle.technicians:
        fit = ScheduleFit.among_bookings(availability, technician.id)
        for claim in oracle.live_claims(technician):
            if claim.service_id in case.schedule.services:
                assert (not fit.causes(claim)) == fits(oracle, claim), (claim, fit.causes(claim))


@settings(max_examples=settings().max_examples // 4)
@given(case=cases())
def test_another_technician_fits_exactly_if_the_oracle_gives_them_the_job(case: Case) -> None:
    availability, oracle = Availability.of(case.schedule, case.now_ms), Oracle(case.schedule, case.now_ms)
    claims = [claim for one in oracle.technicians for claim in oracle.live_claims(one)]
    for claim in (claim for claim in claims if claim.service_id in case.schedule.services):
        for technician in oracle.technicians:
            if technician.id != claim.technician_id:
                moved = replace(claim, technician_id=technician.id)
                causes = ScheduleFit.among_claims(availability, technician.id).causes(moved)
                need = oracle.need_of(claim)
                is_possible = is_allowed(oracle, need, claim) and oracle.has_room(technician, need, claim.start)
                assert (not causes) == is_possible, causes
