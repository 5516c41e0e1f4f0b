"""Clock of an SQLite file, and the row that test writes change."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the table with its row. An empty boot id means that no process has set the clock."""
    op.create_table(
        "clock",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("boot_id", TEXT, nullable=False),
        *(sa.Column(name, BIG, nullable=False) for name in ("offset_ms", "differs_since_ms", "checked_at_ms")),
        sa.PrimaryKeyConstraint("id"),
        sa.CheckConstraint("id = 1", name="clock_id"),
        sqlite_strict=True,
    )
    op.execute("INSERT INTO clock (id, boot_id, offset_ms, differs_since_ms, checked_at_ms) VALUES (1, '', 0, 0, 0)")


def downgrade() -> None:
    """Reject a downgrade; restore the backup beside the file instead."""
    raise NotImplementedError
