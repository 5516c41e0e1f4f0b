"""The SQL of access keys."""

# Keep a new key.
ADD_ACCESS_KEY = """
INSERT INTO access_keys (id, name, scope, project_id, secret_hash, created_at_ms, expires_at_ms, revoked_at_ms)
VALUES (:id, :name, :scope, :project, :secret_hash, :created_at_ms, :expires_at_ms, :revoked_at_ms)
"""

# A key, for whoever shows it.
ACCESS_KEY = """
SELECT id, name, scope, project_id, created_at_ms, expires_at_ms, revoked_at_ms, secret_hash
FROM access_keys WHERE id = :id
"""

# All keys, for whoever looks after them.
ACCESS_KEYS = """
SELECT id, name, scope, project_id, created_at_ms, expires_at_ms, revoked_at_ms
FROM access_keys ORDER BY created_at_ms, id
"""

# Let a key open nothing any more.
REVOKE_ACCESS_KEY = """
UPDATE access_keys SET revoked_at_ms = COALESCE(revoked_at_ms, :at_ms) WHERE id = :id RETURNING id
"""
