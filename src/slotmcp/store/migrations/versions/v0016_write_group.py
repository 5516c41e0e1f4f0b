"""Function that writes the rows of a group of units of work on PostgreSQL; nothing on SQLite."""

from alembic import op

from slotmcp.store.migrations.postgres_0016 import create_function

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the function."""
    if op.get_bind().dialect.name == "postgresql":
        create_function()


def downgrade() -> None:
    """Reject a downgrade; restore the backup beside the file instead."""
    raise NotImplementedError
