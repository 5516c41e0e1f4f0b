"""How a database is, for whoever looks after it."""

import time
from dataclasses import dataclass
from typing import Final

from slotmcp.store.fetching import Fetch

ANSWER: Final = "SELECT current_setting('server_version')"
FACTS: Final = """
SELECT (SELECT version_num FROM alembic_version), (SELECT count(*) FROM projects),
       pg_database_size(current_database()), pg_is_in_recovery()
"""
BYTES_PER_MB: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresStatus:
    """What `slotmcp doctor` tells of the database."""

    place: str
    """Its URL, without the password."""
    server_version: str
    latency_ms: float
    """Of one answer of the server, over a connection that was there."""
    pool_size: int
    size_bytes: int
    schema_version: str
    projects: int
    is_copy: bool
    """A server that follows another one, and can only be read."""

    @property
    def problem(self) -> str:
        """What keeps it from being written to and what to do, as a clause; empty if nothing does."""
        return f"{self.place} can only be read; name the server that it follows" if self.is_copy else ""

    @property
    def description(self) -> str:
        """Where it is, and how."""
        return (
            f"{self.place}, {self.size_bytes / BYTES_PER_MB:.1f} MB, schema {self.schema_version}, PostgreSQL "
            f"{self.server_version}, answers in {self.latency_ms:.1f} ms, up to {self.pool_size} connections"
        )


async def read_status(fetch: Fetch, *, place: str, pool_size: int) -> PostgresStatus:
    """Look at the database, and take the time of one answer."""
    ((version,),) = await fetch(ANSWER)
    began = time.monotonic()
    await fetch(ANSWER)
    latency_ms = (time.monotonic() - began) * 1000
    ((schema_version, projects, size_bytes, is_copy),) = await fetch(FACTS)
    return PostgresStatus(
        place=place,
        server_version=version.split()[0],
        latency_ms=latency_ms,
        pool_size=pool_size,
        size_bytes=size_bytes,
        schema_version=schema_version,
        projects=projects,
        is_copy=is_copy,
    )
