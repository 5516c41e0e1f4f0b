"""Events of a calendar that are replaced because their booking was corrected."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column. It is NULL in existing rows, whose events are up to date."""
    op.add_column("calendar_pushes", sa.Column("renews", sa.Integer(), nullable=True))


def downgrade() -> None:
    """Reject a downgrade; restore the backup beside the file instead."""
    raise NotImplementedError
