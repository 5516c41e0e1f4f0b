"""Kind of keyed hashes for the replaced contacts of a booking.

SQLite cannot change a constraint, so the table is created again there.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TEXT = sa.Text()
KINDS = "kind IN ('contact', 'former', 'call')"
NAME = "booking_contacts_kind"


def upgrade() -> None:
    """Allow the kind."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"ALTER TABLE booking_contacts DROP CONSTRAINT {NAME}, ADD CONSTRAINT {NAME} CHECK ({KINDS})")
    else:
        _recreate_table()


def downgrade() -> None:
    """Reject a downgrade; restore the backup beside the file instead."""
    raise NotImplementedError


def _recreate_table() -> None:
    op.drop_index("booking_contacts_by_key")
    op.execute("PRAGMA legacy_alter_table = ON")
    op.rename_table("booking_contacts", "booking_contacts_0009")
    op.execute("PRAGMA legacy_alter_table = OFF")
    op.create_table(
        "booking_contacts",
        *(sa.Column(name, TEXT, nullable=False) for name in ("project_id", "claim_id")),
        sa.Column("position", sa.Integer(), nullable=False),
        *(sa.Column(name, TEXT, nullable=False) for name in ("key", "kind")),
        sa.PrimaryKeyConstraint("project_id", "claim_id", "position"),
        sa.ForeignKeyConstraint(["project_id", "claim_id"], ["bookings.project_id", "bookings.claim_id"]),
        sa.CheckConstraint(KINDS, name=NAME),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("booking_contacts_by_key", "booking_contacts", ["project_id", "key"])
    op.execute("INSERT INTO booking_contacts SELECT * FROM booking_contacts_0009")
    op.drop_table("booking_contacts_0009")
