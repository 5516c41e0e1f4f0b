"""Guard of writes: a program of another version may have upgraded the database since this process opened it."""

import logging
from functools import cache
from typing import Final

from slotmcp.domain.errors import Unavailable
from slotmcp.store.schema import SCHEMA
from slotmcp.store.statement import Fetch, Statement

RETRY_AFTER_MS: Final = 5_000
_log: Final = logging.getLogger("slotmcp.store")

# Read the version of the schema, and let no upgrade commit before the transaction ends.
SCHEMA_IN_USE = Statement(
    "SELECT version_num FROM alembic_version", postgres="SELECT version_num FROM alembic_version FOR SHARE"
)


def check_schema(version: str) -> None:
    """Reject a write to a database whose schema this process does not know.

    Raises:
        Unavailable.
    """
    if version == SCHEMA.newest:
        return
    _log_once(version)
    raise Unavailable(
        "Nothing was done: the database was upgraded for another version of this server. Try again soon, once the "
        "server has been restarted.",
        retry_after_ms=RETRY_AFTER_MS,
    )


async def check_schema_in_use(fetch: Fetch) -> None:
    """Reject a write outside of a project's lock in the same way. Call this in the write's transaction.

    Raises:
        Unavailable.
    """
    ((version,),) = await fetch(SCHEMA_IN_USE)
    check_schema(version)


@cache
def _log_once(version: str) -> None:
    _log.error(
        "The database has schema %s, but this process writes schema %s. Writes are refused until the process is "
        "replaced by one of the database's version.",
        version,
        SCHEMA.newest,
    )
