"""A timeline that follows a few changed claims equals a new one."""

from dataclasses import replace
from random import Random

import pytest

from slotmcp.domain.catalog import SlotAlignment
from slotmcp.domain.claim import BusyTime, Claim
from slotmcp.domain.schedule import Schedule, TechnicianSchedule
from slotmcp.engine.availability import Availability
from slotmcp.engine.claim_change import MAX_DIFFERENT
from slotmcp.engine.need import Need
from unit.engine.examples import SHOP, at, schedule, technician

NOW = at("00:00")
NEEDS = (
    Need(duration_minutes=60),
    Need(duration_minutes=45, buffer_before_minutes=20),
    Need(duration_minutes=30, buffer_after_minutes=15),
)
STEPS = 150
LONGEST_SPAN_MINUTES = 6 * 1440


def claims_of(random: Random, claims: list[Claim], number: int) -> list[Claim]:
    """Return claims after a random change: one is added, removed, moved or confirmed."""
    chosen = random.randrange(len(claims)) if claims else 0
    change = random.choice(["add", "add", "remove", "move", "confirm", "many"])
    added = [new_claim(random, f"c{number}")]
    if change == "many":
        return [*claims[MAX_DIFFERENT:], *added]
    if change == "add" or not claims:
        return [*claims, *added]
    kept = [*claims[:chosen], *claims[chosen + 1 :]]
    if change == "confirm":
        return [*kept, replace(claims[chosen], expires_at_ms=None)]
    return kept if change == "remove" else [*kept, *added]


def new_claim(random: Random, claim_id: str) -> Claim:
    start = NOW + 15 * random.randrange(LONGEST_SPAN_MINUTES // 15)
    return Claim(
        id=claim_id,
        technician_id="a",
        service_id="visit",
        start=start,
        end=start + random.choice([30, 60, 90]),
        buffer_before_minutes=random.choice([0, 10]),
        buffer_after_minutes=random.choice([0, 15]),
        expires_at_ms=random.choice([None, (NOW + 10_000) * 60_000]),
    )


def with_claims(before: Schedule, claims: list[Claim], revision: int) -> Schedule:
    known = before.technician_schedules["a"]
    ordered = tuple(sorted(claims, key=lambda claim: claim.end))
    changed = TechnicianSchedule(technician=known.technician, claims=ordered, busy=known.busy)
    return replace(before, technician_schedules={"a": changed}, revision=revision)


@pytest.mark.parametrize("alignment", SlotAlignment)
@pytest.mark.parametrize("limit", [None, 3])
def test_a_timeline_that_follows_changes_equals_a_new_one(alignment: SlotAlignment, limit: int | None) -> None:
    random = Random(f"{alignment} {limit}")  # noqa: S311  no secret
    busy = (BusyTime(technician_id="a", start=NOW + 600, end=NOW + 700),)
    one = TechnicianSchedule(technician=replace(technician("a", "00:00-24:00"), max_bookings_per_day=limit), busy=busy)
    current = schedule(one, project=replace(SHOP, slot_alignment=alignment))
    grown, claims = Availability.of(current, NOW * 60_000), list[Claim]()
    for number in range(STEPS):
        claims = claims_of(random, claims, number)
        current = with_claims(current, claims, number)
        grown, fresh = Availability.of(current, NOW * 60_000, grown), Availability.of(current, NOW * 60_000)
        followed, new = grown.index.timelines["a"], fresh.index.timelines["a"]
        assert (followed.loads, followed.holds, followed.claims) == (new.loads, new.holds, new.claims)
        for need in NEEDS:
            assert followed.starts(need) == new.starts(need) > 0
            minutes = range(NOW, NOW + LONGEST_SPAN_MINUTES, 95)
            assert [followed.obstacle(need, at) for at in minutes] == [new.obstacle(need, at) for at in minutes]
