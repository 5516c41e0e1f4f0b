"""Delta debugging of a history: the fewest operations that still show a violation."""

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def shortest(items: Sequence[T], is_violated: Callable[[Sequence[T]], bool]) -> list[T]:
    """Return a part of the items that is violated, and of which no single item can be left out.

    A. Zeller and R. Hildebrandt, "Simplifying and isolating failure-inducing input" (2002).
    """
    kept, size = list(items), max(len(items) // 2, 1)
    while True:
        position = 0
        while position < len(kept):
            fewer = kept[:position] + kept[position + size :]
            if is_violated(fewer):
                kept = fewer
            else:
                position += size
        if size == 1:
            return kept if len(kept) == len(items) else shortest(kept, is_violated)
        size = max(size // 2, 1)
