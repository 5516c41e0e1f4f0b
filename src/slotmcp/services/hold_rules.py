"""Rules of a caller's holds: which request repeats or replaces a hold, how long it lasts, and how many there may be."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from slotmcp.domain.caller import CallerIdentity, is_other_customer, shares_connection
from slotmcp.domain.catalog import Project
from slotmcp.domain.claim import Claim, HoldTerms
from slotmcp.domain.errors import CredentialHoldLimit, HoldLimit, SlotUnavailable
from slotmcp.domain.interval import MS_PER_SECOND, overlaps
from slotmcp.engine.availability import Availability
from slotmcp.services.alternatives import LostSlot
from slotmcp.services.appointments import Appointment, StartRequest
from slotmcp.services.callers import Pseudonym
from slotmcp.services.contacts import credential_reference, key_reference
from slotmcp.services.moving import find_moving
from slotmcp.services.own_holds import blocking_holds, free_holds, named_hold

MIN_TTL_SECONDS: Final = 60
MAX_TTL_SECONDS: Final = 120
REPEAT_MS: Final = 60_000
"""Time within which an identical request repeats an additional hold, or one that only its connection identifies."""
MIN_REMAINING_MS: Final = 20_000
"""Shortest time for which a hold that replaces another is useful."""
CALL_HOLDS_PER_TECHNICIAN: Final = 5
"""Live holds per technician of a credential's calls with an id, if that is more than its calls without an id have."""
UNAVAILABLE: Final = "That time is not available, so nothing was held."


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRequest(StartRequest):
    """Request to hold a start for a customer."""

    ttl_seconds: int | None = None
    is_additional: bool = False
    """True if the caller wants it in addition to an overlapping hold."""
    idempotency_key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedHold:
    """Request to hold a start, resolved against the schedule."""

    request: HoldRequest
    availability: Availability
    appointment: Appointment
    caller: CallerIdentity
    pseudonym: Pseudonym
    free: tuple[Claim, ...]
    """Live holds whose time counts as free for the caller."""
    moving: tuple[Claim, ...] = ()
    """The booking that the hold moves, if any."""

    @classmethod
    def of(
        cls, request: HoldRequest, availability: Availability, appointment: Appointment, pseudonym: Pseudonym
    ) -> "WantedHold":
        """Return the request with its caller.

        Raises:
            InvalidArgument: the phone number is invalid.
            NotFound: no active booking has the id.
        """
        moving = find_moving(availability, request.booking_id)
        return cls(
            request=request,
            availability=availability,
            appointment=appointment,
            caller=request.identify(pseudonym, availability),
            pseudonym=pseudonym,
            free=free_holds(availability, pseudonym, request),
            moving=() if moving is None else (moving,),
        )

    @property
    def request_key(self) -> str:
        """Pseudonym of the idempotency key; empty: none."""
        return self.pseudonym(key_reference(self.request.idempotency_key)) if self.request.idempotency_key else ""

    @property
    def credential(self) -> str:
        """Pseudonym of the credential."""
        return self.pseudonym(credential_reference(self.request.origin.credential))

    def is_for(self, claim: Claim) -> bool:
        """Return whether a hold has the service, start, duration, technician, place and priority of the request."""
        need, start = self.appointment.need, self.appointment.start
        chosen_id = claim.technician_id if claim.technician_chosen else None
        is_place = self.request.location in {None, claim.location}
        is_place = is_place and self.request.postal_code in {"", claim.postal_code}
        is_same = is_place and need.priority is claim.priority
        return is_same and (claim.service_id, *claim.appointment, chosen_id, claim.moved_booking_id) == (
            self.appointment.service.id,
            start,
            start + need.duration_minutes,
            need.technician_id,
            self.request.booking_id,
        )

    def may_continue(self, claim: Claim) -> bool:
        """Return whether the key of a hold may be used for the request: same customer, service and start."""
        service_id, start = self.appointment.service.id, self.appointment.start
        is_same = (claim.service_id, claim.appointment[0]) == (service_id, start)
        return is_same and claim.hold is not None and not is_other_customer(claim.hold.caller, self.caller)

    def repeated(self) -> Claim | None:
        """Return the live hold that the request repeats."""
        own = set(self.free)
        same = [hold for hold in self.availability.index.holds if self.is_for(hold)]
        return next((hold for hold in same if hold.hold and self._repeats(hold.hold, is_own=hold in own)), None)

    def _repeats(self, terms: HoldTerms, *, is_own: bool) -> bool:
        is_retry = (
            terms.request_key == self.request_key
            and self.availability.now_ms - terms.created_at_ms < REPEAT_MS
            and terms.is_additional == self.request.is_additional
        )
        if is_own:
            return is_retry or not self.request.is_additional
        return is_retry and shares_connection(terms.caller, self.caller)

    def replaced(self) -> tuple[Claim, ...]:
        """Return the live holds that the new one replaces: overlapping ones of the same service, and the named one."""
        named = named_hold(self.availability, self.pseudonym, self.request.hold_token)
        if self.request.is_additional:
            return () if named is None else (named,)
        service_id = self.appointment.service.id
        return tuple(
            [hold for hold in self.free if hold == named or (hold.service_id == service_id and self._overlaps(hold))]
        )

    def expiry(self) -> tuple[int, int]:
        """Return the expiry of the hold, and the latest one of holds that replace it.

        Raises:
            HoldLimit: the caller held overlapping time for so long that too little is left.
        """
        now_ms = self.availability.now_ms
        ttl_ms = (self.request.ttl_seconds or self._project.hold_ttl_seconds) * MS_PER_SECOND
        overlapping = [hold.hold.latest_expiry_ms for hold in self.free if hold.hold and self._overlaps(hold)]
        latest_ms = min([now_ms + 2 * ttl_ms, *overlapping])
        if latest_ms - now_ms < MIN_REMAINING_MS:
            raise HoldLimit(
                "This caller has held that time for as long as possible. Book it now, or hold it again later.",
                retry_after_ms=latest_ms - now_ms,
            )
        return min(now_ms + ttl_ms, latest_ms), latest_ms

    def terms(self, latest_expiry_ms: int) -> HoldTerms:
        """Return the terms of the new hold."""
        return HoldTerms(
            caller=self.caller,
            created_at_ms=self.availability.now_ms,
            latest_expiry_ms=latest_expiry_ms,
            credential=self.credential,
            request_key=self.request_key,
            is_additional=self.request.is_additional,
        )

    @property
    def _project(self) -> Project:
        return self.availability.schedule.project

    def _overlaps(self, hold: Claim) -> bool:
        start = self.appointment.start
        return overlaps(hold.appointment, (start, start + self.appointment.need.duration_minutes))


def holds_to_release(wanted: WantedHold) -> tuple[Claim, ...]:
    """Return the holds to release, so that the start can be held: the replaced ones, and own ones that block it.

    Raises:
        LostSlot: the start is not available.
    """
    need, start, free, replaced = wanted.appointment.need, wanted.appointment.start, wanted.free, wanted.replaced()
    others = () if wanted.request.is_additional else tuple(hold for hold in free if hold not in replaced)
    blocking = blocking_holds(wanted.availability.without(*replaced, *wanted.moving), [need], start, others)
    if blocking is None:
        instead_of = next(iter(wanted.moving), None)
        raise LostSlot(SlotUnavailable, UNAVAILABLE, need, start, instead_of=instead_of, own_holds=free)
    return *replaced, *blocking


def check_limits(wanted: WantedHold, released: Sequence[Claim], *, max_per_credential: int) -> None:
    """Limit the live holds of one call, of one customerHash that cannot be guessed, and of one credential.

    A credential has a limit for calls without an id, and a higher one for calls with an id, because a client can
    invent ids. The offers of the waitlist do not count. With `max_per_credential` 0, a credential has no limit.

    Raises:
        HoldLimit: the caller or the credential has the maximum.
    """
    counted = [hold for hold in wanted.availability.index.holds if hold not in released]
    terms = [hold.hold for hold in counted if hold.hold is not None and hold.hold.credential]
    caller, limit = wanted.caller, wanted.availability.schedule.project.max_holds_per_customer
    if caller.calls:
        _check(sum(not own.caller.calls.isdisjoint(caller.calls) for own in terms), limit)
    elif caller.reference:
        _check(sum(own.caller.reference == caller.reference for own in terms), limit)
    if max_per_credential > 0:
        _check_credential(wanted, terms, max_per_credential)


def _check_credential(wanted: WantedHold, terms: Sequence[HoldTerms], max_without_call: int) -> None:
    has_call, technicians = bool(wanted.caller.calls), len(wanted.availability.schedule.technician_schedules)
    limit = max(max_without_call, CALL_HOLDS_PER_TECHNICIAN * technicians) if has_call else max_without_call
    live = sum(bool(own.caller.calls) is has_call and own.credential == wanted.credential for own in terms)
    if live >= limit:
        kind = "with" if has_call else "without"
        raise CredentialHoldLimit(
            f"Callers {kind} a call id hold {live} times, the maximum of this credential. "
            "Book the start without a hold, or hold it again later."
        )


def _check(live: int, limit: int) -> None:
    if live >= limit:
        raise HoldLimit(f"This caller already holds {live} times, the maximum. Book or release one of them first.")
