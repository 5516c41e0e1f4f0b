"""What PostgreSQL's errors, and those of the way there, mean for whoever waits."""

from typing import Final

import asyncpg
from sqlalchemy import exc

from slotmcp.domain.errors import DatabaseUnusable, SlotmcpError, Unavailable
from slotmcp.store.postgres.address import Address

RETRY_AFTER_BUSY_MS: Final = 250
RETRY_AFTER_AWAY_MS: Final = 1_000

_BUSY: Final = (
    asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.InFailedSQLTransactionError,
    asyncpg.TooManyConnectionsError,
    exc.TimeoutError,
)
_SLOW: Final = (asyncpg.QueryCanceledError, asyncpg.IdleInTransactionSessionTimeoutError, TimeoutError)
_FULL: Final = (asyncpg.DiskFullError, asyncpg.OutOfMemoryError)
_AWAY: Final = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.InternalClientError,  # of a connection that hears of its end while it is asked
)
_REFUSED: Final = {
    asyncpg.InvalidPasswordError: "the password is wrong, or there is none",
    asyncpg.InvalidAuthorizationSpecificationError: "this user may not connect",
    asyncpg.InvalidCatalogNameError: "there is no such database; create it first",
    asyncpg.InsufficientPrivilegeError: "this user may not do that there",
    asyncpg.ClientConfigurationError: "its URL is not understood",
}

FAULTS: Final[tuple[type[Exception], ...]] = (*_BUSY, *_SLOW, *_FULL, *_AWAY, *_REFUSED)
"""What is raised where the database failed, or the way there, and not what it was asked."""


class Fault(Exception):  # noqa: N818  told to nobody
    """The database failed, or the way there. Its cause says how. A unit of work lets it pass."""

    @property
    def is_of_the_way(self) -> bool:
        """A connection broke, or could not be made: another one may do."""
        return isinstance(self.__cause__, (*_AWAY, asyncpg.InterfaceError))

    @property
    def is_silent(self) -> bool:
        """The server said nothing in time; it may have done what it was asked."""
        return isinstance(self.__cause__, TimeoutError)


def drivers_own(error: BaseException) -> BaseException:
    """The driver's error, where SQLAlchemy has wrapped it."""
    while error.__cause__ and not isinstance(error, FAULTS):
        error = error.__cause__
    return error


def told(fault: BaseException, address: Address) -> SlotmcpError:
    """The error for whoever asked, of a Fault or of one of the FAULTS; nothing of a write was kept."""
    error = fault.__cause__ if isinstance(fault, Fault) else fault
    for kind, reason in _REFUSED.items():
        if isinstance(error, kind):
            return DatabaseUnusable(f"The database {address.shown} cannot be used: {reason}.")
    if isinstance(error, _BUSY):
        return Unavailable(
            "Nothing was done: the database is busy. Try again in a moment.", retry_after_ms=RETRY_AFTER_BUSY_MS
        )
    return Unavailable(f"Nothing was done: {_reason(error)}. Try again soon.", retry_after_ms=RETRY_AFTER_AWAY_MS)


def unknown_end() -> Unavailable:
    """The error where the answer to a commit was lost."""
    return Unavailable(
        "The database went away before it said whether this was done. Try again soon with the same idempotency key: "
        "it is done once.",
        retry_after_ms=RETRY_AFTER_AWAY_MS,
    )


def _reason(error: BaseException | None) -> str:
    if isinstance(error, _SLOW):
        return "the database does not answer in time"
    if isinstance(error, _FULL):
        return "the database has no room left"
    return "the database is away"
