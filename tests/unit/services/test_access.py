"""Access keys are shown once, grant their scope, and are not valid after expiry or revocation."""

import pytest

from slotmcp.domain.access import LOCAL, CallId, Principal, Scope
from slotmcp.domain.errors import Forbidden, InvalidArgument, NotFound
from slotmcp.services.access import PREFIX, NewKey
from support.shop import Shop, plan
from unit.services.conftest import Open

SHOP = "shop"


@pytest.fixture
async def shop(opened: Open) -> Shop:
    return await opened(plan())


async def make(
    shop: Shop, scope: Scope = Scope.CALLER, *, project: str | None = SHOP, days: int | None = None
) -> NewKey:
    lifetime = None if days is None else days * 86_400_000
    return await shop.app.access.create(scope, project=project, name="a name", lifetime_ms=lifetime)


async def test_a_key_grants_its_scope_in_its_project(shop: Shop) -> None:
    caller, operator = await make(shop), await make(shop, Scope.OPERATOR, project="*")
    assert await shop.app.access.authenticate(caller.token) == Principal(
        credential=caller.key.id, scopes=frozenset({Scope.CALLER}), projects=frozenset({SHOP})
    )
    assert await shop.app.access.authenticate(operator.token) == Principal(
        credential=operator.key.id, scopes=frozenset({Scope.CALLER, Scope.OPERATOR}), projects=None
    )


async def test_the_secret_has_192_random_bits_and_is_not_in_the_database(shop: Shop) -> None:
    made, other = await make(shop), await make(shop)
    prefix, key_id, secret = made.token.split("_", 2)
    assert (f"{prefix}_", key_id) == (PREFIX, made.key.id)
    assert len(secret) * 6 >= 192
    assert secret != other.token.split("_", 2)[2]
    files = b"".join(one.read_bytes() for one in shop.path.parent.glob(f"{shop.path.name}*"))
    assert key_id.encode() in files
    assert secret.encode() not in files
    assert secret not in repr(made)


async def test_only_the_complete_token_is_valid(shop: Shop) -> None:
    token, other = (await make(shop)).token, (await make(shop)).token
    swapped = "_".join([*token.split("_", 2)[:2], other.split("_", 2)[2]])
    wrong = ["", PREFIX, token[:-1], token + "x", token.removeprefix(PREFIX), swapped, token.lower(), "slk__", "a.b.c"]
    assert [await shop.app.access.authenticate(one) for one in wrong] == [None] * len(wrong)


async def test_an_expired_key_is_not_valid(shop: Shop) -> None:
    made = await make(shop, days=1)
    shop.clock.advance(days=1, seconds=-0.001)
    assert await shop.app.access.authenticate(made.token)
    shop.clock.advance(seconds=0.001)
    assert await shop.app.access.authenticate(made.token) is None


async def test_a_revoked_key_is_not_valid_from_the_next_call(shop: Shop) -> None:
    revoked, other = await make(shop), await make(shop)
    assert await shop.app.access.authenticate(revoked.token)
    await shop.app.access.revoke(f"{PREFIX}{revoked.key.id}")
    assert await shop.app.access.authenticate(revoked.token) is None
    assert await shop.app.access.authenticate(other.token)
    with pytest.raises(NotFound):
        await shop.app.access.revoke("01M82XS3WB27BVS3RXYEYXD514")


async def test_a_key_is_for_the_only_project_or_a_given_one(shop: Shop, opened: Open) -> None:
    assert (await make(shop, project=None)).key.project_id == SHOP
    with pytest.raises(NotFound):
        await make(shop, project="shoe")
    await opened(plan(id="other"))
    with pytest.raises(InvalidArgument, match=r"other, shop"):
        await make(shop, project=None)


async def test_callers_need_a_key_once_the_first_one_exists(shop: Shop) -> None:
    assert not await shop.app.access.has_keys()
    made = await make(shop)
    await shop.app.access.revoke(made.key.id)
    assert await shop.app.access.has_keys(), "revoking the last key must not allow calls without one"


def test_a_principal_reaches_only_its_own_projects() -> None:
    one = Principal(credential="k", scopes=frozenset(), projects=frozenset({"a"}))
    two = Principal(credential="k", scopes=frozenset(), projects=frozenset({"a", "b"}))
    none = Principal(credential="k", scopes=frozenset(), projects=frozenset())
    assert (one.resolve_project(None), one.resolve_project("a"), two.resolve_project("b")) == ("a", "a", "b")
    assert (LOCAL.resolve_project(None), LOCAL.resolve_project("anything")) == (None, "anything")
    with pytest.raises(NotFound) as refused:
        one.resolve_project("b")
    assert refused.value.nearest == ("a",)
    with pytest.raises(InvalidArgument, match="a, b"):
        two.resolve_project(None)
    with pytest.raises(Forbidden):
        none.resolve_project("a")


def test_a_principal_within_a_phone_call_has_its_ids() -> None:
    call = LOCAL.within(CallId("x-chat-id", "a"), CallId("x-session-id", "b"), connection="c")
    assert (call.call_ids, call.call_id, call.connection) == ((("x-chat-id", "a"), ("x-session-id", "b")), "a", "c")
    assert (LOCAL.call_ids, LOCAL.call_id, LOCAL.connection) == ((), "", "")
