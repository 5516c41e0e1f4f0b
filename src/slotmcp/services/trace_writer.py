"""Writing traces: records are built from collected facts and saved in batches, off the path of every call."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import lru_cache
from hashlib import sha256
from itertools import islice
from time import perf_counter
from typing import Final, TypeVar

from slotmcp import telemetry
from slotmcp.domain.access import Principal
from slotmcp.domain.booking import AssignmentReason
from slotmcp.domain.catalog import Location
from slotmcp.domain.claim import ClaimState
from slotmcp.domain.errors import SlotmcpError
from slotmcp.domain.interval import MINUTES_PER_DAY, MS_PER_MINUTE, US_PER_SECOND
from slotmcp.domain.reasons import Reason, informative_reasons
from slotmcp.domain.trace import Question, TechnicianTrace, Trace, TracedUse
from slotmcp.engine.explain import reasons_at
from slotmcp.ports import Store
from slotmcp.services.reporting.conversations import count_steps
from slotmcp.services.tracing import TraceBuilder, TracedRequest, TracedResult

MAX_PENDING_TRACES: Final = 10_000
"""Beyond it the oldest are dropped: an unavailable database must not exhaust the memory."""
BATCH_SIZE: Final = 250
YIELD_EVERY: Final = 50
"""Number of traces after which the event loop gets a turn."""
WRITE_INTERVAL_SECONDS: Final = 1.0
DROP_INTERVAL_SECONDS: Final = 3600.0
MAX_TECHNICIANS: Final = 60
"""Maximum number of technicians in a trace."""

T = TypeVar("T")

_USES: Final = {use.value: use for use in TracedUse}
_DECIMALS: Final = 2
_CONVERSATION_DIGITS: Final = 16


class TraceWriter:
    """Queue of traced calls, written in the background while `writing` is active."""

    def __init__(self, store: Store, process: str) -> None:
        self._store = store
        self._process = process
        """Distinguishes this process's calls from those of others, where the client names no conversation."""
        self._pending: deque[TraceBuilder] = deque()
        self._is_open = False
        self._write_lock = asyncio.Lock()

    def begin(self, tool: str, trace_id: str, principal: Principal) -> TraceBuilder | None:
        """Return a builder for a call that begins; None: the call is not traced."""
        use = _USES.get(tool) if self._is_open else None
        if use is None:
            return None
        conversation = _conversation(principal, self._process)
        return TraceBuilder(trace_id, use, conversation, principal.call_id, perf_counter())

    def end(self, builder: TraceBuilder, outcome: str) -> None:
        """Queue the trace of a call that was answered."""
        builder.outcome = outcome
        builder.spans_us["total"] = round((perf_counter() - builder.began_s) * US_PER_SECOND)
        self._pending.append(builder)
        if len(self._pending) > MAX_PENDING_TRACES:
            self._pending.popleft()
            telemetry.record_dropped_traces(1)

    @asynccontextmanager
    async def writing(self, *, kept_days: int) -> AsyncIterator[None]:
        """Write traces until the block ends, and then all that are pending. `kept_days` 0 disables tracing."""
        self._is_open = kept_days > 0
        closing = asyncio.Event()
        task = asyncio.create_task(self._keep_writing(kept_days, closing)) if self._is_open else None
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
        """Write the traces that are pending now. While the database is away, they stay pending.

        Waits for a batch that another caller began. Traces that are queued meanwhile are left for the next call:
        under load there would be no end.
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
        traces = [trace async for builder in _yielding(batch) if (trace := _build(builder)) is not None]
        await self._store.add_traces(traces)
        await count_steps(self._store, traces)
        async for trace in _yielding(traces):
            telemetry.record_decision(trace)
        telemetry.record_saved_traces(len(traces))

    async def _keep_writing(self, kept_days: int, closing: asyncio.Event) -> None:
        """Write at intervals until `closing` is set, and once more then. A batch is never interrupted."""
        monotonic_s = asyncio.get_running_loop().time
        next_drop_s = monotonic_s()
        is_last = False
        while not is_last:
            with suppress(TimeoutError):
                await asyncio.wait_for(closing.wait(), WRITE_INTERVAL_SECONDS)
            is_last = closing.is_set()
            await self.write()
            if monotonic_s() >= next_drop_s and not is_last:
                next_drop_s = monotonic_s() + DROP_INTERVAL_SECONDS
                await self._drop(kept_days)

    async def _drop(self, kept_days: int) -> None:
        with suppress(SlotmcpError):
            before_ms = await self._store.now_ms() - kept_days * MINUTES_PER_DAY * MS_PER_MINUTE
            while await self._store.drop_traces(before_ms):
                pass


async def _yielding(items: Sequence[T]) -> AsyncIterator[T]:
    """Iterate over items, and give the event loop a turn from time to time."""
    for number, item in enumerate(items):
        if number % YIELD_EVERY == YIELD_EVERY - 1:
            await asyncio.sleep(0)
        yield item


def _build(builder: TraceBuilder) -> Trace | None:
    """Build a trace; one that cannot be built is counted as dropped."""
    try:
        return build_trace(builder)
    except Exception:  # noqa: BLE001  one trace must not cost the others
        telemetry.record_dropped_traces(1)
        return None


def build_trace(builder: TraceBuilder) -> Trace | None:
    """Return the trace of a call; None where no project was read."""
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
    )


def _conversation(principal: Principal, process: str) -> str:
    """Return a hash of the phone call, if the client names one, else of the credential and this process."""
    scope = ("call", principal.call_id) if principal.call_id else ("process", process)
    return sha256("\n".join((principal.credential, *scope)).encode()).hexdigest()[:_CONVERSATION_DIGITS]


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
    )


def _why(reason: AssignmentReason) -> str:
    parts = [f"{key.value} {reason.values[key]}" for key in reason.policy if key in reason.values]
    parts += ["asked for"] if reason.wished else []
    parts += ["kept"] if reason.kept else []
    return ", ".join(parts)


def _technicians(request: TracedRequest, result: TracedResult, *, is_search: bool) -> Iterable[TechnicianTrace]:
    """Yield who could take the slots found; of a named start, or where no slot was found, the reasons."""
    if is_search and result.slots:
        counts = Counter([candidate.technician_id for slot in result.slots for candidate in slot.candidates])
        return [_able(technician_id, count) for technician_id, count in counts.items()]
    if result.reasons:
        return _blocked(request, result)
    return (
        TechnicianTrace(
            technician_id=its.technician_id,
            could=int(its.reason is None),
            reasons={its.reason: 1} if its.reason else {},
        )
        for its in reasons_at(request.availability, request.need, request.start_from)
    )


@lru_cache(maxsize=4096)
def _able(technician_id: str, count: int) -> TechnicianTrace:
    """Cached: most searches find the same technicians."""
    return TechnicianTrace(technician_id=technician_id, could=count)


def _blocked(request: TracedRequest, result: TracedResult) -> Iterator[TechnicianTrace]:
    for technician_id, its in request.availability.schedule.technician_schedules.items():
        if technician_id in result.reasons:
            reasons = informative_reasons(result.reasons[technician_id])
            yield TechnicianTrace(technician_id=technician_id, could=0, reasons=reasons)
        elif request.need.skills - its.technician.skills:
            yield TechnicianTrace(technician_id=technician_id, could=0, reasons={Reason.SKILL_MISSING: 1})
