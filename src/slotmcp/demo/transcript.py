"""Printed transcript of the demo, at reading speed on a terminal."""

import asyncio
from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

READING_SECONDS = 0.25
INDENT = 9
MIN_WIDTH = 20
STYLES = {"caller": "bold yellow", "agent": "bold green", "tool": "dim", "": "italic"}


class Transcript:
    """Console that prints lines by speaker."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, soft_wrap=False)

    async def caller(self, text: str) -> None:
        """Print a sentence of the caller."""
        await self._speak("caller", text)

    async def agent(self, text: str) -> None:
        """Print a sentence of the agent."""
        await self._speak("agent", text)

    async def tool(self, text: str) -> None:
        """Print a message on the wire, or its result."""
        self._print("tool", text)

    async def scene(self, text: str) -> None:
        """Print a description of the scene."""
        self._console.print()
        await self._speak("", text)

    async def block(self, text: str) -> None:
        """Print a block of text unchanged."""
        self._console.print()
        self._console.print(text, markup=False, soft_wrap=True)

    async def _speak(self, speaker: str, text: str) -> None:
        self._print(speaker, text)
        if self._console.is_terminal:
            await asyncio.sleep(READING_SECONDS)

    def _print(self, speaker: str, text: str) -> None:
        name = "" if speaker == "tool" else speaker
        label = Text(f"{name:>{INDENT - 2}}  ", STYLES[speaker])
        lines = self._wrap(Text(text, STYLES[speaker] if speaker in {"tool", ""} else ""))
        for number, line in enumerate(lines):
            margin = Text(" " * INDENT) if number else label
            self._console.print(Text.assemble(margin, line), soft_wrap=True)

    def _wrap(self, text: Text) -> Iterable[Text]:
        if not self._console.is_terminal:
            return [text]
        return text.wrap(self._console, max(MIN_WIDTH, self._console.width - INDENT))
