"""Stores as tests open them: by back end, several on one database."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from slotmcp.ports import Store


class OpenStore(Protocol):
    """Opens one more store on the same database, as another process would."""

    def __call__(self, *, timeout_ms: int = 20_000) -> AbstractAsyncContextManager[Store]: ...
