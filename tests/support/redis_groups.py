"""Installations of Debian's Redis: one server over TLS, a primary with Sentinels, and a cluster.

All require a user with a password. The user of slotmcp can use only the keys and the channel of its prefix.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from redis.crc import key_slot
from redis.exceptions import RedisError

from support.certificates import Certificates
from support.redis_server import DEBIANS, RedisServer
from support.until import until

SLOTS: Final = 16_384
PASSWORD: Final = "p@ss:word/1?"  # noqa: S105  of the tests
"""Password of the user slotmcp, with characters that a URL must escape."""
SENTINEL_PASSWORD: Final = "of-the-sentinels"  # noqa: S105  as above
USER: Final = f"slotmcp:{quote(PASSWORD, safe='')}@"
LOGIN: Final[dict[str, Any]] = {"username": "tests", "password": "of-the-tests"}
PRIMARY: Final = "slots"
"""Name of the primary in the Sentinels."""
DATABASE: Final = 1
"""Number of the database, where there are several."""
DOWN_MS: Final = 500
"""Time without a response after which a primary is replaced."""
_REPLICAS: Final = 3
_PRIMARIES: Final = 3


class RedisGroup(ABC):
    """Servers of one installation."""

    url: str
    servers: Sequence[RedisServer]
    """Servers with data, without Sentinels."""
    entries: Sequence[RedisServer]
    """Servers in the URL."""

    @abstractmethod
    def primary_of(self, project_id: str) -> RedisServer:
        """Return the server that has the keys of a project now."""

    @abstractmethod
    def is_whole(self) -> bool:
        """Return whether every primary and its replica work."""

    def mend(self) -> None:
        """Start what a test stopped, wait until everything works, and delete all data."""
        self._start_all()
        until(self._is_whole, "all servers work")
        for server in self.servers:
            if _role(server) == "master":
                server.flush()

    def lasting_keys(self) -> list[str]:
        """Return the keys that never expire."""
        running = (server for server in self.servers if server.is_running())
        return [key for server in running if _role(server) == "master" for key in server.lasting_keys()]

    def close(self) -> None:
        """Stop everything."""
        for server in self.servers:
            server.thaw()
            server.client.close()
            server.stop()

    def _start_all(self) -> None:
        for server in dict.fromkeys([*self.entries, *self.servers]):
            server.thaw()
            if not server.is_running():
                server.start()

    def _is_whole(self) -> bool:
        try:
            return self.is_whole()
        except RedisError:  # a server is starting
            return False


class TlsServer(RedisGroup):
    """One server over TLS, which requires a certificate of its clients."""

    def __init__(self, folder: Path) -> None:
        certificates = Certificates.make(folder)
        directives = (*_users(), *_tls(certificates))
        login = {**LOGIN, **_tls_login(certificates), "db": DATABASE}
        server = RedisServer(folder, program=DEBIANS, directives=directives, login=login)
        server.start()
        self.servers = self.entries = [server]
        self.url = f"rediss://{USER}127.0.0.1:{server.port}/{DATABASE}?{certificates.query}"

    def primary_of(self, project_id: str) -> RedisServer:
        del project_id  # any
        return self.servers[0]

    def is_whole(self) -> bool:
        return bool(self.servers[0].client.ping())


class SentinelGroup(RedisGroup):
    """Primary, replica and three Sentinels, which have a password of their own."""

    def __init__(self, folder: Path, *, certificates: Certificates | None = None) -> None:
        tls = _tls(certificates) if certificates else ("port {port}",)
        tls += ("tls-replication yes",) if certificates else ()
        login = _tls_login(certificates) if certificates else {}
        directives = (*_users(), *tls, "repl-diskless-sync-delay 0")
        self.servers = [
            _server(folder / name, directives, {**LOGIN, **login, "db": DATABASE}) for name in ("one", "other")
        ]
        for server in self.servers:
            server.start()
        self.servers[1].client.replicaof("127.0.0.1", self.servers[0].port)
        until(self._is_linked, "the replica is linked")
        self.entries = _sentinels(folder, self.servers, tls, {"password": SENTINEL_PASSWORD, **login})
        hosts = ",".join(f"127.0.0.1:{sentinel.port}" for sentinel in self.entries)
        scheme, query = ("rediss", f"&{certificates.query}") if certificates else ("redis", "")
        self.url = (
            f"{scheme}+sentinel://{USER}{hosts}/{PRIMARY}/{DATABASE}?sentinel_password={SENTINEL_PASSWORD}{query}"
        )
        until(self._is_whole, "the Sentinels know everything")

    def primary_of(self, project_id: str) -> RedisServer:
        del project_id  # any
        _, port = self.entries[0].client.sentinel_get_master_addr_by_name(PRIMARY)
        return next(server for server in self.servers if server.port == int(port))

    def is_whole(self) -> bool:
        states = [sentinel.client.sentinel_masters()[PRIMARY] for sentinel in self.entries]
        is_known = all(
            state["num-other-sentinels"] == len(self.entries) - 1
            and state["num-slaves"] == 1
            and not state["is_sdown"]
            and not state["is_odown"]
            for state in states
        )
        return is_known and self._is_linked() and _role(self.primary_of("")) == "master"

    def mend(self) -> None:
        """Make a replica of a former primary, as the Sentinels do after ten seconds; then mend the rest."""
        self._start_all()
        primary = self.primary_of("")
        for server in self.servers:
            if server is not primary and _role(server) == "master":
                server.client.replicaof("127.0.0.1", primary.port)
        super().mend()

    def close(self) -> None:
        for sentinel in self.entries:
            sentinel.client.close()
            sentinel.stop()
        super().close()

    def _is_linked(self) -> bool:
        return sorted(_link(server) for server in self.servers) == ["", "up"]


class ClusterGroup(RedisGroup):
    """Three primaries, each with a replica."""

    def __init__(self, folder: Path, *, certificates: Certificates | None = None) -> None:
        tls = _tls(certificates) if certificates else ("port {port}",)
        tls += ("tls-replication yes", "tls-cluster yes") if certificates else ()
        login = {**LOGIN, **(_tls_login(certificates) if certificates else {})}
        directives = (
            *_users(),
            *tls,
            "repl-diskless-sync-delay 0",
            "cluster-enabled yes",
            f"cluster-node-timeout {DOWN_MS}",
            "cluster-replica-validity-factor 0",
            "cluster-allow-replica-migration no",
        )
        self.servers = [_server(folder / str(number), directives, login) for number in range(2 * _PRIMARIES)]
        for server in self.servers:
            server.start()
        self._join()
        scheme, query = ("rediss", f"?{certificates.query}") if certificates else ("redis", "")
        self.entries = [self.servers[0], self.servers[_PRIMARIES + 1]]
        hosts = ",".join(f"127.0.0.1:{server.port}" for server in self.entries)
        self.url = f"{scheme}+cluster://{USER}{hosts}{query}"
        until(self._is_whole, "the cluster is complete")

    def primary_of(self, project_id: str) -> RedisServer:
        slot = key_slot(project_id.encode())
        for server in self.servers:
            if server.is_running() and _role(server) == "master":
                for first, last, (_, port, *_), *_ in server.client.cluster("slots"):
                    if first <= slot <= last:
                        return next(one for one in self.servers if one.port == port)
        raise AssertionError(project_id)

    def is_whole(self) -> bool:
        states = [server.client.cluster("info") for server in self.servers]
        is_known = all(
            state["cluster_state"] == "ok" and state["cluster_known_nodes"] == str(len(self.servers))
            for state in states
        )
        links = sorted(_link(server) for server in self.servers)
        return is_known and links == [""] * _PRIMARIES + ["up"] * _PRIMARIES

    def _join(self) -> None:
        ids = [server.client.cluster("myid") for server in self.servers]
        bounds = [SLOTS * number // _PRIMARIES for number in range(_PRIMARIES + 1)]
        for number, server in enumerate(self.servers):
            server.client.execute_command("CLUSTER SET-CONFIG-EPOCH", number + 1)
            server.client.execute_command("CLUSTER MEET", "127.0.0.1", self.servers[0].port)
        for server, (first, last) in zip(self.servers, pairwise(bounds), strict=False):
            server.client.execute_command("CLUSTER ADDSLOTSRANGE", first, last - 1)
        for number, server in enumerate(self.servers[_PRIMARIES:]):
            until(partial(_follows, server, ids[number]), "a replica knows its primary")


@contextmanager
def opened(group: RedisGroup) -> Iterator[RedisGroup]:
    """Stop a group when the block ends."""
    try:
        yield group
    finally:
        group.close()


@contextmanager
def emptied(group: RedisGroup) -> Iterator[RedisGroup]:
    """Start what another test stopped, and delete its data. Keys that the block leaves must expire."""
    group.mend()
    yield group
    assert group.lasting_keys() == []


def _server(folder: Path, directives: Sequence[str], login: dict[str, Any]) -> RedisServer:
    folder.mkdir()
    return RedisServer(folder, program=DEBIANS, directives=directives, login=login)


def _sentinels(
    folder: Path, servers: Sequence[RedisServer], tls: Sequence[str], login: dict[str, Any]
) -> list[RedisServer]:
    """Start Sentinels that know the servers and each other, which would take seconds to find out."""
    primary, replica = (server.port for server in servers)
    directives = (
        *tls,
        f"requirepass {SENTINEL_PASSWORD}",
        f"sentinel sentinel-pass {SENTINEL_PASSWORD}",
        f"sentinel monitor {PRIMARY} 127.0.0.1 {primary} 2",
        f"sentinel auth-user {PRIMARY} {LOGIN['username']}",
        f"sentinel auth-pass {PRIMARY} {LOGIN['password']}",
        f"sentinel down-after-milliseconds {PRIMARY} {DOWN_MS}",
        f"sentinel failover-timeout {PRIMARY} 3000",
        f"sentinel known-replica {PRIMARY} 127.0.0.1 {replica}",
    )
    names = [folder / f"sentinel-{number}" for number in range(_REPLICAS)]
    for name in names:
        name.mkdir()
    sentinels = [
        RedisServer(name, program=DEBIANS, directives=directives, login=login, arguments=["--sentinel"])
        for name in names
    ]
    for number, sentinel in enumerate(sentinels):
        others = [
            f"sentinel known-sentinel {PRIMARY} 127.0.0.1 {other.port} {_sentinel_id(which)}"
            for which, other in enumerate(sentinels)
            if which != number
        ]
        with (names[number] / "redis.conf").open("a", encoding="utf-8") as file:
            file.write("\n".join([f"sentinel myid {_sentinel_id(number)}", *others, ""]))
        sentinel.start()
    return sentinels


def _sentinel_id(number: int) -> str:
    return f"{number + 1:040x}"


def _users() -> tuple[str, ...]:
    return (
        "user default off",
        f"user {LOGIN['username']} on >{LOGIN['password']} ~* &* +@all",
        f"user slotmcp on >{PASSWORD} ~slotmcp:* &slotmcp:* +@all -@admin -@dangerous",
        f"masteruser {LOGIN['username']}",
        f"masterauth {LOGIN['password']}",
    )


def _tls(certificates: Certificates) -> tuple[str, ...]:
    return (
        "port 0",
        "tls-port {port}",
        f"tls-ca-cert-file {certificates.authority}",
        f"tls-cert-file {certificates.certificate('server')}",
        f"tls-key-file {certificates.key('server')}",
    )


def _tls_login(certificates: Certificates) -> dict[str, Any]:
    return {
        "ssl": True,
        "ssl_ca_certs": str(certificates.authority),
        "ssl_certfile": str(certificates.certificate("client")),
        "ssl_keyfile": str(certificates.key("client")),
    }


def _role(server: RedisServer) -> str:
    return str(server.client.info("replication")["role"])


def _link(server: RedisServer) -> str:
    """Return the state of a replica's link; "" for a primary."""
    return str(server.client.info("replication").get("master_link_status", ""))


def _follows(server: RedisServer, primary_id: str) -> bool:
    try:
        return bool(server.client.execute_command("CLUSTER REPLICATE", primary_id))
    except RedisError:  # the nodes do not know each other yet
        return False
