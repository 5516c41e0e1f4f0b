"""Access keys: creation, listing, revocation and authentication."""

import hmac
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from slotmcp.domain.access import MAX_LISTED_PROJECTS, AccessKey, Principal, Scope, summarize_ids
from slotmcp.domain.errors import InvalidArgument, NotFound
from slotmcp.ports import Ids, Store

PREFIX: Final = "slk_"
"""Prefix of every key, so that scanners recognize a leaked key."""

EVERY_PROJECT: Final = "*"
MAX_NAME_LENGTH: Final = 64
_ID_LENGTH: Final = 26
_NO_HASH: Final = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """New access key with its token."""

    key: AccessKey
    token: str = field(repr=False)
    """Bearer token for the client. It is not stored."""


class AccessService:
    """Use cases of access keys."""

    def __init__(self, *, store: Store, ids: Ids) -> None:
        self._store = store
        self._ids = ids

    async def create(
        self, scope: Scope, *, project: str | None, name: str = "", lifetime_ms: int | None = None
    ) -> NewKey:
        """Create a key for one project. "*": for all projects; None: for the only project.

        Raises:
            InvalidArgument, NotFound (no such project), Unavailable.
        """
        if len(name) > MAX_NAME_LENGTH or not name.isprintable():
            raise InvalidArgument("name", f"give at most {MAX_NAME_LENGTH} printable characters.")
        project_id, now_ms = await self._resolve_project(project), await self._store.now_ms()
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
        """Return all keys, including expired and revoked ones, and the store's time in milliseconds."""
        return await self._store.access_keys(), await self._store.now_ms()

    async def revoke(self, key_id: str) -> None:
        """Revoke a key, with effect from the next call.

        Raises:
            NotFound, Unavailable.
        """
        plain_id = key_id.removeprefix(PREFIX)
        if not await self._store.revoke_access_key(plain_id, await self._store.now_ms()):
            known_ids = [f"{PREFIX}{key.id}" for key in await self._store.access_keys()]
            raise NotFound.among("keyId", "key", f"{PREFIX}{plain_id}", known_ids)

    async def authenticate(self, token: str) -> Principal | None:
        """Return the principal of a token; None: the token is not valid.

        Raises:
            Unavailable.
        """
        key_id = key_id_of(token)
        if not key_id:
            return None
        secret = token.removeprefix(f"{PREFIX}{key_id}_")
        stored = await self._store.access_key(key_id)
        is_match = hmac.compare_digest(_hash(secret), stored.secret_hash if stored else _NO_HASH)
        if stored is None or not is_match or not stored.key.is_valid(stored.now_ms):
            return None
        return stored.key.principal

    async def has_keys(self) -> bool:
        """Return whether any key was ever created. If so, callers need a key.

        Raises:
            Unavailable.
        """
        return await self._store.has_access_keys()

    async def _resolve_project(self, project: str | None) -> str | None:
        known = await self._store.project_ids()
        if project == EVERY_PROJECT:
            return None
        if project is None and len(known) != 1:
            listed = ", ".join(known) or "there is none yet"
            if len(known) > MAX_LISTED_PROJECTS:
                listed = f"one of the {summarize_ids(known, len(known))}"
            raise InvalidArgument("projectId", f"name a project ({listed}), or '*' for all, future ones included.")
        if project is not None and project not in known:
            raise NotFound.among("projectId", "project", project, known)
        return known[0] if project is None else project


def key_id_of(token: str) -> str:
    """Return the id of the key that a token claims to be; empty: the token does not have the form of a key."""
    key_id, separator, _ = token.removeprefix(PREFIX).partition("_")
    return key_id if token.startswith(PREFIX) and separator and is_key_id(key_id) else ""


def is_key_id(text: str) -> bool:
    """Return whether a text has the form of a key's id."""
    return len(text) == _ID_LENGTH and text.isalnum()


def _hash(secret: str) -> str:
    """Return the hash of a secret. One round is enough, because secrets are random."""
    return sha256(secret.encode()).hexdigest()
