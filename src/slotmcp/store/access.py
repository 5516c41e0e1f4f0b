"""Access keys: SQL, rows and values."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from slotmcp.domain.access import AccessKey, Scope
from slotmcp.store.columns import ACCESS_KEY_COLUMNS, ACCESS_KEYS, AccessKeyRow
from slotmcp.store.statement import Statement, insert, select_among_keys
from slotmcp.store.values import values_of

# Add an access key.
ADD_ACCESS_KEY = Statement(insert(ACCESS_KEYS))

# Read an access key.
ACCESS_KEY = Statement(f"SELECT {ACCESS_KEY_COLUMNS} FROM access_keys WHERE id = :id")

# Read all access keys, for an operator.
ALL_ACCESS_KEYS = Statement(f"SELECT {ACCESS_KEY_COLUMNS} FROM access_keys ORDER BY created_at_ms, id")

# Read whether any access key exists.
HAS_ACCESS_KEYS = Statement("SELECT EXISTS (SELECT 1 FROM access_keys)")

# Read the times at which some credentials end; those that were revoked are missing.
CREDENTIAL_ENDS = select_among_keys("""
SELECT id, expires_at_ms AS end_ms, expires_at_ms AS idle_ms, expires_at_ms AS key_end_ms
FROM access_keys WHERE revoked_at_ms IS NULL AND id {among_keys}
UNION ALL
SELECT s.id, s.expires_at_ms, s.idle_at_ms, k.expires_at_ms
FROM dashboard_sessions s JOIN access_keys k ON k.id = s.key_id WHERE k.revoked_at_ms IS NULL AND s.id {among_keys}
""")

# Revoke an access key. The time of an earlier revocation stays.
REVOKE_ACCESS_KEY = Statement("""
UPDATE access_keys SET revoked_at_ms = COALESCE(revoked_at_ms, :at_ms) WHERE id = :id RETURNING id
""")


def access_key_of(row: AccessKeyRow) -> AccessKey:
    """Return the access key that a row holds."""
    fields = row._asdict()
    del fields["secret_hash"]
    return AccessKey(**fields | {"scope": Scope(row.scope)})


def access_key_values(key: AccessKey, secret_hash: str) -> Mapping[str, object]:
    """Return an access key as its statement's values."""
    return values_of(AccessKeyRow._fields, key, scope=key.scope.value, secret_hash=secret_hash)


def valid_ids(rows: Iterable[Sequence[Any]], now_ms: int) -> frozenset[str]:
    """Return the ids of the credentials that have not ended."""
    return frozenset(id_ for id_, *ends in rows if all(end is None or now_ms < end for end in ends))
