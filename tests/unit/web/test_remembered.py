"""Who was let in a while ago is let in while nobody can be asked, and nobody else."""

import asyncio

import pytest

from slotmcp.domain.access import LOCAL, Principal
from slotmcp.domain.errors import Unavailable
from slotmcp.web import remembered
from slotmcp.web.remembered import Remembered


class Schedule:
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
    schedule = Schedule()
    known = Remembered(schedule)
    assert await known("key") is LOCAL
    assert await known("other") is None
    schedule.is_away = True
    assert await known("key") is LOCAL
    with pytest.raises(Unavailable):
        await known("other")


async def test_nobody_waits_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "ASKED_SECONDS", 0.01)
    schedule = Schedule()
    known = Remembered(schedule)
    await known("key")
    schedule.hangs = True
    assert await known("key") is LOCAL
    with pytest.raises(Unavailable):
        await known("other")


async def test_it_is_forgotten_after_a_while_and_at_once_when_it_is_revoked(monkeypatch: pytest.MonkeyPatch) -> None:
    schedule = Schedule()
    known = Remembered(schedule)
    monkeypatch.setattr(remembered, "REMEMBERED_SECONDS", -1.0)
    await known("key")
    schedule.is_away = True
    with pytest.raises(Unavailable):
        await known("key")
    monkeypatch.undo()
    schedule.is_away = False
    await known("key")
    schedule.good.clear()
    assert await known("key") is None
    schedule.is_away = True
    with pytest.raises(Unavailable):
        await known("key")
