"""Stored traces: lookup by id and by conversation, refused calls, and a summary of a trace as text."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from slotmcp.domain.booking_rules import Priority
from slotmcp.domain.errors import NotFound
from slotmcp.domain.interval import MS_PER_DAY, MS_PER_MINUTE, Minute
from slotmcp.domain.reasons import PerReason
from slotmcp.domain.schedule import Schedule
from slotmcp.domain.trace import Question, ScheduleSource, TechnicianTrace, Trace, TracedUse
from slotmcp.engine.zones import utc_to_wall
from slotmcp.ports import Store

REFUSAL_DAYS: Final = 7
"""Maximum age of the refusals listed."""
_MS_PER_HOUR: Final = 60 * MS_PER_MINUTE
_MAX_CALLS: Final = 50
_MAX_STARTS: Final = 12
_OK: Final = "ok"
_TOTAL: Final = "total"
_SOURCES: Final[Mapping[ScheduleSource, str]] = {
    ScheduleSource.MEMORY: "this process's memory",
    ScheduleSource.SHARED: "Redis",
    ScheduleSource.DATABASE: "the database",
}

REASON_PHRASES: Final = PerReason(
    skill_missing="lacks a skill",
    inactive="is unavailable",
    past="cannot be booked in the past",
    horizon="cannot be booked that far ahead",
    too_long="does not work long enough at a time",
    holiday="is off for a holiday",
    outside_shift="does not work then",
    time_off="has time off",
    break_="has a break",
    booked="is booked",
    held="is held for another caller",
    own_hold="is held for this caller",
    busy="is busy (calendar)",
    day_full="has reached the daily limit",
    travel="cannot be there in time",
    notice="needs more notice",
    off_grid="is free, but starts are offered at other minutes",
    outside_area="does not serve the area",
    closed="is off during a closure",
    on_call_only="is on call for emergencies only",
    reserved="is kept for emergencies",
    area_day="does not serve the area that day",
    not_bookable_then="cannot do the service at that time",
    emergency_only="can start the service only for emergencies then",
    service_day_full="is free, but the service has reached its daily limit",
)
"""Reasons as predicates: each completes a sentence that starts with a technician's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceAnswer:
    """Response with a trace, and the current schedule for the names of services and technicians."""

    trace: Trace
    schedule: Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalsAnswer:
    """Response with refused calls, latest first, and the current schedule."""

    refusals: tuple[Trace, ...]
    schedule: Schedule


class TraceService:
    """Use cases of traces."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def find(self, trace_id: str) -> TraceAnswer:
        """Return a trace of any project by id. The interface must check that the principal can reach the project.

        Raises:
            NotFound: there is no such trace, it is not written yet, or it was deleted.
            Unavailable.
        """
        trace = await self._store.trace(trace_id)
        if trace is None:
            raise self.unknown(trace_id)
        return TraceAnswer(trace=trace, schedule=await self._store.schedule(trace.project_id))

    async def conversation_of(self, trace: Trace) -> tuple[Trace, ...]:
        """Return the calls of the same conversation within an hour of a trace, itself included, by time and id.

        Raises:
            Unavailable.
        """
        if not trace.conversation:
            return (trace,)
        from_ms, to_ms = trace.at_ms - _MS_PER_HOUR, trace.at_ms + _MS_PER_HOUR
        conversation_ids = [trace.conversation]
        calls = await self._store.conversations(trace.project_id, conversation_ids, from_ms=from_ms, limit=_MAX_CALLS)
        return tuple([call for call in calls if call.at_ms <= to_ms])

    async def refusals(self, project_id: str, *, limit: int) -> RefusalsAnswer:
        """Return the latest calls of the last REFUSAL_DAYS that were refused or had nothing to offer.

        Raises:
            NotFound, Unavailable.
        """
        schedule = await self._store.schedule(project_id)
        from_ms = await self._store.now_ms() - REFUSAL_DAYS * MS_PER_DAY
        refusals = await self._store.refusals(project_id, from_ms=from_ms, limit=limit)
        return RefusalsAnswer(refusals=refusals, schedule=schedule)

    @staticmethod
    def unknown(trace_id: str) -> NotFound:
        """Return the error for a trace that does not exist, or is out of the principal's reach."""
        return NotFound(
            "traceId",
            "There is no trace with that id. Calls of get_slots, create_hold and book_slot leave traces. They are "
            "written about a second after the response, and kept for the number of days in SLOTMCP_TRACE_DAYS.",
            wanted=trace_id,
        )


def summarize_trace(answer: TraceAnswer) -> tuple[str, ...]:
    """Return a trace as text, one sentence per line: call, request, schedule, technicians, result, duration."""
    return tuple(_Summary(answer).lines())


class _Summary:
    def __init__(self, answer: TraceAnswer) -> None:
        self._trace = answer.trace
        self._schedule = answer.schedule
        self._zone = answer.schedule.project.timezone

    def lines(self) -> Iterator[str]:
        trace = self._trace
        at = self._when(trace.at_ms // MS_PER_MINUTE)
        call = f", phone call {trace.call_id} (hashed)" if trace.call_id else ""
        yield f"{at} ({self._zone}), {trace.project_id}: {trace.use} in conversation {trace.conversation}{call}."
        if trace.question is not None:
            yield f"Request: {self._request(trace.question)}."
        yield f"Schedule: revision {trace.revision}, from {_SOURCES[trace.book_from]}."
        for technician in trace.technicians:
            yield f"  {self._name(technician.technician_id)} {_availability(technician)}."
        yield f"Result: {self._result(trace)}."
        if trace.offered:
            kind = "Slots" if trace.use is TracedUse.GET_SLOTS else "Alternatives"
            yield f"{kind}: {', '.join(map(self._when, trace.offered[:_MAX_STARTS]))}."
        spans = sorted(((us, name) for name, us in trace.hops.items() if name != _TOTAL), key=lambda span: -span[0])
        details = ", ".join(f"{name} {us / 1000:.1f} ms" for us, name in spans)
        yield f"Duration: {trace.hops.get(_TOTAL, 0) / 1000:.1f} ms{f' ({details})' if details else ''}."

    def _request(self, question: Question) -> str:
        service = self._schedule.services.get(question.service_id)
        window = f"at {self._when(question.start_from)}"
        if question.start_to != question.start_from + 1:
            window = f"from {self._when(question.start_from)} to {self._when(question.start_to)}"
        part = f", in the {question.part_of_day}" if question.part_of_day else ""
        technician = f", with {self._name(question.technician_id)}" if question.technician_id else ""
        place = f", near {question.area.latitude}, {question.area.longitude}" if question.area else ""
        area = f", in the area {question.area_id}" if question.area_id else ""
        area = ", outside the areas" if question.is_outside_areas else area
        urgent = ", emergency" if question.priority is Priority.EMERGENCY else ""
        name = service.name if service else question.service_id
        return f"{name}, {question.duration_minutes} minutes, {window}{part}{technician}{place}{area}{urgent}"

    def _result(self, trace: Trace) -> str:
        if trace.outcome != _OK:
            start = f" for {self._when(trace.start)}" if trace.start is not None else ""
            return f"refused{start}, {trace.outcome}"
        replayed = ", replayed for a repeated request" if trace.was_replayed else ""
        moved = f", after moving {_count(trace.moved_holds, 'hold')}" if trace.moved_holds else ""
        if trace.use is TracedUse.BOOK_SLOT:
            why = f", by {trace.why}" if trace.why else ""
            revived = ", from a lapsed hold whose time was still free" if trace.was_revived else ""
            return f"booking {trace.booking_id} with {self._name(trace.technician_id)}{why}{replayed}{revived}{moved}"
        if trace.use is TracedUse.CREATE_HOLD:
            return f"held, capacity {trace.capacity} before{replayed}{moved}"
        return f"{_count(len(trace.offered), 'slot')}, total capacity {trace.capacity}" if trace.offered else "no slots"

    def _name(self, technician_id: str) -> str:
        found = self._schedule.technician_schedules.get(technician_id)
        return f"{found.technician.name} ({technician_id})" if found else technician_id

    def _when(self, start: Minute) -> str:
        return f"{utc_to_wall(self._zone, start):%a %Y-%m-%d %H:%M}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _availability(technician: TechnicianTrace) -> str:
    if technician.reasons:
        return ", ".join(REASON_PHRASES[reason] for reason in technician.reasons)
    if technician.could <= 1:
        return "is available" if technician.could else "was not checked"
    return f"is available at {technician.could} of the starts"
