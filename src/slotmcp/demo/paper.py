"""What the demo prints: a conversation, at the pace of a reader where there is one."""

import asyncio
from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

READING_SECONDS = 0.25
INDENT = 9
LEAST_WIDTH = 20
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
        lines = self._wrapped(Text(words, STYLES[who] if who in {"tool", ""} else ""))
        for number, line in enumerate(lines):
            margin = Text(" " * INDENT) if number else first
            self._console.print(Text.assemble(margin, line), soft_wrap=True)

    def _wrapped(self, words: Text) -> Iterable[Text]:
        if not self._console.is_terminal:
            return [words]
        return words.wrap(self._console, max(LEAST_WIDTH, self._console.width - INDENT))
