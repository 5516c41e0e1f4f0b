"""A call's story: why it was answered as it was, and what was said around it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from slotmcp.domain.trace import Trace
from slotmcp.services.reporting.conversations import OK
from slotmcp.services.reporting.demand import is_empty
from slotmcp.services.reporting.response_times import TOTAL
from slotmcp.services.trace_story import story_of
from slotmcp.web.dashboard.charts import percent_of
from slotmcp.web.dashboard.request import DashboardRequest, Panel
from slotmcp.web.dashboard.when import utc_ms, written_ms
from slotmcp.web.dashboard.words import asked, why_refused

_US_PER_MS: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRow:
    """One call of a conversation."""

    trace_id: str
    at: str
    at_utc: str
    use: str
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HopRow:
    """What one hop took."""

    name: str
    milliseconds: str
    percent: int


async def trace(visit: DashboardRequest) -> Response:
    """The page of one call."""
    trace_id = str(visit.request.path_params["trace"])
    answer = await visit.app.traces.find(trace_id)
    if answer.trace.project_id != visit.project_id:
        raise visit.app.traces.unknown(trace_id)
    zone_key = answer.schedule.project.timezone
    around = await visit.app.traces.around(answer.trace)
    return visit.page(
        "trace.html",
        call=_call(answer.trace, zone_key),
        story=story_of(answer),
        hops=_hops(answer.trace),
        booking_id=answer.trace.booking_id,
        around=[_call(one, zone_key) for one in around],
    )


async def find(visit: DashboardRequest) -> Response:
    """The form of the refusals: to the page of the call whose id was typed."""
    trace_id = visit.asked("traceId")
    if trace_id and not trace_id.isalnum():
        raise visit.app.traces.unknown(trace_id)
    return visit.go_to(visit.url("traces", trace_id) if trace_id else visit.url("refusals"))


PANELS: Final = (Panel(path="/traces", handler=find), Panel(path="/traces/{trace}", handler=trace))


def _call(trace: Trace, zone_key: str) -> CallRow:
    return CallRow(
        trace_id=trace.id,
        at=written_ms(zone_key, trace.at_ms),
        at_utc=utc_ms(trace.at_ms),
        use=asked(trace.use),
        outcome="It worked" if trace.outcome == OK and not is_empty(trace) else why_refused(trace),
    )


def _hops(trace: Trace) -> Sequence[HopRow]:
    whole = trace.hops.get(TOTAL, 0)
    spent = sorted(((name, us) for name, us in trace.hops.items() if name != TOTAL), key=lambda hop: -hop[1])
    return [
        HopRow(name=name, milliseconds=f"{us / _US_PER_MS:.1f}", percent=percent_of(us, whole)) for name, us in spent
    ]
