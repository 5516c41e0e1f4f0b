"""Construction of redis-py's clients: for one server, for the primary that Sentinels choose, and for a cluster.

This module loads redis-py, which takes half a second. Import it only where a Redis is used.
"""

import random
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from itertools import count
from typing import Any, Final, TypeAlias

from redis._parsers import AsyncCommandsParser
from redis.asyncio import Redis, RedisCluster
from redis.asyncio.client import PubSub
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import MasterNotFoundError, Sentinel
from redis.backoff import NoBackoff
from redis.exceptions import ClusterError, RedisClusterException, RedisError
from redis.exceptions import ConnectionError as Disconnected

from slotmcp.redis_layer.address import Credentials, RedisAddress, Topology
from slotmcp.redis_layer.keys import PROBE_MS, RedisKeys
from slotmcp.redis_layer.tls import SentinelTlsConnection, TlsConnection

Client: TypeAlias = Redis | RedisCluster

MAX_CONNECTIONS: Final = 16
"""Commands at a time. A command takes a millisecond, so waiting is faster than opening many connections at once."""
_OTHER_CONNECTIONS: Final = 8
"""Further connections, of the subscription and of probes."""
HEALTH_CHECK_SECONDS: Final = 15
"""Idle time after which a connection is checked before it is used."""
ERRORS: Final[tuple[type[Exception], ...]] = (
    RedisError,  # of a server's response, and of a connection that is lost or takes too long
    RedisClusterException,  # no node of a cluster is reachable, or none has a slot
    OSError,  # of a connection attempt
    TimeoutError,  # of RedisLink
)
"""All errors of the clients."""


class RedisServers(ABC):
    """Client of an installation of Redis, and what depends on its topology."""

    client: Client

    @abstractmethod
    def subscriber(self) -> AbstractAsyncContextManager[PubSub]:
        """Open a subscription that receives the messages of all servers."""

    @abstractmethod
    async def probe(self, keys: RedisKeys) -> None:
        """Write to each primary. A read-only server counts as unavailable.

        Raises:
            Exception: a primary cannot be written; one of ERRORS.
        """

    @abstractmethod
    async def reconnect(self) -> None:
        """Close idle connections, so that the next command looks for the primary again."""

    @abstractmethod
    async def describe(self) -> str:
        """Return which primaries are in use, as a clause; "" for one fixed server."""

    def is_redirect(self, error: Exception) -> bool:
        """Return whether only the node was wrong, so that another command can succeed."""
        return isinstance(error, RedirectError)

    async def aclose(self) -> None:
        """Close all connections."""
        await self.client.aclose()


class OneServer(RedisServers):
    """One server at a fixed address."""

    def __init__(self, address: RedisAddress) -> None:
        self.client: Redis = self._open(address)

    def subscriber(self) -> AbstractAsyncContextManager[PubSub]:
        return self.client.pubsub()

    async def probe(self, keys: RedisKeys) -> None:
        await self.client.set(keys.probe(""), 1, px=PROBE_MS)

    async def reconnect(self) -> None:
        await self.client.connection_pool.disconnect(inuse_connections=False)

    async def describe(self) -> str:
        return ""

    def _open(self, address: RedisAddress) -> Redis:
        place: dict[str, Any] = {"unix_socket_path": address.socket_path}
        if address.nodes:
            ((host, port),) = address.nodes
            place = {"host": host, "port": port}
        return _client(**place, **_pooled(address), **_connection_options(address, address.credentials))


class PrimaryOfSentinels(OneServer):
    """Server that the Sentinels name as the primary, looked up again for each new connection."""

    def _open(self, address: RedisAddress) -> Redis:
        sentinel_options = _connection_options(address, address.sentinel_credentials)
        self._sentinels = _Sentinels(address.nodes, {**sentinel_options, "retry": Retry(NoBackoff(), 0)})
        self._primary_name = address.primary_name
        options = _connection_options(address, address.credentials)
        if address.tls is not None:
            options["connection_class"] = SentinelTlsConnection
        client: Redis = self._sentinels.master_for(address.primary_name, _Server, **_pooled(address), **options)
        return client

    async def describe(self) -> str:
        host, port = await self._sentinels.discover_master(self._primary_name)
        return f"{self._primary_name} is {host}:{port}"

    async def aclose(self) -> None:
        await super().aclose()
        await self._sentinels.aclose()


class Cluster(RedisServers):
    """Cluster, whose nodes are found through some of them. It is available while every primary is."""

    def __init__(self, address: RedisAddress) -> None:
        self._options = _connection_options(address, address.credentials)
        self._known_nodes = list(address.nodes)
        self.client: RedisCluster = _Cluster(
            startup_nodes=[ClusterNode(host, port) for host, port in address.nodes],
            max_connections=MAX_CONNECTIONS + _OTHER_CONNECTIONS,
            retry=_one_retry(),
            **self._options,
        )
        self.client.commands_parser = _FirstKeys()
        if address.tls is not None:
            for startup_node in self.client.nodes_manager.startup_nodes.values():
                startup_node.connection_class = TlsConnection
            self.client.nodes_manager.connection_kwargs["connection_class"] = TlsConnection

    @asynccontextmanager
    async def subscriber(self) -> AsyncIterator[PubSub]:
        """Subscribe at one node, to which the others forward all messages; another one each time."""
        await self.client.initialize()
        node = random.choice(self.client.get_nodes())  # noqa: S311  spreads the load
        async with (
            _client(host=node.host, port=int(node.port), retry=_one_retry(), **self._options) as client,
            client.pubsub() as pubsub,
        ):
            yield pubsub

    async def probe(self, keys: RedisKeys) -> None:
        await self.client.initialize()
        for key in self._key_of_each_primary(keys):
            await self.client.set(key, 1, px=PROBE_MS)

    async def reconnect(self) -> None:
        """Ask the nodes that were found last, and those of the address, for the nodes of the cluster.

        The library has a parameter for further nodes, but never closes the connections to them.
        """
        await self.client.aclose()
        manager = self.client.nodes_manager
        for host, port in self._known_nodes:
            node = ClusterNode(host, port, **manager.connection_kwargs)
            manager.startup_nodes.setdefault(node.name, node)
        await self.client.initialize()

    async def describe(self) -> str:
        await self.client.initialize()
        names = self._primary_names()
        return f"a cluster of {len(names)} primaries"

    def _key_of_each_primary(self, keys: RedisKeys) -> Collection[str]:
        """Return keys that are on different primaries. Each has at least one of the slots."""
        found: dict[str, str] = {}
        missing, numbers = self._primary_names(), count()
        while missing:
            key = keys.probe(str(next(numbers)))
            name = self.client.nodes_manager.get_node_from_slot(self.client.keyslot(key)).name
            found.setdefault(name, key)
            missing.discard(name)
        return found.values()

    def _primary_names(self) -> set[str]:
        return {nodes[0].name for nodes in self.client.nodes_manager.slots_cache.values()}


class _Sentinels(Sentinel):
    """Sentinels whose errors name only their addresses."""

    def __init__(self, nodes: Sequence[tuple[str, int]], options: Mapping[str, Any]) -> None:
        super().__init__(nodes)  # type: ignore[no-untyped-call] # the library's
        self.sentinels = [_client(host=host, port=port, **options) for host, port in nodes]

    async def discover_master(self, service_name: str) -> tuple[str, int]:
        try:
            host, port = await super().discover_master(service_name)
        except MasterNotFoundError as error:
            text = str(error)
            for sentinel in self.sentinels:
                place = sentinel.connection_pool.connection_kwargs
                text = text.replace(repr(sentinel), f"{place['host']}:{place['port']}")
            raise MasterNotFoundError(text) from None
        return host, port


@contextmanager
def _races_as_lost_connections() -> Iterator[None]:
    """Report a lost connection if another task closes the connection, or replaces the nodes, that a command uses.

    redis-py then fails at an attribute of None, a missing node, or a collection that has changed. Only its own code may
    run in the block, so that no fault of slotmcp counts as an outage.
    """
    try:
        yield
    except (AttributeError, LookupError, RuntimeError) as error:
        raise Disconnected(f"closed while it was used ({type(error).__name__})") from error


class _Server(Redis):
    """Client of one server."""

    async def execute_command(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401  as the library
        with _races_as_lost_connections():
            return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]  # the library's


class RedirectError(RedisError):
    """Error of a command whose slot is on another node now, or is being moved there."""


class _Cluster(RedisCluster):
    """Client that learns from a redirect, but does not follow it.

    The library follows a redirect (ASK) to a node that joined later with an AttributeError, and it sends ASKING on
    another connection than the command.
    """

    RedisClusterRequestTTL = 1

    async def initialize(self, *args: Any, **options: Any) -> RedisCluster:  # noqa: ANN401  as the library
        with _races_as_lost_connections():
            return await super().initialize(*args, **options)

    async def execute_command(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401  as the library
        await self.initialize()  # without nodes, the library sends the command to any of them
        try:
            with _races_as_lost_connections():
                return await super().execute_command(*args, **options)
        except ClusterError as error:
            if type(error) is ClusterError:  # redirected too often
                raise RedirectError(str(args[0])) from error
            raise


class _FirstKeys(AsyncCommandsParser):
    """Parser for commands whose first argument is their only key, as all of this layer are, or has the same slot.

    The library's reads the description of all commands each time it connects, which takes a tenth of a second.
    """

    async def initialize(self, node: ClusterNode | None = None) -> None:
        pass

    async def get_keys(self, *args: Any) -> tuple[str, ...]:  # noqa: ANN401  as the library
        _, key, *_ = args
        return (key,)


_TOPOLOGIES: Final[dict[Topology, type[OneServer | Cluster]]] = {
    Topology.SERVER: OneServer,
    Topology.SENTINEL: PrimaryOfSentinels,
    Topology.CLUSTER: Cluster,
}


def servers_at(address: RedisAddress) -> RedisServers:
    """Return a client. The servers need not be reachable yet."""
    return _TOPOLOGIES[address.topology](address)


def _client(**options: Any) -> Redis:  # noqa: ANN401  those of the library
    client = _Server(**options)
    if options.get("ssl"):
        client.connection_pool.connection_class = TlsConnection
    return client


def _connection_options(address: RedisAddress, credentials: Credentials) -> dict[str, Any]:
    options: dict[str, Any] = {
        "username": credentials.username or None,
        "password": credentials.password or None,
        "socket_timeout": address.timeout_seconds,
        "socket_connect_timeout": address.timeout_seconds,
        "health_check_interval": HEALTH_CHECK_SECONDS,
    }
    if (tls := address.tls) is not None:
        options |= {
            "ssl": True,
            "ssl_ca_certs": tls.ca_file or None,
            "ssl_certfile": tls.certificate_file or None,
            "ssl_keyfile": tls.key_file or None,
            "ssl_check_hostname": tls.checks_hostname,
            "ssl_cert_reqs": "required" if tls.verifies else "none",
        }
    return options


def _pooled(address: RedisAddress) -> dict[str, Any]:
    return {
        "db": address.database,
        "max_connections": MAX_CONNECTIONS + _OTHER_CONNECTIONS,
        "retry": _one_retry(),
    }


def _one_retry() -> Retry:
    """Return the rule that only a command on a connection that was lost is repeated, once and at once.

    The server may have closed the connection while it was idle.
    """
    return Retry(NoBackoff(), 1, supported_errors=(Disconnected,))
