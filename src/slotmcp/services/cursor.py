"""A cursor: where a listing of slots goes on, so that it neither skips nor repeats when bookings happen in between."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Self

import orjson

from slotmcp.domain.errors import InvalidArgument
from slotmcp.domain.interval import MINUTES_PER_DAY, Minute

_MOST = 200 * 366 * MINUTES_PER_DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """The range of the first page, and what was offered of it.

    The first page is spread over the range; those after it go through the range in order of time and leave
    out what the first one had.
    """

    query: str
    """A fingerprint of what was asked; a cursor is good for that alone."""
    from_: Minute
    to: Minute
    after: Minute
    """The pages after the first have reached this start."""
    offered: tuple[Minute, ...]
    """The starts of the first page."""

    def encode(self) -> str:
        """An opaque string for the wire."""
        ago = [start - self.from_ for start in (self.to, self.after, *self.offered)]
        return urlsafe_b64encode(orjson.dumps([self.query, self.from_, *ago])).decode()

    @classmethod
    def decode(cls, text: str, query: str) -> Self:
        """What `encode` gave.

        Raises:
            InvalidArgument: it was not made here, or for another query.
        """
        try:
            made_for, from_, *ago = orjson.loads(urlsafe_b64decode(text.encode()))
            to, after, *offered = (_minute(from_) + _minute(distance, least=-1) for distance in ago)
        except (ValueError, TypeError):
            raise InvalidArgument("cursor", "give the nextCursor of the answer before, unchanged.") from None
        if made_for != query:
            raise InvalidArgument("cursor", "it belongs to another question; repeat that one, or leave the cursor out.")
        return cls(query=query, from_=from_, to=to, after=after, offered=tuple(offered))


def _minute(number: object, *, least: int = 0) -> Minute:
    """A cursor is no secret: whoever changes one gets an error, not a number that no calendar has."""
    if type(number) is not int or not least <= number <= _MOST:
        raise ValueError
    return number
