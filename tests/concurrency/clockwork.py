"""slotmcp in a process whose clock can be wrong: two minutes ahead after SIGUSR1, correct again after SIGUSR2."""

import runpy
import signal
import time
from types import FrameType
from typing import Final

JUMP_SECONDS: Final = 120
AHEAD: Final = signal.SIGUSR1
RIGHT: Final = signal.SIGUSR2


class Clock:
    """Shifted time of day of this process. Its monotonic clock is unchanged."""

    def __init__(self) -> None:
        self._time = time.time
        self._time_ns = time.time_ns
        self._ahead = 0

    def time(self) -> float:
        return self._time() + self._ahead

    def time_ns(self) -> int:
        return self._time_ns() + self._ahead * 1_000_000_000

    def jump(self, number: int, _frame: FrameType | None) -> None:
        """Shift the clock, or correct it."""
        self._ahead = JUMP_SECONDS if number == AHEAD else 0


def main() -> None:
    """Run slotmcp's command line."""
    clock = Clock()
    for number in (AHEAD, RIGHT):
        signal.signal(number, clock.jump)
    time.time, time.time_ns = clock.time, clock.time_ns
    runpy.run_module("slotmcp", run_name="__main__")


if __name__ == "__main__":
    main()
