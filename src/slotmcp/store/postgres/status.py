"""State of a PostgreSQL database, for its operator."""

import time
from dataclasses import dataclass

from slotmcp.domain.units import BYTES_PER_MB
from slotmcp.store.postgres.outages import TRANSACTION_MODE
from slotmcp.store.postgres.statements import DATABASE_FACTS, SERVER_VERSION
from slotmcp.store.statement import Fetch


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresStatus:
    """State of a PostgreSQL database, as `slotmcp doctor` shows it."""

    place: str
    """URL without the password."""
    server_version: str
    latency_ms: float
    """Round-trip time of one query over an open connection."""
    pool_size: int
    size_bytes: int
    schema_version: str
    projects: int
    is_copy: bool
    """True if the server follows another one and is read-only."""
    loses_settings: bool
    """True if a pooler gives each transaction another connection, and the settings do not say so."""

    @property
    def problem(self) -> str:
        """Clause that names a problem and its remedy; empty if there is none."""
        if self.loses_settings:
            return f"The database {self.place} cannot be used: {TRANSACTION_MODE}"
        return f"{self.place} is read-only; use the server that it follows" if self.is_copy else ""

    @property
    def description(self) -> str:
        """URL without the password, size, versions and latency."""
        return (
            f"{self.place}, {self.size_bytes / BYTES_PER_MB:.1f} MB, schema {self.schema_version}, PostgreSQL "
            f"{self.server_version}, answers in {self.latency_ms:.1f} ms, up to {self.pool_size} connections"
        )


async def read_status(fetch: Fetch, *, place: str, pool_size: int, loses_settings: bool) -> PostgresStatus:
    """Return the state of the database, and measure the round-trip time of one query."""
    ((version,),) = await fetch(SERVER_VERSION)
    began = time.monotonic()
    await fetch(SERVER_VERSION)
    latency_ms = (time.monotonic() - began) * 1000
    ((schema_version, projects, size_bytes, is_copy),) = await fetch(DATABASE_FACTS)
    return PostgresStatus(
        place=place,
        server_version=version.split()[0],
        latency_ms=latency_ms,
        pool_size=pool_size,
        size_bytes=size_bytes,
        schema_version=schema_version,
        projects=projects,
        is_copy=is_copy,
        loses_settings=loses_settings,
    )
