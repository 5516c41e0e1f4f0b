"""Sessions of whoever looks at the dashboard: begun with an operator's key, the same in every process, kept nowhere.

What a browser keeps is signed with what is known of its key: revoking the key, or its end, ends its sessions at once.
"""

import hmac
from dataclasses import dataclass, field
from typing import Final

from slotmcp.domain.access import Principal, Scope
from slotmcp.ports import Store, StoredKey
from slotmcp.services.access import AccessService

LASTS_MS: Final = 12 * 3_600_000

_COOKIE, _FORM = b"slotmcp dashboard session", b"slotmcp dashboard form"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Somebody who has shown an operator's key."""

    principal: Principal
    value: str = field(repr=False)
    """What their browser keeps: a secret."""
    form_token: str = field(repr=False)
    """What each of their forms has to bring: no other site can know it."""


class SessionService:
    """Begins sessions, and knows them again."""

    def __init__(self, *, store: Store, access: AccessService) -> None:
        self._store = store
        self._access = access

    async def begin(self, token: str) -> Session | None:
        """A session of the operator who has a key; None: it is no good, or not an operator's.

        Raises:
            Unavailable.
        """
        principal = await self._access.authenticate(token)
        kept = await self._store.access_key(principal.credential) if principal else None
        if kept is None:
            return None
        return _session(kept, kept.now_ms + LASTS_MS)

    async def resume(self, value: str) -> Session | None:
        """The session that a browser has kept; None: it is over, or never was.

        Raises:
            Unavailable.
        """
        key_id, _, rest = value.partition(".")
        expires, _, _ = rest.partition(".")
        kept = await self._store.access_key(key_id) if key_id.isalnum() and expires.isdecimal() else None
        if kept is None or not kept.key.is_valid(kept.now_ms):
            return None
        session = _session(kept, int(expires[:_LONGEST_TIME]))
        is_right = session is not None and hmac.compare_digest(session.value.encode(), value.encode())
        return session if is_right and kept.now_ms < int(expires) else None


def _session(kept: StoredKey, expires_ms: int) -> Session | None:
    principal = kept.key.principal
    if Scope.OPERATOR not in principal.scopes:
        return None
    value = f"{kept.key.id}.{expires_ms}"
    return Session(
        principal=principal,
        value=f"{value}.{_signed(kept, _COOKIE, value)}",
        form_token=_signed(kept, _FORM, value),
    )


def _signed(kept: StoredKey, purpose: bytes, value: str) -> str:
    return hmac.digest(kept.secret_hash.encode(), purpose + b"\0" + value.encode(), "sha256").hex()


_LONGEST_TIME: Final = 16
"""Digits: no time has more."""
