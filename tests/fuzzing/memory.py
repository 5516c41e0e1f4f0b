"""Values from earlier responses, for use in later calls."""

from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

MAX_VALUES: Final = 40
KINDS: Final = {
    "start": "start",
    "holdToken": "holdToken",
    "bookingId": "bookingId",
    "nextCursor": "cursor",
    "resource": "uri",
}
"""Keys of remembered values, and the kinds they are remembered as."""


@dataclass(frozen=True, slots=True)
class Placeholder:
    """Placeholder for a remembered value, counted from the latest."""

    kind: str
    back: int


class Memory:
    """Latest values of each kind."""

    def __init__(self) -> None:
        self._values: dict[str, deque[object]] = defaultdict(lambda: deque(maxlen=MAX_VALUES))

    def learn(self, answer: object) -> None:
        """Remember the values in a response, at any depth."""
        for key, value in _pairs(answer):
            if kind := KINDS.get(key):
                self._values[kind].appendleft(value)

    def fill(self, message: Any) -> Any:  # noqa: ANN401  any JSON
        """Return a message with its placeholders filled."""
        if isinstance(message, Placeholder):
            values = self._values[message.kind]
            return values[message.back % len(values)] if values else ""
        if isinstance(message, dict):
            return {key: self.fill(value) for key, value in message.items()}
        return [self.fill(item) for item in message] if isinstance(message, list) else message


def _pairs(answer: object) -> Iterator[tuple[str, object]]:
    if isinstance(answer, dict):
        for key, value in answer.items():
            if isinstance(value, str):
                yield key, value
            else:
                yield from _pairs(value)
    elif isinstance(answer, list):
        for item in answer:
            yield from _pairs(item)
