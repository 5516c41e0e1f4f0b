"""Projects, services, technicians, claims, bookings, busy times, receipts and the change log."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPLICATION_ID = 0x534C4F54
"""Id in the file's header that identifies slotmcp: "SLOT" in ASCII."""

NEVER_OVERLAP = """
ALTER TABLE claims ADD CONSTRAINT claims_never_overlap EXCLUDE USING gist (
    int8range((technician_number::bigint << 32) + start_minute, (technician_number::bigint << 32) + end_minute) WITH &&
) WHERE (state IN ('held', 'booked'))
"""
SET_SAVEPOINT = "COMMENT ON TABLE alembic_version IS 'slotmcp'"
"""Comment that identifies slotmcp's schema in PostgreSQL."""

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
REAL: sa.types.TypeEngine[float] = sa.Double().with_variant(sa.REAL(), "sqlite")
STRICT = {"sqlite_strict": True}
CLUSTERED = {"sqlite_strict": True, "sqlite_with_rowid": False}


def upgrade() -> None:
    """Create all tables."""
    _create_catalog()
    _create_claims()
    _create_bookings()
    _create_records()
    if op.get_bind().dialect.name == "postgresql":
        op.execute(NEVER_OVERLAP)
        op.execute(SET_SAVEPOINT)
        return
    _refuse_overlaps("insert", "INSERT")
    _refuse_overlaps("update", "UPDATE OF technician_number, start_minute, end_minute, state")
    op.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def downgrade() -> None:
    """Reject a downgrade; restore the backup beside the file instead."""
    raise NotImplementedError


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, TEXT, nullable=nullable)


def _number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=nullable)


def _big(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, BIG, nullable=nullable)


def _real(name: str) -> sa.Column[float]:
    return sa.Column(name, REAL, nullable=True)


def _of_project() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["project_id"], ["projects.id"])


def _of_technician() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["technician_number"], ["technicians.number"])


def _create_catalog() -> None:
    op.create_table(
        "projects",
        *(_text(name) for name in ("id", "name", "timezone", "locale")),
        _number("slot_interval_minutes"),
        _text("slot_alignment"),
        *(
            _number(name)
            for name in ("min_notice_minutes", "horizon_days", "hold_ttl_seconds", "max_holds_per_customer")
        ),
        *(_text(name) for name in ("candidate_ranking", "assignment_ranking")),
        _text("default_service_id", nullable=True),
        *(_text(name) for name in ("holiday_regions", "closed_dates")),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        _big("revision"),
        sa.PrimaryKeyConstraint("id"),
        **CLUSTERED,
    )
    op.create_table(
        "services",
        *(_text(name) for name in ("project_id", "id", "name")),
        *(_number(name) for name in ("duration_minutes", "buffer_before_minutes", "buffer_after_minutes")),
        _text("skills"),
        *(_number(name) for name in ("position", "archived")),
        sa.PrimaryKeyConstraint("project_id", "id"),
        _of_project(),
        sa.CheckConstraint("archived IN (0, 1)", name="services_archived"),
        **CLUSTERED,
    )
    op.create_table(
        "technicians",
        sa.Column("number", sa.Integer(), primary_key=True),
        *(_text(name) for name in ("project_id", "id", "name", "timezone")),
        _number("priority"),
        *(_text(name) for name in ("status", "skills")),
        *(_real(name) for name in ("home_latitude", "home_longitude")),
        _number("max_bookings_per_day", nullable=True),
        _text("hours"),
        *(_number(name) for name in ("position", "archived")),
        _of_project(),
        sa.UniqueConstraint("project_id", "id", name="technicians_id"),
        sa.CheckConstraint("archived IN (0, 1)", name="technicians_archived"),
        sa.CheckConstraint("(home_latitude IS NULL) = (home_longitude IS NULL)", name="technicians_home"),
        sqlite_autoincrement=True,
        **STRICT,
    )


def _create_claims() -> None:
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
        _text("hold_token", nullable=True),
        _text("customer_pseudonym"),
        sa.PrimaryKeyConstraint("project_id", "id"),
        _of_project(),
        _of_technician(),
        sa.UniqueConstraint("hold_token", name="claims_hold_token"),
        sa.CheckConstraint("start_minute < end_minute", name="claims_span"),
        sa.CheckConstraint("buffer_before_minutes >= 0 AND buffer_after_minutes >= 0", name="claims_buffers"),
        sa.CheckConstraint("state IN ('held', 'booked', 'lapsed', 'released')", name="claims_state"),
        sa.CheckConstraint("(state = 'booked') = (expires_at_ms IS NULL)", name="claims_expiry"),
        sa.CheckConstraint("state = 'booked' OR hold_token IS NOT NULL", name="claims_held_by_token"),
        sa.CheckConstraint("technician_chosen IN (0, 1)", name="claims_technician_chosen"),
        **STRICT,
    )
    for name, columns, condition in (
        ("claims_live", ["technician_number", "end_minute", "start_minute"], "state IN ('held', 'booked')"),
        ("claims_expiring", ["project_id", "state", "expires_at_ms"], "expires_at_ms IS NOT NULL"),
        ("claims_of_customer", ["project_id", "customer_pseudonym"], "state = 'held'"),
    ):
        op.create_index(name, "claims", columns, sqlite_where=sa.text(condition), postgresql_where=sa.text(condition))


def _create_bookings() -> None:
    op.create_table(
        "bookings",
        *(_text(name) for name in ("project_id", "claim_id")),
        _text("customer_name", nullable=True),
        *(_text(name) for name in ("customer_phone", "customer_email", "address", "notes")),
        *(_real(name) for name in ("latitude", "longitude")),
        _text("reason", nullable=True),
        _big("created_at_ms"),
        sa.PrimaryKeyConstraint("project_id", "claim_id"),
        sa.ForeignKeyConstraint(["project_id", "claim_id"], ["claims.project_id", "claims.id"]),
        sa.CheckConstraint("(latitude IS NULL) = (longitude IS NULL)", name="bookings_location"),
        **STRICT,
    )
    op.create_table(
        "busy_times",
        _number("technician_number"),
        *(_big(name) for name in ("start_minute", "end_minute")),
        _text("source"),
        sa.PrimaryKeyConstraint("technician_number", "start_minute", "end_minute", "source"),
        _of_technician(),
        sa.CheckConstraint("start_minute < end_minute", name="busy_times_span"),
        **CLUSTERED,
    )


def _create_records() -> None:
    op.create_table(
        "receipts",
        *(_text(name) for name in ("project_id", "credential", "use_case", "key", "request", "answer")),
        _big("created_at_ms"),
        sa.PrimaryKeyConstraint("project_id", "credential", "use_case", "key"),
        _of_project(),
        **STRICT,
    )
    op.create_index("receipts_age", "receipts", ["project_id", "created_at_ms"])
    op.create_table(
        "changes",
        _text("project_id"),
        _big("revision"),
        *(_text(name) for name in ("technician_id", "claim_id")),
        sa.PrimaryKeyConstraint("project_id", "revision", "technician_id", "claim_id"),
        _of_project(),
        **CLUSTERED,
    )


def _refuse_overlaps(name: str, event: str) -> None:
    """Create the trigger that rejects overlapping live claims of one technician."""
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
