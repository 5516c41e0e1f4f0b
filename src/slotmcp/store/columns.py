"""Generated columns of the tables, and of the rows that statements read.

Do not edit: `make generate` writes this module from `slotmcp.store.tables`.
"""

from typing import Final, NamedTuple

from slotmcp.store.statement import Table

CLOCK: Final = Table(
    name="clock",
    key=("id",),
    columns=("id", "boot_id", "offset_ms", "differs_since_ms", "checked_at_ms"),
)
MAINTENANCE: Final = Table(
    name="maintenance",
    key=("task",),
    columns=("task", "not_before_ms"),
)
POSTAL_CODE_LOCATIONS: Final = Table(
    name="postal_code_locations",
    key=("country", "postal_code"),
    columns=("country", "postal_code", "latitude", "longitude", "found_at_ms"),
)
PROJECTS: Final = Table(
    name="projects",
    key=("id",),
    columns=(
        "id",
        "name",
        "timezone",
        "locale",
        "slot_interval_minutes",
        "slot_alignment",
        "min_notice_minutes",
        "horizon_days",
        "hold_ttl_seconds",
        "max_holds_per_customer",
        "candidate_ranking",
        "assignment_ranking",
        "travel_mode",
        "travel_speed_kmh",
        "travel_minutes_per_stop",
        "travel_road_factor",
        "default_service_id",
        "holiday_regions",
        "closed_dates",
        "salt",
        "revision",
        "calcom",
        "country",
        "verify_changes",
        "parts_of_day",
        "wording",
        "closures",
        "areas",
        "outside_areas",
        "cancel_notice_minutes",
    ),
)
ACCESS_KEYS: Final = Table(
    name="access_keys",
    key=("id",),
    columns=("id", "name", "scope", "project_id", "secret_hash", "created_at_ms", "expires_at_ms", "revoked_at_ms"),
)
CALENDAR_DELIVERIES: Final = Table(
    name="calendar_deliveries",
    key=("project_id", "digest"),
    columns=("project_id", "digest", "received_at_ms"),
)
CALENDAR_ENTRIES: Final = Table(
    name="calendar_entries",
    key=("project_id", "uid"),
    columns=(
        "project_id",
        "uid",
        "status",
        "kind",
        "start_minute",
        "end_minute",
        "said_at_ms",
        "series",
        "sequence",
        "event_type_id",
        "replaces",
        "hosts",
        "customer_name",
        "customer_phone",
        "customer_email",
        "address",
        "notes",
        "contact_keys",
        "said_booking_id",
        "booking_id",
        "busy",
        "no_show_at_ms",
    ),
)
CALENDAR_PARKED: Final = Table(
    name="calendar_parked",
    key=("project_id", "uid"),
    columns=("project_id", "uid", "event", "contact_keys", "why", "parked_at_ms"),
)
CALENDAR_SYNCS: Final = Table(
    name="calendar_syncs",
    key=("project_id",),
    columns=("project_id", "watermark_ms", "worker", "worker_until_ms", "finished_ms", "problem"),
)
CHANGES: Final = Table(
    name="changes",
    key=("project_id", "revision", "technician_id", "claim_id"),
    columns=("project_id", "revision", "technician_id", "claim_id"),
)
ERASURES: Final = Table(
    name="erasures",
    key=("project_id", "key"),
    columns=("project_id", "key", "at_ms"),
)
EVENTS: Final = Table(
    name="events",
    key=("project_id", "number"),
    columns=("project_id", "number", "kind", "subject_id", "at_ms"),
)
RECEIPTS: Final = Table(
    name="receipts",
    key=("project_id", "credential", "use_case", "key"),
    columns=("project_id", "credential", "use_case", "key", "request", "answer", "created_at_ms"),
)
SERVICES: Final = Table(
    name="services",
    key=("project_id", "id"),
    columns=(
        "project_id",
        "id",
        "name",
        "duration_minutes",
        "buffer_before_minutes",
        "buffer_after_minutes",
        "skills",
        "position",
        "archived",
        "calcom_event_type_id",
        "min_duration_minutes",
        "spoken",
        "rules",
        "information",
    ),
)
TECHNICIANS: Final = Table(
    name="technicians",
    key=("project_id", "id"),
    columns=(
        "project_id",
        "id",
        "name",
        "timezone",
        "priority",
        "status",
        "skills",
        "home_latitude",
        "home_longitude",
        "max_bookings_per_day",
        "hours",
        "position",
        "archived",
        "calcom",
        "home_postal_code",
    ),
)
TRACES: Final = Table(
    name="traces",
    key=("id",),
    columns=("id", "project_id", "conversation", "at_ms", "told"),
)
WAITS: Final = Table(
    name="waits",
    key=("project_id", "id"),
    columns=(
        "project_id",
        "id",
        "service_id",
        "duration_minutes",
        "start_from_minute",
        "start_to_minute",
        "technician_id",
        "latitude",
        "longitude",
        "customer_name",
        "customer_phone",
        "customer_email",
        "customer_pseudonym",
        "state",
        "hold_token",
        "let_go",
        "joined_at_ms",
        "postal_code",
        "priority",
    ),
)
BUSY_TIMES: Final = Table(
    name="busy_times",
    key=("technician_number", "start_minute", "end_minute", "source"),
    columns=("technician_number", "start_minute", "end_minute", "source"),
)
CLAIMS: Final = Table(
    name="claims",
    key=("project_id", "id"),
    columns=(
        "project_id",
        "id",
        "technician_number",
        "service_id",
        "start_minute",
        "end_minute",
        "buffer_before_minutes",
        "buffer_after_minutes",
        "state",
        "expires_at_ms",
        "technician_chosen",
        "latitude",
        "longitude",
        "hold_token",
        "customer_pseudonym",
        "hold_terms",
        "postal_code",
        "priority",
    ),
)
DASHBOARD_SESSIONS: Final = Table(
    name="dashboard_sessions",
    key=("id",),
    columns=("id", "key_id", "created_at_ms", "expires_at_ms", "idle_at_ms"),
)
WAIT_CONTACTS: Final = Table(
    name="wait_contacts",
    key=("project_id", "wait_id", "position"),
    columns=("project_id", "wait_id", "position", "key"),
)
BOOKINGS: Final = Table(
    name="bookings",
    key=("project_id", "claim_id"),
    columns=(
        "project_id",
        "claim_id",
        "customer_name",
        "customer_phone",
        "customer_email",
        "address",
        "notes",
        "reason",
        "status",
        "cancel_reason",
        "attention",
        "created_at_ms",
        "is_additional",
        "answers",
    ),
)
CALENDAR_PUSHES: Final = Table(
    name="calendar_pushes",
    key=("project_id", "booking_id"),
    columns=(
        "project_id",
        "booking_id",
        "version",
        "since_ms",
        "due_ms",
        "attempts",
        "tried_at_ms",
        "tried_start_minute",
        "refused",
        "renews",
    ),
)
BOOKING_CONTACTS: Final = Table(
    name="booking_contacts",
    key=("project_id", "claim_id", "position"),
    columns=("project_id", "claim_id", "position", "key", "kind"),
)
TABLE_NAMES: Final = (
    "clock",
    "maintenance",
    "postal_code_locations",
    "projects",
    "access_keys",
    "calendar_deliveries",
    "calendar_entries",
    "calendar_parked",
    "calendar_syncs",
    "changes",
    "erasures",
    "events",
    "receipts",
    "services",
    "technicians",
    "traces",
    "waits",
    "busy_times",
    "claims",
    "dashboard_sessions",
    "wait_contacts",
    "bookings",
    "calendar_pushes",
    "booking_contacts",
)

ENCRYPTED_COLUMNS: Final = frozenset(
    {
        "address",
        "answers",
        "cancel_reason",
        "customer_email",
        "customer_name",
        "customer_phone",
        "event",
        "notes",
        "salt",
    }
)


class ProjectRow(NamedTuple):
    """Columns of `projects`."""

    id: str
    name: str
    timezone: str
    locale: str
    slot_interval_minutes: int
    slot_alignment: str
    min_notice_minutes: int
    horizon_days: int
    hold_ttl_seconds: int
    max_holds_per_customer: int
    candidate_ranking: str
    assignment_ranking: str
    travel_mode: str
    travel_speed_kmh: float
    travel_minutes_per_stop: int
    travel_road_factor: float
    default_service_id: str | None
    holiday_regions: str
    closed_dates: str
    calcom: str | None
    country: str | None
    verify_changes: str | None
    parts_of_day: str | None
    wording: str | None
    closures: str | None
    areas: str | None
    outside_areas: str | None
    cancel_notice_minutes: int | None


PROJECT_COLUMNS: Final = (
    "id, name, timezone, locale, slot_interval_minutes, slot_alignment, min_notice_minutes, horizon_days, "
    "hold_ttl_seconds, max_holds_per_customer, candidate_ranking, assignment_ranking, travel_mode, travel_speed_kmh, "
    "travel_minutes_per_stop, travel_road_factor, default_service_id, holiday_regions, closed_dates, calcom, country,"
    " verify_changes, parts_of_day, wording, closures, areas, outside_areas, cancel_notice_minutes"
)


class ServiceRow(NamedTuple):
    """Columns of `services`."""

    id: str
    name: str
    duration_minutes: int
    buffer_before_minutes: int
    buffer_after_minutes: int
    skills: str
    calcom_event_type_id: int | None
    min_duration_minutes: int | None
    spoken: str | None
    rules: str | None
    information: str | None


SERVICE_COLUMNS: Final = (
    "id, name, duration_minutes, buffer_before_minutes, buffer_after_minutes, skills, calcom_event_type_id, "
    "min_duration_minutes, spoken, rules, information"
)


class TechnicianRow(NamedTuple):
    """Columns of `technicians`."""

    id: str
    name: str
    timezone: str
    priority: int
    status: str
    skills: str
    home_latitude: float | None
    home_longitude: float | None
    max_bookings_per_day: int | None
    hours: str
    calcom: str | None
    home_postal_code: str | None


TECHNICIAN_COLUMNS: Final = (
    "id, name, timezone, priority, status, skills, home_latitude, home_longitude, max_bookings_per_day, hours, "
    "calcom, home_postal_code"
)


class ClaimRow(NamedTuple):
    """Columns of `claims`."""

    technician_id: str
    id: str
    service_id: str
    start_minute: int
    end_minute: int
    buffer_before_minutes: int
    buffer_after_minutes: int
    expires_at_ms: int | None
    technician_chosen: int
    latitude: float | None
    longitude: float | None
    hold_terms: str | None
    postal_code: str | None
    priority: str | None


CLAIM_COLUMNS: Final = (
    "t.id, c.id, c.service_id, c.start_minute, c.end_minute, c.buffer_before_minutes, c.buffer_after_minutes, "
    "c.expires_at_ms, c.technician_chosen, c.latitude, c.longitude, c.hold_terms, c.postal_code, c.priority"
)


class HoldRow(NamedTuple):
    """Columns of `claims`."""

    technician_id: str
    id: str
    service_id: str
    start_minute: int
    end_minute: int
    buffer_before_minutes: int
    buffer_after_minutes: int
    state: str
    expires_at_ms: int | None
    technician_chosen: int
    latitude: float | None
    longitude: float | None
    hold_token: str | None
    customer_pseudonym: str
    hold_terms: str | None
    postal_code: str | None
    priority: str | None


HOLD_COLUMNS: Final = (
    "t.id, c.id, c.service_id, c.start_minute, c.end_minute, c.buffer_before_minutes, c.buffer_after_minutes, "
    "c.state, c.expires_at_ms, c.technician_chosen, c.latitude, c.longitude, c.hold_token, c.customer_pseudonym, "
    "c.hold_terms, c.postal_code, c.priority"
)


class BookingRow(NamedTuple):
    """Columns of `claims` and `bookings`."""

    technician_id: str
    id: str
    service_id: str
    start_minute: int
    end_minute: int
    buffer_before_minutes: int
    buffer_after_minutes: int
    expires_at_ms: int | None
    technician_chosen: int
    latitude: float | None
    longitude: float | None
    postal_code: str | None
    priority: str | None
    customer_name: str | None
    customer_phone: str
    customer_email: str
    address: str
    notes: str
    reason: str | None
    status: str
    cancel_reason: str
    attention: str
    is_additional: int | None
    answers: str | None
    contact_keys: str
    former_keys: str
    call_keys: str


BOOKING_COLUMNS: Final = (
    "t.id, c.id, c.service_id, c.start_minute, c.end_minute, c.buffer_before_minutes, c.buffer_after_minutes, "
    "c.expires_at_ms, c.technician_chosen, c.latitude, c.longitude, c.postal_code, c.priority, b.customer_name, "
    "b.customer_phone, b.customer_email, b.address, b.notes, b.reason, b.status, b.cancel_reason, b.attention, "
    "b.is_additional, b.answers"
)


class BusyRow(NamedTuple):
    """Columns of `busy_times`."""

    technician_id: str
    start_minute: int
    end_minute: int
    source: str


BUSY_COLUMNS: Final = "t.id, b.start_minute, b.end_minute, b.source"


class ReceiptRow(NamedTuple):
    """Columns of `receipts`."""

    credential: str
    use_case: str
    key: str
    request: str
    answer: str
    created_at_ms: int


RECEIPT_COLUMNS: Final = "credential, use_case, key, request, answer, created_at_ms"


class WaitlistEntryRow(NamedTuple):
    """Columns of `waits`."""

    id: str
    service_id: str
    duration_minutes: int
    start_from_minute: int
    start_to_minute: int
    technician_id: str | None
    latitude: float | None
    longitude: float | None
    customer_name: str
    customer_phone: str
    customer_email: str
    customer_pseudonym: str
    state: str
    hold_token: str
    let_go: str
    joined_at_ms: int
    postal_code: str | None
    priority: str | None
    contact_keys: str


WAITLIST_ENTRY_COLUMNS: Final = (
    "w.id, w.service_id, w.duration_minutes, w.start_from_minute, w.start_to_minute, w.technician_id, w.latitude, "
    "w.longitude, w.customer_name, w.customer_phone, w.customer_email, w.customer_pseudonym, w.state, w.hold_token, "
    "w.let_go, w.joined_at_ms, w.postal_code, w.priority"
)


class EventRow(NamedTuple):
    """Columns of `events`."""

    number: int
    kind: str
    subject_id: str
    at_ms: int


EVENT_COLUMNS: Final = "number, kind, subject_id, at_ms"


class AccessKeyRow(NamedTuple):
    """Columns of `access_keys`."""

    id: str
    name: str
    scope: str
    project_id: str | None
    secret_hash: str
    created_at_ms: int
    expires_at_ms: int | None
    revoked_at_ms: int | None


ACCESS_KEY_COLUMNS: Final = "id, name, scope, project_id, secret_hash, created_at_ms, expires_at_ms, revoked_at_ms"


class DashboardSessionRow(NamedTuple):
    """Columns of `dashboard_sessions`."""

    id: str
    key_id: str
    created_at_ms: int
    expires_at_ms: int
    idle_at_ms: int


DASHBOARD_SESSION_COLUMNS: Final = "id, key_id, created_at_ms, expires_at_ms, idle_at_ms"


class CalendarEntryRow(NamedTuple):
    """Columns of `calendar_entries`."""

    uid: str
    status: str
    kind: str
    start_minute: int
    end_minute: int
    said_at_ms: int
    series: str
    sequence: int | None
    event_type_id: int | None
    replaces: str
    hosts: str
    customer_name: str | None
    customer_phone: str
    customer_email: str
    address: str
    notes: str
    contact_keys: str
    said_booking_id: str
    booking_id: str
    busy: str
    no_show_at_ms: int


CALENDAR_ENTRY_COLUMNS: Final = (
    "uid, status, kind, start_minute, end_minute, said_at_ms, series, sequence, event_type_id, replaces, hosts, "
    "customer_name, customer_phone, customer_email, address, notes, contact_keys, said_booking_id, booking_id, busy, "
    "no_show_at_ms"
)


class DeferredEventRow(NamedTuple):
    """Columns of `calendar_parked`."""

    event: str
    contact_keys: str
    why: str
    parked_at_ms: int


DEFERRED_EVENT_COLUMNS: Final = "event, contact_keys, why, parked_at_ms"


class PushRow(NamedTuple):
    """Columns of `calendar_pushes`."""

    booking_id: str
    version: int
    since_ms: int
    due_ms: int
    attempts: int
    tried_at_ms: int | None
    tried_start_minute: int | None
    refused: str
    renews: int | None


PUSH_COLUMNS: Final = (
    "booking_id, version, since_ms, due_ms, attempts, tried_at_ms, tried_start_minute, refused, renews"
)


class SyncRow(NamedTuple):
    """Columns of `calendar_syncs`."""

    watermark_ms: int
    worker: str
    worker_until_ms: int
    finished_ms: int
    problem: str


SYNC_COLUMNS: Final = "watermark_ms, worker, worker_until_ms, finished_ms, problem"
