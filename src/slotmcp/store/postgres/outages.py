"""Errors of PostgreSQL and of its driver, and their translation for the caller."""

import socket
from typing import Final

import asyncpg
from sqlalchemy import exc

from slotmcp.domain.errors import DatabaseUnusable, SlotmcpError, Unavailable
from slotmcp.store.postgres.address import Address

RETRY_AFTER_BUSY_MS: Final = 250
RETRY_AFTER_OUTAGE_MS: Final = 1_000

_BUSY: Final = (
    asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.InFailedSQLTransactionError,
    asyncpg.InvalidCachedStatementError,  # another program changed the schema
    asyncpg.TooManyConnectionsError,
    exc.TimeoutError,
)
_SLOW: Final = (asyncpg.QueryCanceledError, asyncpg.IdleInTransactionSessionTimeoutError, TimeoutError)
_FULL: Final = (asyncpg.InsufficientResourcesError,)
_READ_ONLY: Final = (asyncpg.ReadOnlySQLTransactionError,)
_UNREACHABLE: Final = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.PostgresSystemError,
    *_READ_ONLY,  # after a failover, another connection leads to the new server
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.InternalClientError,  # a connection that is closed during a query
)
TRANSACTION_MODE: Final = (
    "its pooler gives each transaction another connection, like PgBouncer in transaction mode; set "
    "SLOTMCP_DATABASE_STATEMENT_CACHE=off, or use the session mode"
)
READ_ONLY: Final = (
    "the database is read-only; behind a pooler like PgBouncer in transaction mode, which mixes the connections of "
    "readers and writers, set SLOTMCP_DATABASE_STATEMENT_CACHE=off"
)
_REFUSED: Final = {
    asyncpg.InvalidSQLStatementNameError: TRANSACTION_MODE,
    asyncpg.DuplicatePreparedStatementError: TRANSACTION_MODE,
    asyncpg.InvalidPasswordError: "the password is wrong, or there is none",
    asyncpg.InvalidAuthorizationSpecificationError: "this user is not allowed to connect",
    asyncpg.InvalidCatalogNameError: "there is no such database; create it first",
    asyncpg.InsufficientPrivilegeError: "this user does not have the required privileges",
    asyncpg.ClientConfigurationError: "its URL is invalid",
}

NO_ROOT_CERTIFICATE: Final = (
    "its sslmode verifies the server, and no root certificate was found; add sslrootcert=FILE to the URL, such as "
    "sslrootcert=/etc/ssl/certs/ca-certificates.crt, or create ~/.postgresql/root.crt"
)

FAULTS: Final[tuple[type[Exception], ...]] = (*_BUSY, *_SLOW, *_FULL, *_UNREACHABLE, *_REFUSED)
"""Errors of the database or the connection, rather than of the statement."""


class Fault(Exception):  # noqa: N818  no caller sees it
    """Failure of the database or of the connection, with the error as its cause. Units of work do not catch it."""

    @property
    def is_connection_lost(self) -> bool:
        """Return whether a connection broke or could not be made, so that another one may work."""
        return isinstance(self.__cause__, (*_UNREACHABLE, asyncpg.InterfaceError))

    @property
    def is_outcome_unknown(self) -> bool:
        """Return whether the server may have executed the statement, or the commit, although no response arrived."""
        error = self.__cause__
        return isinstance(error, TimeoutError) or (self.is_connection_lost and not isinstance(error, _READ_ONLY))

    @property
    def is_lock_timeout(self) -> bool:
        """Return whether another writer had the lock for too long."""
        return isinstance(self.__cause__, asyncpg.LockNotAvailableError)


FAILURES: Final[tuple[type[Exception], ...]] = (Fault, *FAULTS)
"""Faults, whether they were translated or not."""


def driver_error(error: BaseException) -> BaseException:
    """Return the driver's error if SQLAlchemy has wrapped it."""
    while error.__cause__ and not isinstance(error, FAULTS):
        error = error.__cause__
    return error


def error_for_caller(fault: BaseException, address: Address) -> SlotmcpError:
    """Return the error for the caller, from a Fault or one of the FAULTS. Nothing was written."""
    error = _cause_of(fault)
    for kind, reason in _REFUSED.items():
        if isinstance(error, kind):
            problem = NO_ROOT_CERTIFICATE if _lacks_root_certificate(error, address) else reason
            return DatabaseUnusable(f"The database {address.shown} cannot be used: {problem}.")
    if isinstance(error, _BUSY):
        return Unavailable(
            "Nothing was done: the database is busy. Try again in a moment.", retry_after_ms=RETRY_AFTER_BUSY_MS
        )
    return Unavailable(f"Nothing was done: {_describe(error)}. Try again soon.", retry_after_ms=RETRY_AFTER_OUTAGE_MS)


def _cause_of(fault: BaseException) -> BaseException:
    """Return the error behind a Fault, or the error itself."""
    return fault.__cause__ or fault if isinstance(fault, Fault) else fault


def _lacks_root_certificate(error: BaseException, address: Address) -> bool:
    """Return whether a connection failed because `sslmode` needs a certificate that the URL does not name."""
    is_verified = "sslmode=verify-" in address.url and "sslrootcert=" not in address.url
    return isinstance(error, asyncpg.ClientConfigurationError) and is_verified


def error_for_operator(fault: BaseException, address: Address) -> SlotmcpError:
    """Return the error for an operator, from a Fault or one of the FAULTS: it names the server."""
    error = _cause_of(fault)
    if isinstance(error, (*_SLOW, *_UNREACHABLE)):
        return Unavailable(
            f"The database {address.shown} cannot be reached at {address.server}: {_connection_problem(error)}.",
            retry_after_ms=RETRY_AFTER_OUTAGE_MS,
        )
    return error_for_caller(error, address)


def _connection_problem(error: BaseException) -> str:
    """Return the reason of a failed connection as a clause."""
    if isinstance(error, _SLOW):
        return "it does not respond in time"
    if isinstance(error, socket.gaierror):
        return "this host name is unknown"
    if isinstance(error, ConnectionRefusedError):
        return "no server listens there"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return str(error).rstrip(".")


def unknown_outcome() -> Unavailable:
    """Return the error for a commit whose confirmation was lost."""
    return Unavailable(
        "The connection to the database was lost before the commit was confirmed. Try again soon with the same "
        "idempotency key: the request is executed only once.",
        retry_after_ms=RETRY_AFTER_OUTAGE_MS,
    )


def describe_write_fault(fault: Fault) -> str:
    """Return why a test write failed, as a clause; "" if the database was only busy."""
    error = fault.__cause__
    refusals = [reason for kind, reason in _REFUSED.items() if isinstance(error, kind)]
    return "" if isinstance(error, _BUSY) else (refusals or [_describe(error)])[0]


def _describe(error: BaseException | None) -> str:
    if isinstance(error, _SLOW):
        return "the database does not respond in time"
    if isinstance(error, _FULL):
        return "the database's server has no space or memory left"
    if isinstance(error, _READ_ONLY):
        return READ_ONLY
    return "the database cannot be reached"
