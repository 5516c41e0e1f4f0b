"""URLs of Redis: each valid one is understood, each other one is refused, and none shows its password."""

import re

import pytest

from slotmcp.redis_layer.address import Credentials, RedisAddress, TlsOptions, Topology

ME = Credentials(username="me", password="p@ss/word?")  # noqa: S106  of the tests
LOGIN = "me:p%40ss%2Fword%3F@"

SERVER, SENTINEL, CLUSTER = Topology.SERVER, Topology.SENTINEL, Topology.CLUSTER


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("redis://redis", RedisAddress(topology=SERVER, nodes=(("redis", 6379),))),
        (f"redis://{LOGIN}[::1]:7/2", RedisAddress(topology=SERVER, nodes=(("::1", 7),), database=2, credentials=ME)),
        ("redis://redis/?db=3", RedisAddress(topology=SERVER, nodes=(("redis", 6379),), database=3)),
        (
            "redis://:word@redis",
            RedisAddress(topology=SERVER, nodes=(("redis", 6379),), credentials=Credentials(password="word")),  # noqa: S106
        ),
        (
            "unix:///run/re%20dis.sock?db=1",
            RedisAddress(topology=SERVER, nodes=(), socket_path="/run/re dis.sock", database=1),
        ),
        ("rediss://redis", RedisAddress(topology=SERVER, nodes=(("redis", 6379),), tls=TlsOptions())),
        (
            "rediss://redis?ssl_ca_certs=/a.pem&ssl_certfile=/b.pem&ssl_keyfile=/c.key&ssl_check_hostname=False",
            RedisAddress(
                topology=SERVER,
                nodes=(("redis", 6379),),
                tls=TlsOptions(ca_file="/a.pem", certificate_file="/b.pem", key_file="/c.key", checks_hostname=False),
            ),
        ),
        (
            "rediss://redis?ssl_cert_reqs=none",
            RedisAddress(
                topology=SERVER, nodes=(("redis", 6379),), tls=TlsOptions(verifies=False, checks_hostname=False)
            ),
        ),
        (
            f"redis+sentinel://{LOGIN}one,[::2]:7/slots/4?sentinel_username=u&sentinel_password=p",
            RedisAddress(
                topology=SENTINEL,
                nodes=(("one", 26379), ("::2", 7)),
                primary_name="slots",
                database=4,
                credentials=ME,
                sentinel_credentials=Credentials(username="u", password="p"),  # noqa: S106
            ),
        ),
        (
            "rediss+sentinel://one/my%2Fslots",
            RedisAddress(topology=SENTINEL, nodes=(("one", 26379),), primary_name="my/slots", tls=TlsOptions()),
        ),
        (
            f"redis+cluster://{LOGIN}one,two:7/0",
            RedisAddress(topology=CLUSTER, nodes=(("one", 6379), ("two", 7)), credentials=ME),
        ),
        ("rediss+cluster://one", RedisAddress(topology=CLUSTER, nodes=(("one", 6379),), tls=TlsOptions())),
        (
            "redis+cluster://one?socket_timeout=2.5",
            RedisAddress(topology=CLUSTER, nodes=(("one", 6379),), timeout_seconds=2.5),
        ),
        ("redis://redis?socket_timeout=5", RedisAddress(topology=SERVER, nodes=(("redis", 6379),), timeout_seconds=5)),
    ],
)  # fmt: skip
def test_a_url_is_understood_and_shown_without_its_credentials(url: str, address: RedisAddress) -> None:
    assert RedisAddress.parse(url) == address
    shown = f"{address} {address!r}"
    assert "p@ss" not in shown
    assert "word" not in shown
    assert "me" not in str(address)


OPTIONS = ("socket_timeout", "ssl_ca_certs", "ssl_cert_reqs", "ssl_certfile", "ssl_check_hostname", "ssl_keyfile")
TIMEOUT = "has an invalid socket_timeout; write seconds, such as 2 or 0.5, at most 5"
NOT_VALID = "is not a valid Redis address; write one such as redis://localhost:6379"


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        *((url, NOT_VALID) for url in (
            "localhost:6379", "http://redis", "redis://", "redis://a,b", "redis://a:0", "redis://a:65536", "redis://[::1",
            "redis://a:b:c", "redis+cluster://", "redis+cluster://a,", "redis+cluster://a b", "redis+sentinel:///slots",
            "unix://", "unix:///", "redis:a",
        )),
        ("redis://a/x", "has an invalid database; write its number, such as redis://localhost:6379/1"),
        ("redis://a/1/2", "has an invalid database; write its number, such as redis://localhost:6379/1"),
        ("redis+sentinel://a/slots/x", "has an invalid database; write its number, such as redis://localhost:6379/1"),
        ("redis+sentinel://a", "names no primary; write redis+sentinel://HOST:26379,HOST:26379/NAME"),
        ("redis+cluster://a/1", "names a database of a cluster, which has only database 0"),
        ("redis://a?ssl_ca_certs=/a.pem", "has an unknown option; valid with this scheme: db, socket_timeout"),
        ("redis+cluster://a?db=1", "has an unknown option; valid with this scheme: socket_timeout"),
        ("rediss+cluster://a?ca=1", f"has an unknown option; valid with this scheme: {', '.join(OPTIONS)}"),
        ("rediss://a?ssl_cert_reqs=optional", "has an invalid ssl_cert_reqs; valid: required, none"),
        ("rediss://a?ssl_check_hostname=", "has an invalid ssl_check_hostname; valid: true, false"),
        *((f"redis://a?socket_timeout={value}", TIMEOUT) for value in ("", "0", "-1", "5.1", "60", "1e-3", "nan")),
    ],
)  # fmt: skip
def test_an_invalid_url_is_refused_with_the_reason(url: str, problem: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(problem)}$"):
        RedisAddress.parse(url)
