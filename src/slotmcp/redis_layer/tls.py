"""TLS connections of redis-py that load the certificates once, and again after the files were renewed.

Loading the system's certificates takes 50 ms, in which the server does nothing else. The library does it for each
connection, and trusts the system's authorities even if another is named.
"""

import ssl
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from redis.asyncio.connection import RedisSSLContext, SSLConnection
from redis.asyncio.sentinel import SentinelManagedSSLConnection


class TlsConnection(SSLConnection):
    """Connection to one server."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401  as the library
        super().__init__(**options)
        self.ssl_context: RedisSSLContext = _SharedContext.like(self.ssl_context)


class SentinelTlsConnection(SentinelManagedSSLConnection):
    """Connection to the primary that Sentinels name."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401  as the library
        super().__init__(**options)  # type: ignore[no-untyped-call] # the library's
        self.ssl_context: RedisSSLContext = _SharedContext.like(self.ssl_context)


class _SharedContext(RedisSSLContext):
    @classmethod
    def like(cls, other: RedisSSLContext) -> RedisSSLContext:
        """Return a context with the same files and checks."""
        return cls(
            keyfile=other.keyfile,
            certfile=other.certfile,
            cert_reqs=other.cert_reqs,
            ca_certs=other.ca_certs,
            check_hostname=other.check_hostname,
        )

    def get(self) -> ssl.SSLContext:
        """Return the context of all connections with these files.

        Raises:
            OSError: a file is missing or invalid.
        """
        files = (self.ca_certs, self.certfile, self.keyfile)
        versions = tuple(Path(file).stat().st_mtime_ns if file else 0 for file in files)
        return _load(files, versions, checks_hostname=self.check_hostname, verify_mode=ssl.VerifyMode(self.cert_reqs))


@lru_cache(maxsize=4)
def _load(
    files: Sequence[str | None], versions: Sequence[int], *, checks_hostname: bool, verify_mode: ssl.VerifyMode
) -> ssl.SSLContext:
    """Return a context. It is loaded anew for other versions of the files."""
    del versions
    authority, certificate, key = files
    context = ssl.create_default_context(cafile=authority)
    context.check_hostname = checks_hostname
    context.verify_mode = verify_mode
    if certificate is not None:
        context.load_cert_chain(certificate, key)
    return context
