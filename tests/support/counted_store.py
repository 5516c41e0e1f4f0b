"""A store that counts what it is asked."""

from collections import Counter
from typing import Any

from slotmcp.ports import Store


class CountedStore:
    """The real one, and how often each of its methods was called."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.asked: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  whatever the store has
        found = getattr(self._store, name)

        async def counted(*arguments: object, **named: object) -> object:
            self.asked[name] += 1
            return await found(*arguments, **named)

        return counted
