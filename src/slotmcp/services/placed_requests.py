"""Fields of a request for the place of a job."""

from dataclasses import dataclass, field

from slotmcp.domain.catalog import Location


@dataclass(frozen=True, kw_only=True)  # without slots, so that a class can have another base with slots
class PlacedRequest:
    """Request for a job at a place."""

    location: Location | None = None
    """Location of the job."""
    postal_code: str = field(default="", repr=False)
    """Normalized postal code of the job."""
    derived_location: Location | None = field(default=None, repr=False)
    """Location that follows from the postal code or the address. It does not identify the request."""

    @property
    def place(self) -> Location | None:
        """The location of the job: the given one, or else the derived one."""
        return self.location or self.derived_location
