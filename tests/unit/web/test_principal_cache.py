"""Cached principals are accepted while authentication is unavailable, and no others."""

import asyncio

import pytest

from slotmcp.domain.access import LOCAL, Principal
from slotmcp.domain.errors import Unavailable
from slotmcp.web import authentication
from slotmcp.web.authentication import PrincipalCache


class FakeAuthentication:
    """Authentication with one valid token, which can fail or hang."""

    def __init__(self) -> None:
        self.is_unavailable = False
        self.hangs = False
        self.valid_tokens = {"key"}

    async def __call__(self, token: str) -> Principal | None:
        if self.hangs:
            await asyncio.Event().wait()
        if self.is_unavailable:
            raise Unavailable("unavailable", retry_after_ms=1)
        return LOCAL if token in self.valid_tokens else None


async def test_a_cached_principal_is_accepted_while_authentication_is_unavailable() -> None:
    authenticate = FakeAuthentication()
    cache = PrincipalCache(authenticate)
    assert await cache("key") is LOCAL
    assert await cache("other") is None
    authenticate.is_unavailable = True
    assert await cache("key") is LOCAL
    with pytest.raises(Unavailable):
        await cache("other")


async def test_a_hanging_lookup_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authentication, "AUTHENTICATION_TIMEOUT_SECONDS", 0.01)
    authenticate = FakeAuthentication()
    cache = PrincipalCache(authenticate)
    await cache("key")
    authenticate.hangs = True
    assert await cache("key") is LOCAL
    with pytest.raises(Unavailable):
        await cache("other")


async def test_an_entry_expires_and_a_revoked_key_is_removed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    authenticate = FakeAuthentication()
    cache = PrincipalCache(authenticate)
    monkeypatch.setattr(authentication, "CACHE_SECONDS", -1.0)
    await cache("key")
    authenticate.is_unavailable = True
    with pytest.raises(Unavailable):
        await cache("key")
    monkeypatch.undo()
    authenticate.is_unavailable = False
    await cache("key")
    authenticate.valid_tokens.clear()
    assert await cache("key") is None
    authenticate.is_unavailable = True
    with pytest.raises(Unavailable):
        await cache("key")
