"""Cal.com's API v2 over HTTP."""

import logging
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, ValidationError

from slotmcp.calcom import mapping, webhook
from slotmcp.calcom.schemas import BookingOutput, BusyTimeOutput, MeOutput
from slotmcp.domain.calcom import CalcomHost
from slotmcp.domain.calendar import CalendarEvent
from slotmcp.domain.interval import MS_PER_SECOND, Interval, Minute
from slotmcp.ports.calendar import CalendarAccount, CalendarRejected, CalendarUnavailable, NewEvent

if TYPE_CHECKING:
    from httpx2 import AsyncClient, Response

M = TypeVar("M", bound=BaseModel)

BOOKINGS_VERSION: Final = "2024-08-13"
TIMEOUT_SECONDS: Final = 20.0
MAX_RESPONSE_BYTES: Final = 20_000_000
_VERSION_HEADER: Final = "cal-api-version"
_UNEXPECTED_FORMAT: Final = "its response has an unexpected format"
_MAX_RETRY_MS: Final = 3_600_000
_DEFAULT_RETRY_MS: Final = 30_000
_MIN_SPAN_MS: Final = 2
"""Smallest time between the first and last update of a page. A shorter page is continued by offset instead."""
_ERROR_CODE: Final = re.compile(r"[A-Z][A-Z0-9_]{0,59}")

_log: Final = logging.getLogger("slotmcp.calcom")


class CalcomCalendar:
    """Calendar port over Cal.com, hosted or self-hosted."""

    def __init__(self, base_url: str, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._base_url = base_url
        self._timeout_seconds = timeout_seconds

    has_valid_signature = staticmethod(webhook.has_valid_signature)
    parse_delivery = staticmethod(webhook.parse_delivery)

    @asynccontextmanager
    async def account(self, api_key: str) -> AsyncIterator[CalendarAccount]:
        from httpx2 import AsyncClient  # noqa: PLC0415  slow to import, and unused without a calendar

        headers = {
            "Authorization": f"Bearer {api_key}",
            "Accept": "application/json",
            _VERSION_HEADER: BOOKINGS_VERSION,
        }
        async with AsyncClient(
            base_url=self._base_url.rstrip("/") + "/", headers=headers, timeout=self._timeout_seconds
        ) as client:
            yield CalcomAccount(client)


class CalcomAccount:
    """CalendarAccount port over one API key."""

    def __init__(self, client: "AsyncClient") -> None:
        self._client = client

    async def events_updated_after(self, after_ms: int, *, limit: int = 100) -> Sequence[CalendarEvent]:
        params = {"afterUpdatedAt": mapping.format_ms(after_ms), "sortUpdatedAt": "asc", "take": limit}
        events: list[CalendarEvent] = []
        is_full, skipped = True, 0
        while is_full and (not events or events[-1].at_ms - events[0].at_ms < _MIN_SPAN_MS):
            page = _list(await self._request("GET", "bookings", params={**params, "skip": skipped}))
            events += map(mapping.event_of_output, _parse_valid(BookingOutput, page))
            skipped += len(page)
            is_full = len(page) >= limit
        return events

    async def event(self, uid: str) -> CalendarEvent | None:
        try:
            booking = await self._request("GET", _booking_path(uid))
        except _NotFoundError:
            return None
        return mapping.event_of_output(_parse(BookingOutput, booking))

    async def create(self, new_event: NewEvent) -> CalendarEvent:
        return await self._post("bookings", _booking_request(new_event))

    async def reschedule(self, uid: str, start: Minute, reason: str) -> CalendarEvent:
        request = {"start": mapping.format_minute(start), **({"reschedulingReason": reason} if reason else {})}
        event = await self._post(f"{_booking_path(uid)}/reschedule", request)
        # the response may omit what the new booking replaces
        return event if event.replaces or event.uid == uid else replace(event, replaces=uid)

    async def cancel(self, uid: str, reason: str) -> CalendarEvent:
        request = {"cancellationReason": reason or "Canceled by the customer."}
        return await self._post(f"{_booking_path(uid)}/cancel", request)

    async def busy_times(self, host: CalcomHost, within: Interval) -> Sequence[Interval]:
        first, last = (mapping.format_minute(minute)[:10] for minute in within)
        params: dict[str, Any] = {"timeZone": "UTC", "dateFrom": first, "dateTo": last}
        for number, calendar in enumerate(host.calendars):
            params[f"calendarsToLoad[{number}][credentialId]"] = calendar.credential_id
            params[f"calendarsToLoad[{number}][externalId]"] = calendar.external_id
        busy_times = _list(await self._request("GET", "calendars/busy-times", params=params))
        return [mapping.minutes_containing(busy.start, busy.end) for busy in _parse_valid(BusyTimeOutput, busy_times)]

    async def name(self) -> str:
        me = _parse(MeOutput, await self._request("GET", "me"))
        return me.username or f"user {me.id}"

    async def _post(self, path: str, request: dict[str, Any]) -> CalendarEvent:
        """Post a change, and return the event of the booking; for a recurring booking, of its first occurrence."""
        data = await self._request("POST", path, json=request)
        return mapping.event_of_output(_parse(BookingOutput, data[0] if isinstance(data, list) and data else data))

    async def _request(self, method: str, path: str, **options: Any) -> object:  # noqa: ANN401  options of the client
        """Send a request, and return the data of the response.

        Raises:
            CalendarError.
        """
        from httpx2 import ConnectError, ConnectTimeout, HTTPError  # noqa: PLC0415  as above

        try:
            response = await self._client.request(method, path, **options)
        except (ConnectError, ConnectTimeout) as error:
            message = f"it cannot be reached ({type(error).__name__})"
            raise CalendarUnavailable(message, is_outcome_unknown=False) from None
        except HTTPError as error:
            raise CalendarUnavailable(f"it did not respond ({type(error).__name__})") from None
        _check_status(response)
        return _data(response)


class _NotFoundError(CalendarRejected):
    """Response with status 404."""


def _booking_path(uid: str) -> str:
    return f"bookings/{quote(uid, safe='')}"


def _booking_request(new_event: NewEvent) -> dict[str, Any]:
    customer, length = new_event.customer, new_event.length_minutes
    attendee = {
        "name": customer.name,
        "timeZone": new_event.timezone,
        "language": new_event.locale.partition("-")[0],
        **({"email": customer.email} if customer.email else {}),
        **({"phoneNumber": customer.phone.partition(" ")[0]} if customer.phone else {}),
    }
    return {
        "start": mapping.format_minute(new_event.start),
        "eventTypeId": new_event.event_type_id,
        "attendee": attendee,
        "metadata": {mapping.PROJECT_KEY: new_event.project_id, mapping.BOOKING_KEY: new_event.booking_id},
        **({} if length is None else {"lengthInMinutes": length}),
        # the address is a note: Cal.com rejects locations whose kind the event type does not list
        **({"bookingFieldsResponses": {"notes": new_event.address}} if new_event.address else {}),
    }


def _parse(model: type[M], data: object) -> M:
    try:
        return model.model_validate(data)
    except ValidationError:
        raise CalendarUnavailable(_UNEXPECTED_FORMAT) from None


def _list(data: object) -> list[object]:
    if not isinstance(data, list):
        raise CalendarUnavailable(_UNEXPECTED_FORMAT)
    return data


def _parse_valid(model: type[M], items: list[object]) -> list[M]:
    """Parse a list. An invalid item is logged and skipped, so that it does not hide the others."""
    parsed: list[M] = []
    for item in items:
        try:
            parsed.append(model.model_validate(item))
        except ValidationError:
            _log.warning("An item in a Cal.com response has an unexpected format and was skipped.")
    return parsed


def _check_status(response: "Response") -> None:
    """Raise an error unless the response is successful.

    Raises:
        CalendarError.
    """
    status = response.status_code
    if response.is_success:
        return
    retry_after_ms = _retry_after_ms(response)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        delay_ms = _DEFAULT_RETRY_MS if retry_after_ms is None else retry_after_ms
        raise CalendarUnavailable("it received too many requests", retry_after_ms=delay_ms, is_outcome_unknown=False)
    if status == HTTPStatus.NOT_FOUND:
        raise _NotFoundError("it has no such booking, event type or address (HTTP 404)")
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise CalendarRejected(f"the API key is invalid or lacks permission (HTTP {status})")
    if status == HTTPStatus.REQUEST_TIMEOUT or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise CalendarUnavailable(f"it failed (HTTP {status})", retry_after_ms=retry_after_ms or 0)
    raise CalendarRejected(f"it rejected the request (HTTP {status}{_error_code(response)})")


def _data(response: "Response") -> object:
    """Return the data in the envelope of a response.

    Raises:
        CalendarUnavailable.
    """
    envelope = _json(response) if len(response.content) <= MAX_RESPONSE_BYTES else None
    if not isinstance(envelope, dict) or envelope.get("status") != "success" or "data" not in envelope:
        raise CalendarUnavailable(_UNEXPECTED_FORMAT)
    return envelope["data"]


def _error_code(response: "Response") -> str:
    """Return the error code, after a comma; "" if there is none. Error messages may contain personal data."""
    envelope = _json(response)
    error = envelope.get("error") if isinstance(envelope, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    return f", {code}" if isinstance(code, str) and _ERROR_CODE.fullmatch(code) else ""


def _json(response: "Response") -> object:
    try:
        return response.json()
    except ValueError:
        return None


def _retry_after_ms(response: "Response") -> int | None:
    """Parse Retry-After, which is in seconds or a date (RFC 9110, 10.2.3); None without a valid header."""
    value = response.headers.get("retry-after", "").strip()
    if value.isdigit():
        return min(int(value[:9]) * MS_PER_SECOND, _MAX_RETRY_MS)
    try:
        retry_at = parsedate_to_datetime(value)
        sent_at = parsedate_to_datetime(response.headers.get("date", ""))
    except (TypeError, ValueError):
        return None
    return min(max(0, round((retry_at - sent_at).total_seconds() * MS_PER_SECOND)), _MAX_RETRY_MS)
