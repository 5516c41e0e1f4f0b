"""Calls of the measured callers, with a check of each response."""

from datetime import UTC, datetime

from benchmarks.sales import VISIT, Sale
from benchmarks.scale.clients import HttpClient
from slotmcp.domain.interval import Minute

LIMIT = 10


async def search(client: HttpClient, **project: str) -> None:
    """Search the starts of a visit."""
    slots = (await client.call("get_slots", serviceType=VISIT.id, limit=LIMIT, **project))["slots"]
    assert len(slots) == LIMIT


async def book(client: HttpClient, sale: Sale, **project: str) -> None:
    """Book the start of a sale."""
    start = utc_text(sale.start)
    customer = {"customerName": sale.customer.name, "customerPhone": sale.customer.phone}
    answer = await client.call("book_slot", serviceType=VISIT.id, start=start, **customer, **project)
    assert (answer["booking"]["start"], answer["booking"]["status"]) == (start, "confirmed")


def utc_text(minute: Minute) -> str:
    """Return a time as slotmcp writes it."""
    return f"{datetime.fromtimestamp(minute * 60, UTC):%Y-%m-%dT%H:%M:%SZ}"
