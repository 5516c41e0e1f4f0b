"""Rules and information of services, areas, closures, and the postal code, priority and answers of bookings."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TEXT = sa.Text()
COLUMNS = {
    "projects": ("closures", "areas", "outside_areas"),
    "services": ("rules", "information"),
    "technicians": ("home_postal_code",),
    "claims": ("postal_code", "priority"),
    "bookings": ("answers",),
    "waits": ("postal_code", "priority"),
}


def upgrade() -> None:
    """Add the columns. They are NULL in existing rows, which have none of these rules."""
    collation = "C" if op.get_bind().dialect.name == "postgresql" else None
    for table, names in COLUMNS.items():
        for name in names:
            op.add_column(table, sa.Column(name, sa.Text(collation=collation), nullable=True))
    op.add_column("projects", sa.Column("cancel_notice_minutes", sa.Integer(), nullable=True))


def downgrade() -> None:
    """Reject a downgrade; restore the backup beside the file instead."""
    raise NotImplementedError
