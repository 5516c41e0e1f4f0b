"""Rules of callers who search: they find, explain, hold and release times."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import multiple, precondition, rule

from interfaces.state_machine_waitlist import SmallShopWaitlist
from support.clock import HandClock
from support.shop import at, open_shop
from support.small_shop import FIRST_GRID, GRID, KINDS, LAST_GRID, STAFF, Job, entry_of, location
from support.small_shop_memory import Contact, StoredHold, job_arguments
from support.small_shop_rules import is_servable
from support.small_shop_tools import code_of
from support.sqlite_file import clone

STARTS: Final = (
    *[at("10:00")] * 6,
    *[at("10:30")] * 4,
    at("09:00"),
    at("09:30"),
    at("11:00"),
    at("09:15"),
    at("12:00"),
)
"""Strategy that mostly generates equal jobs, so that callers compete."""
SHARED_KEY_MS: Final = 15_000
LIFETIMES: Final = {"gas": None, "water": 60, "any": 120}
"""Lifetime of a hold, in seconds."""
WISHES: Final = (*[None] * 8, *STAFF)
SOMEWHERE: Final = (None, "a", "b", "c")

jobs = st.builds(
    lambda kind, start, minutes, requested, place: Job(kind, start, minutes or KINDS[kind].minutes, requested, place),
    st.sampled_from(["gas", "gas", "water", "water", "any"]),
    st.sampled_from(STARTS),
    st.sampled_from([None, None, None, None, 90]),
    st.sampled_from(WISHES),
    st.sampled_from(SOMEWHERE),
)
key_choices = st.sampled_from(["none", "new", "new", "new", "used"])
customers = st.sampled_from(["kim", "lee"])
contacts: st.SearchStrategy[Contact] = st.sampled_from(["phone", "email", "both"])
notations = st.integers(0, 2)


class HoldingRules(SmallShopWaitlist):
    """Rules of callers who decide."""

    @rule(jobs=st.lists(jobs, min_size=1, max_size=4, unique_by=lambda job: (job.kind, job.place)))
    def get_slots(self, jobs: list[Job]) -> None:
        """Check that get_slots offers exactly what the model counts."""
        for job in jobs:
            self._get_slots(job)

    def _get_slots(self, job: Job) -> None:
        offered = self._offered(job)
        for start in range(FIRST_GRID, LAST_GRID, GRID):
            capacity, able = (0, []) if self._lacks_skill(job) else self._available(job, start)
            slot = offered.pop(start, None)
            assert (slot["capacity"] if slot else 0) == capacity
            assert {one["technicianId"] for one in slot["candidates"]} == set(able) if slot else not able
            if slot:
                new = replace(entry_of(replace(job, start=start), job.requested or ""), expires_at_ms=2**60)
                assert is_servable(self.memory.staff, [*self._live(), new], self.memory.stranded)
        assert not offered, "a start off the grid"

    @rule(job=jobs)
    def explain_slot(self, job: Job) -> None:
        """Check that explain_slot agrees with get_slots, and gives a reason for each technician who cannot come."""
        body = self._read("explain_slot", job_arguments(job))
        assert code_of(body) == self._lacks_skill(job)
        if code_of(body):
            return
        slot = {} if self._is_past(job.start) else self._offered(job, job.start).get(job.start, {})
        assert (body["available"], body["capacity"]) == (bool(slot), slot.get("capacity", 0))
        coming = {
            one["technicianId"]
            for one in body["technicians"]
            if one["can"] and job.requested in {None, one["technicianId"]}
        }
        assert coming == {one["technicianId"] for one in slot.get("candidates", [])}
        assert all((one["code"] == "can") is one["can"] for one in body["technicians"])

    @rule(
        target=SmallShopWaitlist.tokens,
        jobs=st.lists(jobs, min_size=1, max_size=4),
        who=customers,
        key_choice=key_choices,
    )
    def create_holds(self, jobs: list[Job], who: str, key_choice: str) -> Any:  # noqa: ANN401  the tokens that came of it
        """Hold several starts in a row, because the interesting states have many holds."""
        tokens = [self._create_hold(job, who, key_choice) for job in jobs]
        return multiple(*(token for token in tokens if token))

    def _create_hold(self, job: Job, who: str, key_choice: str) -> str | None:
        memory, request = self.memory, (job.kind, job.start, who)
        key = self._key(key_choice, memory.hold_keys)
        error = self._lacks_skill(job)
        replay = memory.hold_keys.get(key) if not error else None
        if replay and not (replay[0] == request and self._is_recalled(replay[1]) and self._is_repeated(job, replay[1])):
            replay = None
        if not error and not replay and not self._available(job, job.start)[0]:
            error = "slot_unavailable"
        arguments = {
            "customerHash": f"{who}:hash",
            "ttlSeconds": LIFETIMES[job.kind],
            "idempotencyKey": key,
            **job_arguments(job),
        }
        body = self._call("create_hold", arguments, changes=not error and not replay)
        assert code_of(body) == error
        if error:
            self._check_alternatives(body, job)
            return None
        token = str(body["holdToken"])
        assert body["replayed"] is bool(replay)
        if replay:
            assert token == replay[1]
            return None
        lives_ms = (LIFETIMES[job.kind] or 90) * 1000
        memory.holds[token] = StoredHold(job, f"{who}:hash", self.clock.now_ms() + lives_ms)
        if key:
            memory.hold_keys[key] = (request, token)
        return token

    @rule(token=SmallShopWaitlist.tokens)
    def release_hold(self, token: str) -> None:
        is_live = self._is_live(token)
        body = self._call("release_hold", {"holdToken": token}, changes=is_live)
        assert body["released"] is is_live
        if is_live:
            self.memory.holds[token] = replace(self.memory.holds[token], state="released")
        self._check_waitlist()

    @precondition(lambda self: self.copies < len(self.memory.holds))
    @rule(job=jobs)
    def hold_all_that_is_offered(self, job: Job) -> None:
        """Check on a copy of the file that every start can be held as often as its capacity says."""
        offered = {} if self._is_past(job.start) else self._offered(job, job.start)
        if offered:
            self.copies += 1
            copy = clone(self.path, self.path.with_name("copy.db"))
            self.portal.call(_hold_times, copy, self.clock, job, offered[job.start]["capacity"])
            copy.unlink()

    def _is_recalled(self, token: str) -> bool:
        """Return whether a key that anyone may use is still known: for 15 seconds."""
        hold = self.memory.holds[token]
        created_ms = hold.expires_at_ms - (LIFETIMES[hold.job.kind] or 90) * 1000
        return self.clock.now_ms() - created_ms < SHARED_KEY_MS

    def _is_repeated(self, job: Job, token: str) -> bool:
        """Return whether the hold of a key answers a request for the same start: it is booked, or for the same job."""
        if self.memory.holds[token].state == "booked":
            return True
        held = self.memory.holds[token].job
        return (job.minutes, job.requested) == (held.minutes, held.requested) and job.place in {None, held.place}


async def _hold_times(path: Path, clock: HandClock, job: Job, times: int) -> None:
    async with open_shop(path, clock=clock) as shop:
        for number in range(times):
            facts = {"service_id": job.kind, "duration_minutes": job.minutes, "technician_id": job.requested}
            held = await shop.hold(job.start, who=f"caller {number}", location=location(job.place), **facts)
            assert held.capacity_left >= times - number - 1
