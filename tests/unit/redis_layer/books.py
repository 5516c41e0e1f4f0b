"""A book, as it was at some revision."""

from slotmcp.domain.book import Book, Diary
from support.books import ANA, PROJECT, REPAIR, claim

SHOP = PROJECT.id


def book_at(revision: int) -> Book:
    """As many bookings as revisions."""
    claims = tuple(claim(f"b-{number}", at=60 * number) for number in range(revision))
    return Book(
        project=PROJECT,
        services={"repair": REPAIR},
        diaries={"ana": Diary(technician=ANA, claims=claims)},
        revision=revision,
    )
