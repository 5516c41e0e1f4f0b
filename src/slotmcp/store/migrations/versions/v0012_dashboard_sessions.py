"""Dashboard sessions."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
CLUSTERED = {"sqlite_strict": True, "sqlite_with_rowid": False}


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "dashboard_sessions",
        *(sa.Column(name, TEXT, nullable=False) for name in ("id", "key_id")),
        *(sa.Column(name, BIG, nullable=False) for name in ("created_at_ms", "expires_at_ms", "idle_at_ms")),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["key_id"], ["access_keys.id"]),
        **CLUSTERED,
    )


def downgrade() -> None:
    """Reject a downgrade; restore the backup beside the file instead."""
    raise NotImplementedError
