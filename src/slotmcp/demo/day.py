"""`slotmcp demo --dashboard`: callers, day in, day out, and a dashboard on which to watch them."""

import asyncio
from itertools import count
from pathlib import Path
from typing import Final

from slotmcp.demo.callers import Callers, Pause, Tally
from slotmcp.demo.paper import Paper
from slotmcp.demo.switchboard import Switchboard, open_switchboard

_FIRST_CALLS: Final = 60
"""Made without a pause, so that there is something to see in every panel."""
_CALLS: Final = 12
_AT_ONCE: Final = 3
_HURRY: Final = 0.005


async def watch(folder: Path, paper: Paper, port: int) -> None:
    """Open the business in an empty folder, say where to look, and let it be called until this is cancelled.

    Raises:
        InvalidArgument: the port cannot be listened on.
    """
    async with open_switchboard(folder, port) as board:
        await paper.end(_where_to_look(board))
        await paper.scene("Somebody calls, and somebody else, and so on. Ctrl-C ends it, and nothing is left behind.")
        calling = asyncio.create_task(_let_be_called(board, paper))
        try:
            await asyncio.wait({calling})
            calling.result()
        finally:
            calling.cancel()
            # A client that is broken off in the middle may complain of it: nobody's concern any more.
            await asyncio.gather(calling, return_exceptions=True)


async def _let_be_called(board: Switchboard, paper: Paper) -> None:
    total = Tally()
    for day in count():
        pause, calls = (_in_a_hurry, _FIRST_CALLS) if day == 0 else (asyncio.sleep, _CALLS)
        total.add(await _called(board, day, pause, calls))
        await paper.tool(_told(total))


async def _called(board: Switchboard, day: int, pause: Pause, calls: int) -> Tally:
    callers = Callers(board.line, seed=day, pause=pause)
    await callers.call(calls, at_once=_AT_ONCE)
    return callers.tally


async def _in_a_hurry(seconds: float) -> None:
    await asyncio.sleep(seconds * _HURRY)


def _where_to_look(board: Switchboard) -> str:
    return f"Dashboard: {board.url}/dashboard\nKey:       {board.keys.operator}"


def _told(tally: Tally) -> str:
    return (
        f"{tally.asked} callers: {tally.offered} were offered a time, {tally.held} held one, {tally.booked} booked, "
        f"{tally.moved} moved, {tally.cancelled} cancelled, {tally.refused} heard a no"
    )
