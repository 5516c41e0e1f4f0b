"""Access keys for calls over HTTP."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
CLUSTERED = {"sqlite_strict": True, "sqlite_with_rowid": False}


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "access_keys",
        *(sa.Column(name, TEXT, nullable=False) for name in ("id", "name", "scope")),
        sa.Column("project_id", TEXT, nullable=True),
        sa.Column("secret_hash", TEXT, nullable=False),
        sa.Column("created_at_ms", BIG, nullable=False),
        *(sa.Column(name, BIG, nullable=True) for name in ("expires_at_ms", "revoked_at_ms")),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"]),
        sa.CheckConstraint("scope IN ('caller', 'operator')", name="access_keys_scope"),
        **CLUSTERED,
    )


def downgrade() -> None:
    """Reject a downgrade; restore the backup beside the file instead."""
    raise NotImplementedError
