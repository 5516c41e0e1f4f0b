"""The newest book of each project that this store gave: what the next one is read from."""

import threading
from collections.abc import Iterable

from slotmcp.domain.book import Book


class LatestBooks:
    """Committed books only. Shared by the reading and the writing thread."""

    def __init__(self) -> None:
        self._books: dict[str, Book] = {}
        self._lock = threading.Lock()

    def get(self, project_id: str) -> Book | None:
        """The newest, if any was given."""
        return self._books.get(project_id)

    def offer(self, books: Iterable[Book]) -> None:
        """Keep these books, where none is newer."""
        with self._lock:
            for book in books:
                kept = self._books.get(book.project.id)
                if kept is None or kept.revision <= book.revision:
                    self._books[book.project.id] = book
