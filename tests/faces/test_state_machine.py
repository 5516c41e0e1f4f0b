"""The tools, driven at random against a model of a small shop, over a real database file.

After every step the file is read with plain SQL: what is sold and held is exactly what the model knows of, nobody is
in two places at once, and everything that is promised can be kept.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import anyio
import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    invariant,
    multiple,
    precondition,
    rule,
)

from support.clock import HandClock
from support.shop import at, open_shop
from support.small_shop import (
    CHANGES,
    FIRST_GRID,
    GRID,
    KINDS,
    LAST_GRID,
    STAFF,
    Job,
    Worker,
    entry_of,
    is_servable,
    plan_of,
    who_can,
)
from support.small_shop_desk import (
    BEGIN_MS,
    Kept,
    SmallShopDesk,
    code_of,
    customer_arguments,
    hold_times,
    job_arguments,
)
from support.sqlite_file import clone, overlaps, rows

HOLD_LIMIT: Final = 3
STARTS: Final = (
    *[at("10:00")] * 6,
    *[at("10:30")] * 4,
    at("09:00"),
    at("09:30"),
    at("11:00"),
    at("09:15"),
    at("12:00"),
)
"""Mostly the same ones, so that callers meet."""
LIFETIMES: Final = {"gas": None, "water": 60, "any": 120}
"""How long a hold is to live, in seconds."""
WISHES: Final = (*[None] * 8, *STAFF)


jobs = st.builds(
    lambda kind, start, minutes, wish: Job(kind, start, minutes or KINDS[kind].minutes, wish),
    st.sampled_from(["gas", "gas", "water", "water", "any"]),
    st.sampled_from(STARTS),
    st.sampled_from([None, None, None, None, 90]),
    st.sampled_from(WISHES),
)
key_choices = st.sampled_from(["none", "new", "new", "new", "used"])
customers = st.sampled_from(["kim", "lee"])


@pytest.fixture(scope="module", autouse=True)
def template(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The shop before its first call, for every example to begin with."""
    SmallShop.template = tmp_path_factory.mktemp("small-shop") / "template.db"
    anyio.run(_create, SmallShop.template)


class SmallShop(SmallShopDesk):
    """Callers and an owner, in any order."""

    tokens: Bundle[str] = Bundle("tokens")
    # -- what callers do ------------------------------------------------------------------------

    @rule(job=jobs)
    def get_slots(self, job: Job) -> None:
        """Exactly what the model counts is offered; a start of which it counts none only where all fits anew."""
        offered = self._offered(job)
        live = self._live()
        for start in range(FIRST_GRID, LAST_GRID, GRID):
            wanted = entry_of(replace(job, start=start))
            able = who_can(self.memory.staff, live, wanted, job.wish)
            slot = offered.pop(start, None)
            if start * 60_000 < self.clock.now_ms():
                assert slot is None
            elif able:
                assert slot is not None
                assert slot["capacity"] == len(able)
                assert {one["technicianId"] for one in slot["candidates"]} == set(able)
            elif slot is not None:
                assert slot["capacity"] == 1
                assert self._fits(live, wanted, job.wish)
        assert not offered, "a start off the grid"

    @rule(target=tokens, jobs=st.lists(jobs, min_size=1, max_size=4), who=customers, key_choice=key_choices)
    def create_holds(self, jobs: list[Job], who: str, key_choice: str) -> Any:  # noqa: ANN401  the tokens that came of it
        """Several in a row: the interesting states are those in which much is held."""
        tokens = [self._create_hold(job, who, key_choice) for job in jobs]
        return multiple(*(token for token in tokens if token))

    def _create_hold(self, job: Job, who: str, key_choice: str) -> str | None:
        ttl = LIFETIMES[job.kind]
        asked = (job, who)
        key = self._key(key_choice, self.memory.hold_keys)
        error = self._lacks_skill(job) or self._mismatch(self.memory.hold_keys, key, asked)
        replay = self.memory.hold_keys.get(key) if not error else None
        is_offered = bool(self._offered(job, job.start))
        if not error and not replay:
            if self._live_holds_of(who) >= HOLD_LIMIT:
                error = "hold_limit"
            elif not is_offered:
                error = "slot_unavailable"
        body = self._call(
            "create_hold",
            changes=not error and not replay,
            customerHash=who,
            ttlSeconds=ttl,
            idempotencyKey=key,
            **job_arguments(job),
        )
        assert code_of(body) == error
        if error:
            self._check_alternatives(body, job)
            return None
        assert body["replayed"] is bool(replay)
        if replay:
            assert body["holdToken"] == replay[1]
            return None
        token = str(body["holdToken"])
        self.memory.holds[token] = Kept(job, who, self.clock.now_ms() + (ttl or 90) * 1000)
        if key:
            self.memory.hold_keys[key] = (asked, token)
        return token

    @precondition(lambda self: self.memory.sent)
    @rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        """Whatever happened since: the first answer again, and nothing changes."""
        sent = data.draw(st.sampled_from(self.memory.sent))
        body = self._call(sent.tool, changes=False, **sent.arguments)
        assert code_of(body) is None
        assert body["replayed"] is True
        assert sent.made == (body["booking"]["bookingId"] if "booking" in body else body["holdToken"])

    @rule(token=tokens)
    def release_hold(self, token: str) -> None:
        kept = self.memory.holds[token]
        is_live = kept.state == "held" and self.clock.now_ms() < kept.expires_at_ms
        body = self._call("release_hold", changes=is_live, holdToken=token)
        assert body["released"] is is_live
        if is_live:
            self.memory.holds[token] = replace(kept, state="released")

    @rule(token=tokens, who=customers, key_choice=key_choices)
    def book_what_is_held(self, token: str, who: str, key_choice: str) -> None:
        memory, kept = self.memory, self.memory.holds[token]
        key = self._key(key_choice, memory.book_keys)
        asked = ("hold", token, who)
        known = [one for one in (key, f"hold:{token}") if one in memory.book_keys]
        error = self._mismatch(memory.book_keys, known[0], asked) if known else None
        replay = memory.book_keys[known[0]] if known and not error else None
        if not known and not self._can_be_kept(token):
            error = "hold_expired"
        body = self._call(
            "book_slot",
            changes=not error and not replay,
            holdToken=token,
            idempotencyKey=key,
            **customer_arguments(who),
        )
        assert code_of(body) == error
        if error:
            return
        booking = self._check_booking(body, replay, kept.job)
        if not replay:
            memory.holds[token] = replace(kept, state="booked")
            self._remember_sale(booking, kept.job, (key, f"hold:{token}"), asked)

    @rule(job=jobs, who=customers, key_choice=key_choices)
    def book_directly(self, job: Job, who: str, key_choice: str) -> None:
        memory = self.memory
        key = self._key(key_choice, memory.book_keys)
        asked = ("start", job, who)
        used = key or f"start:{job.kind} {job.start} {who}"
        error = self._lacks_skill(job) or self._mismatch(memory.book_keys, used, asked)
        replay = memory.book_keys.get(used) if not error else None
        is_offered = bool(self._offered(job, job.start))
        if not error and not replay and not is_offered:
            error = "slot_unavailable"
        body = self._call(
            "book_slot",
            changes=not error and not replay,
            idempotencyKey=key,
            **customer_arguments(who),
            **job_arguments(job),
        )
        assert code_of(body) == error
        if error:
            self._check_alternatives(body, job)
            return
        booking = self._check_booking(body, replay, job)
        if not replay:
            self._remember_sale(booking, job, (used,), asked)

    @precondition(lambda self: self.copies < len(self.memory.holds))
    @rule(job=jobs)
    def hold_all_that_is_offered(self, job: Job) -> None:
        """On a copy of the file, every start can be held as often as its capacity says."""
        offered = self._offered(job, job.start)
        if offered:
            self.copies += 1
            copy = clone(self.path, self.path.with_name("copy.db"))
            self.portal.call(hold_times, copy, self.clock, job, offered[job.start]["capacity"])
            copy.unlink()

    # -- what else happens ----------------------------------------------------------------------

    @rule(seconds=st.sampled_from([0.001, 1, 29, 30, 60, 89.999, 90, 1200]))
    def time_passes(self, seconds: float) -> None:
        self.clock.advance(seconds=seconds)

    @precondition(lambda self: self.memory.holds)
    @rule(before_ms=st.sampled_from([0, 1]), token=tokens)
    def a_hold_is_about_to_expire(self, token: str, before_ms: int) -> None:
        """To the very millisecond at which it expires, or to the last at which it lives."""
        expires_at_ms = self.memory.holds[token].expires_at_ms - before_ms
        self.clock.set_ms(max(self.clock.now_ms(), expires_at_ms))

    @rule(change=st.sampled_from(CHANGES))
    def the_owner_changes_somebody(self, change: tuple[str, Worker]) -> None:
        name, worker = change
        self.memory.staff[name] = worker
        self.portal.call(self._import)
        self.memory.stranded |= {one.id for one in self._live() if not self._suits(one)}

    # -- what must always be true ---------------------------------------------------------------

    @invariant()
    def nobody_is_in_two_places_at_once(self) -> None:
        assert overlaps(self._live()) == []

    @invariant()
    def what_is_sold_and_held_is_what_the_model_knows(self) -> None:
        held = {
            one.token: (one.service_id, one.start, one.end, one.expires_at_ms)
            for one in self._live()
            if one.state == "held"
        }
        assert held == {
            token: (kept.job.kind, kept.job.start, kept.job.start + kept.job.minutes, kept.expires_at_ms)
            for token, kept in self.memory.holds.items()
            if kept.state == "held" and self.clock.now_ms() < kept.expires_at_ms
        }
        sold = {one.id: (one.service_id, one.start, one.end) for one in self._live() if one.state == "booked"}
        assert sold == {id_: (job.kind, job.start, job.start + job.minutes) for id_, job in self.memory.sold.items()}
        assert {id_ for (id_,) in rows(self.path, "SELECT claim_id FROM bookings")} == set(sold)

    @invariant()
    def whoever_a_claim_is_pinned_to_can_do_it(self) -> None:
        for one in self._live():
            assert self._suits(one) or one.id in self.memory.stranded

    @invariant()
    def everything_promised_can_be_kept_at_once(self) -> None:
        assert is_servable(self.memory.staff, self._live(), self.memory.stranded)

    @invariant()
    def the_revision_never_goes_back(self) -> None:
        ((revision,),) = rows(self.path, "SELECT revision FROM projects")
        assert revision >= self.revision
        self.revision = revision


async def _create(path: Path) -> None:
    async with open_shop(path, plan_of(STAFF), clock=HandClock(BEGIN_MS)):
        pass


TestSmallShop = SmallShop.TestCase
TestSmallShop.settings = settings(
    max_examples=settings().max_examples // 6,
    stateful_step_count=30,
    phases=[phase for phase in Phase if phase is not Phase.explain],  # shrinking takes minutes as it is
)
