"""Address of the shared Redis: one server, the primary that Sentinels choose, or a cluster."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Self
from urllib.parse import parse_qsl, unquote

REDIS_PORT: Final = 6379
SENTINEL_PORT: Final = 26379
TIMEOUT_SECONDS: Final = 0.5
"""Default timeout of a connection attempt and of a response, long enough for a busy server nearby."""
MAX_TIMEOUT_SECONDS: Final = 5


class Topology(StrEnum):
    """Kind of installation, as the URL scheme names it."""

    SERVER = "server"
    SENTINEL = "sentinel"
    CLUSTER = "cluster"


_SCHEMES: Final = {
    "redis": (Topology.SERVER, False),
    "rediss": (Topology.SERVER, True),
    "unix": (Topology.SERVER, False),
    "redis+sentinel": (Topology.SENTINEL, False),
    "rediss+sentinel": (Topology.SENTINEL, True),
    "redis+cluster": (Topology.CLUSTER, False),
    "rediss+cluster": (Topology.CLUSTER, True),
}
"""Topology of each scheme, and whether its connections use TLS."""
_NODE: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s:/\[\]@]+)(?::([0-9]{1,5}))?")
"""Host, with brackets around an IPv6 address, and port."""
_MAX_PORT: Final = 2**16 - 1
_TLS_OPTIONS: Final = frozenset(
    {"ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_check_hostname", "ssl_cert_reqs"},
)
_SENTINEL_OPTIONS: Final = frozenset({"sentinel_username", "sentinel_password"})
_TIMEOUT_OPTION: Final = "socket_timeout"
_INVALID: Final = "is not a valid Redis address; write one such as redis://localhost:6379"
_NO_PRIMARY: Final = "names no primary; write redis+sentinel://HOST:26379,HOST:26379/NAME"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """User and password; empty: none."""

    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsOptions:
    """Files and checks of TLS connections. An empty path means the system's certificates, or none of its own."""

    ca_file: str = ""
    certificate_file: str = ""
    key_file: str = ""
    checks_hostname: bool = True
    verifies: bool = True
    """False: any certificate of the server is accepted."""

    @classmethod
    def of(cls, options: Mapping[str, str]) -> Self:
        """Return the options of a URL, which have the names of redis-py.

        Raises:
            ValueError: an option has another value than its documented ones.
        """
        verifies = _choice(options, "ssl_cert_reqs", {"required": True, "none": False})
        checks_hostname = _choice(options, "ssl_check_hostname", {"true": True, "false": False})
        return cls(
            ca_file=options.get("ssl_ca_certs", ""),
            certificate_file=options.get("ssl_certfile", ""),
            key_file=options.get("ssl_keyfile", ""),
            checks_hostname=verifies and checks_hostname,
            verifies=verifies,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisAddress:
    """Parsed URL. Its text contains no credentials."""

    topology: Topology
    nodes: tuple[tuple[str, int], ...]
    """Hosts and ports of the server, the Sentinels, or some nodes of the cluster; empty: a socket."""
    socket_path: str = ""
    database: int = 0
    primary_name: str = ""
    """Name by which Sentinels know the primary."""
    credentials: Credentials = Credentials()
    sentinel_credentials: Credentials = Credentials()
    tls: TlsOptions | None = None
    timeout_seconds: float = TIMEOUT_SECONDS
    """Timeout of a connection attempt and of a response."""

    def __str__(self) -> str:
        """Return the hosts and ports, or the path of the socket."""
        hosts = ",".join(f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in self.nodes)
        return self.socket_path or hosts

    @classmethod
    def parse(cls, url: str) -> Self:
        """Parse a URL.

        Raises:
            ValueError: the URL is invalid. The text is a clause without a subject, and does not quote the URL.
        """
        scheme, separator, rest = url.partition("://")
        rest, _, query = rest.partition("?")
        authority, _, path = rest.partition("/")
        userinfo, _, hosts = authority.rpartition("@")
        if scheme not in _SCHEMES or not separator:
            raise ValueError(_INVALID)
        topology, uses_tls = _SCHEMES[scheme]
        options = _options(query, topology, uses_tls=uses_tls)
        primary_name, database = _path(topology, "" if scheme == "unix" else path, options.get("db", ""))
        return cls(
            topology=topology,
            nodes=() if scheme == "unix" else _nodes(hosts, topology),
            socket_path=_socket_path(f"/{path}") if scheme == "unix" else "",
            database=database,
            primary_name=primary_name,
            credentials=_credentials(userinfo),
            sentinel_credentials=Credentials(
                username=options.get("sentinel_username", ""), password=options.get("sentinel_password", "")
            ),
            tls=TlsOptions.of(options) if uses_tls else None,
            timeout_seconds=_timeout_seconds(options.get(_TIMEOUT_OPTION)),
        )


def _options(query: str, topology: Topology, *, uses_tls: bool) -> dict[str, str]:
    allowed = {_TIMEOUT_OPTION, "db"} if topology is Topology.SERVER else {_TIMEOUT_OPTION}
    allowed |= _TLS_OPTIONS if uses_tls else set()
    allowed |= _SENTINEL_OPTIONS if topology is Topology.SENTINEL else set()
    options = dict(parse_qsl(query, keep_blank_values=True))
    if options.keys() - allowed:
        raise ValueError(f"has an unknown option; valid with this scheme: {', '.join(sorted(allowed))}")
    return options


def _choice(options: Mapping[str, str], name: str, choices: Mapping[str, bool]) -> bool:
    """Return the meaning of an option's value; without one, that of the first choice."""
    value = options.get(name, next(iter(choices))).lower()
    if value not in choices:
        raise ValueError(f"has an invalid {name}; valid: {', '.join(choices)}")
    return choices[value]


def _timeout_seconds(text: str | None) -> float:
    """Return the value of the option, which redis-py also names and measures so."""
    if text is None:
        return TIMEOUT_SECONDS
    is_number = re.fullmatch(r"[0-9](\.[0-9]{1,3})?", text) is not None
    if not is_number or not 0 < float(text) <= MAX_TIMEOUT_SECONDS:
        raise ValueError(
            f"has an invalid {_TIMEOUT_OPTION}; write seconds, such as 2 or 0.5, at most {MAX_TIMEOUT_SECONDS}"
        )
    return float(text)


def _nodes(hosts: str, topology: Topology) -> tuple[tuple[str, int], ...]:
    default = SENTINEL_PORT if topology is Topology.SENTINEL else REDIS_PORT
    matches = [_NODE.fullmatch(node) for node in hosts.split(",")]
    nodes = tuple((match[1].strip("[]"), int(match[2] or default)) for match in matches if match)
    is_valid = len(nodes) == len(matches) and all(1 <= port <= _MAX_PORT for _, port in nodes)
    if not is_valid or (topology is Topology.SERVER and len(nodes) > 1):
        raise ValueError(_INVALID)
    return nodes


def _path(topology: Topology, path: str, option: str) -> tuple[str, int]:
    """Return the primary's name and the number of the database."""
    parts = [unquote(part) for part in path.split("/") if part]
    primary_name = parts.pop(0) if topology is Topology.SENTINEL and parts else ""
    if topology is Topology.SENTINEL and not primary_name:
        raise ValueError(_NO_PRIMARY)
    numbers = [*parts, *([option] if option else [])]
    if len(parts) > 1 or not all(number.isascii() and number.isdigit() for number in numbers):
        raise ValueError("has an invalid database; write its number, such as redis://localhost:6379/1")
    database = int(numbers[-1]) if numbers else 0
    if topology is Topology.CLUSTER and database:
        raise ValueError("names a database of a cluster, which has only database 0")
    return primary_name, database


def _socket_path(path: str) -> str:
    if not path.strip("/"):
        raise ValueError(_INVALID)
    return unquote(path)


def _credentials(userinfo: str) -> Credentials:
    username, _, password = userinfo.partition(":")
    return Credentials(username=unquote(username), password=unquote(password))
