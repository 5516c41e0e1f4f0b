"""Cal.com settings of projects, services and technicians, calendar events, and the outbox.

SQLite would put an added column after the table's constraints, so the catalog's tables are created again there.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
REAL: sa.types.TypeEngine[float] = sa.Double().with_variant(sa.REAL(), "sqlite")
STRICT = {"sqlite_strict": True}
CLUSTERED = {"sqlite_strict": True, "sqlite_with_rowid": False}

ADDED = {
    "projects": 'calcom text COLLATE "C"',
    "services": "calcom_event_type_id bigint",
    "technicians": 'calcom text COLLATE "C"',
}
COPIED = {
    "projects": """id, name, timezone, locale, slot_interval_minutes, slot_alignment, min_notice_minutes, horizon_days,
        hold_ttl_seconds, max_holds_per_customer, candidate_ranking, assignment_ranking, travel_mode, travel_speed_kmh,
        travel_minutes_per_stop, travel_road_factor, default_service_id, holiday_regions, closed_dates, salt,
        revision""",
    "services": """project_id, id, name, duration_minutes, buffer_before_minutes, buffer_after_minutes, skills,
        position, archived""",
    "technicians": """number, project_id, id, name, timezone, priority, status, skills, home_latitude, home_longitude,
        max_bookings_per_day, hours, position, archived""",
}


def upgrade() -> None:
    """Add the columns and the tables."""
    if op.get_bind().dialect.name == "postgresql":
        for table, column in ADDED.items():
            op.execute(f"ALTER TABLE {table} ADD COLUMN {column}")
    else:
        _recreate_tables()
    _create_entries()
    _create_deliveries()
    _create_parked()
    _create_pushes()
    _create_syncs()


def downgrade() -> None:
    """Reject a downgrade; restore the backup beside the file instead."""
    raise NotImplementedError


def _recreate_tables() -> None:
    """Create the catalog's tables again and fill them. Foreign keys refer to the new tables."""
    op.execute("PRAGMA legacy_alter_table = ON")
    for table in COPIED:
        op.rename_table(table, f"{table}_0003")
    op.execute("PRAGMA legacy_alter_table = OFF")
    _create_projects()
    _create_services()
    _create_technicians()
    for table, columns in COPIED.items():
        op.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {table}_0003")
    for table in reversed(COPIED):
        op.drop_table(f"{table}_0003")


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, TEXT, nullable=nullable)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [_text(name) for name in names]


def _number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=nullable)


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [_number(name) for name in names]


def _big(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, BIG, nullable=nullable)


def _real(name: str, *, nullable: bool = False) -> sa.Column[float]:
    return sa.Column(name, REAL, nullable=nullable)


def _of_project() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["project_id"], ["projects.id"])


def _create_projects() -> None:
    op.create_table(
        "projects",
        *_texts("id", "name", "timezone", "locale"),
        _number("slot_interval_minutes"),
        _text("slot_alignment"),
        *_numbers("min_notice_minutes", "horizon_days", "hold_ttl_seconds", "max_holds_per_customer"),
        *_texts("candidate_ranking", "assignment_ranking", "travel_mode"),
        _real("travel_speed_kmh"),
        _number("travel_minutes_per_stop"),
        _real("travel_road_factor"),
        _text("default_service_id", nullable=True),
        *_texts("holiday_regions", "closed_dates"),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        _big("revision"),
        _text("calcom", nullable=True),
        sa.PrimaryKeyConstraint("id"),
        **CLUSTERED,
    )


def _create_services() -> None:
    op.create_table(
        "services",
        *_texts("project_id", "id", "name"),
        *_numbers("duration_minutes", "buffer_before_minutes", "buffer_after_minutes"),
        _text("skills"),
        *_numbers("position", "archived"),
        _big("calcom_event_type_id", nullable=True),
        sa.PrimaryKeyConstraint("project_id", "id"),
        _of_project(),
        sa.CheckConstraint("archived IN (0, 1)", name="services_archived"),
        **CLUSTERED,
    )


def _create_technicians() -> None:
    op.create_table(
        "technicians",
        sa.Column("number", sa.Integer(), primary_key=True),
        *_texts("project_id", "id", "name", "timezone"),
        _number("priority"),
        *_texts("status", "skills"),
        *(_real(name, nullable=True) for name in ("home_latitude", "home_longitude")),
        _number("max_bookings_per_day", nullable=True),
        _text("hours"),
        *_numbers("position", "archived"),
        _text("calcom", nullable=True),
        _of_project(),
        sa.UniqueConstraint("project_id", "id", name="technicians_id"),
        sa.CheckConstraint("archived IN (0, 1)", name="technicians_archived"),
        sa.CheckConstraint("(home_latitude IS NULL) = (home_longitude IS NULL)", name="technicians_home"),
        sqlite_autoincrement=True,
        **STRICT,
    )


def _create_entries() -> None:
    op.create_table(
        "calendar_entries",
        *_texts("project_id", "uid", "status", "kind"),
        *(_big(name) for name in ("start_minute", "end_minute", "said_at_ms")),
        _text("series"),
        *(_big(name, nullable=True) for name in ("sequence", "event_type_id")),
        *_texts("replaces", "hosts"),
        _text("customer_name", nullable=True),
        *_texts("customer_phone", "customer_email", "address", "notes", "contact_keys"),
        *_texts("said_booking_id", "booking_id", "busy"),
        _big("no_show_at_ms"),
        sa.PrimaryKeyConstraint("project_id", "uid"),
        _of_project(),
        sa.CheckConstraint(
            "status IN ('pending', 'accepted', 'cancelled', 'rejected', 'replaced')", name="entries_status"
        ),
        sa.CheckConstraint("kind IN ('appointment', 'absence')", name="entries_kind"),
        sa.CheckConstraint("start_minute < end_minute", name="entries_span"),
        **STRICT,
    )
    for name, column, condition in (
        ("calendar_entries_in_series", "series", "series <> ''"),
        ("calendar_entries_of", "booking_id", "booking_id <> ''"),
        ("calendar_entries_replacing", "replaces", "replaces <> ''"),
        ("calendar_entries_to_come", "end_minute", "status IN ('pending', 'accepted')"),
    ):
        where = sa.text(condition)
        op.create_index(name, "calendar_entries", ["project_id", column], sqlite_where=where, postgresql_where=where)


def _create_deliveries() -> None:
    op.create_table(
        "calendar_deliveries",
        *_texts("project_id", "digest"),
        _big("received_at_ms"),
        sa.PrimaryKeyConstraint("project_id", "digest"),
        _of_project(),
        **CLUSTERED,
    )
    op.create_index("calendar_deliveries_age", "calendar_deliveries", ["project_id", "received_at_ms"])


def _create_parked() -> None:
    op.create_table(
        "calendar_parked",
        *_texts("project_id", "uid", "event", "contact_keys", "why"),
        _big("parked_at_ms"),
        sa.PrimaryKeyConstraint("project_id", "uid"),
        _of_project(),
        **STRICT,
    )


def _create_pushes() -> None:
    op.create_table(
        "calendar_pushes",
        *_texts("project_id", "booking_id"),
        *(_big(name) for name in ("version", "since_ms", "due_ms")),
        _number("attempts"),
        *(_big(name, nullable=True) for name in ("tried_at_ms", "tried_start_minute")),
        _text("refused"),
        sa.PrimaryKeyConstraint("project_id", "booking_id"),
        sa.ForeignKeyConstraint(["project_id", "booking_id"], ["claims.project_id", "claims.id"]),
        **STRICT,
    )
    op.create_index("calendar_pushes_due", "calendar_pushes", ["project_id", "due_ms"])


def _create_syncs() -> None:
    op.create_table(
        "calendar_syncs",
        _text("project_id"),
        _big("watermark_ms"),
        _text("worker"),
        *(_big(name) for name in ("worker_until_ms", "finished_ms")),
        _text("problem"),
        sa.PrimaryKeyConstraint("project_id"),
        _of_project(),
        **CLUSTERED,
    )
