"""Limits of waitlist entries: of a customer and a project, and of what one credential adds in an hour."""

from collections.abc import Sequence
from typing import Final

from slotmcp.domain.access import LOCAL
from slotmcp.domain.errors import WaitLimit
from slotmcp.domain.interval import MS_PER_MINUTE
from slotmcp.domain.waitlist import WaitlistEntry
from slotmcp.ports import AttemptLimit, AttemptLimiter

MAX_OPEN_PER_CUSTOMER: Final = 10
MAX_OPEN_PER_PROJECT: Final = 500
MAX_REFERENCES: Final = 10
"""Hashes of a customer's earlier and current contacts that an entry keeps."""
NEW_PER_CREDENTIAL: Final = AttemptLimit(count=50, period_ms=60 * MS_PER_MINUTE)
_RETRY_AFTER_MS: Final = 60 * MS_PER_MINUTE
_NO_LIMIT: Final = 0


class JoinAllowance:
    """Permission of a credential to add an entry to a project's waitlist."""

    def __init__(self, attempts: AttemptLimiter, name: str, wait_ms: int) -> None:
        self._attempts = attempts
        self._name = name
        self._wait_ms = wait_ms

    @classmethod
    async def acquire(cls, attempts: AttemptLimiter, project_id: str, credential: str) -> "JoinAllowance":
        """Count a new entry of a credential."""
        if credential == LOCAL.credential:
            return cls(attempts, "", _NO_LIMIT)
        name = f"waits:{project_id}:{credential}"
        return cls(attempts, name, await attempts.acquire(name, NEW_PER_CREDENTIAL))

    def require(self) -> None:
        """Require the permission.

        Raises:
            WaitLimit: the credential added too many entries within an hour.
        """
        if self._wait_ms:
            message = f"This credential added {NEW_PER_CREDENTIAL.count} waitlist entries within an hour, the maximum."
            raise WaitLimit(message, retry_after_ms=self._wait_ms)

    async def refund(self) -> None:
        """Count no new entry, because the request added none."""
        if self._name and not self._wait_ms:
            await self._attempts.refund(self._name)


def check_room(waiting: Sequence[WaitlistEntry], wanted: WaitlistEntry) -> None:
    """Check that the customer and the project may have a further entry.

    Raises:
        WaitLimit.
    """
    if len(waiting) >= MAX_OPEN_PER_PROJECT:
        message = f"The waitlist is full: it has {MAX_OPEN_PER_PROJECT} entries."
        raise WaitLimit(message, retry_after_ms=_RETRY_AFTER_MS)
    keys = set(wanted.contact_keys)
    if sum(not keys.isdisjoint(entry.contact_keys) for entry in waiting) >= MAX_OPEN_PER_CUSTOMER:
        message = f"This customer is on the waitlist {MAX_OPEN_PER_CUSTOMER} times. Leave one with release_hold."
        raise WaitLimit(message, retry_after_ms=_RETRY_AFTER_MS)


def check_references(corrected: WaitlistEntry) -> None:
    """Check that an entry does not collect contacts without end.

    Raises:
        WaitLimit.
    """
    if len(corrected.contact_keys) > MAX_REFERENCES:
        message = "The contacts of this entry were corrected too often. Leave it with release_hold, and join again."
        raise WaitLimit(message, retry_after_ms=_RETRY_AFTER_MS)
