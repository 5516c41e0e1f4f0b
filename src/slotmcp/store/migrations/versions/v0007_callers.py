"""Terms of holds, and the kind of a booking's keyed hashes.

SQLite would put an added column after the table's constraints, so the tables are created again there.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
REAL: sa.types.TypeEngine[float] = sa.Double().with_variant(sa.REAL(), "sqlite")
STRICT = {"sqlite_strict": True}
CLUSTERED = {"sqlite_strict": True, "sqlite_with_rowid": False}

STATES = "'held', 'booked', 'lapsed', 'released', 'withdrawn', 'cancelled'"
HOLD_TERMS = "hold_terms IS NULL OR expires_at_ms IS NOT NULL"
KINDS = "kind IN ('contact', 'call')"

CLAIMS = """
    project_id, id, technician_number, service_id, start_minute, end_minute, buffer_before_minutes,
    buffer_after_minutes, state, expires_at_ms, technician_chosen, latitude, longitude, hold_token, customer_pseudonym
"""
INDEXES = {
    "claims_live": (["technician_number", "end_minute", "start_minute"], "state IN ('held', 'booked')"),
    "claims_expiring": (["project_id", "state", "expires_at_ms"], "expires_at_ms IS NOT NULL"),
    "claims_of_customer": (["project_id", "customer_pseudonym"], "customer_pseudonym <> ''"),
}


def upgrade() -> None:
    """Add the columns."""
    if op.get_bind().dialect.name == "postgresql":
        _add_columns()
    else:
        _recreate_tables()


def downgrade() -> None:
    """Reject a downgrade; restore the backup beside the file instead."""
    raise NotImplementedError


def _add_columns() -> None:
    op.execute(
        f"""
        ALTER TABLE claims
            ADD COLUMN hold_terms text COLLATE "C",
            ADD CONSTRAINT claims_hold_terms CHECK ({HOLD_TERMS})
        """
    )
    op.execute(
        f"""
        ALTER TABLE booking_contacts
            ADD COLUMN kind text COLLATE "C" NOT NULL DEFAULT 'contact',
            ADD CONSTRAINT booking_contacts_kind CHECK ({KINDS})
        """
    )
    op.execute("ALTER TABLE booking_contacts ALTER COLUMN kind DROP DEFAULT")


def _recreate_tables() -> None:
    for event in ("insert", "update"):
        op.execute(f"DROP TRIGGER claims_never_overlap_on_{event}")
    for index in (*INDEXES, "booking_contacts_by_key"):
        op.drop_index(index)
    op.execute("PRAGMA legacy_alter_table = ON")
    for table in ("claims", "booking_contacts"):
        op.rename_table(table, f"{table}_0006")
    op.execute("PRAGMA legacy_alter_table = OFF")
    _create_claims()
    _create_booking_contacts()
    op.execute(f"INSERT INTO claims ({CLAIMS}) SELECT {CLAIMS} FROM claims_0006 ORDER BY rowid")
    op.execute(
        "INSERT INTO booking_contacts SELECT project_id, claim_id, position, key, 'contact' FROM booking_contacts_0006"
    )
    for table in ("claims", "booking_contacts"):
        op.drop_table(f"{table}_0006")
    _refuse_overlaps("insert", "INSERT")
    _refuse_overlaps("update", "UPDATE OF technician_number, start_minute, end_minute, state")


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, TEXT, nullable=nullable)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _create_claims() -> None:
    op.create_table(
        "claims",
        *(_text(name) for name in ("project_id", "id")),
        _number("technician_number"),
        _text("service_id"),
        *(sa.Column(name, BIG, nullable=False) for name in ("start_minute", "end_minute")),
        *(_number(name) for name in ("buffer_before_minutes", "buffer_after_minutes")),
        _text("state"),
        sa.Column("expires_at_ms", BIG, nullable=True),
        _number("technician_chosen"),
        *(sa.Column(name, REAL, nullable=True) for name in ("latitude", "longitude")),
        _text("hold_token", nullable=True),
        _text("customer_pseudonym"),
        _text("hold_terms", nullable=True),
        sa.PrimaryKeyConstraint("project_id", "id"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"]),
        sa.ForeignKeyConstraint(["technician_number"], ["technicians.number"]),
        sa.UniqueConstraint("hold_token", name="claims_hold_token"),
        sa.CheckConstraint("start_minute < end_minute", name="claims_span"),
        sa.CheckConstraint("buffer_before_minutes >= 0 AND buffer_after_minutes >= 0", name="claims_buffers"),
        sa.CheckConstraint(f"state IN ({STATES})", name="claims_state"),
        sa.CheckConstraint("(state IN ('booked', 'cancelled')) = (expires_at_ms IS NULL)", name="claims_expiry"),
        sa.CheckConstraint("state IN ('booked', 'cancelled') OR hold_token IS NOT NULL", name="claims_held_by_token"),
        sa.CheckConstraint("technician_chosen IN (0, 1)", name="claims_technician_chosen"),
        sa.CheckConstraint("(latitude IS NULL) = (longitude IS NULL)", name="claims_location"),
        sa.CheckConstraint(HOLD_TERMS, name="claims_hold_terms"),
        **STRICT,
    )
    for name, (columns, condition) in INDEXES.items():
        op.create_index(name, "claims", columns, sqlite_where=sa.text(condition))


def _create_booking_contacts() -> None:
    op.create_table(
        "booking_contacts",
        *(_text(name) for name in ("project_id", "claim_id")),
        _number("position"),
        *(_text(name) for name in ("key", "kind")),
        sa.PrimaryKeyConstraint("project_id", "claim_id", "position"),
        sa.ForeignKeyConstraint(["project_id", "claim_id"], ["bookings.project_id", "bookings.claim_id"]),
        sa.CheckConstraint(KINDS, name="booking_contacts_kind"),
        **CLUSTERED,
    )
    op.create_index("booking_contacts_by_key", "booking_contacts", ["project_id", "key"])


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
