"""A timeline without a style of its own: columns of five minutes, and a class for each place in them.

The policy allows no style attribute, and what has a place in time has to have one on the page.
"""

from dataclasses import dataclass
from typing import Final

from slotmcp.domain.interval import Interval, Minute

MINUTES: Final = 5
"""A column."""
_MOST: Final = 25 * 60 // MINUTES
"""The longest day has 25 hours."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """A part of a day, in whole hours after its midnight."""

    shown: Interval

    @classmethod
    def around(cls, day: Interval, spans: list[Interval]) -> "Timeline":
        """As much of a day as some spans need; where there are none, from eight to six."""
        midnight, end = day
        first = min((start for start, _ in spans), default=midnight + 8 * 60)
        last = max((end for _, end in spans), default=midnight + 18 * 60)
        begins = (max(first, midnight) - midnight) // 60
        ends = -(-(min(last, end) - midnight) // 60)
        return cls((midnight + begins * 60, midnight + max(ends, begins + 1) * 60))

    @property
    def columns(self) -> int:
        """How many there are."""
        return (self.shown[1] - self.shown[0]) // MINUTES

    def hours(self) -> range:
        """The minutes at which hours begin."""
        return range(self.shown[0], self.shown[1], 60)

    def has(self, minute: Minute) -> bool:
        """Whether a minute is shown."""
        return self.shown[0] <= minute < self.shown[1]

    def place(self, span: Interval) -> str:
        """The classes of a span, cut to what is shown; at least one column wide."""
        start, end = max(span[0], self.shown[0]), min(span[1], self.shown[1])
        first = (start - self.shown[0]) // MINUTES
        width = max(1, -(-(end - self.shown[0]) // MINUTES) - first)
        return f"c{first + 1} w{width}"


def stylesheet() -> str:
    """What the classes mean."""
    begins = (f".c{number}{{grid-column-start:{number}}}" for number in range(1, _MOST + 1))
    widths = (f".w{number}{{grid-column-end:span {number}}}" for number in range(1, _MOST + 1))
    return "\n".join(["/* Places on a timeline, in columns of five minutes. */", *begins, *widths, ""])
