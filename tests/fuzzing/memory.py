"""What earlier answers said, so that later calls can be about it."""

from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

REMEMBERED: Final = 40
KINDS: Final = {
    "start": "start",
    "holdToken": "holdToken",
    "bookingId": "bookingId",
    "nextCursor": "cursor",
    "resource": "uri",
}
"""The keys of answers that are worth remembering, and what for."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Stands in a call for something that an answer said, counted from the latest."""

    kind: str
    back: int


class Memory:
    """The latest of each kind."""

    def __init__(self) -> None:
        self._seen: dict[str, deque[object]] = defaultdict(lambda: deque(maxlen=REMEMBERED))

    def learn(self, answer: object) -> None:
        """Remember what an answer says, wherever it stands in it."""
        for key, value in _pairs(answer):
            if kind := KINDS.get(key):
                self._seen[kind].appendleft(value)

    def fill(self, said: Any) -> Any:  # noqa: ANN401  any JSON
        """What is said, with what was seen in its places."""
        if isinstance(said, Seen):
            known = self._seen[said.kind]
            return known[said.back % len(known)] if known else ""
        if isinstance(said, dict):
            return {key: self.fill(value) for key, value in said.items()}
        return [self.fill(one) for one in said] if isinstance(said, list) else said


def _pairs(answer: object) -> Iterator[tuple[str, object]]:
    if isinstance(answer, dict):
        for key, value in answer.items():
            if isinstance(value, str):
                yield key, value
            else:
                yield from _pairs(value)
    elif isinstance(answer, list):
        for one in answer:
            yield from _pairs(one)
