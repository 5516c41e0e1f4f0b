"""A business with many bookings in a file of their own, of which no two overlap."""

from datetime import datetime, timedelta

TECHNICIANS = 40
BUSINESS = """\
project: {id: big, name: Big, timezone: America/Denver}
services: [{id: repair, name: Repair, durationMinutes: 60}]
technicians:
""" + "".join(f"  - {{id: t-{number}, name: T {number}}}\n" for number in range(TECHNICIANS))


def booking_keys(number: int, first: datetime) -> dict[str, object]:
    """Return the keys of a booking; `first` is the start of the first ones, in UTC."""
    start = first + timedelta(hours=number // TECHNICIANS)
    return {
        "id": f"b-{number:06}",
        "technicianId": f"t-{number % TECHNICIANS}",
        "serviceType": "repair",
        "start": f"{start:%Y-%m-%dT%H:%MZ}",
        "end": f"{start + timedelta(hours=1):%Y-%m-%dT%H:%MZ}",
    }
