"""Mixed calls of many callers over HTTP, paced, with their response times."""

import asyncio
from collections.abc import Callable
from random import Random
from time import monotonic
from typing import Final

from benchmarks.sales import VISIT
from benchmarks.scale.clients import Body, HttpClient

PAUSE_SECONDS: Final = 0.1
"""Mean pause of a caller between two calls."""

Record = Callable[[float], None]
"""Receives the milliseconds of a call."""


class MixedCaller:
    """Caller of a phone line: searches, holds, books, finds and cancels, so that the business does not fill up."""

    def __init__(self, client: HttpClient, number: int, record: Record) -> None:
        self._client = client
        self._record = record
        self._random = Random(number)  # noqa: S311  not a secret
        self._phone = f"+1303555{number:04}"

    async def run(self, until_s: float) -> None:
        """Make calls until a time of the monotonic clock."""
        while monotonic() < until_s:
            slots = (await self._call("get_slots", serviceType=VISIT.id, limit=50))["slots"]
            assert len(slots) == 50
            chance = self._random.random()
            if chance < 0.2:
                await self._hold_and_release(self._random.choice(slots)["start"])
            elif chance < 0.4:
                await self._book_and_cancel(self._random.choice(slots)["start"])
            else:
                assert (await self._call("list_services"))["services"]

    async def _hold_and_release(self, start: str) -> None:
        hold = await self._take("create_hold", serviceType=VISIT.id, start=start, customerHash=self._phone * 2)
        if hold is not None:
            await self._call("release_hold", holdToken=hold["holdToken"])

    async def _book_and_cancel(self, start: str) -> None:
        customer = {"customerName": "Kim Doe", "customerPhone": self._phone}
        booked = await self._take("book_slot", serviceType=VISIT.id, start=start, **customer)
        if booked is not None:
            booking_id = booked["booking"]["bookingId"]
            found = (await self._call("find_bookings", phone=self._phone))["bookings"]
            assert booking_id in {booking["bookingId"] for booking in found}
            canceled = await self._call("cancel_booking", bookingId=booking_id, phone=self._phone)
            assert canceled["booking"]["status"] == "cancelled"

    async def _take(self, tool: str, **arguments: object) -> Body | None:
        """Return the response of a call for a start, or None if another caller has taken it."""
        result, _ = await self._client.call_result(tool, **arguments)
        self._record(self._client.latest_ms)
        await self._pause()
        content: Body = result["structuredContent"]
        if result.get("isError", False):
            assert content["error"]["code"] == "slot_unavailable", content
            return None
        return content

    async def _call(self, tool: str, **arguments: object) -> Body:
        answer = await self._client.call(tool, **arguments)
        self._record(self._client.latest_ms)
        await self._pause()
        return answer

    async def _pause(self) -> None:
        await asyncio.sleep(PAUSE_SECONDS * 2 * self._random.random())
