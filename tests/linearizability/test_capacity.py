"""The assignment of technicians agrees with a trial of all assignments."""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from concurrency.business import few_kinds
from linearizability.capacity import Claim, Team

TEAM = Team(few_kinds("team", hold_seconds=120))
DAY = 20_000 * 1440
SERVICES = sorted(TEAM.business.jobs)


def hold(service: str, start: int, minutes: int) -> Claim:
    return Claim(service, DAY + start, DAY + start + minutes, "held")


holds = st.builds(hold, st.sampled_from(SERVICES), st.integers(18, 21).map(lambda n: 30 * n), st.sampled_from([30, 60]))


@given(st.lists(holds, max_size=4), holds)
def test_an_assignment_is_found_if_there_is_one(kept: list[Claim], wanted: Claim) -> None:
    named = frozenset((str(number), one) for number, one in enumerate(kept))
    everything = [*kept, wanted]
    expected = any(
        _is_possible(everything, chosen) for chosen in product(TEAM.business.technicians, repeat=len(everything))
    )
    if _some_can_be_served(kept):
        assert TEAM.can_all_be_served(named, wanted) is expected


def _some_can_be_served(kept: list[Claim]) -> bool:
    return any(_is_possible(kept, chosen) for chosen in product(TEAM.business.technicians, repeat=len(kept)))


def _is_possible(claims: list[Claim], chosen: tuple[str, ...]) -> bool:
    pairs = list(zip(claims, chosen, strict=True))
    return all(TEAM.is_able(technician, one) for one, technician in pairs) and not any(
        technician == other_technician and TEAM.collide(one, other)
        for number, (one, technician) in enumerate(pairs)
        for other, other_technician in pairs[:number]
    )
