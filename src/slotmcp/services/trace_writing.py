"""Writing traces down: from what was noted to a record, in batches, off the path of every call."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import lru_cache
from hashlib import sha256
from itertools import chain, islice
from time import perf_counter
from typing import Final, TypeVar

from slotmcp import telemetry
from slotmcp.domain.access import Principal
from slotmcp.domain.booking import AssignmentReason
from slotmcp.domain.catalog import Location
from slotmcp.domain.errors import SlotmcpError
from slotmcp.domain.interval import MINUTES_PER_DAY, MS_PER_MINUTE
from slotmcp.domain.reasons import Reason, informative_reasons
from slotmcp.domain.schedule import Schedule
from slotmcp.domain.trace import Question, TechnicianTrace, Trace, TracedUse
from slotmcp.engine.explain import reasons_at
from slotmcp.engine.need import Need
from slotmcp.ports import Store
from slotmcp.services.reporting.journeys import count_journeys
from slotmcp.services.tracing import TraceBuilder

WAITING_AT_MOST: Final = 10_000
"""Of more the oldest are given up: a database that is away is no reason to run out of memory."""
BATCH: Final = 250
TURN_EVERY: Final = 50
"""So many traces are told, and whoever calls meanwhile gets a turn."""
EVERY_SECONDS: Final = 1.0
DROP_EVERY_SECONDS: Final = 3600.0
TECHNICIANS_AT_MOST: Final = 60
"""Whose reasons are written down."""

T = TypeVar("T")

_USES: Final = {use.value: use for use in TracedUse}
_DECIMALS: Final = 2
_CONVERSATION_DIGITS: Final = 16
_MICROSECONDS: Final = 1_000_000


class Tracing:
    """Notes calls, and writes them down while it is open."""

    def __init__(self, store: Store, process: str) -> None:
        self._store = store
        self._process = process
        """Tells the calls of this process from those of others, where nobody says which conversation they are of."""
        self._waiting: deque[TraceBuilder] = deque()
        self._is_open = False
        self._writing = asyncio.Lock()

    def begin(self, tool: str, trace_id: str, principal: Principal) -> TraceBuilder | None:
        """A sketch of a call that begins; None: it is not traced."""
        use = _USES.get(tool) if self._is_open else None
        if use is None:
            return None
        conversation = _conversation(principal, self._process)
        return TraceBuilder(trace_id, use, conversation, principal.call_id, perf_counter())

    def end(self, sketch: TraceBuilder, outcome: str) -> None:
        """The call has been answered. The trace is written soon."""
        sketch.outcome = outcome
        sketch.hops["total"] = round((perf_counter() - sketch.began) * _MICROSECONDS)
        self._waiting.append(sketch)
        if len(self._waiting) > WAITING_AT_MOST:
            self._waiting.popleft()
            telemetry.traces_dropped(1)

    @asynccontextmanager
    async def writing(self, *, kept_days: int) -> AsyncIterator[None]:
        """Write down what is noted, until the block ends and all of it is written."""
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
                self._give_up()

    async def write(self) -> None:
        """Write down all that waits now; what cannot be written waits on, what never can is given up.

        One at a time: when it returns, a batch that somebody else had begun is written too. What is noted meanwhile is
        for the next time: in a rush there would be no end of it, a few at a time.
        """
        async with self._writing:
            left = len(self._waiting)
            while left > 0 and self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(BATCH, left, len(self._waiting)))]
                left -= len(batch)
                try:
                    await self._write(batch)
                except SlotmcpError:
                    self._waiting.extendleft(reversed(batch))
                    return
                except Exception:  # noqa: BLE001  one that cannot be written must not stop those after it
                    telemetry.traces_dropped(len(batch))

    async def _write(self, batch: list[TraceBuilder]) -> None:
        traces = [trace async for sketch in _by_turns(batch) if (trace := _told(sketch)) is not None]
        await self._store.add_traces(traces)
        await count_journeys(self._store, traces)
        async for trace in _by_turns(traces):
            telemetry.decided(trace)
        telemetry.traces_kept(len(traces))

    async def _keep_writing(self, kept_days: int, closing: asyncio.Event) -> None:
        """Until it closes, once more then: a batch on its way is never broken off."""
        seconds = asyncio.get_running_loop().time
        next_drop = seconds()
        is_last = False
        while not is_last:
            with suppress(TimeoutError):
                await asyncio.wait_for(closing.wait(), EVERY_SECONDS)
            is_last = closing.is_set()
            await self.write()
            if seconds() >= next_drop and not is_last:
                next_drop = seconds() + DROP_EVERY_SECONDS
                await self._drop(kept_days)

    async def _drop(self, kept_days: int) -> None:
        with suppress(SlotmcpError):
            before_ms = await self._store.now_ms() - kept_days * MINUTES_PER_DAY * MS_PER_MINUTE
            while await self._store.drop_traces(before_ms):
                pass

    def _give_up(self) -> None:
        telemetry.traces_dropped(len(self._waiting))
        self._waiting.clear()


async def _by_turns(all_: Sequence[T]) -> AsyncIterator[T]:
    """One after the other; the event loop gets its turns in between."""
    for number, one in enumerate(all_):
        if number % TURN_EVERY == TURN_EVERY - 1:
            await asyncio.sleep(0)
        yield one


def _told(sketch: TraceBuilder) -> Trace | None:
    """The record of a call; of one that defies telling, none, and it is counted."""
    try:
        return trace_of(sketch)
    except Exception:  # noqa: BLE001  a trace is not worth those of others
        telemetry.traces_dropped(1)
        return None


def trace_of(sketch: TraceBuilder) -> Trace | None:
    """The record of a call; None where it was never clear of which project it was, and when."""
    availability = sketch.availability
    if availability is None:
        return None
    return Trace(
        id=sketch.trace_id,
        project_id=availability.schedule.project.id,
        use=sketch.use,
        at_ms=availability.now_ms,
        outcome=sketch.outcome,
        conversation=sketch.conversation,
        call_id=sketch.call_id,
        revision=availability.schedule.revision,
        book_from=sketch.book_from,
        question=_question(sketch),
        offered=tuple(sketch.offered),
        start=sketch.start,
        capacity=sketch.capacity,
        hold_key=sketch.hold_key,
        booking_id=sketch.booking_id,
        technician_id=sketch.technician_id,
        why=_why(sketch.reason) if sketch.reason else "",
        was_replayed=sketch.was_replayed,
        was_revived=sketch.was_revived,
        moved_holds=sketch.moved_holds,
        technicians=tuple(islice(_technicians(sketch), TECHNICIANS_AT_MOST)),
        hops=sketch.hops,
    )


def _conversation(principal: Principal, process: str) -> str:
    """The phone call, as far as anybody says which; else all that one credential asks of one process."""
    of = ("call", principal.call_id) if principal.call_id else ("process", process)
    told = "\n".join((principal.credential, *of))
    return sha256(told.encode()).hexdigest()[:_CONVERSATION_DIGITS]


def _question(sketch: TraceBuilder) -> Question | None:
    need = sketch.need
    if need is None:
        return None
    return Question(
        service_id=sketch.service_id,
        duration_minutes=need.duration_minutes,
        start_from=sketch.start_from,
        start_to=sketch.start_to,
        timezone=sketch.zone_key,
        technician_id=need.technician_id,
        part_of_day=sketch.part_of_day,
        days_of_week=tuple(sorted(sketch.days_of_week or ())),
        area=_area(need.site.location) if need.site else None,
    )


def _area(location: Location) -> Location:
    return Location(round(location.latitude, _DECIMALS), round(location.longitude, _DECIMALS))


def _why(reason: AssignmentReason) -> str:
    told = [f"{key.value} {reason.values[key]}" for key in reason.policy if key in reason.values]
    told += ["asked for"] if reason.wished else []
    told += ["kept"] if reason.kept else []
    return ", ".join(told)


def _technicians(sketch: TraceBuilder) -> Iterable[TechnicianTrace]:
    """Who could take what was offered; of a start that was named, or where nothing was free, what was in the way."""
    if sketch.could:
        counts = Counter(chain.from_iterable(sketch.could))
        return (_able(one, count) for one, count in counts.items())
    if sketch.availability is None or sketch.need is None:
        return ()
    if sketch.in_the_way:
        return _in_the_way(sketch.availability.schedule, sketch.need, sketch.in_the_way)
    return (
        TechnicianTrace(
            technician_id=one.technician_id,
            could=int(one.reason is None),
            reasons={one.reason: 1} if one.reason else {},
        )
        for one in reasons_at(sketch.availability, sketch.need, sketch.start_from)
    )


@lru_cache(maxsize=4096)
def _able(technician_id: str, count: int) -> TechnicianTrace:
    """Kept: every answer tells of the same technicians."""
    return TechnicianTrace(technician_id=technician_id, could=count)


def _in_the_way(
    schedule: Schedule, need: Need, reasons: Mapping[str, Mapping[Reason, int]]
) -> Iterator[TechnicianTrace]:
    for technician_id, technician_schedule in schedule.technician_schedules.items():
        if technician_id in reasons:
            told = informative_reasons(reasons[technician_id])
            yield TechnicianTrace(technician_id=technician_id, could=0, reasons=told)
        elif need.skills - technician_schedule.technician.skills:
            yield TechnicianTrace(technician_id=technician_id, could=0, reasons={Reason.SKILL_MISSING: 1})
