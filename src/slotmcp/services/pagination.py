"""Pagination of slots: a first page spread over the range, and a cursor to the pages after it."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, pairwise, zip_longest
from operator import itemgetter
from typing import Final, Self, TypeVar

import orjson

from slotmcp.domain.errors import InvalidArgument
from slotmcp.domain.interval import MINUTES_PER_DAY, Minute
from slotmcp.domain.moment import PartOfDay
from slotmcp.domain.recurrence import PartsOfDay
from slotmcp.services.day_parts import dates_between, day_boundaries, spans_of_day

T = TypeVar("T")
_MAX_CURSOR_MINUTES: Final = 200 * 366 * MINUTES_PER_DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """Position after a page: the range of the search, and the starts offered so far.

    The first page is spread over the range. The pages after it list the other starts in order. A booking between
    two pages causes neither gaps nor repetitions.
    """

    query: str
    """Fingerprint of the query that the cursor belongs to."""
    from_: Minute
    to: Minute
    after: Minute
    """Last start listed by the pages after the first; before `from_` if there was none."""
    offered: tuple[Minute, ...]
    """Starts of the first page."""

    def encode(self) -> str:
        """Return an opaque string for the wire."""
        offsets = [start - self.from_ for start in (self.to, self.after, *self.offered)]
        return urlsafe_b64encode(orjson.dumps([self.query, self.from_, *offsets])).decode()

    @classmethod
    def decode(cls, text: str, query: str) -> Self:
        """Parse the result of `encode`.

        Raises:
            InvalidArgument: it is malformed, or belongs to another query.
        """
        try:
            encoded_query, from_, *offsets = orjson.loads(urlsafe_b64decode(text.encode()))
            to, after, *offered = (_checked(from_) + _checked(offset, minimum=-1) for offset in offsets)
        except (ValueError, TypeError):
            raise InvalidArgument("cursor", "pass the nextCursor of the previous response unchanged.") from None
        if encoded_query != query:
            raise InvalidArgument("cursor", "it belongs to another query; repeat that query, or omit the cursor.")
        return cls(query=query, from_=from_, to=to, after=after, offered=tuple(offered))


def _checked(number: object, *, minimum: int = 0) -> Minute:
    """Return a number of minutes from a cursor, which a client may have edited.

    Raises:
        ValueError: it is not a plausible number of minutes.
    """
    if type(number) is not int or not minimum <= number <= _MAX_CURSOR_MINUTES:
        raise ValueError
    return number


def spread(starts: Sequence[Minute], limit: int, zone_key: str, parts: PartsOfDay) -> list[Minute]:
    """Select at most `limit` starts in order of time, from different days and parts of the day."""
    if len(starts) <= limit:
        return list(starts)
    return list(_spread(tuple(starts), limit, zone_key, parts))


@lru_cache(maxsize=64)
def _spread(starts: tuple[Minute, ...], limit: int, zone_key: str, parts: PartsOfDay) -> tuple[Minute, ...]:
    """Take dates in turn, the parts of each date in turn, and distant starts within a part.

    Cached, because a booking seldom changes the starts.
    """
    turns = _round_robin(_round_robin(_far_apart(part) for part in day) for day in _days(starts, zone_key, parts))
    return tuple(sorted(islice(turns, limit)))


def _days(starts: Sequence[Minute], zone_key: str, parts: PartsOfDay) -> Iterator[list[Sequence[Minute]]]:
    """Yield the starts of each date, grouped by part of the day; night comes last."""
    nights = [part is PartOfDay.NIGHT for part, _ in spans_of_day(parts)]
    for day in dates_between(zone_key, starts[0], starts[-1]):
        cuts = [bisect_left(starts, minute) for minute in day_boundaries(zone_key, day, parts)]
        groups = [starts[first:end] for first, end in pairwise(cuts)]
        yield [group for _, group in sorted(zip(nights, groups, strict=True), key=itemgetter(0))]


def _far_apart(items: Sequence[T]) -> Iterator[T]:
    """Yield all items: the first, the middle one, those halfway between, and so on."""
    return (items[index] for index in _bit_reversed(max(len(items) - 1, 1).bit_length()) if index < len(items))


@lru_cache(maxsize=16)
def _bit_reversed(width: int) -> tuple[int, ...]:
    """Return the numbers of `width` bits in bit-reversed order."""
    return tuple(int(format(number, f"0{width}b")[::-1], 2) for number in range(1 << width))


def _round_robin(queues: Iterable[Iterable[T]]) -> Iterator[T]:
    """Yield the first item of each queue, then the second of each, and so on."""
    return (item for turn in zip_longest(*queues) for item in turn if item is not None)
