"""Addresses of clients behind trusted proxies."""

import pytest

from slotmcp.web.peers import MAX_HOPS, TrustedProxies, limit_key

PROXIES = TrustedProxies(["127.0.0.0/8", "::1/128", "10.0.0.0/24"])


def client_of(peer: str | None, *forwarded: str) -> str:
    headers = [(b"x-forwarded-for", value.encode("latin-1")) for value in forwarded]
    return PROXIES.client_address({"type": "http", "client": (peer, 1) if peer else None, "headers": headers})


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        ("127.0.0.1", ["192.0.2.1, 198.51.100.7"], "198.51.100.7"),
        ("127.0.0.1", ["192.0.2.1, 198.51.100.7, 10.0.0.9"], "198.51.100.7"),
        ("127.0.0.1", ["192.0.2.1", "198.51.100.7"], "198.51.100.7"),
        ("127.0.0.1", ["10.0.0.8, 10.0.0.9"], "10.0.0.8"),
        ("127.0.0.1", ["198.51.100.7, unknown"], "127.0.0.1"),
        ("127.0.0.1", ["198.51.100.7, unknown, 10.0.0.9"], "10.0.0.9"),
        ("127.0.0.1", ["198.51.100.7:4711"], "198.51.100.7"),
        ("::1", ["[2001:db8::7]:4711"], "2001:db8::7"),
        ("::ffff:127.0.0.1", ["::ffff:198.51.100.7"], "198.51.100.7"),
        ("198.51.100.1", ["192.0.2.1"], "198.51.100.1"),
        ("not-an-address", ["192.0.2.1"], "not-an-address"),
        (None, ["198.51.100.7"], "198.51.100.7"),
        (None, [], ""),
    ],
)
def test_the_client_is_the_rightmost_address_that_is_not_a_trusted_proxy(
    peer: str | None, forwarded: list[str], client: str
) -> None:
    assert client_of(peer, *forwarded) == client


def test_a_bounded_number_of_forwarded_addresses_is_read() -> None:
    assert client_of("127.0.0.1", ", ".join(["192.0.2.1", *["10.0.0.9"] * MAX_HOPS])) == "10.0.0.9"


def test_the_addresses_of_one_ipv6_network_count_as_one() -> None:
    assert limit_key("2001:db8::1") == limit_key("2001:db8::ffff:1") != limit_key("2001:db8:0:1::1")
    assert limit_key("::ffff:192.0.2.1") == limit_key("192.0.2.1") != limit_key("192.0.2.2")
    assert limit_key("") == ""


def test_without_networks_no_address_is_trusted() -> None:
    assert not TrustedProxies(()).trusts("127.0.0.1")
