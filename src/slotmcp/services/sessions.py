"""Dashboard sessions, which an operator's key starts and only the browser stores. Every process accepts them.

The cookie is signed with the stored hash of its key. Revocation or expiry of the key ends its sessions at once.
"""

import hmac
from dataclasses import dataclass, field
from typing import Final

from slotmcp.domain.access import Principal, Scope
from slotmcp.ports import Store, StoredKey
from slotmcp.services.access import AccessService

LIFETIME_MS: Final = 12 * 3_600_000
_EXPIRY_DIGITS: Final = 16
"""Maximum number of digits of an expiry in milliseconds."""

_COOKIE, _FORM = b"slotmcp dashboard session", b"slotmcp dashboard form"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Session of an operator."""

    principal: Principal
    value: str = field(repr=False)
    """Secret value of the cookie."""
    form_token: str = field(repr=False)
    """Token that each form must submit, which protects against cross-site requests (CSRF)."""


class SessionService:
    """Use cases of dashboard sessions."""

    def __init__(self, *, store: Store, access: AccessService) -> None:
        self._store = store
        self._access = access

    async def begin(self, token: str) -> Session | None:
        """Start a session with an operator's key; None: the key is invalid, or not an operator's.

        Raises:
            Unavailable.
        """
        principal = await self._access.authenticate(token)
        stored = await self._store.access_key(principal.credential) if principal else None
        return None if stored is None else _create_session(stored, stored.now_ms + LIFETIME_MS)

    async def resume(self, value: str) -> Session | None:
        """Return the session of a cookie; None: it is not valid or has expired.

        Raises:
            Unavailable.
        """
        key_id, _, rest = value.partition(".")
        expires, _, _ = rest.partition(".")
        stored = await self._store.access_key(key_id) if key_id.isalnum() and expires.isdecimal() else None
        if stored is None or not stored.key.is_valid(stored.now_ms):
            return None
        session = _create_session(stored, int(expires[:_EXPIRY_DIGITS]))
        is_match = session is not None and hmac.compare_digest(session.value.encode(), value.encode())
        return session if is_match and stored.now_ms < int(expires) else None


def _create_session(stored: StoredKey, expires_ms: int) -> Session | None:
    principal = stored.key.principal
    if Scope.OPERATOR not in principal.scopes:
        return None
    value = f"{stored.key.id}.{expires_ms}"
    return Session(
        principal=principal,
        value=f"{value}.{_sign(stored, _COOKIE, value)}",
        form_token=_sign(stored, _FORM, value),
    )


def _sign(stored: StoredKey, purpose: bytes, value: str) -> str:
    return hmac.digest(stored.secret_hash.encode(), purpose + b"\0" + value.encode(), "sha256").hex()
