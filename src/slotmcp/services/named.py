"""What the ids in a claim stand for, also where the catalog no longer has them."""

from slotmcp.domain.book import Book
from slotmcp.domain.catalog import ServiceType, Technician
from slotmcp.domain.claim import Claim


def service_of(book: Book, claim: Claim) -> ServiceType:
    """The claim's service; one that left the catalog since is known by its id alone."""
    gone = ServiceType(id=claim.service_id, name=claim.service_id, duration_minutes=claim.end - claim.start)
    return book.services.get(claim.service_id, gone)


def technician_of(book: Book, technician_id: str) -> Technician:
    """A claim's technician; one who left the catalog since is known by the id alone."""
    diary = book.diaries.get(technician_id)
    return (
        diary.technician if diary else Technician(id=technician_id, name=technician_id, timezone=book.project.timezone)
    )
