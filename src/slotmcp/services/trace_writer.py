"""Background writer of traces. It builds traces from the collected facts and saves them in batches."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import lru_cache
from hashlib import sha256
from itertools import islice
from time import perf_counter
from typing import Final

from slotmcp import telemetry
from slotmcp.domain.access import Principal
from slotmcp.domain.booking import AssignmentReason
from slotmcp.domain.catalog import Location
from slotmcp.domain.claim import ClaimState
from slotmcp.domain.errors import NotFound, SlotmcpError
from slotmcp.domain.interval import MS_PER_DAY, US_PER_SECOND
from slotmcp.domain.reasons import Reason, informative_reasons
from slotmcp.domain.trace import Question, TechnicianTrace, Trace, TracedUse
from slotmcp.engine.areas import OUTSIDE, is_served_by
from slotmcp.engine.explain import reasons_at
from slotmcp.ports import Store
from slotmcp.services.concurrency import collect_in_turns
from slotmcp.services.reporting.conversations import count_steps
from slotmcp.services.trace_budget import DEFAULT_MAX_MB, TraceLimits, TraceSampler
from slotmcp.services.tracing import TraceBuilder, TracedRequest, TracedResult

MAX_PENDING_TRACES: Final = 10_000
"""Maximum number of pending traces; the oldest are dropped, so that memory is bounded without a database."""
BATCH_SIZE: Final = 250
WRITE_INTERVAL_SECONDS: Final = 1.0
DROP_INTERVAL_SECONDS: Final = 3600.0
DROP_PAUSE_SECONDS: Final = 0.05
"""Pause between two batches of deleted traces."""
MAX_TECHNICIANS: Final = 60
"""Maximum number of technicians in a trace."""

_USES: Final = {use.value: use for use in TracedUse}
_DECIMALS: Final = 2
_HASH_DIGITS: Final = 16


class TraceWriter:
    """Queue of traced calls, written in the background while `writing` is active."""

    def __init__(self, store: Store, process: str) -> None:
        self._store = store
        self._process = process
        """Name that separates this process's calls from those of others if the client reports no phone call."""
        self._pending: deque[TraceBuilder] = deque()
        self._is_open = False
        self._write_lock = asyncio.Lock()
        self._limits = TraceLimits(days=1, max_mb=DEFAULT_MAX_MB)
        self._sampler = TraceSampler(self._limits)
        self._stored = 0
        """Number of traces stored since the size was last checked."""

    def begin(self, tool: str, trace_id: str, principal: Principal) -> TraceBuilder | None:
        """Return a builder for a new call; None if the call is not traced."""
        use = _USES.get(tool) if self._is_open else None
        if use is None:
            return None
        conversation = _conversation(principal.credential, principal.call_id, self._process)
        return TraceBuilder(trace_id, use, conversation, principal.call_id, perf_counter())

    def end(self, builder: TraceBuilder, outcome: str) -> None:
        """Queue the trace of a completed call."""
        builder.outcome = outcome
        builder.spans_us["total"] = round((perf_counter() - builder.began_s) * US_PER_SECOND)
        self._pending.append(builder)
        if len(self._pending) > MAX_PENDING_TRACES:
            self._pending.popleft()
            telemetry.record_dropped_traces(1)

    @asynccontextmanager
    async def writing(self, *, kept_days: int, max_mb: int = DEFAULT_MAX_MB) -> AsyncIterator[None]:
        """Write traces until the block ends, then all pending ones. If `kept_days` is 0, tracing is disabled."""
        self._is_open = kept_days > 0
        self._limits = TraceLimits(days=kept_days, max_mb=max_mb)
        self._sampler = TraceSampler(self._limits)
        closing = asyncio.Event()
        task = asyncio.create_task(self._keep_writing(closing)) if self._is_open else None
        try:
            yield
        finally:
            self._is_open = False
            closing.set()
            if task is not None:
                await task
                telemetry.record_dropped_traces(len(self._pending))
                self._pending.clear()

    async def write(self) -> None:
        """Write the traces that are pending now. They stay pending while the database is unavailable.

        Waits for a write that is in progress. Traces queued in the meantime are left for the next call, because
        under load this call would never end.
        """
        async with self._write_lock:
            remaining = len(self._pending)
            while remaining > 0 and self._pending:
                batch = [self._pending.popleft() for _ in range(min(BATCH_SIZE, remaining, len(self._pending)))]
                remaining -= len(batch)
                try:
                    await self._write(batch)
                except SlotmcpError:
                    self._pending.extendleft(reversed(batch))
                    return
                except Exception:  # noqa: BLE001  a batch that cannot be written must not stop the next ones
                    telemetry.record_dropped_traces(len(batch))

    async def _write(self, batch: list[TraceBuilder]) -> None:
        built = [trace for trace in await collect_in_turns(map(_build, batch)) if trace is not None]
        traces = [await self._pseudonymized(trace) for trace in built if self._sampler.is_stored(trace)]
        await self._store.add_traces(traces)
        await count_steps(self._store, traces)
        await collect_in_turns(map(telemetry.record_decision, built))
        telemetry.record_saved_traces(len(traces), sampled_out=len(built) - len(traces))
        self._stored += len(traces)

    async def _pseudonymized(self, trace: Trace) -> Trace:
        """Return a trace with keyed hashes of its call id and its conversation, because a call id may be guessed."""
        if not trace.call_id:
            return trace
        try:
            pseudonym = await self._store.pseudonyms(trace.project_id)
        except NotFound:
            return replace(trace, call_id="")  # the store drops traces of missing projects
        return replace(
            trace,
            call_id=pseudonym(f"traced call_id:{trace.call_id}")[:_HASH_DIGITS],
            conversation=pseudonym(f"traced conversation:{trace.conversation}")[:_HASH_DIGITS],
        )

    async def _keep_writing(self, closing: asyncio.Event) -> None:
        """Write at intervals until `closing` is set, and then once more. A batch is never interrupted."""
        monotonic_s = asyncio.get_running_loop().time
        next_drop_s = monotonic_s()
        is_last = False
        while not is_last:
            with suppress(TimeoutError):
                await asyncio.wait_for(closing.wait(), WRITE_INTERVAL_SECONDS)
            is_last = closing.is_set()
            await self.write()
            if (monotonic_s() >= next_drop_s or self._stored >= self._limits.check_every) and not is_last:
                next_drop_s = monotonic_s() + DROP_INTERVAL_SECONDS
                await self.drop(closing)

    async def drop(self, closing: asyncio.Event) -> None:
        """Delete the traces that are too old, and the oldest ones above the size, in batches until `closing` is set."""
        self._stored = 0
        with suppress(SlotmcpError):
            before_ms = await self._store.now_ms() - self._limits.days * MS_PER_DAY
            while await self._store.drop_traces(before_ms) and not await _is_set(closing):
                pass
            excess = await self._store.excess_traces(self._limits.max_bytes)
            while excess > 0 and (dropped := await self._store.drop_oldest_traces(excess)):
                excess -= dropped
                if await _is_set(closing):
                    return


async def _is_set(closing: asyncio.Event) -> bool:
    """Wait between two batches, in which other writers get the lock; return whether the event is set."""
    with suppress(TimeoutError):
        await asyncio.wait_for(closing.wait(), DROP_PAUSE_SECONDS)
    return closing.is_set()


def _build(builder: TraceBuilder) -> Trace | None:
    """Build a trace; a failure is counted as a dropped trace."""
    try:
        return build_trace(builder)
    except Exception:  # noqa: BLE001  a failed trace must not prevent the others
        telemetry.record_dropped_traces(1)
        return None


def build_trace(builder: TraceBuilder) -> Trace | None:
    """Return the trace of a call, with its own call id; None if the call read no project."""
    request, result = builder.request, builder.result
    availability = request.availability if request else builder.availability
    if availability is None:
        return None
    hold, booking = request.hold if request else None, result.booking
    is_search = builder.use is TracedUse.GET_SLOTS
    technicians = _technicians(request, result, is_search=is_search) if request else ()
    return Trace(
        id=builder.trace_id,
        project_id=availability.schedule.project.id,
        use=builder.use,
        at_ms=availability.now_ms,
        outcome=builder.outcome,
        conversation=builder.conversation,
        call_id=builder.call_id,
        revision=availability.schedule.revision,
        book_from=builder.schedule_source,
        question=_question(request) if request else None,
        offered=tuple([slot.start for slot in result.slots]),
        start=request.start if request else None,
        capacity=sum([slot.capacity for slot in result.slots]) if is_search else result.capacity,
        hold_key=hold.claim.id if hold else result.hold_key,
        booking_id=booking.id if booking else "",
        technician_id=booking.claim.technician_id if booking else "",
        why=_why(booking.reason) if booking and booking.reason else "",
        was_replayed=result.was_replayed,
        was_revived=hold is not None and hold.state is ClaimState.LAPSED,
        moved_holds=builder.moved_holds,
        technicians=tuple(islice(technicians, MAX_TECHNICIANS)),
        hops=builder.spans_us,
        reason=result.reason,
    )


@lru_cache(maxsize=1024)
def _conversation(credential: str, call_id: str, process: str) -> str:
    """Return a hash of the credential with the phone call, or with this process if no phone call is known.

    Cached, because a conversation has several calls.
    """
    scope = ("call", call_id) if call_id else ("process", process)
    return sha256("\n".join((credential, *scope)).encode()).hexdigest()[:_HASH_DIGITS]


def _question(request: TracedRequest) -> Question:
    need = request.need
    place = need.site.location if need.site else None
    return Question(
        service_id=request.service_id,
        duration_minutes=need.duration_minutes,
        start_from=request.start_from,
        start_to=request.start_to,
        timezone=request.timezone,
        technician_id=need.technician_id,
        part_of_day=request.part_of_day,
        days_of_week=tuple(sorted(request.days_of_week)),
        area=place and Location(round(place.latitude, _DECIMALS), round(place.longitude, _DECIMALS)),
        area_id=need.area.id if need.area else "",
        is_outside_areas=need.area is OUTSIDE,
        priority=need.priority,
    )


def _why(reason: AssignmentReason) -> str:
    parts = [f"{key.value} {reason.values[key]}" for key in reason.policy if key in reason.values]
    parts += ["asked for"] if reason.wished else []
    parts += ["kept"] if reason.kept else []
    return ", ".join(parts)


def _technicians(request: TracedRequest, result: TracedResult, *, is_search: bool) -> Iterable[TechnicianTrace]:
    """Return the technicians who could take the slots found, or the reasons that block each technician."""
    if is_search and result.slots:
        counts = Counter([candidate.technician_id for slot in result.slots for candidate in slot.candidates])
        return [_technician(technician_id, could=count) for technician_id, count in counts.items()]
    if result.reasons:
        return _blocked(request, result)
    return _checked(request)


def _checked(request: TracedRequest) -> Iterator[TechnicianTrace]:
    """Yield each technician's result for one start. The hold that the call books does not block its technician."""
    availability, hold = request.availability, request.hold
    own = hold.claim if hold and hold.state is ClaimState.HELD and hold.claim.is_live(availability.now_ms) else None
    if own is not None:
        availability = availability.without(own)
    for checked in reasons_at(availability, request.need, request.start_from):
        is_own = own is not None and own.technician_id == checked.technician_id
        reason = Reason.OWN_HOLD if is_own else checked.reason
        yield _technician(checked.technician_id, could=int(is_own or reason is None), reason=reason)


@lru_cache(maxsize=4096)
def _technician(technician_id: str, *, could: int, reason: Reason | None = None) -> TechnicianTrace:
    """Return the trace of a technician. Cached, because most calls find the same ones."""
    return TechnicianTrace(technician_id=technician_id, could=could, reasons={} if reason is None else {reason: 1})


def _blocked(request: TracedRequest, result: TracedResult) -> Iterator[TechnicianTrace]:
    for technician_id, technician_schedule in request.availability.schedule.technician_schedules.items():
        if technician_id in result.reasons:
            reasons = informative_reasons(result.reasons[technician_id])
            yield TechnicianTrace(technician_id=technician_id, could=0, reasons=reasons)
        elif request.need.skills - technician_schedule.technician.skills:
            yield _technician(technician_id, could=0, reason=Reason.SKILL_MISSING)
        elif not is_served_by(request.need.area, technician_id):
            yield _technician(technician_id, could=0, reason=Reason.OUTSIDE_AREA)
