"""Index of the bookings that need attention."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

NEEDS_SOME = sa.text("attention <> ''")


def upgrade() -> None:
    """Create the index."""
    op.create_index(
        "bookings_attention", "bookings", ["project_id"], sqlite_where=NEEDS_SOME, postgresql_where=NEEDS_SOME
    )


def downgrade() -> None:
    """Reject a downgrade; restore the backup beside the file instead."""
    raise NotImplementedError
