"""Factory of stores on one database, for tests that run on every back end."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from slotmcp.ports import Store


class OpenStore(Protocol):
    """Opens another store on the same database, as another process would."""

    def __call__(self, *, timeout_ms: int = 20_000) -> AbstractAsyncContextManager[Store]: ...
