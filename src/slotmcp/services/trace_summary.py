"""A trace as a story: who asked what, by what it was decided, and why the answer was what it was."""

from collections.abc import Iterator, Mapping
from typing import Final, assert_never

from slotmcp.domain.interval import MS_PER_MINUTE, Minute
from slotmcp.domain.reasons import Reason
from slotmcp.domain.trace import Question, ScheduleSource, TechnicianTrace, Trace, TracedUse
from slotmcp.engine.zones import utc_to_wall
from slotmcp.services.traces import TraceAnswer

_OK: Final = "ok"
_TOTAL: Final = "total"
_STARTS_TOLD: Final = 12
_FOUND: Final[Mapping[ScheduleSource, str]] = {
    ScheduleSource.MEMORY: "which this process knew already",
    ScheduleSource.SHARED: "which another server had put into Redis",
    ScheduleSource.DATABASE: "which was read from the database",
}
ASKED: Final[Mapping[TracedUse, str]] = {
    TracedUse.GET_SLOTS: "asked what is free",
    TracedUse.CREATE_HOLD: "wanted a time held",
    TracedUse.BOOK_SLOT: "wanted a time booked",
}


def summarize_trace(answer: TraceAnswer) -> tuple[str, ...]:
    """The story, a sentence a line."""
    return tuple(_Story(answer).told())


class _Story:
    def __init__(self, answer: TraceAnswer) -> None:
        self._trace = answer.trace
        self._schedule = answer.schedule
        self._zone = answer.schedule.project.timezone

    def told(self) -> Iterator[str]:
        trace = self._trace
        call = f", in phone call {trace.call_id}" if trace.call_id else ""
        yield (
            f"{self._when(trace.at_ms // MS_PER_MINUTE)} ({self._zone}), {trace.project_id}: conversation "
            f"{trace.conversation} {ASKED[trace.use]}{call}."
        )
        if trace.question is not None:
            yield self._asked(trace.question)
        yield f"It was decided by revision {trace.revision} of the book, {_FOUND[trace.book_from]}."
        yield from self._technicians()
        yield self._outcome(trace)
        if trace.offered:
            starts = ", ".join(self._when(start) for start in trace.offered[:_STARTS_TOLD])
            instead = " instead" if trace.use is not TracedUse.GET_SLOTS else ""
            yield f"Offered{instead}: {starts}."
        yield self._timings(trace)

    def _asked(self, question: Question) -> str:
        service = self._schedule.services.get(question.service_id)
        what = f"{service.name if service else question.service_id}, {question.duration_minutes} minutes"
        is_named = question.start_to == question.start_from + 1
        window = f" at {self._when(question.start_from)}"
        if not is_named:
            window = f" from {self._when(question.start_from)} to {self._when(question.start_to)}"
        part = f", in the {question.part_of_day}" if question.part_of_day else ""
        wish = f", with {self._name(question.technician_id)}" if question.technician_id else ""
        place = f", near {question.area.latitude}, {question.area.longitude}" if question.area else ""
        return f"Wanted: {what},{window}{part}{wish}{place}."

    def _technicians(self) -> Iterator[str]:
        for one in self._trace.technicians:
            yield f"  {self._name(one.technician_id)} {_could(one)}."

    def _outcome(self, trace: Trace) -> str:
        if trace.outcome != _OK:
            start = f" for {self._when(trace.start)}" if trace.start is not None else ""
            return f"Refused{start}: {trace.outcome}."
        again = " (the first answer again: the request was repeated)" if trace.was_replayed else ""
        moved = f" {trace.moved_holds} held times moved to others to make room." if trace.moved_holds else ""
        if trace.use is TracedUse.BOOK_SLOT:
            revived = " The hold had lapsed, and its time was still free." if trace.was_revived else ""
            why = f", by {trace.why}" if trace.why else ""
            return f"Booked{again}: {trace.booking_id}, {self._name(trace.technician_id)} comes{why}.{revived}{moved}"
        if trace.use is TracedUse.CREATE_HOLD:
            return f"Held{again}. {trace.capacity} could be served at that start before it.{moved}"
        return f"{len(trace.offered)} starts were offered, for {trace.capacity} callers together."

    def _timings(self, trace: Trace) -> str:
        hops = sorted(((name, spent) for name, spent in trace.hops.items() if name != _TOTAL), key=lambda hop: -hop[1])
        told = ", ".join(f"{name} {spent / 1000:.1f} ms" for name, spent in hops)
        return f"It took {trace.hops.get(_TOTAL, 0) / 1000:.1f} ms{f': {told}' if told else ''}."

    def _name(self, technician_id: str) -> str:
        technician_schedule = self._schedule.technician_schedules.get(technician_id)
        return f"{technician_schedule.technician.name} ({technician_id})" if technician_schedule else technician_id

    def _when(self, start: Minute) -> str:
        return f"{utc_to_wall(self._zone, start):%a %Y-%m-%d %H:%M}"


def _could(one: TechnicianTrace) -> str:
    if one.reasons:
        return ", ".join(map(reason_phrase, one.reasons))
    if not one.could:
        return "was asked about no start"
    return "could come" if one.could == 1 else f"could come at {one.could} of the starts"


def reason_phrase(reason: Reason) -> str:  # noqa: C901, PLR0911, PLR0912  one phrase a reason
    """Return a reason as the predicate of a technician's name."""
    match reason:
        case Reason.INACTIVE:
            return "takes no work"
        case Reason.SKILL_MISSING:
            return "lacks a skill"
        case Reason.HOLIDAY:
            return "has a holiday"
        case Reason.OUTSIDE_SHIFT:
            return "does not work then"
        case Reason.TIME_OFF:
            return "has time off"
        case Reason.BREAK:
            return "has a break"
        case Reason.BOOKED:
            return "is booked"
        case Reason.HELD:
            return "is held for another caller"
        case Reason.BUSY:
            return "is busy by the calendar"
        case Reason.DAY_FULL:
            return "has enough for that day"
        case Reason.TRAVEL:
            return "cannot be there in time"
        case Reason.OFF_GRID:
            return "is free, and starts are offered at other minutes"
        case Reason.NOTICE:
            return "would come too soon from now"
        case Reason.HORIZON:
            return "cannot be booked so far ahead"
        case _:
            assert_never(reason)
