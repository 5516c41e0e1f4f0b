"""Locations of claims, status and contact keys of bookings, travel rules, the waitlist and events.

SQLite cannot change a table's checks, so projects, claims and bookings are created again and filled from the old
tables. PostgreSQL alters them in place.
"""

import hashlib
import hmac
import json

import phonenumbers
import sqlalchemy as sa
from alembic import op

from slotmcp.store.migrations.postgres_0002 import change_tables

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
REAL: sa.types.TypeEngine[float] = sa.Double().with_variant(sa.REAL(), "sqlite")
STRICT = {"sqlite_strict": True}
CLUSTERED = {"sqlite_strict": True, "sqlite_with_rowid": False}

REMADE = ("projects", "claims", "bookings")

COPY_PROJECTS = """
INSERT INTO projects (id, name, timezone, locale, slot_interval_minutes, slot_alignment, min_notice_minutes,
                      horizon_days, hold_ttl_seconds, max_holds_per_customer, candidate_ranking, assignment_ranking,
                      travel_mode, travel_speed_kmh, travel_minutes_per_stop, travel_road_factor,
                      default_service_id, holiday_regions, closed_dates, salt, revision)
SELECT id, name, timezone, locale, slot_interval_minutes, slot_alignment, min_notice_minutes,
       horizon_days, hold_ttl_seconds, max_holds_per_customer, candidate_ranking, assignment_ranking,
       'none', 40.0, 5, 1.3, default_service_id, holiday_regions, closed_dates, salt, revision
FROM projects_0001
"""

COPY_CLAIMS = """
INSERT INTO claims (project_id, id, technician_number, service_id, start_minute, end_minute, buffer_before_minutes,
                    buffer_after_minutes, state, expires_at_ms, technician_chosen, latitude, longitude, hold_token,
                    customer_pseudonym)
SELECT c.project_id, c.id, c.technician_number, c.service_id, c.start_minute, c.end_minute, c.buffer_before_minutes,
       c.buffer_after_minutes, c.state, c.expires_at_ms, c.technician_chosen, b.latitude, b.longitude, c.hold_token,
       c.customer_pseudonym
FROM claims_0001 AS c LEFT JOIN bookings_0001 AS b ON b.project_id = c.project_id AND b.claim_id = c.id
ORDER BY c.rowid
"""

COPY_BOOKINGS = """
INSERT INTO bookings (project_id, claim_id, customer_name, customer_phone, customer_email, address, notes, reason,
                      status, cancel_reason, attention, created_at_ms)
SELECT project_id, claim_id, customer_name, customer_phone, customer_email, address, notes, reason,
       'confirmed', '', '', created_at_ms
FROM bookings_0001 ORDER BY rowid
"""

CUSTOMERS = """
SELECT p.id, p.locale, p.salt, b.claim_id, b.customer_phone, b.customer_email, c.customer_pseudonym
FROM bookings AS b
JOIN claims AS c ON c.project_id = b.project_id AND c.id = b.claim_id
JOIN projects AS p ON p.id = b.project_id
"""


def upgrade() -> None:
    """Change the tables, and add contact keys to bookings."""
    if op.get_bind().dialect.name == "postgresql":
        change_tables()
    else:
        _recreate_tables()
    _create_contacts("booking_contacts", "claim_id", ["bookings.project_id", "bookings.claim_id"])
    _create_waitlist()
    _mark_time_off()
    _add_contact_keys()


def downgrade() -> None:
    """Reject a downgrade; restore the backup beside the file instead."""
    raise NotImplementedError


def _recreate_tables() -> None:
    """Create the tables again and fill them."""
    _rename_old_tables()
    _create_projects()
    _create_claims()
    _create_bookings()
    for copy in (COPY_PROJECTS, COPY_CLAIMS, COPY_BOOKINGS):
        op.execute(copy)
    for table in reversed(REMADE):
        op.drop_table(f"{table}_0001")
    _refuse_overlaps("insert", "INSERT")
    _refuse_overlaps("update", "UPDATE OF technician_number, start_minute, end_minute, state")


def _rename_old_tables() -> None:
    """Rename the old tables and drop their triggers and indexes. Foreign keys refer to the new tables."""
    for event in ("insert", "update"):
        op.execute(f"DROP TRIGGER claims_never_overlap_on_{event}")
    for index in ("claims_live", "claims_expiring", "claims_of_customer"):
        op.drop_index(index)
    op.execute("PRAGMA legacy_alter_table = ON")
    for table in REMADE:
        op.rename_table(table, f"{table}_0001")
    op.execute("PRAGMA legacy_alter_table = OFF")


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, TEXT, nullable=nullable)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _big(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, BIG, nullable=nullable)


def _real(name: str, *, nullable: bool = False) -> sa.Column[float]:
    return sa.Column(name, REAL, nullable=nullable)


def _location() -> tuple[sa.Column[float], sa.Column[float]]:
    return _real("latitude", nullable=True), _real("longitude", nullable=True)


def _location_check(name: str) -> sa.CheckConstraint:
    return sa.CheckConstraint("(latitude IS NULL) = (longitude IS NULL)", name=name)


def _of_project() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["project_id"], ["projects.id"])


def _create_projects() -> None:
    op.create_table(
        "projects",
        *(_text(name) for name in ("id", "name", "timezone", "locale")),
        _number("slot_interval_minutes"),
        _text("slot_alignment"),
        *(
            _number(name)
            for name in ("min_notice_minutes", "horizon_days", "hold_ttl_seconds", "max_holds_per_customer")
        ),
        *(_text(name) for name in ("candidate_ranking", "assignment_ranking", "travel_mode")),
        _real("travel_speed_kmh"),
        _number("travel_minutes_per_stop"),
        _real("travel_road_factor"),
        _text("default_service_id", nullable=True),
        *(_text(name) for name in ("holiday_regions", "closed_dates")),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        _big("revision"),
        sa.PrimaryKeyConstraint("id"),
        **CLUSTERED,
    )


def _create_claims() -> None:
    states = "'held', 'booked', 'lapsed', 'released', 'withdrawn', 'cancelled'"
    op.create_table(
        "claims",
        *(_text(name) for name in ("project_id", "id")),
        _number("technician_number"),
        _text("service_id"),
        *(_big(name) for name in ("start_minute", "end_minute")),
        *(_number(name) for name in ("buffer_before_minutes", "buffer_after_minutes")),
        _text("state"),
        _big("expires_at_ms", nullable=True),
        _number("technician_chosen"),
        *_location(),
        _text("hold_token", nullable=True),
        _text("customer_pseudonym"),
        sa.PrimaryKeyConstraint("project_id", "id"),
        _of_project(),
        sa.ForeignKeyConstraint(["technician_number"], ["technicians.number"]),
        sa.UniqueConstraint("hold_token", name="claims_hold_token"),
        sa.CheckConstraint("start_minute < end_minute", name="claims_span"),
        sa.CheckConstraint("buffer_before_minutes >= 0 AND buffer_after_minutes >= 0", name="claims_buffers"),
        sa.CheckConstraint(f"state IN ({states})", name="claims_state"),
        sa.CheckConstraint("(state IN ('booked', 'cancelled')) = (expires_at_ms IS NULL)", name="claims_expiry"),
        sa.CheckConstraint("state IN ('booked', 'cancelled') OR hold_token IS NOT NULL", name="claims_held_by_token"),
        sa.CheckConstraint("technician_chosen IN (0, 1)", name="claims_technician_chosen"),
        _location_check("claims_location"),
        **STRICT,
    )
    for name, columns, condition in (
        ("claims_live", ["technician_number", "end_minute", "start_minute"], "state IN ('held', 'booked')"),
        ("claims_expiring", ["project_id", "state", "expires_at_ms"], "expires_at_ms IS NOT NULL"),
        ("claims_of_customer", ["project_id", "customer_pseudonym"], "customer_pseudonym <> ''"),
    ):
        op.create_index(name, "claims", columns, sqlite_where=sa.text(condition))


def _create_bookings() -> None:
    statuses = "'confirmed', 'rescheduled', 'cancelled', 'completed', 'no_show'"
    op.create_table(
        "bookings",
        *(_text(name) for name in ("project_id", "claim_id")),
        _text("customer_name", nullable=True),
        *(_text(name) for name in ("customer_phone", "customer_email", "address", "notes")),
        _text("reason", nullable=True),
        *(_text(name) for name in ("status", "cancel_reason", "attention")),
        _big("created_at_ms"),
        sa.PrimaryKeyConstraint("project_id", "claim_id"),
        sa.ForeignKeyConstraint(["project_id", "claim_id"], ["claims.project_id", "claims.id"]),
        sa.CheckConstraint(f"status IN ({statuses})", name="bookings_status"),
        **STRICT,
    )


def _create_contacts(table: str, owner: str, owners: list[str]) -> None:
    op.create_table(
        table,
        *(_text(name) for name in ("project_id", owner)),
        _number("position"),
        _text("key"),
        sa.PrimaryKeyConstraint("project_id", owner, "position"),
        sa.ForeignKeyConstraint(["project_id", owner], owners),
        **CLUSTERED,
    )
    op.create_index(f"{table}_by_key", table, ["project_id", "key"])


def _create_waitlist() -> None:
    op.create_table(
        "waits",
        sa.Column("number", sa.Integer(), primary_key=True),
        *(_text(name) for name in ("project_id", "id", "service_id")),
        _number("duration_minutes"),
        *(_big(name) for name in ("start_from_minute", "start_to_minute")),
        _text("technician_id", nullable=True),
        *_location(),
        *(_text(name) for name in ("customer_name", "customer_phone", "customer_email", "customer_pseudonym")),
        *(_text(name) for name in ("state", "hold_token", "let_go")),
        _big("joined_at_ms"),
        _of_project(),
        sa.UniqueConstraint("project_id", "id", name="waits_id"),
        sa.CheckConstraint("state IN ('waiting', 'offered', 'booked', 'expired')", name="waits_state"),
        _location_check("waits_location"),
        sqlite_autoincrement=True,
        **STRICT,
    )
    op.create_index("waits_by_state", "waits", ["project_id", "state", "start_to_minute"])
    known = sa.text("customer_pseudonym <> ''")
    op.create_index(
        "waits_of_customer",
        "waits",
        ["project_id", "customer_pseudonym"],
        sqlite_where=known,
        postgresql_where=known,
    )
    _create_contacts("wait_contacts", "wait_id", ["waits.project_id", "waits.id"])
    op.create_table(
        "events",
        _text("project_id"),
        _big("number"),
        *(_text(name) for name in ("kind", "subject_id")),
        _big("at_ms"),
        sa.PrimaryKeyConstraint("project_id", "number"),
        _of_project(),
        **CLUSTERED,
    )


def _refuse_overlaps(name: str, event: str) -> None:
    """Create a trigger that rejects overlapping live claims of a technician, even if the application has a bug."""
    op.execute(
        f"""
        CREATE TRIGGER claims_never_overlap_on_{name} BEFORE {event} ON claims
        WHEN NEW.state IN ('held', 'booked') AND EXISTS (
            SELECT 1 FROM claims AS other
            WHERE other.technician_number = NEW.technician_number AND other.state IN ('held', 'booked')
              AND other.end_minute > NEW.start_minute AND other.start_minute < NEW.end_minute
              AND NOT (other.project_id = NEW.project_id AND other.id = NEW.id)
        )
        BEGIN SELECT RAISE(ABORT, 'claims_never_overlap'); END
        """
    )


def _mark_time_off() -> None:
    """Each absence says from now on whether an operator added it: start, end, reason, by_operator."""
    connection = op.get_bind()
    for number, text in connection.execute(sa.text("SELECT number, hours FROM technicians")).all():
        hours = json.loads(text)
        hours["time_off"] = [[*absence, False] for absence in hours["time_off"]]
        marked = json.dumps(hours, ensure_ascii=False, separators=(",", ":"))
        connection.execute(
            sa.text("UPDATE technicians SET hours = :hours WHERE number = :number"),
            {"hours": marked, "number": number},
        )


def _add_contact_keys() -> None:
    """Add to existing bookings the contact keys that new bookings get."""
    connection = op.get_bind()
    keyed = [
        {"project": project, "claim": claim, "position": position, "key": key}
        for project, locale, salt, claim, phone, email, pseudonym in connection.execute(sa.text(CUSTOMERS)).all()
        for position, key in enumerate(_keys(salt, _references(phone, email, locale), pseudonym))
    ]
    if keyed:
        connection.execute(sa.text("INSERT INTO booking_contacts VALUES (:project, :claim, :position, :key)"), keyed)


def _keys(salt: bytes, references: list[str], pseudonym: str) -> list[str]:
    keys = [hmac.digest(salt, reference.encode(), hashlib.sha256).hex() for reference in references]
    return [*keys, pseudonym] if pseudonym else keys


def _references(phone: str, email: str, locale: str) -> list[str]:
    """Return the references by which the services identified a customer at this revision."""
    references = [f"email:{email.casefold()}"] if email else []
    _, *parts = locale.replace("_", "-").split("-")
    try:
        number = phonenumbers.parse(phone, parts[-1].upper() if parts else None)
    except phonenumbers.NumberParseException:
        return references
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return [f"phone:{written}", *references]
