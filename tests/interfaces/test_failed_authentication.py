"""Failed attempts to authenticate are counted by client address and by key, and a valid credential always gets in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from slotmcp.domain.access import Scope
from slotmcp.web.failures import CALL_RATE, LOGIN_RATE
from support.dashboard import Site, open_site
from support.denver import PROJECT
from support.http_server import call_of, headers_of

HERE, ELSEWHERE = "192.0.2.1", "192.0.2.2"
LOGINS, CALLS = LOGIN_RATE.per_minute, CALL_RATE.per_minute
pytestmark = pytest.mark.usefixtures("quiet_logging")


@asynccontextmanager
async def site_behind_a_proxy(tmp_path: Path, *, trusted: str = "127.0.0.0/8") -> AsyncIterator[Site]:
    async with open_site(tmp_path, trusted_proxies=trusted) as site:
        yield site


async def log_in(site: Site, key: str, address: str = HERE) -> int:
    async with site.another_browser() as browser:
        return (
            await browser.client.post("/dashboard/login", data={"key": key}, headers={"X-Forwarded-For": address})
        ).status_code


async def call(site: Site, key: str, address: str = HERE) -> httpx2.Response:
    message = call_of("list_services", projectId=PROJECT.id)
    headers = headers_of(key, X_Forwarded_For=address)
    return await site.browser.client.post("/mcp", json=message, headers=headers)


def another_secret(key: str, number: int) -> str:
    return f"{key[:-2]}{number:02}"


async def test_wrong_logins_do_not_shut_out_the_right_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with site_behind_a_proxy(tmp_path) as site:
        right = await site.key()
        assert [await log_in(site, "no") for _ in range(LOGINS + 2)] == [401] * LOGINS + [429] * 2
        assert await log_in(site, right) == 303
        assert await log_in(site, "no") == 429, "a right key resets nothing"
        assert await log_in(site, "no", ELSEWHERE) == 401, "other clients of the proxy have attempts of their own"
        assert await log_in(site, right, ELSEWHERE) == 303
        page = await site.browser.client.post("/dashboard/login", data={"key": "no"}, headers={"X-Forwarded-For": HERE})
    assert "A valid key still works" in page.text
    log = capsys.readouterr().err
    assert log.count("too_many_failed_authentications") == 1
    assert not any(text in log for text in (HERE, right))


async def test_guesses_of_one_key_are_counted_from_all_addresses(tmp_path: Path) -> None:
    async with site_behind_a_proxy(tmp_path) as site:
        guessed, other = await site.key(), await site.key()
        answers = [
            await log_in(site, another_secret(guessed, number), f"198.51.100.{number}") for number in range(LOGINS + 1)
        ]
        assert answers == [401] * LOGINS + [429]
        assert await log_in(site, another_secret(other, 1), "203.0.113.1") == 401
        assert await log_in(site, guessed, "203.0.113.2") == 303


async def test_an_address_that_an_untrusted_peer_forwards_is_ignored(tmp_path: Path) -> None:
    async with site_behind_a_proxy(tmp_path, trusted="192.0.2.0/24") as site:
        answers = [await log_in(site, "no", f"198.51.100.{number}") for number in range(LOGINS + 1)]
        assert answers == [401] * LOGINS + [429]


async def test_invalid_bearer_tokens_do_not_shut_out_valid_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with site_behind_a_proxy(tmp_path) as site:
        right = await site.key(Scope.CALLER)
        answers = [await call(site, f"token-{number}") for number in range(CALLS + 2)]
        assert [answer.status_code for answer in answers] == [401] * CALLS + [429] * 2
        assert answers[-1].json()["error"] == "too_many_failures"
        assert int(answers[-1].headers["retry-after"]) > 0
        assert (await call(site, right)).status_code == 200
        assert (await call(site, "")).status_code == 401, "a client without a token learns how to get one"
        assert (await call(site, "token", ELSEWHERE)).status_code == 401
        assert (await site.browser.client.get("/metrics", headers=headers_of("no", X_Forwarded_For=HERE))).is_error
        assert await log_in(site, "no") == 401, "logins are counted separately"
    assert capsys.readouterr().err.count("too_many_failed_authentications") == 1


async def test_clients_of_one_ipv6_network_are_counted_as_one(tmp_path: Path) -> None:
    async with site_behind_a_proxy(tmp_path) as site:
        answers = [await log_in(site, "no", f"2001:db8::{number:x}") for number in range(LOGINS + 1)]
        assert answers == [401] * LOGINS + [429]
        assert await log_in(site, "no", "2001:db8:0:1::1") == 401
