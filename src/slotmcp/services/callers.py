"""Callers: the origin of a request, and the identity of the caller that results from it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from slotmcp.domain.access import LOCAL, CallId, Principal, Scope
from slotmcp.domain.booking import Customer
from slotmcp.domain.caller import CallerIdentity, is_guessable
from slotmcp.domain.catalog import Project
from slotmcp.services.contacts import call_reference, email_reference, hash_reference, normalize_email, phone_reference
from slotmcp.services.current_principal import current_principal
from slotmcp.services.phone_numbers import normalize_phone

Pseudonym = Callable[[str], str]
"""Keyed hash of a text with the project's salt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestOrigin:
    """Origin of a request: everything that is known about the client without its arguments."""

    credential: str
    """Credential that scopes idempotency keys."""
    call_ids: tuple[CallId, ...] = ()
    connection: str = ""
    is_operator: bool = False

    @classmethod
    def of(cls, principal: Principal) -> "RequestOrigin":
        """Return the origin of a principal's request."""
        return cls(
            credential=principal.credential,
            call_ids=principal.call_ids,
            connection=principal.connection,
            is_operator=Scope.OPERATOR in principal.scopes,
        )

    @property
    def secret_call_ids(self) -> tuple[CallId, ...]:
        """Call ids that cannot be guessed."""
        return tuple(call_id for call_id in self.call_ids if not is_guessable(call_id.value))


LOCAL_ORIGIN: Final = RequestOrigin.of(LOCAL)
"""Origin of the requests of the user who started the program on this machine."""


def current_origin() -> RequestOrigin:
    """Return the origin of the current call."""
    return RequestOrigin.of(current_principal(LOCAL))


def identify_customer(pseudonym: Pseudonym, customer: Customer) -> CallerIdentity:
    """Return the identity that a customer's contacts prove; they are normalized."""
    return CallerIdentity(
        phone=pseudonym(phone_reference(customer.phone)) if customer.phone else "",
        email=pseudonym(email_reference(customer.email)) if customer.email else "",
    )


def identify(  # noqa: PLR0913  every identity that a request may carry
    pseudonym: Pseudonym,
    origin: RequestOrigin,
    project: Project,
    *,
    phone: str = "",
    email: str = "",
    customer_hash: str = "",
) -> CallerIdentity:
    """Return the identity of a request's caller.

    Raises:
        InvalidArgument: the phone number is invalid.
    """
    normalized = normalize_phone(phone, project, "phone") if phone else ""
    customer = Customer(name="", phone=normalized, email=normalize_email(email))
    return identify_normalized(pseudonym, origin, customer, customer_hash=customer_hash)


def identify_normalized(
    pseudonym: Pseudonym, origin: RequestOrigin, customer: Customer, *, customer_hash: str = ""
) -> CallerIdentity:
    """Return the identity of a request's caller, whose contacts are normalized."""
    calls = {call_id: pseudonym(call_reference(call_id)) for call_id in origin.call_ids}
    guessable = frozenset(key for call_id, key in calls.items() if is_guessable(call_id.value))
    reference = pseudonym(hash_reference(customer_hash)) if customer_hash else ""
    return replace(
        identify_customer(pseudonym, customer),
        calls=frozenset(calls.values()) - guessable,
        guessable_calls=guessable,
        reference="" if is_guessable(customer_hash) else reference,
        guessable_reference=reference if is_guessable(customer_hash) else "",
        connection=pseudonym(f"connection:{origin.connection}") if origin.connection else "",
    )
