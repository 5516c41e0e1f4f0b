"""Access keys: rows to domain objects and back."""

from collections.abc import Mapping

from slotmcp.domain.access import AccessKey, Scope
from slotmcp.store.rows import Row


def access_key_of(row: Row) -> AccessKey:
    """A key from its columns; what comes after them is not looked at."""
    key_id, name, scope, project_id, created_at_ms, expires_at_ms, revoked_at_ms, *_ = row
    return AccessKey(
        id=key_id,
        name=name,
        scope=Scope(scope),
        project_id=project_id,
        created_at_ms=created_at_ms,
        expires_at_ms=expires_at_ms,
        revoked_at_ms=revoked_at_ms,
    )


def access_key_values(key: AccessKey) -> Mapping[str, object]:
    """A key as a statement takes it."""
    return {
        "id": key.id,
        "name": key.name,
        "scope": key.scope.value,
        "project": key.project_id,
        "created_at_ms": key.created_at_ms,
        "expires_at_ms": key.expires_at_ms,
        "revoked_at_ms": key.revoked_at_ms,
    }
