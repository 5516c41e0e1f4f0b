"""Decision traces of calls."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "traces",
        *(sa.Column(name, TEXT, nullable=False) for name in ("id", "project_id", "conversation")),
        sa.Column("at_ms", BIG, nullable=False),
        sa.Column("told", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"]),
        sqlite_strict=True,
    )
    op.create_index("traces_by_time", "traces", ["project_id", "at_ms", "id"])
    op.create_index("traces_by_conversation", "traces", ["project_id", "conversation", "at_ms", "id"])
    op.create_index("traces_by_age", "traces", ["at_ms"])


def downgrade() -> None:
    """Reject a downgrade; restore the backup beside the file instead."""
    raise NotImplementedError
