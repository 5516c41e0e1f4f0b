"""Access keys: given out, listed, revoked, and held to what they open."""

import hmac
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from slotmcp.domain.access import AccessKey, Principal, Scope
from slotmcp.domain.errors import InvalidArgument, NotFound
from slotmcp.ports import Ids, Store

PREFIX: Final = "slk_"
"""What every key begins with, so that one that has leaked is recognised."""

EVERY_PROJECT: Final = "*"
MAX_NAME_LENGTH: Final = 64
_ID_LENGTH: Final = 26
_NO_HASH: Final = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key that was made just now."""

    key: AccessKey
    token: str = field(repr=False)
    """What a client sends as its bearer token. It is nowhere kept."""


class AccessService:
    """Knows who may call."""

    def __init__(self, *, store: Store, ids: Ids) -> None:
        self._store = store
        self._ids = ids

    async def create(
        self, scope: Scope, *, project: str | None, name: str = "", lifetime_ms: int | None = None
    ) -> NewKey:
        """Give out a key, good for one project or, with "*", for every one; None: for the only one there is.

        Raises:
            InvalidArgument, NotFound (no such project), Unavailable.
        """
        if len(name) > MAX_NAME_LENGTH or not name.isprintable():
            raise InvalidArgument("name", f"give at most {MAX_NAME_LENGTH} printable characters.")
        project_id, now_ms = await self._project(project), await self._store.now_ms()
        key = AccessKey(
            id=self._ids.new_id(),
            name=name,
            scope=scope,
            project_id=project_id,
            created_at_ms=now_ms,
            expires_at_ms=None if lifetime_ms is None else now_ms + lifetime_ms,
        )
        secret = self._ids.new_token()
        await self._store.add_access_key(key, _hash(secret))
        return NewKey(key=key, token=f"{PREFIX}{key.id}_{secret}")

    async def list(self) -> tuple[tuple[AccessKey, ...], int]:
        """All keys that were ever given out, and the store's now in milliseconds."""
        return await self._store.access_keys(), await self._store.now_ms()

    async def revoke(self, key_id: str) -> None:
        """Let a key open nothing any more, from the next call on.

        Raises:
            NotFound, Unavailable.
        """
        wanted = key_id.removeprefix(PREFIX)
        if not await self._store.revoke_access_key(wanted, await self._store.now_ms()):
            known = [one.id for one in await self._store.access_keys()]
            raise NotFound.among("keyId", "key", wanted, known)

    async def authenticate(self, token: str) -> Principal | None:
        """Who calls with a token; None: nobody who may.

        Raises:
            Unavailable.
        """
        key_id, _, secret = token.removeprefix(PREFIX).partition("_")
        if not token.startswith(PREFIX) or len(key_id) != _ID_LENGTH or not key_id.isalnum():
            return None
        kept = await self._store.access_key(key_id)
        is_right = hmac.compare_digest(_hash(secret), kept.secret_hash if kept else _NO_HASH)
        if kept is None or not is_right or not kept.key.is_valid(kept.now_ms):
            return None
        return kept.key.principal

    async def is_kept(self) -> bool:
        """Whether any key was ever given out: from then on, callers are asked for one.

        Raises:
            Unavailable.
        """
        return bool(await self._store.access_keys())

    async def _project(self, asked: str | None) -> str | None:
        known = await self._store.project_ids()
        if asked == EVERY_PROJECT:
            return None
        if asked is None and len(known) != 1:
            listed = ", ".join(known) or "there is none yet"
            raise InvalidArgument("projectId", f"name a project ({listed}), or '*' for every one, those to come too.")
        if asked is not None and asked not in known:
            raise NotFound.among("projectId", "project", asked, known)
        return known[0] if asked is None else asked


def _hash(secret: str) -> str:
    """Its secret is random, so one round is enough."""
    return sha256(secret.encode()).hexdigest()
