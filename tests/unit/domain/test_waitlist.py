"""Waitlist entries follow the hold of their offer."""

from dataclasses import replace

import pytest

from slotmcp.domain.claim import ClaimState
from slotmcp.domain.waitlist import WaitlistState
from support.clock import NOW_MS
from support.schedules import hold, token, wait

OFFERED = wait("w", state=WaitlistState.OFFERED, hold_token=token("h"), declined_times=((0, 60),))
HOLD = hold("h", expires_at_ms=NOW_MS + 1)
GONE = (*OFFERED.declined_times, HOLD.claim.interval)


@pytest.mark.parametrize(
    ("state", "becomes", "declined_times"),
    [
        (ClaimState.HELD, WaitlistState.OFFERED, OFFERED.declined_times),
        (ClaimState.BOOKED, WaitlistState.BOOKED, OFFERED.declined_times),
        (ClaimState.CANCELLED, WaitlistState.BOOKED, OFFERED.declined_times),
        (ClaimState.LAPSED, WaitlistState.WAITING, GONE),
        (ClaimState.RELEASED, WaitlistState.WAITING, GONE),
        (ClaimState.WITHDRAWN, WaitlistState.WAITING, OFFERED.declined_times),
    ],
)
def test_an_entry_follows_the_hold_of_its_offer(
    state: ClaimState, becomes: WaitlistState, declined_times: tuple[tuple[int, int], ...]
) -> None:
    assert OFFERED.with_hold(replace(HOLD, state=state), NOW_MS) == replace(
        OFFERED, state=becomes, declined_times=declined_times
    )


def test_an_offer_ends_at_the_millisecond_of_its_holds_expiry() -> None:
    assert OFFERED.with_hold(HOLD, NOW_MS) == OFFERED
    assert OFFERED.with_hold(HOLD, NOW_MS + 1) == replace(OFFERED, state=WaitlistState.WAITING, declined_times=GONE)


def test_an_offer_whose_hold_is_deleted_is_not_declined() -> None:
    assert OFFERED.with_hold(None, NOW_MS) == replace(OFFERED, state=WaitlistState.WAITING)


@pytest.mark.parametrize("state", [one for one in WaitlistState if one is not WaitlistState.OFFERED])
def test_only_an_offer_follows_a_hold(state: WaitlistState) -> None:
    settled = replace(OFFERED, state=state)
    assert settled.with_hold(replace(HOLD, state=ClaimState.BOOKED), NOW_MS) == settled


@pytest.mark.parametrize(
    ("time", "wants"), [((0, 60), False), ((59, 119), False), ((60, 120), True), ((-60, 0), True), ((-60, 1), False)]
)
def test_times_that_overlap_a_declined_one_are_not_accepted(time: tuple[int, int], wants: bool) -> None:  # noqa: FBT001
    assert OFFERED.accepts(time) is wants
