"""Ports of erasure: the list of erasures outside of the database, and copies of the database."""

from collections.abc import Sequence
from typing import Protocol

from slotmcp.domain.erasure import CleanupReport, Erasure


class ErasureList(Protocol):
    """List of erasures outside of the database, from which they are applied to a database that was restored."""

    async def add(self, erasures: Sequence[Erasure]) -> None:
        """Append erasures durably.

        Raises:
            FixSetup: the list cannot be written; nothing may be erased then.
        """


class DatabaseCopies(Protocol):
    """Copies of the database that this program made."""

    async def erase(self, erasures: Sequence[Erasure]) -> CleanupReport:
        """Erase customers from every copy. Copies that cannot be changed are reported, and never raise."""
