"""An OAuth issuer that hangs, drips or sends garbage delays no call with a known key, and is used again later."""

import asyncio
import gzip
import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import httpx2
import jwt
import pytest

from slotmcp.asgi import HttpApp
from slotmcp.domain.errors import Unavailable
from slotmcp.settings import Settings
from slotmcp.web import issuer_keys
from slotmcp.web.issuer_keys import MAX_BYTES, MAX_KEYS, IssuerKeys
from support.denver import PLAN, PROJECT
from support.fleets import until
from support.http_server import call_of, headers_of, running, write_database
from support.issuer import Issuer, Misbehavior, drip, hang, issuing, new_ec, sending

AUDIENCE: Final = "slots"
CALLER: Final = f"slotmcp:caller slotmcp:project:{PROJECT.id}"
GUARD_SECONDS: Final = 60
FOREVER_SECONDS: Final = 600.0
SOON_SECONDS: Final = 0.05
pytestmark = pytest.mark.usefixtures("quiet_logging")


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuing() as opened:
        yield opened


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refresh often, with short limits."""
    monkeypatch.setattr(issuer_keys, "FRESH_SECONDS", SOON_SECONDS)
    monkeypatch.setattr(issuer_keys, "PAUSE_SECONDS", SOON_SECONDS)
    monkeypatch.setattr(issuer_keys, "DOCUMENT_SECONDS", 0.3)


@asynccontextmanager
async def client_of(tmp_path: Path, issuer: Issuer) -> AsyncIterator[httpx2.AsyncClient]:
    path = tmp_path / "slotmcp.db"
    await write_database(path, PLAN)
    app = HttpApp(Settings(database_url=str(path), oauth_audience=AUDIENCE, oauth_issuer=issuer.url))
    transport = httpx2.ASGITransport(app=app)
    async with running(app), httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


async def call(client: httpx2.AsyncClient, token: str) -> httpx2.Response:
    return await client.post("/mcp", json=call_of("list_services"), headers=headers_of(token))


async def until_fetched(issuer: Issuer, times: int) -> None:
    """Wait until the issuer has received further requests. A fetch begins only after the one before has ended."""
    wanted = len(issuer.requests) + times

    async def is_fetched() -> bool:
        return len(issuer.requests) >= wanted

    await until(is_fetched)


async def test_calls_with_known_keys_do_not_wait_for_a_hanging_issuer(
    tmp_path: Path, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuer_keys, "DOCUMENT_SECONDS", FOREVER_SECONDS)
    monkeypatch.setattr(issuer_keys, "WAIT_SECONDS", FOREVER_SECONDS)
    known = issuer.token("k1", audience=AUDIENCE, scope=CALLER)
    async with asyncio.timeout(GUARD_SECONDS), client_of(tmp_path, issuer) as client:
        assert (await call(client, known)).status_code == 200
        issuer.misbehavior = hang
        await until_fetched(issuer, 1)
        issuer.secrets["k2"] = new_ec()
        unknown = issuer.token("k2", audience=AUDIENCE, scope=CALLER)
        before = len(issuer.requests)
        waiting = [asyncio.create_task(call(client, unknown)) for _ in range(20)]
        for _ in range(5):
            assert (await call(client, known)).status_code == 200
        assert not any(task.done() for task in waiting)
        assert len(issuer.requests) == before, "the calls share the fetch that was running"
        issuer.released.set()
        assert {answer.status_code for answer in await asyncio.gather(*waiting)} == {401}


async def test_a_call_with_an_unknown_key_waits_for_a_limited_time(
    tmp_path: Path, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuer_keys, "DOCUMENT_SECONDS", FOREVER_SECONDS)
    monkeypatch.setattr(issuer_keys, "WAIT_SECONDS", SOON_SECONDS)
    token = issuer.token("k1", audience=AUDIENCE, scope=CALLER)
    issuer.misbehavior = hang
    async with asyncio.timeout(GUARD_SECONDS), client_of(tmp_path, issuer) as client:
        assert (await call(client, token)).status_code == 503
        assert not issuer.released.is_set()


async def test_invented_key_ids_cause_no_fetch_shortly_after_another(
    tmp_path: Path, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuer_keys, "FRESH_SECONDS", FOREVER_SECONDS)
    monkeypatch.setattr(issuer_keys, "PAUSE_SECONDS", FOREVER_SECONDS)
    async with client_of(tmp_path, issuer) as client:
        assert (await call(client, issuer.token("k1", audience=AUDIENCE, scope=CALLER))).status_code == 200
        invented = {f"invented-{number}": issuer.secrets["k1"] for number in range(20)}
        issuer.secrets |= invented
        answers = [await call(client, issuer.token(key_id, audience=AUDIENCE, scope=CALLER)) for key_id in invented]
        assert {answer.status_code for answer in answers} == {401}
        assert issuer.requests.count("/keys") == 1


MISBEHAVIORS: Final[dict[str, Misbehavior]] = {
    "hang": hang,
    "drip": drip,
    "garbage": sending(b"<html>"),
    "a list": sending(b"[]"),
    "no keys": sending(b'{"keys": []}'),
    "strange keys": sending(b'{"keys": [1, {"kty": "RSA"}, null]}'),
    "too many keys": sending(json.dumps({"keys": [{}] * (MAX_KEYS + 1)}).encode()),
    "nested brackets": sending(b'{"keys": ' + b"[" * 100_000),
    "a large body": sending(b" " * (MAX_BYTES + 1) + b"{}"),
    "a compressed body": sending(gzip.compress(b" " * 50_000_000 + b"{}"), headers={"Content-Encoding": "gzip"}),
    "a redirect": sending(b"", 302, {"Location": "/elsewhere"}),
    "an error": sending(b"{}", 500),
}


@pytest.mark.parametrize("kind", MISBEHAVIORS)
async def test_known_keys_stay_in_use_until_the_issuer_behaves_again(issuer: Issuer, kind: str) -> None:
    async with asyncio.timeout(GUARD_SECONDS), IssuerKeys.open(issuer=issuer.url, url=f"{issuer.url}/keys") as keys:
        old = await keys.find("k1")
        assert old is not None
        issuer.misbehavior = MISBEHAVIORS[kind]
        await until_fetched(issuer, 3)
        assert await keys.find("k1") == old
        assert "/elsewhere" not in issuer.requests
        issuer.misbehavior, issuer.secrets = None, {"k2": new_ec()}

        async def is_rotated() -> bool:
            return await keys.find("k2") is not None and await keys.find("k1") is None

        await until(is_rotated)


@pytest.mark.parametrize("kind", ["hang", "garbage", "an error"])
async def test_an_issuer_that_is_away_at_the_start_admits_no_one_until_it_is_back(issuer: Issuer, kind: str) -> None:
    issuer.misbehavior = MISBEHAVIORS[kind]
    async with asyncio.timeout(GUARD_SECONDS), IssuerKeys.open(issuer=issuer.url) as keys:
        with pytest.raises(Unavailable):
            await keys.find("k1")
        issuer.misbehavior = None

        async def is_back() -> bool:
            return keys._known("k1") is not None  # noqa: SLF001  without a request, which would cause a fetch

        await until(is_back)


async def test_keys_without_encryption_are_rejected_if_the_issuer_has_it() -> None:
    async with httpx2.AsyncClient() as client:
        keys = IssuerKeys(client, issuer="https://login.example.com", url="")
        for url in ("http://login.example.com/keys", "ftp://login.example.com/keys", "/keys", ""):
            with pytest.raises(ValueError, match="https"):
                keys._secure(url)  # noqa: SLF001  an issuer with TLS would need a certificate
        assert keys._secure("https://keys.example.com/") == "https://keys.example.com/"  # noqa: SLF001


async def test_a_calls_answer_during_an_outage_says_when_to_retry(tmp_path: Path, issuer: Issuer) -> None:
    issuer.is_down = True
    token = issuer.token("k1", audience=AUDIENCE, scope=CALLER)
    async with client_of(tmp_path, issuer) as client:
        refused = await call(client, token)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        issuer.is_down = False

        async def is_admitted() -> bool:
            return (await call(client, token)).status_code == httpx2.codes.OK

        await until(is_admitted)
        nested = urlsafe_b64encode(b"[" * 30_000).decode().rstrip("=")
        assert (await call(client, f"{nested}.e30.")).status_code == 401
        assert (await call(client, jwt.encode({}, "", "none"))).status_code == 401
