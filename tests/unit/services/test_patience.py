"""Nobody waits for long, and what was asked is neither asked twice nor let go of in the middle."""

import asyncio

import pytest

from slotmcp.services.patience import Patience


class Slow:
    """Answers when it is told to."""

    def __init__(self) -> None:
        self.asked = 0
        self.may_answer = asyncio.Event()

    async def __call__(self) -> str:
        self.asked += 1
        await self.may_answer.wait()
        return f"answer {self.asked}"


async def test_who_has_not_answered_is_not_asked_again_and_answers_in_the_end() -> None:
    patience, slow = Patience[str](0.01), Slow()
    for _ in range(3):
        with pytest.raises(TimeoutError):
            await patience.ask("slow", slow)
    slow.may_answer.set()
    assert await patience.ask("slow", slow) == "answer 1"
    assert await patience.ask("slow", slow) == "answer 2"


async def test_what_goes_wrong_is_raised() -> None:
    async def fails() -> str:
        raise LookupError

    with pytest.raises(LookupError):
        await Patience[str](1).ask("fails", fails)


async def test_what_is_left_is_let_go_of() -> None:
    patience, slow = Patience[str](0.01), Slow()
    with pytest.raises(TimeoutError):
        await patience.ask("slow", slow)
    await patience.settle()
    slow.may_answer.set()
    assert await patience.ask("slow", slow) == "answer 2"
