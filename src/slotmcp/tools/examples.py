"""Example of the arguments of each tool, for descriptions of the interface."""

from collections.abc import Mapping
from typing import Final

_BOOKING: Final = {"bookingId": "01KB8Z3V6M4QW9T2R5X7Y1C0DE", "phone": "+1 303 555 0142"}
_START: Final = "2026-11-23T16:00:00Z"

EXAMPLES: Final[Mapping[str, Mapping[str, object]]] = {
    "list_services": {},
    "get_slots": {"serviceType": "ac-repair", "from": "tomorrow", "partOfDay": "morning", "limit": 3},
    "explain_slot": {"serviceType": "ac-repair", "start": _START},
    "create_hold": {"serviceType": "ac-repair", "start": _START, "phone": "+1 303 555 0142"},
    "release_hold": {"holdToken": "yJt0uC1mP5vQ8wXzR2bN4kHs7dFgAeLo"},
    "book_slot": {
        "holdToken": "yJt0uC1mP5vQ8wXzR2bN4kHs7dFgAeLo",
        "customerName": "Kim Doe",
        "customerPhone": "+1 303 555 0142",
        "address": "1200 Pearl Street",
    },
    "find_bookings": {"phone": "+1 303 555 0142"},
    "reschedule_booking": {**_BOOKING, "start": "2026-11-24T17:30:00Z"},
    "update_booking": {**_BOOKING, "notes": "The gate code is 1234."},
    "cancel_booking": {**_BOOKING, "reason": "The customer is out of town."},
    "join_waitlist": {
        "serviceType": "ac-repair",
        "from": "2026-11-23",
        "to": "2026-11-25",
        "customerName": "Kim Doe",
        "customerPhone": "+1 303 555 0142",
    },
    "list_technicians": {},
    "set_technician_status": {"technicianId": "t-ana", "status": "off"},
    "add_time_off": {"technicianId": "t-ana", "start": "2026-12-24", "end": "2026-12-26", "reason": "Holidays"},
    "list_waitlist": {},
    "get_metrics": {},
}
