"""Tests of the OAuth 2.1 resource server."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from time import time
from typing import Any

import httpx2
import jwt
import pytest

from slotmcp.asgi import HttpApp
from slotmcp.domain.access import Scope
from slotmcp.settings import Settings
from slotmcp.web import issuer_keys
from support.denver import PLAN, PROJECT
from support.http_server import body_in, call_of, headers_of, open_database, running
from support.issuer import Issuer, issuing, new_ec, new_rsa

PUBLIC = "https://book.example.com"
AUDIENCE = f"{PUBLIC}/mcp"
METADATA = f"{PUBLIC}/.well-known/oauth-protected-resource/mcp"
CALLER = f"slotmcp:caller slotmcp:project:{PROJECT.id}"
OPERATOR = "slotmcp:operator slotmcp:project:*"


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuing() as opened:
        yield opened


@pytest.fixture
async def client(tmp_path: Path, issuer: Issuer, quiet_logging: None) -> AsyncIterator[httpx2.AsyncClient]:  # noqa: ARG001  logging as it was
    path = tmp_path / "slotmcp.db"
    async with open_database(path, PLAN) as schedules:
        key = (await schedules.app.access.create(Scope.CALLER, project=PROJECT.id)).token
    settings = Settings(database_url=str(path), public_url=PUBLIC, oauth_issuer=issuer.url)
    app = HttpApp(settings)
    async with (
        running(app),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=PUBLIC, headers={"X-Key": key}) as opened,
    ):
        yield opened


async def call(client: httpx2.AsyncClient, token: str, tool: str, **arguments: object) -> httpx2.Response:
    return await client.post("/mcp", json=call_of(tool, **arguments), headers=headers_of(token))


async def test_a_token_allows_the_tools_of_its_scope(client: httpx2.AsyncClient, issuer: Issuer) -> None:
    caller = issuer.token("k1", audience=AUDIENCE, scope=CALLER)
    operator = issuer.token("k1", audience=AUDIENCE, scope=OPERATOR)
    assert body_in(await call(client, caller, "list_services"))["services"]
    assert body_in(await call(client, caller, "list_technicians"))["error"]["code"] == "forbidden"
    assert body_in(await call(client, operator, "list_technicians"))["technicians"]
    key = client.headers["x-key"]
    assert body_in(await call(client, key, "list_services"))["services"], "keys go on being good"


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"scope": "slotmcp:caller slotmcp:project:other"}, "not_found"),
        ({"scope": "slotmcp:caller"}, None),
        ({"scope": "slotmcp:caller slotmcp:operator"}, None),
        ({"scope": "slotmcp:caller", "slotmcp_projects": []}, "forbidden"),
        ({"scope": "slotmcp:caller", "slotmcp_projects": {"id": PROJECT.id}}, "forbidden"),
        ({"scope": "slotmcp:caller slotmcp:project:"}, "forbidden"),
        ({"scope": "slotmcp:caller", "slotmcp_projects": PROJECT.id}, None),
        ({"scope": "slotmcp:caller", "slotmcp_projects": [PROJECT.id, "other"]}, None),
        ({"scope": None, "scp": ["slotmcp:caller", "slotmcp:project:*"]}, None),
    ],
)
async def test_a_token_reaches_only_its_projects(
    client: httpx2.AsyncClient, issuer: Issuer, claims: dict[str, Any], code: str | None
) -> None:
    token = issuer.token("k1", audience=AUDIENCE, **{"scope": "", **claims})
    body = body_in(await call(client, token, "list_services", projectId=PROJECT.id))
    assert body.get("error", {}).get("code") == code


LONG_AGO, IN_THE_YEAR_2100 = 1_000_000_000, 4_102_444_800


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": LONG_AGO},
        {"exp": None},
        {"nbf": IN_THE_YEAR_2100},
        {"aud": "https://other.example.com/mcp"},
        {"aud": None},
        {"iss": "https://other.example.com"},
        {"iss": None},
    ],
    ids=str,
)
async def test_a_token_for_another_audience_or_time_is_refused(
    client: httpx2.AsyncClient, issuer: Issuer, claims: dict[str, Any]
) -> None:
    token = issuer.token("k1", audience=AUDIENCE, scope=CALLER, **claims)
    refused = await call(client, token, "list_services")
    assert refused.status_code == 401
    assert 'error="invalid_token"' in refused.headers["www-authenticate"]
    assert f'resource_metadata="{METADATA}"' in refused.headers["www-authenticate"]


async def test_only_the_issuers_signature_is_accepted(client: httpx2.AsyncClient, issuer: Issuer) -> None:
    good = issuer.token("k1", audience=AUDIENCE, scope=OPERATOR)
    claims = jwt.decode(good, options={"verify_signature": False})
    header, payload, signature = good.split(".")
    public = str(issuer.key_set()["keys"][0]["n"])
    with issuing() as stranger:
        stranger.url, stranger.secrets = issuer.url, {"k1": new_rsa()}
        forged = [
            stranger.token("k1", audience=AUDIENCE, scope=OPERATOR),
            jwt.encode(claims, "", "none", headers={"kid": "k1"}),
            jwt.encode(claims, public, "HS256", headers={"kid": "k1"}),
            f"{header}.{payload}.{signature[:-4]}AAAA",
            f"{header}.{payload}.",
            "not.a.token",
        ]
    answers = [await call(client, token, "list_services") for token in forged]
    assert [answer.status_code for answer in answers] == [401] * len(forged)


async def test_a_token_without_a_scope_is_refused_with_the_required_one(
    client: httpx2.AsyncClient, issuer: Issuer
) -> None:
    refused = await call(client, issuer.token("k1", audience=AUDIENCE, scope="profile"), "list_services")
    assert refused.status_code == 403
    challenge = refused.headers["www-authenticate"]
    assert 'error="insufficient_scope", scope="slotmcp:caller"' in challenge
    assert f'resource_metadata="{METADATA}"' in challenge


async def test_the_metadata_names_the_issuer(client: httpx2.AsyncClient, issuer: Issuer) -> None:
    for path in ("/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"):
        metadata = (await client.get(path)).json()
        assert metadata["resource"] == AUDIENCE
        assert metadata["authorization_servers"] == [issuer.url]
        assert metadata["scopes_supported"] == ["slotmcp:caller", "slotmcp:operator"]
    assert METADATA in (await client.get("/mcp")).headers["www-authenticate"]


async def test_each_endpoint_has_metadata_of_its_own(client: httpx2.AsyncClient, issuer: Issuer) -> None:
    for path in ("/mcp", "/sse"):
        metadata = f"{PUBLIC}/.well-known/oauth-protected-resource{path}"
        assert f'resource_metadata="{metadata}"' in (await client.get(path)).headers["www-authenticate"]
        resource = (await client.get(metadata)).json()["resource"]
        assert resource == PUBLIC + path
        token = issuer.token("k1", audience=resource, scope=CALLER)
        assert body_in(await call(client, token, "list_services"))["services"]
    messages = await client.post("/messages/?session_id=1")
    assert "/.well-known/oauth-protected-resource/sse" in messages.headers["www-authenticate"]


@pytest.mark.parametrize(
    ("projects", "code"), [("", "forbidden"), (PROJECT.id, None), ("boulder-hvac", "not_found"), ("*", None)]
)
async def test_the_settings_name_the_projects_of_a_token_that_names_none(
    tmp_path: Path, issuer: Issuer, quiet_logging: None, projects: str, code: str | None
) -> None:
    del quiet_logging
    path = tmp_path / "slotmcp.db"
    other = replace(PLAN, project=replace(PROJECT, id="boulder-hvac"))
    async with open_database(path, PLAN, other):
        pass
    names = tuple(filter(None, [projects]))
    settings = Settings(database_url=str(path), public_url=PUBLIC, oauth_issuer=issuer.url, oauth_projects=names)
    app = HttpApp(settings)
    transport = httpx2.ASGITransport(app=app)
    async with running(app), httpx2.AsyncClient(transport=transport, base_url=PUBLIC) as client:
        token = issuer.token("k1", audience=AUDIENCE, scope="slotmcp:caller")
        body = body_in(await call(client, token, "list_services", projectId=PROJECT.id))
    assert body.get("error", {}).get("code") == code


@pytest.mark.parametrize("claims", [{}, {"slotmcp_projects": []}, {"slotmcp_projects": ""}, {"slotmcp_projects": 7}])
async def test_a_token_without_a_project_is_told_what_to_set(
    tmp_path: Path, issuer: Issuer, quiet_logging: None, claims: dict[str, object]
) -> None:
    del quiet_logging
    path = tmp_path / "slotmcp.db"
    async with open_database(path, PLAN, replace(PLAN, project=replace(PROJECT, id="boulder-hvac"))):
        pass
    app = HttpApp(Settings(database_url=str(path), public_url=PUBLIC, oauth_issuer=issuer.url))
    transport = httpx2.ASGITransport(app=app)
    async with running(app), httpx2.AsyncClient(transport=transport, base_url=PUBLIC) as client:
        token = issuer.token("k1", audience=AUDIENCE, scope="slotmcp:caller", **claims)
        body = body_in(await call(client, token, "list_services"))
    assert body["error"]["code"] == "forbidden"
    for name in ("slotmcp_projects", "slotmcp:project:ID", "SLOTMCP_OAUTH_PROJECTS"):
        assert name in body["error"]["message"]


async def test_keys_are_fetched_once_and_again_after_a_rotation(
    client: httpx2.AsyncClient, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = issuer.token("k1", audience=AUDIENCE, scope=CALLER)
    for _ in range(3):
        assert (await call(client, old, "list_services")).status_code == 200
    assert issuer.requests.count("/keys") == 1
    issuer.secrets = {"k2": new_ec()}
    new = issuer.token("k2", audience=AUDIENCE, scope=CALLER)
    assert (await call(client, new, "list_services")).status_code == 401, "a flood of new ids fetches nothing"
    assert issuer.requests.count("/keys") == 1
    monkeypatch.setattr(issuer_keys, "PAUSE_SECONDS", 0)
    assert (await call(client, new, "list_services")).status_code == 200
    assert (await call(client, old, "list_services")).status_code == 401, (
        "what the issuer took back is not good any more"
    )


async def test_retries_of_one_agent_match_across_its_tokens(client: httpx2.AsyncClient, issuer: Issuer) -> None:
    tokens = [
        issuer.token("k1", audience=AUDIENCE, scope=CALLER, exp=int(time()) + seconds, sub=who)
        for seconds, who in ((600, "ada"), (700, "ada"), (600, "bob"))
    ]
    start = body_in(await call(client, tokens[0], "get_slots"))["slots"][0]["start"]
    requests = {"start": start, "customerHash": "kim", "idempotencyKey": "1"}
    holds = [body_in(await call(client, token, "create_hold", **requests)).get("holdToken") for token in tokens]
    assert holds[0] == holds[1] != holds[2]
