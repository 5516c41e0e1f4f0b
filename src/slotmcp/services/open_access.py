"""Access without a credential: always, never, or until the first key exists."""

from typing import Final

from slotmcp.services.access import AccessService
from slotmcp.telemetry.logs import RepeatedWarning, log_warning

FIRST_KEY: Final = (
    "An access key exists now, so every client needs a credential from now on. Open streams of clients without one end."
)
FORWARDED: Final = (
    "A proxy or a tunnel forwarded this request, and this server requires no credential. "
    "Create a key with `slotmcp keys create`, or start it with --no-auth if the proxy authenticates clients."
)


class OpenAccess:
    """State of one server: whether calls need a credential. Access that has closed stays closed."""

    def __init__(self, access: AccessService, *, is_open: bool, until_first_key: bool = False) -> None:
        """Set the state at the start.

        Args:
            access: the keys.
            is_open: True if calls need no credential.
            until_first_key: True if open access closes as soon as any process creates a key.
        """
        self._access = access
        self._is_open = is_open
        self._until_first_key = until_first_key
        self._forwarded = RepeatedWarning("forwarded_request_refused")

    @property
    def is_open(self) -> bool:
        """True if calls need no credential."""
        return self._is_open

    @property
    def may_close(self) -> bool:
        """True if access is open, and closes with the first key."""
        return self._is_open and self._until_first_key

    def log_forwarded(self) -> None:
        """Log that a request was refused because a proxy or a tunnel forwarded it."""
        self._forwarded.log(reason=FORWARDED)

    async def close_with_first_key(self) -> bool:
        """Close open access if a key exists; return whether it closed now.

        Raises:
            Unavailable.
        """
        if not self.may_close or not await self._access.has_keys():
            return False
        self._is_open = False
        log_warning("authentication_required", reason=FIRST_KEY)
        return True
