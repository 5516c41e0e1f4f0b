"""Base of the state machine: calls the tools, and checks the file before and after each call."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Final

from anyio.from_thread import BlockingPortal, start_blocking_portal
from hypothesis.stateful import Bundle, RuleBasedStateMachine
from mcp import Client

from slotmcp.tools.gate import Toolset
from slotmcp.tools.server import create_server
from support.clock import HandClock
from support.server import Body, body_of
from support.shop import Shop, at, instant_ms, open_shop
from support.small_shop import FIRST_GRID, GRID, KINDS, LAST_GRID, Job, entry_of, placeless, plan_of
from support.small_shop_memory import Keys, Memory, Sent, job_arguments, text
from support.small_shop_rules import Live, can_take, movable_workers, suits, workers_for
from support.sqlite_file import Entry, entries, rows

BEGIN_MS: Final = instant_ms("08:15")
_PICTURE: Final = (
    "SELECT * FROM bookings ORDER BY claim_id",
    "SELECT * FROM booking_contacts ORDER BY claim_id, position",
    "SELECT use_case, key, request, answer FROM receipts ORDER BY use_case, key",
    "SELECT * FROM projects",
    "SELECT * FROM waits ORDER BY number",
    "SELECT hours, status FROM technicians ORDER BY number",
)


class SmallShopTools(RuleBasedStateMachine):
    """Client of the tools of one shop, in a copy of the template."""

    template: ClassVar[Path]
    tokens: Bundle[str] = Bundle("tokens")

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
        self.memory = Memory(latest_ms=BEGIN_MS)
        self.revision = 0
        self.copies = 0

    def teardown(self) -> None:
        self.open.close()

    # -- calls ----------------------------------------------------------------------------------

    def _call(self, tool: str, arguments: Mapping[str, object], *, changes: bool, ignores_travel: bool = False) -> Body:
        """Call a tool, and check that it changes nothing if it must not.

        With `ignores_travel`, a claim may be moved to a technician who lacks the travel time.
        """
        before, live = self._picture(), self._live()
        provided = {name: value for name, value in arguments.items() if value is not None}
        body = self._read(tool, provided)
        assert (self._picture() != before) is changes, (
            f"{tool} {'changed nothing' if changes else 'changed something'}: {body['result']}"
        )
        self._check_arrivals(live, ignores_travel=ignores_travel)
        return body

    def _read(self, tool: str, arguments: Mapping[str, object]) -> Body:
        return body_of(self.portal.call(self.client.call_tool, tool, dict(arguments)))

    def _record_call(self, tool: str, arguments: Mapping[str, object], made: str, job: Job) -> None:
        """Record a call, so that a rule can repeat it."""
        provided = {name: value for name, value in arguments.items() if value is not None}
        self.memory.sent.append(Sent(tool, provided, made, job))

    def _check_arrivals(self, before: Live, *, ignores_travel: bool) -> None:
        """Check that each newly assigned technician can serve the claim."""
        known = {claim.id: (claim.technician_id, claim.start) for claim in before}
        live = self._live()
        arrived = [claim for claim in live if known.get(claim.id) != (claim.technician_id, claim.start)]
        # If a call added several claims, each was possible when it was added.
        ignores_travel = ignores_travel or sum(claim.id not in known for claim in arrived) > 1
        for claim in arrived:
            others = [other for other in live if other.technician_id == claim.technician_id and other.id != claim.id]
            wanted = placeless(claim) if ignores_travel else claim
            assert can_take(self.memory.staff[claim.technician_id], others, wanted), f"not possible: {claim}"

    def _key(self, choice: str, used: Mapping[str, tuple[object, str]]) -> str:
        """Return no key, a new one, or a used one, perhaps of another caller."""
        known = list(dict.fromkeys(key.split()[0] for key in used if key.startswith("key-")))
        if choice == "used" and known:
            return known[-1]
        return "" if choice == "none" else f"key-{len(known) + 1}"

    def _mismatch(self, known: Keys, key: str, request: object) -> str | None:
        return "idempotency_mismatch" if key in known and known[key][0] != request else None

    def _picture(self) -> object:
        """Return the relevant content of the file. An expired hold may or may not be marked, as the clock decides."""
        now_ms = self.clock.now_ms()
        ended = {"held", "lapsed"}
        claims = [
            replace(claim, state="lapsed") if claim.state in ended and not claim.is_live(now_ms) else claim
            for claim in entries(self.path)
        ]
        return claims, [rows(self.path, statement) for statement in _PICTURE]

    # -- free times ---------------------------------------------------------------------------

    def _offered(self, job: Job, start: int | None = None) -> dict[int, Body]:
        """Return the slots of the day, or of one start, by start."""
        arguments = {**job_arguments(job), "from": "2025-06-02", "to": "2025-06-02", "limit": 100, "detail": "full"}
        del arguments["start"]
        if start is not None:
            arguments |= {"from": text(start), "to": text(start + 1)}
        body = self._read("get_slots", arguments)
        is_past = start is not None and self._is_past(start)
        assert code_of(body) == ("invalid_argument" if is_past or self._lacks_skill(job) else None)
        return {} if code_of(body) else {at(slot["start"]): slot for slot in body["slots"]}

    def _available(self, job: Job, start: int, live: Live | None = None) -> tuple[int, list[str]]:
        """Return the capacity of a start and its technicians, as the model counts."""
        if self._is_past(start) or start % 30:
            return 0, []
        live, wanted = self._live() if live is None else live, entry_of(replace(job, start=start))
        if able := workers_for(self.memory.staff, live, wanted, job.requested):
            return len(able), able
        able = movable_workers(self.memory.staff, live, wanted, job.requested)
        return min(1, len(able)), able

    def _check_alternatives(self, body: Body, job: Job, live: Live | None = None) -> None:
        """Check that the alternatives are the three nearest starts that are free beside the live claims."""
        if code_of(body) == "slot_unavailable":
            grid = range(FIRST_GRID, LAST_GRID, GRID)
            free = [start for start in grid if self._available(job, start, live)[0]]
            nearest = sorted(free, key=lambda start: (abs(start - job.start), start))[:3]
            assert [at(slot["start"]) for slot in body["error"]["alternatives"]] == sorted(nearest)

    def _is_past(self, start: int) -> bool:
        return start * 60_000 < self.clock.now_ms()

    def _lacks_skill(self, job: Job) -> str | None:
        if job.requested is None or KINDS[job.kind].skill in {"", *self.memory.staff[job.requested].skills.split()}:
            return None
        return "invalid_argument"

    def _suits(self, claim: Entry) -> bool:
        return suits(self.memory.staff[claim.technician_id], claim.service_id, claim.start, claim.end)

    # -- claims --------------------------------------------------------------------------

    def _live(self) -> list[Entry]:
        return [claim for claim in entries(self.path) if claim.is_live(self.clock.now_ms())]

    def _entry(self, claim_id: str) -> Entry:
        return next(claim for claim in entries(self.path) if claim.id == claim_id)

    def _held(self, token: str) -> Entry:
        return next(claim for claim in entries(self.path) if claim.token == token)

    def _is_live(self, token: str) -> bool:
        hold = self.memory.holds[token]
        return hold.state == "held" and self._held(token).is_live(self.clock.now_ms())

    def _strand(self) -> None:
        """Record the bookings whose technician can no longer come. Holds are moved or withdrawn."""
        booked = [claim for claim in self._live() if claim.state == "booked"]
        self.memory.stranded |= {claim.id for claim in booked if not self._suits(claim)}

    async def _import(self) -> None:
        await self.shop.app.projects.import_project(plan_of(self.memory.staff), prune=False)


def code_of(body: Body) -> str | None:
    return body["error"]["code"] if "error" in body else None


@asynccontextmanager
async def _open_client(path: Path, clock: HandClock) -> AsyncIterator[tuple[Shop, Client]]:
    async with (
        open_shop(path, clock=clock) as shop,
        Client(create_server(shop.app, toolset=Toolset.OPERATOR)) as client,
    ):
        yield shop, client
