"""The small shop's tools as its model calls them, and what the model remembers of every call."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Final

from anyio.from_thread import BlockingPortal, start_blocking_portal
from hypothesis.stateful import RuleBasedStateMachine
from mcp import Client

from slotmcp.tools.server import create_server
from support.clock import HandClock
from support.server import Body, body_of
from support.shop import Shop, at, instant_ms, open_shop
from support.small_shop import KINDS, STAFF, Job, Worker, entry_of, is_servable, plan_of, suits, who_can
from support.sqlite_file import Entry, entries, rows

BEGIN_MS: Final = instant_ms("08:15")


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


class SmallShopDesk(RuleBasedStateMachine):
    """A client at the tools of a shop of its own, in a copy of the template; its calls are checked against the file."""

    template: ClassVar[Path]

    def __init__(self) -> None:
        super().__init__()
        self.open = ExitStack()
        folder = Path(self.open.enter_context(tempfile.TemporaryDirectory()))
        self.path = Path(shutil.copy(self.template, folder / "shop.db"))
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
        arguments = {**job_arguments(job), "from": "2025-06-02", "to": "2025-06-02", "limit": 100, "detail": "full"}
        del arguments["start"]
        if start is not None:
            arguments |= {"from": _text(start), "to": _text(start + 1)}
        body = body_of(self.portal.call(self.client.call_tool, "get_slots", arguments))
        is_past = start is not None and start * 60_000 < self.clock.now_ms()
        error = "invalid_argument" if is_past or self._lacks_skill(job) else None
        assert code_of(body) == error
        return {} if error else {at(slot["start"]): slot for slot in body["slots"]}

    def _check_alternatives(self, body: Body, job: Job) -> None:
        """They are what is offered, the nearest three."""
        if code_of(body) == "slot_unavailable":
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


def job_arguments(job: Job) -> dict[str, Any]:
    given = {"serviceType": job.kind, "start": _text(job.start), "durationMinutes": job.minutes}
    return {**given, "technicianId": job.wish} if job.wish else given


def customer_arguments(who: str) -> dict[str, str]:
    return {"customerName": who, "customerEmail": f"{who}@example.com"}


def _text(minute: int) -> str:
    return f"2025-06-02T{minute // 60 % 24:02}:{minute % 60:02}Z"


def code_of(body: Body) -> str | None:
    return body["error"]["code"] if "error" in body else None


async def hold_times(path: Path, clock: HandClock, job: Job, times: int) -> None:
    async with open_shop(path, clock=clock) as shop:
        for number in range(times):
            facts = {"service_id": job.kind, "duration_minutes": job.minutes, "technician_id": job.wish}
            held = await shop.hold(job.start, who=f"caller {number}", **facts)
            assert held.capacity_left >= times - number - 1


@asynccontextmanager
async def _open_client(path: Path, clock: HandClock) -> AsyncIterator[tuple[Shop, Client]]:
    async with open_shop(path, clock=clock) as shop, Client(create_server(shop.app)) as client:
        yield shop, client
