"""Mark of bookings that a customer wanted in addition to another one."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column. It is NULL in existing rows, which means no."""
    op.add_column("bookings", sa.Column("is_additional", sa.Integer(), nullable=True))


def downgrade() -> None:
    """Reject a downgrade; restore the backup beside the file instead."""
    raise NotImplementedError
