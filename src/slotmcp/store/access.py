"""Access keys: SQL, rows and values."""

from collections.abc import Mapping

from slotmcp.domain.access import AccessKey, Scope
from slotmcp.store.columns import ACCESS_KEY_COLUMNS, ACCESS_KEYS, AccessKeyRow
from slotmcp.store.statement import Statement, insert

# Add an access key.
ADD_ACCESS_KEY = Statement(insert(ACCESS_KEYS))

# Read an access key.
ACCESS_KEY = Statement(f"SELECT {ACCESS_KEY_COLUMNS} FROM access_keys WHERE id = :id")

# Read all access keys, for an operator.
ALL_ACCESS_KEYS = Statement(f"SELECT {ACCESS_KEY_COLUMNS} FROM access_keys ORDER BY created_at_ms, id")

# Revoke an access key; one that is revoked keeps its time.
REVOKE_ACCESS_KEY = Statement("""
UPDATE access_keys SET revoked_at_ms = COALESCE(revoked_at_ms, :at_ms) WHERE id = :id RETURNING id
""")


def access_key_of(row: AccessKeyRow) -> AccessKey:
    """Return the access key that a row holds."""
    return AccessKey(
        id=row.id,
        name=row.name,
        scope=Scope(row.scope),
        project_id=row.project_id,
        created_at_ms=row.created_at_ms,
        expires_at_ms=row.expires_at_ms,
        revoked_at_ms=row.revoked_at_ms,
    )


def access_key_values(key: AccessKey, secret_hash: str) -> Mapping[str, object]:
    """Return an access key as its statement's values."""
    return {
        "id": key.id,
        "name": key.name,
        "scope": key.scope.value,
        "project_id": key.project_id,
        "secret_hash": secret_hash,
        "created_at_ms": key.created_at_ms,
        "expires_at_ms": key.expires_at_ms,
        "revoked_at_ms": key.revoked_at_ms,
    }
