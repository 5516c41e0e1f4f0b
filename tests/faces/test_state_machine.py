"""The tools, driven at random against a model of a small shop, over a real database file.

After every step the file is read with plain SQL: what is sold and held is exactly what the model knows of, nobody is
in two places at once, and everything that is promised can be kept.
"""

import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Final

import anyio
from anyio.from_thread import BlockingPortal, start_blocking_portal
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    multiple,
    precondition,
    rule,
)
from mcp import Client

from slotmcp.tools.server import create_server
from support.clock import HandClock
from support.server import Body, body_of
from support.shop import Shop, at, instant_ms, open_shop
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
    suits,
    who_can,
)
from support.sqlite_file import Entry, clone, entries, overlaps, rows

BEGIN_MS: Final = instant_ms("08:15")
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


@dataclass(frozen=True, slots=True)
class Kept:
    """What the model knows of a hold, or of the booking that it became."""

    job: Job
    who: str
    expires_at_ms: int
    state: str = "held"


@dataclass(frozen=True, slots=True)
class Sent:
    """A call, and the name of what it made: a token, or a booking's id."""

    tool: str
    arguments: Mapping[str, object]
    made: str


@dataclass(slots=True)
class Memory:
    """What the model remembers."""

    staff: dict[str, Worker] = field(default_factory=lambda: dict(STAFF))
    holds: dict[str, Kept] = field(default_factory=dict)
    """By token."""
    sold: dict[str, Job] = field(default_factory=dict)
    """Bookings by id."""
    hold_keys: dict[str, tuple[object, str]] = field(default_factory=dict)
    """What a key was used for, and the token that it gave."""
    book_keys: dict[str, tuple[object, str]] = field(default_factory=dict)
    """What a key was used for, and the booking that it gave; tokens and derived keys among them."""
    sent: list[Sent] = field(default_factory=list)
    """Every call that had an effect and can be told from others: what is safe to repeat."""
    stranded: frozenset[str] = frozenset()
    """Claims whose technician an import has taken away from under them."""


jobs = st.builds(
    lambda kind, start, minutes, wish: Job(kind, start, minutes or KINDS[kind].minutes, wish),
    st.sampled_from(["gas", "gas", "water", "water", "any"]),
    st.sampled_from(STARTS),
    st.sampled_from([None, None, None, None, 90]),
    st.sampled_from(WISHES),
)
key_choices = st.sampled_from(["none", "new", "new", "new", "used"])
customers = st.sampled_from(["kim", "lee"])


class SmallShop(RuleBasedStateMachine):
    """Callers and an owner, in any order."""

    tokens: Bundle[str] = Bundle("tokens")

    def __init__(self) -> None:
        super().__init__()
        self.open = ExitStack()
        folder = Path(self.open.enter_context(tempfile.TemporaryDirectory()))
        self.path = Path(shutil.copy(_template(), folder / "shop.db"))
        self.clock = HandClock(BEGIN_MS)
        self.portal: BlockingPortal = self.open.enter_context(start_blocking_portal())
        self.shop, self.client = self.open.enter_context(
            self.portal.wrap_async_context_manager(_open_client(self.path, self.clock))
        )
        self.memory = Memory()
        self.revision = 0
        self.copies = 0

    def teardown(self) -> None:
        self.open.close()

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
            **_job_arguments(job),
        )
        assert _code(body) == error
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
        assert _code(body) is None
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
            **_customer_arguments(who),
        )
        assert _code(body) == error
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
            **_customer_arguments(who),
            **_job_arguments(job),
        )
        assert _code(body) == error
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
            self.portal.call(_hold_times, copy, self.clock, job, offered[job.start]["capacity"])
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

    # -- how it is done -------------------------------------------------------------------------

    def _call(self, tool: str, *, changes: bool, **arguments: object) -> Body:
        """Call a tool; where it must not change anything, see that it does not."""
        before = self._picture()
        given = {name: value for name, value in arguments.items() if value is not None}
        body = body_of(self.portal.call(self.client.call_tool, tool, given))
        assert (self._picture() != before) is changes, f"{tool} {'changed nothing' if changes else 'changed something'}"
        if changes and tool != "release_hold" and (tool == "book_slot" or given["idempotencyKey"]):
            made = body["booking"]["bookingId"] if "booking" in body else body["holdToken"]
            self.memory.sent.append(Sent(tool, given, str(made)))
        return body

    def _key(self, choice: str, used: Mapping[str, object]) -> str:
        """No key, a new one, or one that was used before."""
        known = [key for key in used if key.startswith("key-")]
        if choice == "used" and known:
            return known[-1]
        return "" if choice == "none" else f"key-{len(known) + 1}"

    def _picture(self) -> object:
        """All that matters in the file. That a hold has expired may be noted there or not: the clock says so."""
        now_ms = self.clock.now_ms()
        gone = {"held", "lapsed"}
        claims = [
            replace(one, state="lapsed") if one.state in gone and not one.is_live(now_ms) else one
            for one in entries(self.path)
        ]
        return (
            claims,
            rows(self.path, "SELECT * FROM bookings ORDER BY claim_id"),
            rows(self.path, "SELECT * FROM receipts ORDER BY use_case, key"),
            rows(self.path, "SELECT * FROM projects"),
        )

    def _offered(self, job: Job, start: int | None = None) -> dict[int, Body]:
        """What get_slots says of the whole day, or of one start; by start."""
        arguments = {**_job_arguments(job), "from": "2025-06-02", "to": "2025-06-02", "limit": 100, "detail": "full"}
        del arguments["start"]
        if start is not None:
            arguments |= {"from": _text(start), "to": _text(start + 1)}
        body = body_of(self.portal.call(self.client.call_tool, "get_slots", arguments))
        is_past = start is not None and start * 60_000 < self.clock.now_ms()
        error = "invalid_argument" if is_past or self._lacks_skill(job) else None
        assert _code(body) == error
        return {} if error else {at(slot["start"]): slot for slot in body["slots"]}

    def _check_alternatives(self, body: Body, job: Job) -> None:
        """They are what is offered, the nearest three."""
        if _code(body) == "slot_unavailable":
            offered = sorted(self._offered(job), key=lambda start: (abs(start - job.start), start))[:3]
            assert [at(slot["start"]) for slot in body["error"]["alternatives"]] == sorted(offered)

    def _check_booking(self, body: Body, replay: tuple[object, str] | None, job: Job) -> str:
        booking = body["booking"]
        assert body["replayed"] is bool(replay)
        assert (at(booking["start"]), at(booking["end"])) == (job.start, job.start + job.minutes)
        assert job.wish in {None, booking["technicianId"]}
        if replay:
            assert booking["bookingId"] == replay[1]
        return str(booking["bookingId"])

    def _remember_sale(self, booking: str, job: Job, used_keys: tuple[str, ...], asked: object) -> None:
        self.memory.sold[booking] = job
        self.memory.book_keys.update({key: (asked, booking) for key in used_keys if key})

    def _can_be_kept(self, token: str) -> bool:
        """Whether a hold that was not booked yet can be: surely while it lives, later if somebody is free."""
        kept = self.memory.holds[token]
        now_ms = self.clock.now_ms()
        is_live = now_ms < kept.expires_at_ms
        if kept.state == "released" or (not is_live and kept.job.start * 60_000 < now_ms):
            return False
        own = next(one for one in entries(self.path) if one.token == token)
        others = [one for one in self._live() if one.id != own.id]
        can = bool(who_can(self.memory.staff, others, entry_of(kept.job), kept.job.wish))
        assert can or not is_live or own.id in self.memory.stranded, "a live hold cannot be kept"
        return can

    def _live(self) -> list[Entry]:
        return [one for one in entries(self.path) if one.is_live(self.clock.now_ms())]

    def _live_holds_of(self, who: str) -> int:
        now_ms = self.clock.now_ms()
        return sum(
            kept.who == who and kept.state == "held" and now_ms < kept.expires_at_ms
            for kept in self.memory.holds.values()
        )

    def _lacks_skill(self, job: Job) -> str | None:
        if job.wish is None or KINDS[job.kind].skill in {"", *self.memory.staff[job.wish].skills.split()}:
            return None
        return "invalid_argument"

    def _mismatch(self, known: Mapping[str, tuple[object, str]], key: str, asked: object) -> str | None:
        return "idempotency_mismatch" if key in known and known[key][0] != asked else None

    def _suits(self, one: Entry) -> bool:
        return suits(self.memory.staff[one.technician_id], one.service_id, one.start, one.end)

    def _fits(self, live: list[Entry], wanted: Entry, wish: str | None) -> bool:
        """Whether there is any way at all to serve it beside everything that is live."""
        new = replace(wanted, technician_id=wish or "", expires_at_ms=2**60)
        return is_servable(self.memory.staff, [*live, new], self.memory.stranded)

    async def _import(self) -> None:
        await self.shop.app.projects.import_project(plan_of(self.memory.staff), prune=False)


def _job_arguments(job: Job) -> dict[str, Any]:
    given = {"serviceType": job.kind, "start": _text(job.start), "durationMinutes": job.minutes}
    return {**given, "technicianId": job.wish} if job.wish else given


def _customer_arguments(who: str) -> dict[str, str]:
    return {"customerName": who, "customerEmail": f"{who}@example.com"}


def _text(minute: int) -> str:
    return f"2025-06-02T{minute // 60 % 24:02}:{minute % 60:02}Z"


def _code(body: Body) -> str | None:
    return body["error"]["code"] if "error" in body else None


async def _hold_times(path: Path, clock: HandClock, job: Job, times: int) -> None:
    async with open_shop(path, clock=clock) as shop:
        for number in range(times):
            facts = {"service_id": job.kind, "duration_minutes": job.minutes, "technician_id": job.wish}
            held = await shop.hold(job.start, who=f"caller {number}", **facts)
            assert held.capacity_left >= times - number - 1


@asynccontextmanager
async def _open_client(path: Path, clock: HandClock) -> AsyncIterator[tuple[Shop, Client]]:
    async with open_shop(path, clock=clock) as shop, Client(create_server(shop.app)) as client:
        yield shop, client


@cache
def _template() -> Path:
    """The shop before its first call."""
    path = Path(tempfile.mkdtemp()) / "small.db"
    anyio.run(_create, path)
    return path


async def _create(path: Path) -> None:
    async with open_shop(path, plan_of(STAFF), clock=HandClock(BEGIN_MS)):
        pass


TestSmallShop = SmallShop.TestCase
TestSmallShop.settings = settings(max_examples=settings().max_examples // 8, stateful_step_count=30)
