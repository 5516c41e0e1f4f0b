"""What the demo prints: a conversation, at the pace of a reader where there is one."""

import asyncio

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

READING_SECONDS = 0.7
INDENT = 9
STYLES = {"caller": "bold yellow", "agent": "bold green", "tool": "dim", "": "italic"}


class Paper:
    """A page that fills line by line."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, soft_wrap=False)

    async def caller(self, words: str) -> None:
        """What the person on the phone says."""
        await self._line("caller", words)

    async def agent(self, words: str) -> None:
        """What the agent says to them."""
        await self._line("agent", words)

    async def tool(self, words: str) -> None:
        """What goes over the wire."""
        self._put("tool", words)

    async def scene(self, words: str) -> None:
        """What happens around the call."""
        self._console.print()
        await self._line("", words)

    async def end(self, words: str) -> None:
        """What to do next, as it is."""
        self._console.print()
        self._console.print(words, markup=False, soft_wrap=True)

    async def _line(self, who: str, words: str) -> None:
        self._put(who, words)
        if self._console.is_terminal:
            await asyncio.sleep(READING_SECONDS)

    def _put(self, who: str, words: str) -> None:
        name = "" if who == "tool" else who
        first = Text(f"{name:>{INDENT - 2}}  ", STYLES[who])
        body = Text(words, "dim" if who == "tool" else "")
        if not self._console.is_terminal:
            self._console.print(first + body, soft_wrap=True)
            return
        wrapped = body.wrap(self._console, max(20, self._console.width - INDENT))
        for number, line in enumerate(wrapped):
            self._console.print(first + line if not number else Padding(line, (0, 0, 0, INDENT)))
