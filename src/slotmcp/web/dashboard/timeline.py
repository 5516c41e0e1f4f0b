"""Time grid of the board: columns of five minutes, and a CSS class for each position.

The content security policy allows no style attributes, so positions are classes.
"""

from dataclasses import dataclass
from typing import Final

from slotmcp.domain.interval import Interval, Minute, overlaps

COLUMN_MINUTES: Final = 5
_MAX_COLUMNS: Final = 25 * 60 // COLUMN_MINUTES
"""Columns of the longest day, which has 25 hours."""


@dataclass(frozen=True, slots=True)
class TimeGrid:
    """Visible part of a day, in whole hours after its midnight."""

    shown: Interval

    @classmethod
    def around(cls, day: Interval, spans: list[Interval]) -> "TimeGrid":
        """Show as much of a day as the spans need; without spans, 8:00 to 18:00."""
        midnight, end = day
        first = min((start for start, _ in spans), default=midnight + 8 * 60)
        last = max((end for _, end in spans), default=midnight + 18 * 60)
        first_hour = (max(first, midnight) - midnight) // 60
        last_hour = -(-(min(last, end) - midnight) // 60)
        return cls((midnight + first_hour * 60, midnight + max(last_hour, first_hour + 1) * 60))

    @property
    def columns(self) -> int:
        """Number of columns."""
        return (self.shown[1] - self.shown[0]) // COLUMN_MINUTES

    def hours(self) -> range:
        """Return the minutes at which hours begin."""
        return range(self.shown[0], self.shown[1], 60)

    def shows(self, minute: Minute) -> bool:
        """Check whether a minute is visible."""
        return self.shown[0] <= minute < self.shown[1]

    def overlaps(self, span: Interval) -> bool:
        """Check whether a part of a span is visible."""
        return overlaps(span, self.shown)

    def place(self, span: Interval) -> str:
        """Return the classes of a span, cut to the visible part and at least one column wide."""
        start, end = max(span[0], self.shown[0]), min(span[1], self.shown[1])
        first = (start - self.shown[0]) // COLUMN_MINUTES
        width = max(1, -(-(end - self.shown[0]) // COLUMN_MINUTES) - first)
        return f"c{first + 1} w{width}"


def stylesheet() -> str:
    """Return the rules of all position classes."""
    starts = (f".c{number}{{grid-column-start:{number}}}" for number in range(1, _MAX_COLUMNS + 1))
    widths = (f".w{number}{{grid-column-end:span {number}}}" for number in range(1, _MAX_COLUMNS + 1))
    return "\n".join(["/* Positions on the time grid, in columns of five minutes. */", *starts, *widths, ""])
