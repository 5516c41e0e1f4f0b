"""TLS: the server's certificate is checked as configured, and certificates are loaded once for all connections."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from slotmcp.ports import ChangeNotice
from slotmcp.redis_layer.link import RedisLink
from slotmcp.redis_layer.tls import SentinelTlsConnection, TlsConnection
from support.certificates import Certificates
from support.fleets import PREFIX, redis_members, until
from support.redis_groups import ClusterGroup, RedisGroup, SentinelGroup, emptied, opened


@pytest.fixture
def tls(tls_of_session: RedisGroup) -> Iterator[RedisGroup]:
    with emptied(tls_of_session) as group:
        yield group


async def problem_of(url: str) -> str:
    async with RedisLink.open(url, prefix=PREFIX) as link:
        return await link.find_problem()


def with_query(url: str, query: str) -> str:
    return urlsplit(url)._replace(query=query).geturl()


def authority_of(group: RedisGroup) -> Path:
    return Path(urlsplit(group.url).query.partition("=")[2].partition("&")[0])


def copy(source: Path, target: Path) -> None:
    target.write_bytes(source.read_bytes())


async def test_a_certificate_of_another_authority_is_refused(tls: RedisGroup, tmp_path: Path) -> None:
    others = Certificates.make(tmp_path)
    assert await problem_of(tls.url) == ""
    assert "CERTIFICATE_VERIFY_FAILED" in await problem_of(with_query(tls.url, others.query))


async def test_the_systems_authorities_are_the_default(tls: RedisGroup) -> None:
    assert "CERTIFICATE_VERIFY_FAILED" in await problem_of(with_query(tls.url, ""))


async def test_a_certificate_for_another_host_is_refused_unless_hosts_are_not_checked(tls: RedisGroup) -> None:
    url = tls.url.replace("127.0.0.1", "localhost")
    assert "CERTIFICATE_VERIFY_FAILED" in await problem_of(url)
    assert await problem_of(f"{url}&ssl_check_hostname=false") == ""


async def test_no_certificate_is_checked_on_request(tls: RedisGroup) -> None:
    url = tls.url.replace("127.0.0.1", "localhost")
    own = urlsplit(url).query.partition("&")[2]
    assert await problem_of(with_query(url, f"{own}&ssl_cert_reqs=none")) == ""


async def test_a_server_that_requires_a_certificate_refuses_a_client_without_one(tls: RedisGroup) -> None:
    assert await problem_of(with_query(tls.url, f"ssl_ca_certs={authority_of(tls)}")) != ""


async def test_renewed_files_are_used_for_new_connections(tls: RedisGroup, tmp_path: Path) -> None:
    right = authority_of(tls)
    renewed, others = tmp_path / "renewed.pem", tmp_path / "others"
    others.mkdir()
    url = tls.url.replace(str(right), str(renewed))
    assert "No such file" in await problem_of(url)
    copy(Certificates.make(others).authority, renewed)
    async with RedisLink.open(url, prefix=PREFIX) as link:
        assert await link.run(lambda client: client.get("slotmcp:a")) is None
        assert link.is_unavailable
        copy(right, renewed)

        async def is_available() -> bool:
            return not link.is_unavailable

        await until(is_available)


async def test_connections_share_one_context(tls: RedisGroup) -> None:
    async with RedisLink.open(tls.url, prefix=PREFIX) as link:
        commands = (link.run(lambda client: client.set("slotmcp:a", 1, px=1_000)) for _ in range(100))
        assert all(await asyncio.gather(*commands))
    options = {"ssl_ca_certs": str(authority_of(tls))}
    contexts = {id(TlsConnection(**options).ssl_context.get()) for _ in range(3)}
    contexts.add(id(SentinelTlsConnection(connection_pool=None, **options).ssl_context.get()))
    assert len(contexts) == 1


@pytest.mark.parametrize("group", [SentinelGroup, ClusterGroup])
async def test_sentinels_and_clusters_work_over_tls(group: Callable[..., RedisGroup], tmp_path: Path) -> None:
    notice = ChangeNotice(project_id="shop", revision=5)
    received: list[ChangeNotice] = []

    async def is_received() -> bool:
        return notice in received

    with opened(group(tmp_path, certificates=Certificates.make(tmp_path))) as one:
        async with redis_members(one.url)() as member:
            member.fleet.subscribe(received.append)
            await member.fleet.publish(notice)
            await until(is_received)
            assert await member.fleet.revision("shop") == 5
