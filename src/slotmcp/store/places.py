"""Locations of postal codes that a geocoding service returned: SQL and values."""

from collections.abc import Sequence
from typing import Final

from slotmcp.domain.catalog import Location
from slotmcp.store.columns import POSTAL_CODE_LOCATIONS
from slotmcp.store.statement import Row, Statement, upsert

MAX_LOCATIONS: Final = 50_000
"""Maximum number of stored locations. The oldest are deleted first."""

# Read the location of a postal code, if it was found recently.
POSTAL_CODE_LOCATION = Statement("""
SELECT latitude, longitude FROM postal_code_locations
WHERE country = :country AND postal_code = :postal_code AND found_at_ms > :found_after_ms
""")

# Store the location of a postal code.
SAVE_POSTAL_CODE_LOCATION = Statement(f"{upsert(POSTAL_CODE_LOCATIONS)} RETURNING postal_code")

# Delete the oldest locations above the limit.
DELETE_OLDEST_LOCATIONS = Statement("""
DELETE FROM postal_code_locations WHERE found_at_ms <= (
    SELECT found_at_ms FROM postal_code_locations ORDER BY found_at_ms DESC LIMIT 1 OFFSET :max_locations
)
RETURNING postal_code
""")


def location_of_rows(rows: Sequence[Row]) -> Location | None:
    """Return the location that a row holds, if there is one."""
    return Location(*rows[0]) if rows else None
