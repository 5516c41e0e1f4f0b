"""Erasures of customers, periodic tasks, and hashed call ids in traces."""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from typing import Any

import orjson
import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
BATCH_ROWS = 1_000
DIGITS = 16
SALT_BYTES = 32
ENCRYPTED = b"\x02slotmcp:"
"""Start of an encrypted salt. A migration has no keys, so the hashes then have a random salt that is not stored."""

NEXT_TRACES = sa.text("""
SELECT id, told FROM traces
WHERE project_id = :project_id AND id > :after AND told NOT LIKE '%"call_id":""%' ORDER BY id LIMIT :limit
""")
SAVE_TRACE = sa.text("UPDATE traces SET told = :told, conversation = :conversation WHERE id = :id")


def upgrade() -> None:
    """Add the tables, and replace the call ids of traces by keyed hashes."""
    op.create_table(
        "erasures",
        *(sa.Column(name, TEXT, nullable=False) for name in ("project_id", "key")),
        sa.Column("at_ms", BIG, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "key"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"]),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "maintenance",
        sa.Column("task", TEXT, nullable=False),
        sa.Column("not_before_ms", BIG, nullable=False),
        sa.PrimaryKeyConstraint("task"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    for project_id, salt in op.get_bind().execute(sa.text("SELECT id, salt FROM projects")).fetchall():
        is_encrypted = bytes(salt).startswith(ENCRYPTED)
        _hash_call_ids(project_id, secrets.token_bytes(SALT_BYTES) if is_encrypted else bytes(salt))


def downgrade() -> None:
    """Reject a downgrade; restore the backup beside the file instead."""
    raise NotImplementedError


def _hash_call_ids(project_id: str, salt: bytes) -> None:
    after = ""
    while rows := _next_traces(project_id, after):
        op.get_bind().execute(SAVE_TRACE, [_hashed(salt, *row) for row in rows])
        after = rows[-1][0]


def _next_traces(project_id: str, after: str) -> Sequence[Any]:
    values = {"project_id": project_id, "after": after, "limit": BATCH_ROWS}
    return op.get_bind().execute(NEXT_TRACES, values).fetchall()


def _hashed(salt: bytes, trace_id: str, told: str) -> dict[str, str]:
    """Return the values of a trace, whose conversation was an unkeyed hash of the call id."""
    trace = orjson.loads(told)
    for name in ("call_id", "conversation"):
        if trace[name]:
            reference = f"traced {name}:{trace[name]}"
            trace[name] = hmac.digest(salt, reference.encode(), hashlib.sha256).hex()[:DIGITS]
    return {"id": trace_id, "told": orjson.dumps(trace).decode(), "conversation": trace["conversation"]}
