"""The page on limits states the values of the code."""

import re

import pytest

from project.repository import ROOT, prose
from slotmcp.domain.interval import MINUTES_PER_DAY, MS_PER_DAY, MS_PER_MINUTE, MS_PER_SECOND
from slotmcp.domain.units import BYTES_PER_MB
from slotmcp.engine import feasibility
from slotmcp.project_file import bookings_file, document, field_types, mapping, yaml_reader
from slotmcp.routing import osrm
from slotmcp.services import (
    appointments,
    batch_pace,
    fleet,
    hold_rules,
    lookups,
    retention,
    sessions,
    slots,
    technicians,
    trace_writer,
    waitlist_joining,
    waitlist_queue,
    waitlist_search,
    waitlist_sweep,
)
from slotmcp.services.reporting import gaps, process_runner, reports
from slotmcp.store import calendar_pages, cleanup, clock, housekeeping, traces, transaction, write_check
from slotmcp.tools import completions, receptionist, warm_up
from slotmcp.web import failures, issuer_keys, retell, vapi, wire
from slotmcp.web.dashboard import request

MS_PER_HOUR = 60 * MS_PER_MINUTE
PAGE = prose(ROOT / "docs" / "reference" / "limits.md")
VALUES = {
    "lapsed, released and withdrawn holds": f"{housekeeping.HOLD_RETENTION_MS // MS_PER_DAY} day after",
    "receipts (idempotency records)": f"{housekeeping.RECEIPT_RETENTION_MS // MS_PER_DAY} days",
    "waitlist entries that are over": f"{housekeeping.ENTRY_RETENTION_MS // MS_PER_DAY} days after",
    "webhook deliveries": f"{calendar_pages.DELIVERY_RETENTION_MS // MS_PER_MINUTE // MINUTES_PER_DAY} days",
    "calendar entries": f"{calendar_pages.ENTRY_RETENTION_MINUTES // MINUTES_PER_DAY} days",
    "wait for the routing service": f"{osrm.TIMEOUT_SECONDS} s, then estimates for {osrm.PAUSE_SECONDS:g} s",
    "duration of an appointment": f"to {appointments.MAX_DURATION_MINUTES // 60} hours",
    "lifetime of a hold": f"{hold_rules.MIN_TTL_SECONDS} to {hold_rules.MAX_TTL_SECONDS} seconds",
    "lifetime of a waitlist offer": f"{waitlist_queue.OFFER_MINUTES} minutes",
    "free space on the disk of an SQLite file below which it counts as full": (
        f"{write_check.MIN_FREE_BYTES // 1_000_000} MB"
    ),
    "change of the machine's clock that is ignored": f"{clock.TOLERANCE_MS // MS_PER_SECOND} second",
    "time after which SQLite follows a lasting change": f"{clock.SETTLE_SECONDS} s",
    "remaining time of a hold after its clock was set back": f"{transaction.MAX_HOLD_MS // MS_PER_MINUTE} minutes",
    "offers of freed time per transaction, and ended offers recorded": f"{waitlist_queue.MAX_CHANGES};",
    "waitlist entries searched per turn of a project in a sweep": str(waitlist_sweep.ENTRIES_PER_TURN),
    "earlier waitlist entries considered while a start is available to a new one": str(waitlist_joining.MAX_COMPETING),
    "pairs of a movable hold and a technician searched under the lock for a waitlist entry": (
        f"{waitlist_search.QUICK_CHECKS:,};"
    ),
    "tool calls in one message of Vapi": str(vapi.MAX_CALLS),
    "results in one answer to Vapi": str(vapi.MAX_RESULTS),
    "age of a signature of Retell": f"{retell.MAX_AGE_MS // MS_PER_MINUTE} minutes",
    "characters of a response to Retell": f"{retell.MAX_CHARACTERS:,}",
    "values of a completion": str(completions.MAX_VALUES),
    "the prompt `phone_receptionist`": f"{receptionist.MAX_CHARACTERS:,} characters",
    "fields of a form": str(request.MAX_FIELDS),
    "wrong logins per minute and address, and per minute and key": str(failures.LOGIN_RATE.per_minute),
    "requests with an invalid key or token per minute and address, and per minute and key": str(
        failures.CALL_RATE.per_minute
    ),
    "documents of the OAuth issuer": (
        f"{issuer_keys.MAX_BYTES // 1024} KiB and {issuer_keys.MAX_KEYS} keys; {issuer_keys.DOCUMENT_SECONDS:g} s each"
    ),
    "fetches of the issuer's keys": (
        f"{issuer_keys.FRESH_SECONDS // 60} minutes; at most every {issuer_keys.PAUSE_SECONDS} s"
    ),
    "wait of a call with a token of an unknown key": f"{issuer_keys.WAIT_SECONDS:g} s",
    "dashboard session": f"{sessions.LIFETIME_MS // MS_PER_HOUR} hours, or {sessions.IDLE_MS // MS_PER_HOUR} hours",
    "dashboard sessions per key": str(sessions.MAX_SESSIONS_PER_KEY),
    "dashboard sessions in all": f"{sessions.MAX_SESSIONS:,}",
    "slots per page": str(slots.MAX_LIMIT),
    "waitlist window": f"at most {feasibility.MAX_DAYS_AHEAD} days",
    "time off per call": f"{technicians.MAX_DAYS_OFF} days",
    "past bookings per `find_bookings`": str(lookups.MAX_PAST_BOOKINGS),
    "size": f"{yaml_reader.MAX_BYTES // 1_000_000} MB",
    "values, with expanded aliases": f"{document.MAX_VALUES:,}",
    "nesting": f"{document.MAX_DEPTH} levels",
    "id": f"{field_types.MAX_ID} characters",
    "bookings in a file of their own": f"at most {bookings_file.MAX_LINE_BYTES:,} bytes",
    "rows of an import per transaction": (
        f"{batch_pace.LARGE_BATCH_ROWS}; {batch_pace.SOLE_BATCH_ROWS:,} into a new project that is the only one; "
        f"{batch_pace.MIN_BATCH_ROWS} to {batch_pace.MAX_BATCH_ROWS} while on SQLite"
    ),
    "duration of an imported booking": f"{mapping.MAX_BOOKING_DAYS} days",
    "a server that stops: a request that is on its way, on each connection": f"{wire.LAST_REQUEST_SECONDS} s",
    "projects that a server searches before it is ready": (
        f"{warm_up.MAX_PROJECTS}, for at most {warm_up.MAX_SECONDS:g} s"
    ),
    "newest revisions that a server with Redis knows": f"{fleet.MAX_KNOWN_REVISIONS:,} projects;",
    "traces waiting to be written": f"{trace_writer.MAX_PENDING_TRACES:,};",
    "technicians per trace": str(trace_writer.MAX_TECHNICIANS),
    "cached travel times": f"{osrm.MAX_ROUTES:,} for",
    "file or table that `slotmcp forget` writes again without `--thorough`": (
        f"{cleanup.MAX_VACUUM_BYTES // BYTES_PER_MB} MB"
    ),
    "traces deleted in one transaction": str(traces.BATCH_ROWS),
    "rows of each kind that a purge deletes in one transaction": str(retention.BATCH_ROWS),
    "deferred calendar events": f"{calendar_pages.ENTRY_RETENTION_MINUTES // MINUTES_PER_DAY} days",
    "time and memory of a report of an HTTP server": (
        f"{process_runner.MAX_SECONDS:g} seconds, {process_runner.MAX_MEMORY_MB:,} MB"
    ),
    "period of a report": f"{reports.MAX_DAYS} days",
    "gaps per report": str(gaps.MAX_GAPS),
    "lost conversations simulated for gaps": f"{gaps.MAX_QUESTIONS:,};",
}


def cell(row: str) -> str:
    """Return the second cell of a row of the page."""
    (value,) = re.findall(rf"^\| {re.escape(row)} \| ([^|]+) \|", PAGE, re.MULTILINE)
    return str(value)


@pytest.mark.parametrize("row", VALUES)
def test_each_limit_is_that_of_the_code(row: str) -> None:
    assert VALUES[row] in cell(row)
