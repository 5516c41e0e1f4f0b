"""What is counted and measured, and how Prometheus reads it. Labels are few and known: never what somebody said."""

from slotmcp.telemetry.calendars import (
    calendars_seen,
    conflicts_began,
    differences_healed,
    pushed,
    webhook_answered,
)
from slotmcp.telemetry.calls import http_answered, tool_called, tools_served
from slotmcp.telemetry.decisions import (
    Step,
    collided,
    conversation_came_to,
    decided,
    first_held,
    traces_dropped,
    traces_kept,
)
from slotmcp.telemetry.exposition import CONTENT_TYPE, exposition
from slotmcp.telemetry.holds import HoldEvent, record_hold_events
from slotmcp.telemetry.vitals import connections_seen, dependency_seen, vitals_seen

__all__ = [
    "CONTENT_TYPE",
    "HoldEvent",
    "Step",
    "calendars_seen",
    "collided",
    "conflicts_began",
    "connections_seen",
    "conversation_came_to",
    "decided",
    "dependency_seen",
    "differences_healed",
    "exposition",
    "first_held",
    "http_answered",
    "pushed",
    "record_hold_events",
    "tool_called",
    "tools_served",
    "traces_dropped",
    "traces_kept",
    "vitals_seen",
    "webhook_answered",
]
