"""Public keys of an OAuth issuer, refreshed in the background within a time limit."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from time import monotonic
from typing import Any, Final, Self
from urllib.parse import urlsplit

import httpx2
import jwt
import orjson

from slotmcp.domain.errors import Unavailable
from slotmcp.services.concurrency import SingleFlight, in_background
from slotmcp.telemetry.logs import RepeatedWarning

FRESH_SECONDS: Final = 600
"""Interval between fetches. The known keys stay valid while the issuer is unavailable."""
PAUSE_SECONDS: Final = 10
"""Minimum time between two fetches, so that invented key ids do not flood the issuer."""
DOCUMENT_SECONDS: Final = 5.0
"""Time limit of one document, from the connection to its last byte."""
WAIT_SECONDS: Final = 2.0
"""Time for which a request with an unknown key waits for a fetch. Requests with a known key never wait."""
MAX_BYTES: Final = 256 * 1024
"""Maximum size of a document."""
MAX_KEYS: Final = 100
_RETRY_MS: Final = 5_000
_WELL_KNOWN: Final = ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")
_IDENTITY: Final = "identity"
_KEYS: Final = "keys"


class IssuerKeys:
    """Public keys of one issuer: a JSON Web Key Set (RFC 7517), kept current in the background."""

    def __init__(self, client: httpx2.AsyncClient, *, issuer: str, url: str) -> None:
        self._client = client
        self._issuer = issuer
        self._url = url
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._fetched_at_seconds = self._tried_at_seconds = -float("inf")
        self._fetches = SingleFlight(timeout_seconds=WAIT_SECONDS)
        self._warning = RepeatedWarning("issuer_keys_not_fetched")

    @classmethod
    @asynccontextmanager
    async def open(cls, *, issuer: str, url: str = "") -> AsyncIterator[Self]:
        """Keep the keys at `url`, or else at the URL in the issuer's metadata, current until the block ends."""
        headers = {"Accept-Encoding": _IDENTITY}  # a compressed document may be larger than its limit
        async with httpx2.AsyncClient(timeout=DOCUMENT_SECONDS, follow_redirects=False, headers=headers) as client:
            keys = cls(client, issuer=issuer, url=url)
            try:
                async with in_background(keys._keep_current()):
                    yield keys
            finally:
                await keys._fetches.cancel()

    async def find(self, key_id: str) -> jwt.PyJWK | None:
        """Return the key with an id, or the only key for an empty id; None when the issuer has no such key.

        Raises:
            Unavailable: no keys are known yet.
        """
        if (key := self._known(key_id)) is not None:
            return key
        if self._fetches.is_running(_KEYS) or monotonic() - self._tried_at_seconds >= PAUSE_SECONDS:
            await self._refresh()
        if not self._keys:
            raise Unavailable("The issuer's keys cannot be fetched. Nothing was done.", retry_after_ms=_RETRY_MS)
        return self._known(key_id)

    def _known(self, key_id: str) -> jwt.PyJWK | None:
        if not key_id and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(key_id)

    async def _keep_current(self) -> None:
        while True:
            if monotonic() - self._fetched_at_seconds >= FRESH_SECONDS:
                await self._refresh()
            await asyncio.sleep(PAUSE_SECONDS)

    async def _refresh(self) -> None:
        """Fetch the keys, together with other callers, and wait for a limited time."""
        with suppress(TimeoutError):
            await self._fetches.run(_KEYS, self._fetch)

    async def _fetch(self) -> None:
        """Fetch the keys. After an error, the known keys stay in use."""
        self._tried_at_seconds = monotonic()
        try:
            document = await self._get(self._url or await self._discover())
            self._keys = await asyncio.to_thread(_parse, document)
            self._fetched_at_seconds = monotonic()
        except Exception as error:  # noqa: BLE001  an issuer may send anything
            self._warning.log(problem=type(error).__name__)

    async def _discover(self) -> str:
        """Return the key set's URL from the issuer's metadata (RFC 8414, OpenID Connect Discovery)."""
        for path in _WELL_KNOWN:
            try:
                metadata = await self._get(self._issuer.rstrip("/") + path)
            except (httpx2.HTTPError, TimeoutError, ValueError):
                continue
            if metadata.get("issuer") == self._issuer:
                return self._secure(str(metadata["jwks_uri"]))
        raise ValueError("no metadata")

    def _secure(self, url: str) -> str:
        """Return the URL; reject one without TLS, unless the issuer has none either."""
        scheme = urlsplit(url).scheme
        if scheme not in {"https", urlsplit(self._issuer).scheme}:
            raise ValueError("no https")
        return url

    async def _get(self, url: str) -> dict[str, Any]:
        async with asyncio.timeout(DOCUMENT_SECONDS), self._client.stream("GET", url) as response:
            response.raise_for_status()
            if response.headers.get("content-encoding", _IDENTITY) != _IDENTITY:
                raise ValueError("encoded")
            body = bytearray()
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > MAX_BYTES:
                    raise ValueError("too large")
        document = orjson.loads(body)
        if not isinstance(document, dict):
            raise ValueError("no object")  # noqa: TRY004  a wrong response, not a wrong argument
        return document


def _parse(document: dict[str, Any]) -> Mapping[str, jwt.PyJWK]:
    """Return the keys for signatures by id. Parsing many keys takes long, so call this in a thread.

    Raises:
        ValueError, jwt.PyJWTError: the document is no key set, or has no usable key.
    """
    if not isinstance(document.get("keys"), list) or len(document["keys"]) > MAX_KEYS:
        raise ValueError("no key set")
    keys = {
        key.key_id or "": key for key in jwt.PyJWKSet.from_dict(document).keys if key.public_key_use in {None, "sig"}
    }
    if not keys:
        raise ValueError("no key for signatures")
    return keys
