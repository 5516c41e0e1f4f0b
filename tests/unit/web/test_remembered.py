"""Who was let in a while ago is let in while nobody can be asked, and nobody else."""

import asyncio

import pytest

from slotmcp.domain.access import LOCAL, Principal
from slotmcp.domain.errors import Unavailable
from slotmcp.web import remembered
from slotmcp.web.remembered import Remembered


class Book:
    """Knows one token, as long as it can be asked."""

    def __init__(self) -> None:
        self.is_away = False
        self.hangs = False
        self.good = {"key"}

    async def __call__(self, token: str) -> Principal | None:
        if self.hangs:
            await asyncio.Event().wait()
        if self.is_away:
            raise Unavailable("away", retry_after_ms=1)
        return LOCAL if token in self.good else None


async def test_who_was_let_in_is_let_in_while_nobody_can_be_asked() -> None:
    book = Book()
    known = Remembered(book)
    assert await known("key") is LOCAL
    assert await known("other") is None
    book.is_away = True
    assert await known("key") is LOCAL
    with pytest.raises(Unavailable):
        await known("other")


async def test_nobody_waits_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "ASKED_SECONDS", 0.01)
    book = Book()
    known = Remembered(book)
    await known("key")
    book.hangs = True
    assert await known("key") is LOCAL
    with pytest.raises(Unavailable):
        await known("other")


async def test_it_is_forgotten_after_a_while_and_at_once_when_it_is_revoked(monkeypatch: pytest.MonkeyPatch) -> None:
    book = Book()
    known = Remembered(book)
    monkeypatch.setattr(remembered, "REMEMBERED_SECONDS", -1.0)
    await known("key")
    book.is_away = True
    with pytest.raises(Unavailable):
        await known("key")
    monkeypatch.undo()
    book.is_away = False
    await known("key")
    book.good.clear()
    assert await known("key") is None
    book.is_away = True
    with pytest.raises(Unavailable):
        await known("key")
