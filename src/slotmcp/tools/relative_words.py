"""Days in words, such as "tomorrow 14:00" or "next Tuesday morning"."""

import re
from datetime import time
from typing import Final

from slotmcp.domain.moment import PartOfDay, RelativeMoment
from slotmcp.tools.weekdays import find_day

FORMS: Final = '"today", "tomorrow" or a weekday in English, as in "tomorrow 14:00" or "tuesday morning"'
_DAYS_AHEAD: Final = {"today": 0, "tomorrow": 1}
_WORDS: Final = re.compile(
    rf"""(?P<next>next\s+)?(?P<day>[a-z]+)
    (?:
        (?:\s*,\s*|\s+at\s+|\s+|(?<=[a-z])t(?=[0-9]))(?P<clock>[0-9]{{1,2}}:[0-9]{{2}})
        |(?:\s*,\s*|\s+)(?:in\s+the\s+)?(?P<part>{"|".join(PartOfDay)})
    )?""",
    re.VERBOSE,
)
_CLOCK: Final = re.compile(r"[0-9]{1,2}:[0-9]{2}")


def read_words(text: str) -> RelativeMoment | None:
    """Parse a day in words. None: the text has another form.

    Raises:
        ValueError: there is no such time of day, or the day is missing; its text says what is valid.
    """
    words = text.casefold().strip()
    if _CLOCK.fullmatch(words):
        raise ValueError(f'must have a day too, such as "today {words}" or "2026-11-23T{words:0>5}"')
    match = _WORDS.fullmatch(words)
    if match is None:
        return None
    days_ahead, weekday = _DAYS_AHEAD.get(match["day"]), find_day(match["day"])
    if weekday is None and (days_ahead is None or match["next"]):
        return None
    return RelativeMoment(
        days_ahead=days_ahead or 0,
        weekday=weekday,
        is_next=match["next"] is not None,
        clock=_read_clock(match["clock"]) if match["clock"] else None,
        part=PartOfDay(match["part"]) if match["part"] else None,
    )


def _read_clock(text: str) -> time:
    try:
        return time.fromisoformat(text.zfill(5))
    except ValueError:
        raise ValueError(f"must have a time of day from 00:00 to 23:59; there is no {text}") from None
