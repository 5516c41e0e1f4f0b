"""Dashboard sessions, which an operator's key starts. The browser has a random secret, the database only its hash.

Logout, expiry, idleness, or the end of the key ends a session in every process.
"""

import hmac
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from slotmcp.domain.access import DashboardSession, Principal, Scope
from slotmcp.domain.errors import TryLater
from slotmcp.ports import Ids, Store, StoredKey
from slotmcp.services.access import AccessService

LIFETIME_MS: Final = 12 * 3_600_000
IDLE_MS: Final = 2 * 3_600_000
"""Time without a request after which a session is over. An open board counts as use."""
MAX_SESSIONS_PER_KEY: Final = 32
MAX_SESSIONS: Final = 4_096
"""Maximum number of sessions of all keys. A login above a limit ends the oldest session."""
_EXTEND_MS: Final = 60_000
"""Minimum time between two extensions, each of which writes to the database."""
_MAX_SECRET_LENGTH: Final = 128
_FORM: Final = b"slotmcp dashboard form"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Session of an operator."""

    principal: Principal
    value: str = field(repr=False)
    """Secret value of the cookie."""

    @property
    def id(self) -> str:
        """Id in the database, from which the secret cannot be computed."""
        return _session_id(self.value)

    @property
    def form_token(self) -> str:
        """Token that each form must submit, which protects against cross-site requests (CSRF)."""
        return hmac.digest(self.value.encode(), _FORM, "sha256").hex()


class SessionService:
    """Use cases of dashboard sessions."""

    def __init__(self, *, store: Store, access: AccessService, ids: Ids) -> None:
        self._store = store
        self._access = access
        self._ids = ids

    async def begin(self, token: str) -> Session | None:
        """Start a session with an operator's key; None: the key is invalid, or not an operator's.

        Raises:
            Unavailable.
        """
        principal = await self._access.authenticate(token)
        if principal is None or Scope.OPERATOR not in principal.scopes:
            return None
        session, now_ms = Session(principal=principal, value=self._ids.new_token()), await self._store.now_ms()
        stored = DashboardSession(
            id=session.id,
            key_id=principal.credential,
            created_at_ms=now_ms,
            expires_at_ms=now_ms + LIFETIME_MS,
            idle_at_ms=now_ms + IDLE_MS,
        )
        await self._store.add_session(stored)
        await self.delete_over()
        return session

    async def resume(self, value: str) -> Session | None:
        """Return the session of a cookie and extend its idle time; None: it is not valid or is over.

        Raises:
            Unavailable.
        """
        stored = await self._store.session(_session_id(value)) if 0 < len(value) <= _MAX_SECRET_LENGTH else None
        key = await self._store.access_key(stored.key_id) if stored else None
        if stored is None or key is None or not _is_valid(stored, key):
            return None
        await self._extend(stored, key.now_ms)
        return Session(principal=key.key.principal, value=value)

    async def end(self, value: str) -> None:
        """End the session of a cookie, if there is one.

        Raises:
            Unavailable.
        """
        await self._store.delete_session(_session_id(value))

    async def delete_over(self) -> None:
        """Delete the sessions that are over, and the oldest ones above the limits.

        Raises:
            Unavailable.
        """
        now_ms = await self._store.now_ms()
        await self._store.delete_sessions(now_ms, max_per_key=MAX_SESSIONS_PER_KEY, max_in_all=MAX_SESSIONS)

    async def _extend(self, stored: DashboardSession, now_ms: int) -> None:
        idle_at_ms = now_ms + IDLE_MS
        if idle_at_ms - stored.idle_at_ms >= _EXTEND_MS:
            with suppress(TryLater):  # the next request extends it
                await self._store.extend_session(stored.id, idle_at_ms)


def _is_valid(stored: DashboardSession, key: StoredKey) -> bool:
    has_ended = key.now_ms >= min(stored.expires_at_ms, stored.idle_at_ms)
    return not has_ended and key.key.is_valid(key.now_ms) and Scope.OPERATOR in key.key.principal.scopes


def _session_id(value: str) -> str:
    """Return the hash of a secret. One round is enough, because secrets are random."""
    return sha256(value.encode()).hexdigest()
