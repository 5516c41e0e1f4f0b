"""Country, proof for changes, parts of the day and wording of projects; shortest length and spoken name of services."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the columns. They are NULL in existing rows, which means the default."""
    for name in ("country", "verify_changes", "parts_of_day", "wording"):
        op.add_column("projects", sa.Column(name, TEXT, nullable=True))
    op.add_column("services", sa.Column("min_duration_minutes", sa.Integer(), nullable=True))
    op.add_column("services", sa.Column("spoken", TEXT, nullable=True))


def downgrade() -> None:
    """Reject a downgrade; restore the backup beside the file instead."""
    raise NotImplementedError
