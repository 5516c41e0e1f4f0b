"""Locations of postal codes that a geocoding service returned."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
REAL: sa.types.TypeEngine[float] = sa.Double().with_variant(sa.REAL(), "sqlite")


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "postal_code_locations",
        *(sa.Column(name, TEXT, nullable=False) for name in ("country", "postal_code")),
        *(sa.Column(name, REAL, nullable=False) for name in ("latitude", "longitude")),
        sa.Column("found_at_ms", BIG, nullable=False),
        sa.PrimaryKeyConstraint("country", "postal_code"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("postal_code_locations_by_age", "postal_code_locations", ["found_at_ms"])


def downgrade() -> None:
    """Reject a downgrade; restore the backup beside the file instead."""
    raise NotImplementedError
