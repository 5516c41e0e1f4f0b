"""Function that writes groups on PostgreSQL: it parses each claim once, and not once per column."""

from alembic import op

from slotmcp.store.migrations.postgres_0016 import FUNCTION

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

PER_COLUMN = """
        INSERT INTO claims SELECT (jsonb_populate_record(
            NULL::claims, x.value || jsonb_build_object('project_id', project, 'technician_number', t.number))).*
        FROM jsonb_array_elements(work -> 'claims') AS x
        JOIN technicians AS t ON t.project_id = project AND t.id = x.value ->> 'technician_id';
"""
"""PostgreSQL expands `(f(x)).*` to one call of the function for each column."""
ONCE = """
        INSERT INTO claims SELECT r.*
        FROM jsonb_array_elements(work -> 'claims') AS x
        JOIN technicians AS t ON t.project_id = project AND t.id = x.value ->> 'technician_id'
        CROSS JOIN LATERAL jsonb_populate_record(
            NULL::claims, x.value || jsonb_build_object('project_id', project, 'technician_number', t.number)) AS r;
"""


def upgrade() -> None:
    """Replace the function."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(FUNCTION.replace(PER_COLUMN, ONCE))


def downgrade() -> None:
    """Reject a downgrade; restore the backup beside the file instead."""
    raise NotImplementedError
