"""Round trips to PostgreSQL, counted from the messages that clients send."""

import struct
from collections import Counter
from collections.abc import Callable
from typing import Final

LENGTH: Final = struct.Struct("!I")
ANSWERED: Final = b"QS"
"""Messages whose response a client awaits: Query and Sync (https://www.postgresql.org/docs/current/protocol.html)."""
PARSE: Final = b"P"
EXECUTED: Final = b"QE"


class TripCounter:
    """Counter of the round trips and statements of all connections through a proxy."""

    def __init__(self) -> None:
        self._messages: Counter[bytes] = Counter()

    def observer(self) -> Callable[[bytes], None]:
        """Return the observer of a new connection."""
        return _Connection(self._messages).observe

    def reset(self) -> None:
        """Count from zero."""
        self._messages.clear()

    @property
    def trips(self) -> int:
        """Number of round trips. Preparing a statement counts, so calls are counted once all are prepared."""
        return sum(count for kind, count in self._messages.items() if kind in ANSWERED)

    @property
    def statements(self) -> int:
        """Number of executed statements; several commands without values in one message count once."""
        return sum(count for kind, count in self._messages.items() if kind in EXECUTED)

    @property
    def prepared(self) -> int:
        """Number of statements that were prepared."""
        return self._messages[PARSE]


class _Connection:
    """Messages of one connection. The first one has no type."""

    def __init__(self, messages: Counter[bytes]) -> None:
        self._messages = messages
        self._rest = b""
        self._has_started = False

    def observe(self, data: bytes) -> None:
        """Count the messages that are complete."""
        self._rest += data
        while end := self._end():
            self._messages[self._rest[:1] if self._has_started else b""] += 1
            self._has_started = True
            self._rest = self._rest[end:]

    def _end(self) -> int:
        """Return the length of the first message with its type, or 0 if it is not complete."""
        kind_bytes = 1 if self._has_started else 0
        if len(self._rest) < kind_bytes + LENGTH.size:
            return 0
        end = kind_bytes + int(LENGTH.unpack_from(self._rest, kind_bytes)[0])
        return end if len(self._rest) >= end else 0
