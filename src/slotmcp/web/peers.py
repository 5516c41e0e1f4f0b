"""Peers of connections: trusted proxies, and the addresses of the clients behind them."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from starlette.datastructures import Headers
from starlette.types import Scope

MAX_HOPS: Final = 20
"""Number of forwarded addresses that are read, from the right."""
_IPV6_PREFIX: Final = 64
"""Length of the prefix that one IPv6 client has for itself."""


class TrustedProxies:
    """Networks of the proxies whose `X-Forwarded-For` header is believed."""

    def __init__(self, networks: Iterable[str]) -> None:
        self._networks = [ip_network(network) for network in networks]
        self.trusts = lru_cache(maxsize=1024)(self._trusts)
        """Return True if an address belongs to a trusted proxy. A Unix socket has none and is trusted."""

    def client_address(self, scope: Scope) -> str:
        """Return the address of a request's client: the rightmost forwarded address that is not a trusted proxy's.

        The result is the peer's own address if the peer is not trusted. It is empty behind a Unix socket whose proxy
        forwards no address.
        """
        peer: str = scope["client"][0] if scope.get("client") else ""
        if not self.trusts(peer):
            return peer
        address = peer
        for forwarded in reversed(_forwarded(scope)):
            if (parsed := _parse(forwarded)) is None:
                break
            address = str(parsed)
            if not self.trusts(address):
                break
        return address

    def _trusts(self, address: str) -> bool:
        parsed = _parse(address)
        return not address or (parsed is not None and any(parsed in network for network in self._networks))


def limit_key(address: str) -> str:
    """Return the client that an address counts for in limits: itself, or the /64 network of an IPv6 address."""
    parsed = _parse(address)
    if isinstance(parsed, IPv6Address):
        return str(IPv6Network((int(parsed), _IPV6_PREFIX), strict=False))
    return address if parsed is None else str(parsed)


def _forwarded(scope: Scope) -> list[str]:
    values = ",".join(Headers(scope=scope).getlist("x-forwarded-for"))
    return values.rsplit(",", MAX_HOPS)[-MAX_HOPS:] if values else []


def _parse(text: str) -> IPv4Address | IPv6Address | None:
    """Return an address without its port, brackets or zone, and an IPv4-mapped address as IPv4; None: invalid."""
    text = text.strip().partition("%")[0]
    bare = text[1:].partition("]")[0] if text.startswith("[") else text
    if bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        address = ip_address(bare)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
