"""An issuer's public keys, as a JSON Web Key Set (RFC 7517): fetched when they are needed, and remembered."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any, Final, Self

import httpx2
import jwt

from slotmcp.domain.errors import Unavailable

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""With a public key, every one: a secret that both sides know would be no issuer's."""

FRESH_SECONDS: Final = 600
"""After that they are fetched again; while the issuer is away, those that are known go on being good."""
PAUSE_SECONDS: Final = 10
"""Between two fetches, whatever is asked for: a flood of invented key ids is none of the issuer's business."""
MAX_BYTES: Final = 512 * 1024
_TIMEOUT_SECONDS: Final = 5.0
_RETRY_MS: Final = 5_000
_WELL_KNOWN: Final = ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")


class IssuerKeys:
    """The keys of one issuer."""

    def __init__(self, client: httpx2.AsyncClient, *, issuer: str, url: str) -> None:
        self._client = client
        self._issuer = issuer
        self._url = url
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._fetched_at = -float("inf")
        self._tried_at = -float("inf")
        self._fetching = asyncio.Lock()

    @classmethod
    @asynccontextmanager
    async def open(cls, *, issuer: str, url: str = "") -> AsyncIterator[Self]:
        """The keys of an issuer, at an address, or where its metadata says. Nothing is fetched yet."""
        async with httpx2.AsyncClient(timeout=_TIMEOUT_SECONDS, follow_redirects=False) as client:
            yield cls(client, issuer=issuer, url=url)

    async def find(self, key_id: str) -> jwt.PyJWK | None:
        """The key with an id; "": the only one there is. None: the issuer has no such key.

        Raises:
            Unavailable: the keys cannot be had, and none are known.
        """
        known = self._pick(key_id)
        if known is not None and monotonic() - self._fetched_at < FRESH_SECONDS:
            return known
        async with self._fetching:
            if self._is_due(key_id):
                await self._fetch()
        if not self._keys:
            raise Unavailable("The issuer's keys cannot be had; nothing was done.", retry_after_ms=_RETRY_MS)
        return self._pick(key_id)

    def _pick(self, key_id: str) -> jwt.PyJWK | None:
        if not key_id and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(key_id)

    def _is_due(self, key_id: str) -> bool:
        is_known = self._pick(key_id) is not None
        is_fresh = is_known and monotonic() - self._fetched_at < FRESH_SECONDS
        return not is_fresh and monotonic() - self._tried_at >= PAUSE_SECONDS

    async def _fetch(self) -> None:
        """Fetch the keys; where that fails, keep those that are known."""
        self._tried_at = monotonic()
        try:
            found = jwt.PyJWKSet.from_dict(await self._get(self._url or await self._discover()))
        except (httpx2.HTTPError, jwt.PyJWTError, ValueError, KeyError, TypeError, AttributeError):
            return
        self._keys = {key.key_id or "": key for key in found.keys if key.public_key_use in {None, "sig"}}
        self._fetched_at = monotonic()

    async def _discover(self) -> str:
        """Where the issuer's metadata says that its keys are (RFC 8414, and OpenID Connect Discovery)."""
        for path in _WELL_KNOWN:
            try:
                told = await self._get(self._issuer.rstrip("/") + path)
            except (httpx2.HTTPStatusError, ValueError):
                continue
            if told.get("issuer") == self._issuer:
                return str(told["jwks_uri"])
        raise ValueError("no metadata")

    async def _get(self, url: str) -> dict[str, Any]:
        async with self._client.stream("GET", url) as answer:
            answer.raise_for_status()
            body = bytearray()
            async for chunk in answer.aiter_bytes():
                body += chunk
                if len(body) > MAX_BYTES:
                    raise ValueError("too large")
        told = httpx2.Response(200, content=bytes(body)).json()
        if not isinstance(told, dict):
            raise ValueError("no object")  # noqa: TRY004  of the issuer's making
        return told
