"""Reading what lies in memory anyway, on the event loop itself: a hop to a thread costs ten times what it reads."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Final, TypeVar

from slotmcp.store.connection import connect_reader, fetch_on
from slotmcp.store.fetching import drive
from slotmcp.store.reader import SqliteReader
from slotmcp.store.reads import Question

T = TypeVar("T")

TURN_EVERY: Final = 8
"""So many looks, and the event loop gets a turn: whoever asks again and again must not keep everybody from going on."""


class RevisionProbe:
    """Asks for a few rows that every call asks for. What would have to wait, or fails, is left to a reader."""

    def __init__(self, path: Path, reader: SqliteReader) -> None:
        self._connection = connect_reader(path, timeout_ms=0)
        self._fetch = fetch_on(self._connection)
        self._reader = reader
        self._looks = 0

    async def ask(self, question: Question[T]) -> T:
        """Ask one question of one statement, whose rows were read or written a moment ago.

        Raises:
            Unavailable: the database does not answer.
        """
        self._looks += 1
        if self._looks % TURN_EVERY == 0:
            await asyncio.sleep(0)
        try:
            return drive(question(self._fetch))
        except sqlite3.DatabaseError:
            return await self._reader.ask(question)

    def close(self) -> None:
        """Close."""
        self._connection.close()
