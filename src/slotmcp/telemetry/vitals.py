"""How the server's dependencies are."""

from slotmcp.telemetry.declared import CONNECTIONS_IN_USE, DEPENDENCY_SECONDS, DEPENDENCY_UP, VITALS_TIMESTAMP


def dependency_seen(dependency: str, *, is_up: bool, seconds: float) -> None:
    """A dependency was asked, and answered after so long, or was not waited for any longer."""
    DEPENDENCY_UP.labels(dependency).set(is_up)
    DEPENDENCY_SECONDS.labels(dependency).set(seconds)


def connections_seen(dependency: str, in_use: int) -> None:
    """So many of this process's connections to a dependency are in use."""
    CONNECTIONS_IN_USE.labels(dependency).set(in_use)


def vitals_seen(at_seconds: float) -> None:
    """All gauges are up to date, as of a time by the store's clock (seconds since the Unix epoch)."""
    VITALS_TIMESTAMP.set(at_seconds)
