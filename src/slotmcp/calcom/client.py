"""API v2: one account, asked over HTTP."""

import logging
import re
from collections.abc import AsyncIterator, Mapping, Sequence
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
from slotmcp.domain.calendar import CalendarEvent, Delivery
from slotmcp.domain.interval import Interval, Minute
from slotmcp.ports.calendar import CalendarAccount, CalendarRejected, CalendarUnavailable, NewEvent

if TYPE_CHECKING:
    from httpx2 import AsyncClient, Response

M = TypeVar("M", bound=BaseModel)

BOOKINGS_VERSION: Final = "2024-08-13"
TIMEOUT_SECONDS: Final = 20.0
MOST_BYTES: Final = 20_000_000
_VERSION: Final = "cal-api-version"
_MS_PER_SECOND: Final = 1000
_LONGEST_RETRY_MS: Final = 3_600_000
_USUAL_RETRY_MS: Final = 30_000
_CLOSE_MS: Final = 2
_CODE: Final = re.compile(r"[A-Z][A-Z0-9_]{0,59}")

_log: Final = logging.getLogger("slotmcp.calcom")


class CalcomCalendar:
    """The Calendar port: Cal.com, hosted or one's own."""

    def __init__(self, base_url: str, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._base_url = base_url
        self._timeout_seconds = timeout_seconds

    def has_valid_signature(self, body: bytes, signature: str, secrets: Sequence[str]) -> bool:
        """As `Calendar` says."""
        return webhook.has_valid_signature(body, signature, secrets)

    def parse_delivery(self, body: bytes) -> Delivery:
        """As `Calendar` says."""
        return webhook.parse_delivery(body)

    @asynccontextmanager
    async def account(self, api_key: str) -> AsyncIterator[CalendarAccount]:
        """As `Calendar` says."""
        from httpx2 import AsyncClient  # noqa: PLC0415  who has no calendar need not wait for it

        headers = {"Authorization": f"Bearer {api_key}", "Accept": "application/json"}
        async with AsyncClient(
            base_url=self._base_url.rstrip("/") + "/", headers=headers, timeout=self._timeout_seconds
        ) as client:
            yield CalcomAccount(client)


class CalcomAccount:
    """The CalendarAccount port."""

    def __init__(self, client: "AsyncClient") -> None:
        self._client = client

    async def events_updated_after(self, after_ms: int, *, limit: int = 100) -> Sequence[CalendarEvent]:
        """As `CalendarAccount` says."""
        asked = {"afterUpdatedAt": mapping.moment(after_ms), "sortUpdatedAt": "asc", "take": limit}
        found: list[BookingOutput] = []
        is_full, skipped = True, 0
        while is_full and _are_close(found):
            page = self._listed(await self._get("bookings", {**asked, "skip": skipped}))
            found += self._many(BookingOutput, page)
            skipped += len(page)
            is_full = len(page) >= limit
        return [mapping.event_of_output(one) for one in found]

    async def event(self, uid: str) -> CalendarEvent | None:
        """As `CalendarAccount` says."""
        try:
            found = await self._get(f"bookings/{quote(uid, safe='')}", {})
        except _MissingError:
            return None
        return mapping.event_of_output(self._one(BookingOutput, found))

    async def create(self, order: NewEvent) -> CalendarEvent:
        """As `CalendarAccount` says."""
        return self._event(await self._post("bookings", _order(order)))

    async def reschedule(self, uid: str, start: Minute, reason: str) -> CalendarEvent:
        """As `CalendarAccount` says."""
        asked = {"start": mapping.minute(start), **({"reschedulingReason": reason} if reason else {})}
        event = self._event(await self._post(f"bookings/{quote(uid, safe='')}/reschedule", asked))
        return event if event.replaces else _replacing(event, uid)

    async def cancel(self, uid: str, reason: str) -> CalendarEvent:
        """As `CalendarAccount` says."""
        asked = {"cancellationReason": reason or "Cancelled by the customer."}
        return self._event(await self._post(f"bookings/{quote(uid, safe='')}/cancel", asked))

    async def busy_times(self, host: CalcomHost, within: Interval) -> Sequence[Interval]:
        """As `CalendarAccount` says."""
        asked: dict[str, Any] = {
            "timeZone": "UTC",
            "dateFrom": mapping.minute(within[0])[:10],
            "dateTo": mapping.minute(within[1])[:10],
        }
        for number, calendar in enumerate(host.calendars):
            asked[f"calendarsToLoad[{number}][credentialId]"] = calendar.credential_id
            asked[f"calendarsToLoad[{number}][externalId]"] = calendar.external_id
        found = self._many(BusyTimeOutput, self._listed(await self._get("calendars/busy-times", asked)))
        return [mapping.span(one.start, one.end) for one in found]

    async def check(self) -> str:
        """As `CalendarAccount` says."""
        me = self._one(MeOutput, await self._get("me", {}))
        return me.username or f"user {me.id}"

    async def _get(self, path: str, asked: Mapping[str, Any]) -> Any:  # noqa: ANN401  of any JSON
        return await self._ask("GET", path, params=asked)

    async def _post(self, path: str, asked: Mapping[str, Any]) -> object:
        return await self._ask("POST", path, json=asked)

    async def _ask(self, method: str, path: str, **given: Any) -> object:  # noqa: ANN401  what the client takes
        """The data of an answer.

        Raises:
            CalendarUnavailable, CalendarRejected.
        """
        from httpx2 import ConnectError, ConnectTimeout, HTTPError  # noqa: PLC0415  as above

        try:
            response = await self._client.request(method, path, headers={_VERSION: BOOKINGS_VERSION}, **given)
        except (ConnectError, ConnectTimeout) as error:
            raise CalendarUnavailable(
                f"it cannot be reached ({type(error).__name__})", is_outcome_unknown=False
            ) from None
        except HTTPError as error:
            raise CalendarUnavailable(f"it did not answer ({type(error).__name__})") from None
        _check_status(response)
        return _data(response)

    @staticmethod
    def _event(found: object) -> CalendarEvent:
        # a recurring booking answers with all of its bookings; we make single ones
        single = found[0] if isinstance(found, list) and found else found
        return mapping.event_of_output(CalcomAccount._one(BookingOutput, single))

    @staticmethod
    def _one(model: type[M], found: object) -> M:
        try:
            return model.model_validate(found)
        except ValidationError:
            raise CalendarUnavailable("its answer is not what it is known to be") from None

    @staticmethod
    def _listed(found: object) -> list[Any]:
        if not isinstance(found, list):
            raise CalendarUnavailable("its answer is not what it is known to be")
        return found

    @staticmethod
    def _many(model: type[M], found: list[Any]) -> list[M]:
        """What can be read of a list: one odd booking must not hide the others."""
        read: list[M] = []
        for one in found:
            try:
                read.append(model.model_validate(one))
            except ValidationError:
                _log.warning("Something in an answer of Cal.com's is not what it is known to be; it was passed over.")
        return read


class _MissingError(CalendarRejected):
    """There is no such thing."""


def _order(order: NewEvent) -> dict[str, Any]:
    customer = order.customer
    attendee = {
        "name": customer.name,
        "timeZone": order.timezone,
        "language": order.locale.partition("-")[0],
        **({"email": customer.email} if customer.email else {}),
        **({"phoneNumber": customer.phone.partition(" ")[0]} if customer.phone else {}),
    }
    length = {} if order.length_minutes is None else {"lengthInMinutes": order.length_minutes}
    # as a note: a location is refused unless the event type lists its kind
    place = {"bookingFieldsResponses": {"notes": order.address}} if order.address else {}
    return {
        "start": mapping.minute(order.start),
        "eventTypeId": order.event_type_id,
        "attendee": attendee,
        "metadata": {mapping.PROJECT_KEY: order.project_id, mapping.BOOKING_KEY: order.booking_id},
        **length,
        **place,
    }


def _are_close(found: Sequence[BookingOutput]) -> bool:
    """Whether all were updated at nearly the same time: whoever asks again from the last would not come further."""
    return not found or mapping.event_of_output(found[-1]).at_ms - mapping.event_of_output(found[0]).at_ms < _CLOSE_MS


def _check_status(response: "Response") -> None:
    """Go on with an answer that is one.

    Raises:
        CalendarUnavailable, CalendarRejected.
    """
    status = response.status_code
    if response.is_success:
        return
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        raise CalendarUnavailable(
            "it was asked too often", retry_after_ms=_retry_after_ms(response), is_outcome_unknown=False
        )
    if status == HTTPStatus.NOT_FOUND:
        raise _MissingError("it knows no such booking, event type or address (HTTP 404)")
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise CalendarRejected(f"the API key is not good, or not good for that (HTTP {status})")
    if status == HTTPStatus.REQUEST_TIMEOUT or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise CalendarUnavailable(f"it failed (HTTP {status})", retry_after_ms=_said_retry_ms(response) or 0)
    raise CalendarRejected(f"it does not take the request (HTTP {status}{_code(response)})")


def _data(response: "Response") -> Any:  # noqa: ANN401  of any JSON
    """What stands in the envelope.

    Raises:
        CalendarUnavailable.
    """
    try:
        said = response.json() if len(response.content) <= MOST_BYTES else None
    except ValueError:
        said = None
    if not isinstance(said, dict) or said.get("status") != "success" or "data" not in said:
        raise CalendarUnavailable("its answer is not what it is known to be")
    return said["data"]


def _code(response: "Response") -> str:
    """The error's own code, in capitals; never its sentence, which may name somebody."""
    try:
        said = response.json()
    except ValueError:
        return ""
    error = said.get("error") if isinstance(said, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    return f", {code}" if isinstance(code, str) and _CODE.fullmatch(code) else ""


def _retry_after_ms(response: "Response") -> int:
    said = _said_retry_ms(response)
    return _USUAL_RETRY_MS if said is None else said


def _said_retry_ms(response: "Response") -> int | None:
    """Retry-After, in seconds or as a date (RFC 9110, 10.2.3); None: it does not say."""
    said = response.headers.get("retry-after", "").strip()
    if said.isdigit():
        return min(int(said[:9]) * _MS_PER_SECOND, _LONGEST_RETRY_MS)
    try:
        at = parsedate_to_datetime(said)
        sent = parsedate_to_datetime(response.headers.get("date", ""))
    except (TypeError, ValueError):
        return None
    return min(max(0, round((at - sent).total_seconds() * _MS_PER_SECOND)), _LONGEST_RETRY_MS)


def _replacing(event: CalendarEvent, uid: str) -> CalendarEvent:
    """What a reschedule answers replaces what it was asked of, whether it says so or not."""
    return event if event.uid == uid else replace(event, replaces=uid)
