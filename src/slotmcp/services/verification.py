"""Verification: the proof that a booking is the caller's own, and the limits on guessing it."""

import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final

from slotmcp import telemetry
from slotmcp.domain.booking import Booking, Customer
from slotmcp.domain.catalog import ChangeVerification, Project
from slotmcp.domain.errors import SlotmcpError, TooManyGuesses, VerificationNeeded
from slotmcp.domain.interval import MS_PER_MINUTE
from slotmcp.ports import AttemptLimit, AttemptLimiter, Store, Transaction
from slotmcp.services.availability_cache import AvailabilityCache
from slotmcp.services.callers import LOCAL_ORIGIN, Pseudonym, RequestOrigin, identify
from slotmcp.services.contacts import normalize_email, references_of
from slotmcp.services.lookups import unknown_booking
from slotmcp.services.own_holds import CallerFields
from slotmcp.services.phone_numbers import normalize_phone

_HOUR_MS: Final = 60 * MS_PER_MINUTE
GUESSES: Final = AttemptLimit(count=5, period_ms=_HOUR_MS)
"""Failed verifications in one phone call, and of one booking."""
ALERT_FAILURES: Final = 100
"""Failed verifications of one credential within an hour that alert operators."""
_WITHOUT_ALERT: Final = AttemptLimit(count=ALERT_FAILURES - 1, period_ms=_HOUR_MS)
_LOGGED_ALERTS: Final = AttemptLimit(count=1, period_ms=_HOUR_MS)

_log: Final = logging.getLogger("slotmcp.verification")


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingAccess:
    """Booking that a request names, with everything that may prove that it is the caller's."""

    booking_id: str
    origin: RequestOrigin = LOCAL_ORIGIN
    phone: str = ""
    """Phone number on the booking, in any notation."""
    email: str = ""
    corrected_phone: str = ""
    """Phone number that replaces it. A repeated correction is proved by it, because the booking has it already."""
    corrected_email: str = ""

    @property
    def has_contact(self) -> bool:
        """True if the request has a phone number or an email address."""
        return bool(self.phone or self.email)

    @property
    def is_limited(self) -> bool:
        """True if the request may be a guess."""
        return self.has_contact and not self.origin.is_operator


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRequest:
    """Request to change a booking, with the proof that it is the caller's."""

    booking_id: str
    project_id: str | None = None
    origin: RequestOrigin = LOCAL_ORIGIN
    """Client that sent the request."""
    phone: str = ""
    """Phone number on the booking before the change, as proof."""
    email: str = ""
    """Email address on the booking before the change, as proof."""

    @property
    def access(self) -> BookingAccess:
        """Access to the booking that the request needs."""
        return BookingAccess(booking_id=self.booking_id, origin=self.origin, phone=self.phone, email=self.email)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """Check that a booking is the caller's. It may run several times, because a transaction may be repeated."""

    access: BookingAccess
    wait_ms: int = 0
    """Time until a contact may be guessed again; 0: now."""

    async def find(self, transaction: Transaction, project: Project) -> Booking:
        """Return the requested booking, if it is the caller's.

        Raises:
            VerificationNeeded, TooManyGuesses, NotFound, InvalidArgument: as `require`.
        """
        booking = await transaction.booking(self.access.booking_id)
        return self.require(booking, project, transaction.pseudonym)

    def require(self, booking: Booking | None, project: Project, pseudonym: Pseudonym) -> Booking:
        """Return the booking with the requested id, if it is the caller's.

        Raises:
            VerificationNeeded: the caller has not proved that; an unknown id gives the same error.
            TooManyGuesses: too many failed before.
            NotFound: the id is unknown, and the caller needs no proof.
            InvalidArgument: the phone number is invalid.
        """
        access = self.access
        references = _references(access, project)
        if access.origin.is_operator or project.verify_changes is ChangeVerification.NONE:
            if booking is None:
                raise unknown_booking()
            return booking
        if booking is not None and is_booking_call(booking, access.origin, project, pseudonym):
            return booking
        if self.wait_ms:
            raise TooManyGuesses("Too many failed verifications; nothing was done.", retry_after_ms=self.wait_ms)
        if booking is None or booking.customer is None or references.isdisjoint(references_of(booking.customer)):
            raise VerificationNeeded(has_contact=access.has_contact)
        return booking

    def require_open(self, booking: Booking, now_ms: int) -> None:
        """Require that the client may change a booking now. Operators may also change it after the visit has begun.

        Raises:
            BookingClosed.
        """
        if not self.access.origin.is_operator:
            booking.require_open(now_ms)


class VerificationService:
    """Verifications of callers. The failed ones are counted for each phone call, booking and credential."""

    def __init__(self, store: Store, availability_cache: AvailabilityCache, attempts: AttemptLimiter) -> None:
        self._store = store
        self._availability_cache = availability_cache
        self._attempts = attempts

    @asynccontextmanager
    async def verifying(self, project_id: str, access: BookingAccess) -> AsyncIterator[Verification]:
        """Yield a verification that succeeded, and that the block can repeat in a transaction.

        It needs no lock, so that guesses do not slow down other callers.

        Raises:
            VerificationNeeded, TooManyGuesses, NotFound, InvalidArgument: as `Verification.require`.
            Unavailable: the database does not respond in time.
        """
        async with self._counting(project_id, access) as verification:
            await self._verify_early(project_id, verification)
            yield verification

    async def check_move(self, project_id: str, fields: CallerFields) -> None:
        """Require that the booking for whose move a request asks, if any, is the caller's and can be changed.

        Raises:
            VerificationNeeded, TooManyGuesses, BookingClosed, NotFound, InvalidArgument, Unavailable.
        """
        if not fields.booking_id:
            return
        access = BookingAccess(
            booking_id=fields.booking_id, origin=fields.origin, phone=fields.phone, email=fields.email
        )
        async with self._counting(project_id, access) as verification:
            booking = await self._verify(project_id, verification)
            now_ms = await self._store.now_ms()
            verification.require_open(booking, now_ms)
            booking.require_not_over(now_ms)

    @asynccontextmanager
    async def _counting(self, project_id: str, access: BookingAccess) -> AsyncIterator[Verification]:
        """Count a verification as failed before the block, and refund it unless the block raises VerificationNeeded.

        Parallel guesses therefore do not exceed the limit.
        """
        names = _names(project_id, access) if access.is_limited else []
        waits_ms = [await self._attempts.acquire(name, GUESSES) for name in names]
        counted = [name for name, wait_ms in zip(names, waits_ms, strict=True) if not wait_ms]
        is_failed = False
        try:
            yield Verification(access=access, wait_ms=max(waits_ms, default=0))
        except VerificationNeeded:
            is_failed = bool(counted)
            raise
        finally:
            await (self._record_failure(access.origin.credential) if is_failed else self._refund(counted))

    async def _verify_early(self, project_id: str, verification: Verification) -> None:
        """Verify before a transaction that verifies again, so an outdated project may be used if it suffices."""
        if cached := self._availability_cache.cached_project(project_id):
            with suppress(SlotmcpError):
                await self._require(project_id, verification, cached)
                return
        await self._verify(project_id, verification)

    async def _verify(self, project_id: str, verification: Verification) -> Booking:
        project = (await self._availability_cache.availability(project_id)).schedule.project
        return await self._require(project_id, verification, project)

    async def _require(self, project_id: str, verification: Verification, project: Project) -> Booking:
        booking = await self._store.booking(project_id, verification.access.booking_id)
        return verification.require(booking, project, await self._store.pseudonyms(project_id))

    async def _refund(self, names: list[str]) -> None:
        for name in names:
            await self._attempts.refund(name)

    async def _record_failure(self, credential: str) -> None:
        """Count a failure of the credential, and alert operators if there are many."""
        telemetry.record_failed_verification()
        if not await self._attempts.acquire(_name("credential", credential), _WITHOUT_ALERT):
            return
        telemetry.record_guessing_alert()
        if not await self._attempts.acquire(_name("alert", credential), _LOGGED_ALERTS):
            _log.warning("Credential %s failed %d verifications within an hour.", credential, ALERT_FAILURES)


def is_booking_call(booking: Booking, origin: RequestOrigin, project: Project, pseudonym: Pseudonym) -> bool:
    """Return whether a request comes from the phone call that made the booking, by a call id that is hard to guess."""
    calls = identify(pseudonym, origin, project).calls
    return not calls.isdisjoint(booking.call_keys)


def may_see_details(booking: Booking, origin: RequestOrigin, project: Project, pseudonym: Pseudonym) -> bool:
    """Return whether a client may see more of a booking than its service and time."""
    return origin.is_operator or is_booking_call(booking, origin, project, pseudonym)


def _references(access: BookingAccess, project: Project) -> frozenset[str]:
    given = _references_of(access.phone, access.email, project, "phone")
    corrected = _references_of(access.corrected_phone, access.corrected_email, project, "newPhone")
    return given | corrected if access.has_contact else given


def _references_of(phone: str, email: str, project: Project, field: str) -> frozenset[str]:
    normalized = normalize_phone(phone, project, field) if phone else ""
    return frozenset(references_of(Customer(name="", phone=normalized, email=normalize_email(email))))


def _names(project_id: str, access: BookingAccess) -> list[str]:
    origin = access.origin
    calls = [_name("call", origin.credential, *call_id) for call_id in origin.call_ids]
    return [*calls, _name("booking", project_id, access.booking_id)]


def _name(*parts: str) -> str:
    """Return the name of a count. Its parts cannot run into each other."""
    return json.dumps(("verification", *parts))
