"""Own holds: the live holds of the caller of a request. Their time counts as free for that caller."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from slotmcp.domain.caller import CallerIdentity, is_same_caller
from slotmcp.domain.claim import Claim
from slotmcp.domain.interval import Minute
from slotmcp.engine.assign import assign_first
from slotmcp.engine.availability import Availability
from slotmcp.engine.need import Need
from slotmcp.services.callers import LOCAL_ORIGIN, Pseudonym, RequestOrigin, identify
from slotmcp.services.contacts import token_reference


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerFields:
    """Fields of a request that tell whose holds count as free."""

    origin: RequestOrigin = LOCAL_ORIGIN
    """Client that sent the request."""
    customer_reference: str = field(default="", repr=False)
    """The caller's opaque reference; only its hash with the project's salt is stored."""
    phone: str = field(default="", repr=False)
    email: str = field(default="", repr=False)
    hold_token: str = field(default="", repr=False)
    """Token of one of the caller's holds."""
    booking_id: str = ""
    """Booking that would move to the time; its own time counts as free."""

    def identify(self, pseudonym: Pseudonym, availability: Availability) -> CallerIdentity:
        """Return the identity of the caller.

        Raises:
            InvalidArgument: the phone number is invalid.
        """
        return identify(
            pseudonym,
            self.origin,
            availability.schedule.project,
            phone=self.phone,
            email=self.email,
            customer_hash=self.customer_reference,
        )


def own_holds(availability: Availability, caller: CallerIdentity) -> tuple[Claim, ...]:
    """Return the live holds of a caller. A connection alone does not make a hold the caller's own."""
    if availability.index.caller_keys.isdisjoint(caller.keys):
        return ()
    holds = availability.index.holds
    return tuple([hold for hold in holds if hold.hold is not None and is_same_caller(hold.hold.caller, caller)])


def named_hold(availability: Availability, pseudonym: Pseudonym, token: str) -> Claim | None:
    """Return the live hold with a token."""
    key = pseudonym(token_reference(token)) if token else ""
    holds = availability.index.holds if token else ()
    return next((hold for hold in holds if hold.hold is not None and hold.hold.token_key == key), None)


def free_holds(availability: Availability, pseudonym: Pseudonym, fields: CallerFields) -> tuple[Claim, ...]:
    """Return the live holds whose time counts as free for the caller of a request: the own ones, and the named one.

    Raises:
        InvalidArgument: the phone number is invalid.
    """
    if not availability.index.holds:
        return ()
    own = own_holds(availability, fields.identify(pseudonym, availability))
    named = named_hold(availability, pseudonym, fields.hold_token)
    return own if named is None or named in own else (*own, named)


def blocking_holds(
    availability: Availability, needs: Sequence[Need], start: Minute, own: Sequence[Claim]
) -> tuple[Claim, ...] | None:
    """Return the own holds that have to be released, so that a start can be assigned; None if that does not suffice.

    `needs` are alternative requirements of the job, preferred first.
    """
    if assign_first(availability, needs, start):
        return ()
    assignment = assign_first(availability.without(*own), needs, start) if own else None
    if assignment is None:
        return None
    technicians = {assignment.technician_id, *(move.technician_id for move in assignment.moves)}
    needed = tuple([hold for hold in own if hold.technician_id in technicians])
    if not assign_first(availability.without(*needed), needs, start):
        needed = tuple(own)  # a reserve or the service's maximum of the day concerns the time of all technicians
    for hold in needed:
        fewer = tuple([other for other in needed if other != hold])
        if assign_first(availability.without(*fewer), needs, start):
            needed = fewer
    return needed
