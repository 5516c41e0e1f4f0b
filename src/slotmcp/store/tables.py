"""Schema as SQLModel tables: the one definition of all columns.

`make generate` derives the columns of statements from these tables, and Alembic derives new migrations. Tests check
that the migrations lead to these tables on both databases. At run time only copying imports this module.

Times are integers, in minutes or milliseconds since the Unix epoch according to their names. Lists are JSON text.
"""

from typing import Any

from sqlalchemy import (
    REAL,
    BigInteger,
    CheckConstraint,
    Double,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.types import TypeEngine
from sqlmodel import Field, SQLModel

BIG = BigInteger().with_variant(Integer, "sqlite")
"""64-bit integer; SQLite's strict tables only have INTEGER, which has 64 bits."""

TEXT = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that sorts by code point in any locale, so that both databases sort ids alike."""

REAL_8: TypeEngine[float] = Double().with_variant(REAL, "sqlite")
"""8-byte float; PostgreSQL's REAL has only four bytes."""

ENCRYPTED = {"info": {"encrypted": True}}
"""Column that a database with encryption keys stores encrypted. No other column has its name."""

STRICT = {"sqlite_strict": True}
CLUSTERED = {"sqlite_strict": True, "sqlite_with_rowid": False}
"""For small rows that are always read by their key."""

METADATA = SQLModel.metadata
"""Metadata of all tables."""

LIVE = text("state IN ('held', 'booked')")
KNOWN = text("customer_pseudonym <> ''")
EXPIRING = text("expires_at_ms IS NOT NULL")
ATTENTION = text("attention <> ''")

IN_SERIES = text("series <> ''")
BOOKED = text("booking_id <> ''")
REPLACING = text("replaces <> ''")
NOT_OVER = text("status IN ('pending', 'accepted')")

TAKEN = text(
    "int8range((technician_number::bigint << 32) + start_minute, (technician_number::bigint << 32) + end_minute)"
)
"""Time of a claim, offset by technician, so that the constraint needs no extension."""


class ProjectTable(SQLModel, table=True):
    """Project with its rules, secret salt and newest revision."""

    __tablename__ = "projects"
    __table_args__: Any = (CLUSTERED,)

    id: str = Field(primary_key=True, sa_type=TEXT)
    name: str = Field(sa_type=TEXT)
    timezone: str = Field(sa_type=TEXT)
    locale: str = Field(sa_type=TEXT)
    slot_interval_minutes: int
    slot_alignment: str = Field(sa_type=TEXT)
    min_notice_minutes: int
    horizon_days: int
    hold_ttl_seconds: int
    max_holds_per_customer: int
    candidate_ranking: str = Field(sa_type=TEXT)
    assignment_ranking: str = Field(sa_type=TEXT)
    travel_mode: str = Field(sa_type=TEXT)
    travel_speed_kmh: float = Field(sa_type=REAL_8)
    travel_minutes_per_stop: int
    travel_road_factor: float = Field(sa_type=REAL_8)
    default_service_id: str | None = Field(sa_type=TEXT)
    holiday_regions: str = Field(sa_type=TEXT)
    closed_dates: str = Field(sa_type=TEXT)
    salt: bytes = Field(sa_type=LargeBinary, sa_column_kwargs=ENCRYPTED)
    revision: int = Field(sa_type=BIG)
    calcom: str | None = Field(sa_type=TEXT)
    country: str | None = Field(sa_type=TEXT)
    verify_changes: str | None = Field(sa_type=TEXT)
    parts_of_day: str | None = Field(sa_type=TEXT)
    wording: str | None = Field(sa_type=TEXT)
    closures: str | None = Field(sa_type=TEXT)
    areas: str | None = Field(sa_type=TEXT)
    outside_areas: str | None = Field(sa_type=TEXT)
    cancel_notice_minutes: int | None


class ServiceTable(SQLModel, table=True):
    """Service. An archived one is not in the catalog, and stays for its bookings."""

    __tablename__ = "services"
    __table_args__: Any = (
        ForeignKeyConstraint(["project_id"], ["projects.id"]),
        CheckConstraint("archived IN (0, 1)", name="services_archived"),
        CLUSTERED,
    )

    project_id: str = Field(primary_key=True, sa_type=TEXT)
    id: str = Field(primary_key=True, sa_type=TEXT)
    name: str = Field(sa_type=TEXT)
    duration_minutes: int
    buffer_before_minutes: int
    buffer_after_minutes: int
    skills: str = Field(sa_type=TEXT)
    position: int
    archived: int
    calcom_event_type_id: int | None = Field(sa_type=BIG)
    min_duration_minutes: int | None
    spoken: str | None = Field(sa_type=TEXT)
    rules: str | None = Field(sa_type=TEXT)
    information: str | None = Field(sa_type=TEXT)


class TechnicianTable(SQLModel, table=True):
    """Technician. The number is unique across projects, so that one constraint covers all claims."""

    __tablename__ = "technicians"
    __table_args__: Any = (
        ForeignKeyConstraint(["project_id"], ["projects.id"]),
        UniqueConstraint("project_id", "id", name="technicians_id"),
        CheckConstraint("archived IN (0, 1)", name="technicians_archived"),
        CheckConstraint("(home_latitude IS NULL) = (home_longitude IS NULL)", name="technicians_home"),
        {"sqlite_strict": True, "sqlite_autoincrement": True},
    )

    number: int = Field(primary_key=True)
    project_id: str = Field(sa_type=TEXT)
    id: str = Field(sa_type=TEXT)
    name: str = Field(sa_type=TEXT)
    timezone: str = Field(sa_type=TEXT)
    priority: int
    status: str = Field(sa_type=TEXT)
    skills: str = Field(sa_type=TEXT)
    home_latitude: float | None = Field(sa_type=REAL_8)
    home_longitude: float | None = Field(sa_type=REAL_8)
    max_bookings_per_day: int | None
    hours: str = Field(sa_type=TEXT)
    position: int
    archived: int
    calcom: str | None = Field(sa_type=TEXT)
    home_postal_code: str | None = Field(sa_type=TEXT)


class ClaimTable(SQLModel, table=True):
    """Hold or booking: the one table in which time is taken.

    A trigger in SQLite and an exclusion constraint in PostgreSQL reject live claims that overlap.
    """

    __tablename__ = "claims"
    __table_args__: Any = (
        ForeignKeyConstraint(["project_id"], ["projects.id"]),
        ForeignKeyConstraint(["technician_number"], ["technicians.number"]),
        UniqueConstraint("hold_token", name="claims_hold_token"),
        CheckConstraint("start_minute < end_minute", name="claims_span"),
        CheckConstraint("buffer_before_minutes >= 0 AND buffer_after_minutes >= 0", name="claims_buffers"),
        CheckConstraint(
            "state IN ('held', 'booked', 'lapsed', 'released', 'withdrawn', 'cancelled')", name="claims_state"
        ),
        CheckConstraint("(state IN ('booked', 'cancelled')) = (expires_at_ms IS NULL)", name="claims_expiry"),
        CheckConstraint("state IN ('booked', 'cancelled') OR hold_token IS NOT NULL", name="claims_held_by_token"),
        CheckConstraint("technician_chosen IN (0, 1)", name="claims_technician_chosen"),
        CheckConstraint("(latitude IS NULL) = (longitude IS NULL)", name="claims_location"),
        CheckConstraint("hold_terms IS NULL OR expires_at_ms IS NOT NULL", name="claims_hold_terms"),
        ExcludeConstraint((TAKEN, "&&"), where=LIVE, name="claims_never_overlap").ddl_if(dialect="postgresql"),
        Index(
            "claims_live", "technician_number", "end_minute", "start_minute", sqlite_where=LIVE, postgresql_where=LIVE
        ),
        Index(
            "claims_expiring", "project_id", "state", "expires_at_ms", sqlite_where=EXPIRING, postgresql_where=EXPIRING
        ),
        Index("claims_of_customer", "project_id", "customer_pseudonym", sqlite_where=KNOWN, postgresql_where=KNOWN),
        STRICT,
    )

    project_id: str = Field(primary_key=True, sa_type=TEXT)
    id: str = Field(primary_key=True, sa_type=TEXT)
    technician_number: int
    service_id: str = Field(sa_type=TEXT)
    start_minute: int = Field(sa_type=BIG)
    end_minute: int = Field(sa_type=BIG)
    buffer_before_minutes: int
    buffer_after_minutes: int
    state: str = Field(sa_type=TEXT)
    expires_at_ms: int | None = Field(sa_type=BIG)
    technician_chosen: int
    latitude: float | None = Field(sa_type=REAL_8)
    longitude: float | None = Field(sa_type=REAL_8)
    hold_token: str | None = Field(sa_type=TEXT)
    customer_pseudonym: str = Field(sa_type=TEXT)
    hold_terms: str | None = Field(sa_type=TEXT)
    postal_code: str | None = Field(sa_type=TEXT)
    priority: str | None = Field(sa_type=TEXT)


class BookingTable(SQLModel, table=True):
    """Booking, without what its claim holds. The customer's name is NULL without a customer or after erasure.

    The claim of a cancelled booking is cancelled too.
    """

    __tablename__ = "bookings"
    __table_args__: Any = (
        ForeignKeyConstraint(["project_id", "claim_id"], ["claims.project_id", "claims.id"]),
        CheckConstraint(
            "status IN ('confirmed', 'rescheduled', 'cancelled', 'completed', 'no_show')", name="bookings_status"
        ),
        Index("bookings_attention", "project_id", sqlite_where=ATTENTION, postgresql_where=ATTENTION),
        STRICT,
    )

    project_id: str = Field(primary_key=True, sa_type=TEXT)
    claim_id: str = Field(primary_key=True, sa_type=TEXT)
    customer_name: str | None = Field(sa_type=TEXT, sa_column_kwargs=ENCRYPTED)
    customer_phone: str = Field(sa_type=TEXT, sa_column_kwargs=ENCRYPTED)
    customer_email: str = Field(sa_type=TEXT, sa_column_kwargs=ENCRYPTED)
    address: str = Field(sa_type=TEXT, sa_column_kwargs=ENCRYPTED)
    notes: str = Field(sa_type=TEXT, sa_column_kwargs=ENCRYPTED)
    reason: str | None = Field(sa_type=TEXT)
    status: str = Field(sa_type=TEXT)
    cancel_reason: str = Field(sa_type=TEXT, sa_column_kwargs=ENCRYPTED)
    attention: str = Field(sa_type=TEXT)
    created_at_ms: int = Field(sa_type=BIG)
    is_additional: int | None
    answers: str | None = Field(sa_type=TEXT, sa_column_kwargs=ENCRYPTED)


class BookingContactTable(SQLModel, table=True):
    """Keyed hash of a contact, present or former, or of the call that booked, and its position in the booking."""

    __tablename__ = "booking_contacts"
    __table_args__: Any = (
        ForeignKeyConstraint(["project_id", "claim_id"], ["bookings.project_id", "bookings.claim_id"]),
        CheckConstraint("kind IN ('contact', 'former', 'call')", name="booking_contacts_kind"),
        Index("booking_contacts_by_key", "project_id", "key"),
        CLUSTERED,
    )

    project_id: str = Field(primary_key=True, sa_type=TEXT)
    claim_id: str = Field(primary_key=True, sa_type=TEXT)
    position: int = Field(primary_key=True)
    key: str = Field(sa_type=TEXT)
    kind: str = Field(sa_type=TEXT)


class WaitTable(SQLModel, table=True):
    """Waitlist entry. The numbers grow in the order in which customers joined."""

    __tablename__ = "waits"
    __table_args__: Any = (
        ForeignKeyConstraint(["project_id"], ["projects.id"]),
        UniqueConstraint("project_id", "id", name="waits_id"),
        CheckConstraint("state IN ('waiting', 'offered', 'booked', 'expired')", name="waits_state"),
        CheckConstraint("(latitude IS NULL) = (longitude IS NULL)", name="waits_location"),
        Index("waits_by_state", "project_id", "state", "start_to_minute"),
        Index("waits_of_customer", "project_id", "customer_pseudonym", sqlite_where=KNOWN, postgresql_where=KNOWN),
        {"sqlite_strict": True, "sqlite_autoincrement": True},
    )

    number: int = Field(primary_key=True)
    project_id: str = Field(sa_type=TEXT)
    id: str = Field(sa_type=TEXT)
    service_id: str = Field(sa_type=TEXT)
    duration_minutes: int
    start_from_minute: int = Field(sa_type=BIG)
    start_to_minute: int = Field(sa_type=BIG)
    technician_id: str | None = Field(sa_type=TEXT)
    latitude: float | None = Field(sa_type=REAL_8)
    longitude: float | None = Field(sa_type=REAL_8)
    customer_name: str = Field(sa_type=TEXT, sa_column_kwargs=ENCRYPTED)
    customer_phone: str = Field(sa_type=TEXT, sa_column_kwargs=ENCRYPTED)
    customer_email: str = Field(sa_type=TEXT, sa_column_kwargs=ENCRYPTED)
    customer_pseudonym: str = Field(sa_type=TEXT)
    state: str = Field(sa_type=TEXT)
    hold_token: str = Field(sa_type=TEXT)
    let_go: str = Field(sa_type=TEXT)
    joined_at_ms: int = Field(sa_type=BIG)
    postal_code: str | None = Field(sa_type=TEXT)
    priority: str | None = Field(sa_type=TEXT)


class WaitContactTable(SQLModel, table=True):
    """Keyed hash that finds a customer's waitlist entry, and its position among the entry's hashes."""

    __tablename__ = "wait_contacts"
    __table_args__: Any = (
        ForeignKeyConstraint(["project_id", "wait_id"], ["waits.project_id", "waits.id"]),
        Index("wait_contacts_by_key", "project_id", "key"),
        CLUSTERED,
    )

    project_id: str = Field(primary_key=True, sa_type=TEXT)
    wait_id: str = Field(primary_key=True, sa_type=TEXT)
    position: int = Field(primary_key=True)
    key: str = Field(sa_type=TEXT)


class EventTable(SQLModel, table=True):
    """Event for other processes, numbered within its project. Old events are deleted."""

    __tablename__ = "events"
    __table_args__: Any = (ForeignKeyConstraint(["project_id"], ["projects.id"]), CLUSTERED)

    project_id: str = Field(primary_key=True, sa_type=TEXT)
    number: int = Field(primary_key=True, sa_type=BIG)
    kind: str = Field(sa_type=TEXT)
    subject_id: str = Field(sa_type=TEXT)
    at_ms: int = Field(sa_type=BIG)


class BusyTable(SQLModel, table=True):
    """Busy time from outside. Busy times may overlap each other and claims."""

    __tablename__ = "busy_times"
    __table_args__: Any = (
        ForeignKeyConstraint(["technician_number"], ["technicians.number"]),
        CheckConstraint("start_minute < end_minute", name="busy_times_span"),
        CLUSTERED,
    )

    technician_number: int = Field(primary_key=True)
    start_minute: int = Field(primary_key=True, sa_type=BIG)
    end_minute: int = Field(primary_key=True, sa_type=BIG)
    source: str = Field(primary_key=True, sa_type=TEXT)


class ReceiptTable(SQLModel, table=True):
    """Recorded response of an idempotency key, within its project, credential and use case."""

    __tablename__ = "receipts"
    __table_args__: Any = (
        ForeignKeyConstraint(["project_id"], ["projects.id"]),
        Index("receipts_age", "project_id", "created_at_ms"),
        STRICT,
    )

    project_id: str = Field(primary_key=True, sa_type=TEXT)
    credential: str = Field(primary_key=True, sa_type=TEXT)
    use_case: str = Field(primary_key=True, sa_type=TEXT)
    key: str = Field(primary_key=True, sa_type=TEXT)
    request: str = Field(sa_type=TEXT)
    answer: str = Field(sa_type=TEXT)
    created_at_ms: int = Field(sa_type=BIG)


class AccessKeyTable(SQLModel, table=True):
    """Access key. Without a project it opens every project."""

    __tablename__ = "access_keys"
    __table_args__: Any = (
        ForeignKeyConstraint(["project_id"], ["projects.id"]),
        CheckConstraint("scope IN ('caller', 'operator')", name="access_keys_scope"),
        CLUSTERED,
    )

    id: str = Field(primary_key=True, sa_type=TEXT)
    name: str = Field(sa_type=TEXT)
    scope: str = Field(sa_type=TEXT)
    project_id: str | None = Field(sa_type=TEXT)
    secret_hash: str = Field(sa_type=TEXT)
    created_at_ms: int = Field(sa_type=BIG)
    expires_at_ms: int | None = Field(sa_type=BIG)
    revoked_at_ms: int | None = Field(sa_type=BIG)


class DashboardSessionTable(SQLModel, table=True):
    """Session of the dashboard. Its id is the hash of a secret that only the browser has."""

    __tablename__ = "dashboard_sessions"
    __table_args__: Any = (ForeignKeyConstraint(["key_id"], ["access_keys.id"]), CLUSTERED)

    id: str = Field(primary_key=True, sa_type=TEXT)
    key_id: str = Field(sa_type=TEXT)
    created_at_ms: int = Field(sa_type=BIG)
    expires_at_ms: int = Field(sa_type=BIG)
    idle_at_ms: int = Field(sa_type=BIG)


class PostalCodeLocationTable(SQLModel, table=True):
    """Location of a postal code that a geocoding service returned."""

    __tablename__ = "postal_code_locations"
    __table_args__: Any = (Index("postal_code_locations_by_age", "found_at_ms"), CLUSTERED)

    country: str = Field(primary_key=True, sa_type=TEXT)
    postal_code: str = Field(primary_key=True, sa_type=TEXT)
    latitude: float = Field(sa_type=REAL_8)
    longitude: float = Field(sa_type=REAL_8)
    found_at_ms: int = Field(sa_type=BIG)


class ChangeTable(SQLModel, table=True):
    """Change of a revision: a claim of a technician, all of the technician's time (""), or the catalog ("", "")."""

    __tablename__ = "changes"
    __table_args__: Any = (ForeignKeyConstraint(["project_id"], ["projects.id"]), CLUSTERED)

    project_id: str = Field(primary_key=True, sa_type=TEXT)
    revision: int = Field(primary_key=True, sa_type=BIG)
    technician_id: str = Field(primary_key=True, sa_type=TEXT)
    claim_id: str = Field(primary_key=True, sa_type=TEXT)


class CalendarEntryTable(SQLModel, table=True):
    """Event of a calendar, and its busy times. Customer and visit are erased once a booking has them."""

    __tablename__ = "calendar_entries"
    __table_args__: Any = (
        ForeignKeyConstraint(["project_id"], ["projects.id"]),
        CheckConstraint(
            "status IN ('pending', 'accepted', 'cancelled', 'rejected', 'replaced')", name="entries_status"
        ),
        CheckConstraint("kind IN ('appointment', 'absence')", name="entries_kind"),
        CheckConstraint("start_minute < end_minute", name="entries_span"),
        Index("calendar_entries_in_series", "project_id", "series", sqlite_where=IN_SERIES, postgresql_where=IN_SERIES),
        Index("calendar_entries_of", "project_id", "booking_id", sqlite_where=BOOKED, postgresql_where=BOOKED),
        Index(
            "calendar_entries_replacing", "project_id", "replaces", sqlite_where=REPLACING, postgresql_where=REPLACING
        ),
        Index("calendar_entries_to_come", "project_id", "end_minute", sqlite_where=NOT_OVER, postgresql_where=NOT_OVER),
        STRICT,
    )

    project_id: str = Field(primary_key=True, sa_type=TEXT)
    uid: str = Field(primary_key=True, sa_type=TEXT)
    status: str = Field(sa_type=TEXT)
    kind: str = Field(sa_type=TEXT)
    start_minute: int = Field(sa_type=BIG)
    end_minute: int = Field(sa_type=BIG)
    said_at_ms: int = Field(sa_type=BIG)
    series: str = Field(sa_type=TEXT)
    sequence: int | None = Field(sa_type=BIG)
    event_type_id: int | None = Field(sa_type=BIG)
    replaces: str = Field(sa_type=TEXT)
    hosts: str = Field(sa_type=TEXT)
    customer_name: str | None = Field(sa_type=TEXT, sa_column_kwargs=ENCRYPTED)
    customer_phone: str = Field(sa_type=TEXT, sa_column_kwargs=ENCRYPTED)
    customer_email: str = Field(sa_type=TEXT, sa_column_kwargs=ENCRYPTED)
    address: str = Field(sa_type=TEXT, sa_column_kwargs=ENCRYPTED)
    notes: str = Field(sa_type=TEXT, sa_column_kwargs=ENCRYPTED)
    contact_keys: str = Field(sa_type=TEXT)
    said_booking_id: str = Field(sa_type=TEXT)
    booking_id: str = Field(sa_type=TEXT)
    busy: str = Field(sa_type=TEXT)
    no_show_at_ms: int = Field(sa_type=BIG)


class CalendarDeliveryTable(SQLModel, table=True):
    """Webhook delivery of a calendar, recorded so that a repeated delivery has no effect."""

    __tablename__ = "calendar_deliveries"
    __table_args__: Any = (
        ForeignKeyConstraint(["project_id"], ["projects.id"]),
        Index("calendar_deliveries_age", "project_id", "received_at_ms"),
        CLUSTERED,
    )

    project_id: str = Field(primary_key=True, sa_type=TEXT)
    digest: str = Field(primary_key=True, sa_type=TEXT)
    received_at_ms: int = Field(sa_type=BIG)


class DeferredEventTable(SQLModel, table=True):
    """Deferred event, which cannot be applied yet: JSON, which may hold customer data."""

    __tablename__ = "calendar_parked"
    __table_args__: Any = (ForeignKeyConstraint(["project_id"], ["projects.id"]), STRICT)

    project_id: str = Field(primary_key=True, sa_type=TEXT)
    uid: str = Field(primary_key=True, sa_type=TEXT)
    event: str = Field(sa_type=TEXT, sa_column_kwargs=ENCRYPTED)
    contact_keys: str = Field(sa_type=TEXT)
    why: str = Field(sa_type=TEXT)
    parked_at_ms: int = Field(sa_type=BIG)


class PushTable(SQLModel, table=True):
    """Outbox: a booking that must be pushed to a calendar."""

    __tablename__ = "calendar_pushes"
    __table_args__: Any = (
        ForeignKeyConstraint(["project_id", "booking_id"], ["claims.project_id", "claims.id"]),
        Index("calendar_pushes_due", "project_id", "due_ms"),
        STRICT,
    )

    project_id: str = Field(primary_key=True, sa_type=TEXT)
    booking_id: str = Field(primary_key=True, sa_type=TEXT)
    version: int = Field(sa_type=BIG)
    since_ms: int = Field(sa_type=BIG)
    due_ms: int = Field(sa_type=BIG)
    attempts: int
    tried_at_ms: int | None = Field(sa_type=BIG)
    tried_start_minute: int | None = Field(sa_type=BIG)
    refused: str = Field(sa_type=TEXT)
    renews: int | None
    """1: the event is replaced; NULL in rows of older programs: 0."""


class CalendarSyncTable(SQLModel, table=True):
    """Progress of reading a project's calendar, and the worker that reads it."""

    __tablename__ = "calendar_syncs"
    __table_args__: Any = (ForeignKeyConstraint(["project_id"], ["projects.id"]), CLUSTERED)

    project_id: str = Field(primary_key=True, sa_type=TEXT)
    watermark_ms: int = Field(sa_type=BIG)
    worker: str = Field(sa_type=TEXT)
    worker_until_ms: int = Field(sa_type=BIG)
    finished_ms: int = Field(sa_type=BIG)
    problem: str = Field(sa_type=TEXT)


class TraceTable(SQLModel, table=True):
    """Decision trace of a call: the searched columns, and the trace as JSON. It holds no personal data."""

    __tablename__ = "traces"
    __table_args__: Any = (
        ForeignKeyConstraint(["project_id"], ["projects.id"]),
        Index("traces_by_time", "project_id", "at_ms", "id"),
        Index("traces_by_conversation", "project_id", "conversation", "at_ms", "id"),
        Index("traces_by_age", "at_ms"),
        STRICT,
    )

    id: str = Field(primary_key=True, sa_type=TEXT)
    project_id: str = Field(sa_type=TEXT)
    conversation: str = Field(sa_type=TEXT)
    at_ms: int = Field(sa_type=BIG)
    told: str = Field(sa_type=TEXT)


class ClockTable(SQLModel, table=True):
    """Single row: the offset of an SQLite file's clock, and the time of the last test write."""

    __tablename__ = "clock"
    __table_args__: Any = (CheckConstraint("id = 1", name="clock_id"), STRICT)

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    boot_id: str = Field(sa_type=TEXT)
    offset_ms: int = Field(sa_type=BIG)
    differs_since_ms: int = Field(sa_type=BIG)
    checked_at_ms: int = Field(sa_type=BIG)


class ErasureTable(SQLModel, table=True):
    """Erasure of a customer, by the keyed hash of a contact. A backup that lacks it may still hold the customer."""

    __tablename__ = "erasures"
    __table_args__: Any = (ForeignKeyConstraint(["project_id"], ["projects.id"]), CLUSTERED)

    project_id: str = Field(primary_key=True, sa_type=TEXT)
    key: str = Field(primary_key=True, sa_type=TEXT)
    at_ms: int = Field(sa_type=BIG)
    """Time of the newest erasure of this contact."""


class MaintenanceTable(SQLModel, table=True):
    """Periodic task of the servers, and the time until which no server starts it again."""

    __tablename__ = "maintenance"
    __table_args__: Any = (CLUSTERED,)

    task: str = Field(primary_key=True, sa_type=TEXT)
    not_before_ms: int = Field(sa_type=BIG)
