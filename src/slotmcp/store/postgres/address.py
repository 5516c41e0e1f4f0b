"""Address of a PostgreSQL database, for the driver and for messages."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import parse_qsl, urlsplit

DEFAULT_PORT: Final = 5432


@dataclass(frozen=True, slots=True)
class Address:
    """Address of a PostgreSQL database."""

    url: str = field(repr=False)
    """URL for asyncpg. It may contain a password."""
    shown: str
    """URL for messages, with user, host, port and database, but without secrets."""
    server: str
    """Hosts and ports for messages; the driver's defaults if the URL has none."""
    statement_cache: bool = True
    """False if a pooler gives each transaction another connection, so that nothing outlives a transaction."""

    @classmethod
    def of(cls, url: str, *, statement_cache: bool = True) -> Self:
        """Return the address for a URL with the scheme postgresql, postgres or postgresql+asyncpg."""
        parts = urlsplit(url)._replace(scheme="postgresql")
        options = dict(parse_qsl(parts.query))
        hosts = parts.netloc.rpartition("@")[2] or options.get("host", "localhost")
        user = f"{parts.username}@" if parts.username else ""
        server = " or ".join(_servers(hosts, options.get("port", str(DEFAULT_PORT))))
        return cls(parts.geturl(), f"postgresql://{user}{hosts}{parts.path}", server, statement_cache)


def _servers(hosts: str, default_port: str) -> Iterator[str]:
    """Yield the host and port of each server. Commas separate hosts, and ports if there are several."""
    ports = default_port.split(",")
    for number, host in enumerate(hosts.split(",")):
        name, _, port = host.rpartition(":") if _has_port(host) else (host, "", ports[min(number, len(ports) - 1)])
        yield f"{name.strip('[]')} port {port}"


def _has_port(host: str) -> bool:
    """Return whether a host has a port. An IPv6 address is in brackets."""
    return host.rpartition(":")[2].isdigit() and (host.count(":") == 1 or "]:" in host)
