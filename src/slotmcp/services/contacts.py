"""Contacts of customers: normalized phone numbers and email addresses, and the references derived from them."""

from typing import Final

from slotmcp.domain.access import CallId
from slotmcp.domain.booking import Customer
from slotmcp.domain.catalog import Project
from slotmcp.domain.errors import InvalidArgument, ProblemKind
from slotmcp.services.phone_numbers import normalize_new_phone, normalize_phone

_KINDS: Final = ("phone:", "email:", "hash:", "call:", "key:", "token:", "connection:", "credential:")
"""Prefixes of the texts that are hashed, so that a text of one kind never equals one of another kind."""


def normalize_customer(customer: Customer, project: Project) -> Customer:
    """Return the customer with normalized phone and email.

    Raises:
        InvalidArgument: both are missing, or the phone number is invalid.
    """
    if not customer.phone and not customer.email:
        raise InvalidArgument(
            "customerPhone",
            "give a phone number or an e-mail address, so that the customer can be reached.",
            kind=ProblemKind.CONTACT,
        )
    phone = normalize_new_phone(customer.phone, project, "customerPhone") if customer.phone else ""
    return Customer(name=customer.name, phone=phone, email=normalize_email(customer.email))


def normalize_email(text: str) -> str:
    """Return an email address in lower case."""
    return text.strip().casefold()


def references_of(customer: Customer) -> tuple[str, ...]:
    """Return the references of a normalized customer, except the agent's own reference."""
    return (
        *([phone_reference(customer.phone)] if customer.phone else []),
        *([email_reference(customer.email)] if customer.email else []),
    )


def phone_reference(normalized: str) -> str:
    """Return the reference of a phone number from `normalize_phone`, which is the same for all of its extensions."""
    return f"phone:{normalized.partition(' ')[0]}"


def email_reference(normalized: str) -> str:
    """Return the reference of an address from `normalize_email`."""
    return f"email:{normalized}"


def hash_reference(own: str) -> str:
    """Return the reference of an agent's customerHash."""
    return f"hash:{own}"


def hash_references(own: str) -> tuple[str, ...]:
    """Return the references of a customerHash: the current form, and that of older programs, which had no prefix."""
    return (hash_reference(own),) if own.startswith(_KINDS) else (hash_reference(own), own)


def call_reference(call_id: CallId) -> str:
    """Return the reference of a call id."""
    return f"call:{call_id.header}:{call_id.value}"


def key_reference(key: str) -> str:
    """Return the reference of an idempotency key."""
    return f"key:{key}"


def credential_reference(credential: str) -> str:
    """Return the reference of a credential's id."""
    return f"credential:{credential}"


def token_reference(token: str) -> str:
    """Return the reference of a hold's token."""
    return f"token:{token}"


def possible_references(text: str, project: Project) -> tuple[str, ...]:
    """Return the possible references of a text: a customerHash, an email address or a phone number."""
    own = text.strip()
    hashes = hash_references(own)
    if "@" in own:
        return *hashes, email_reference(normalize_email(own))
    try:
        return *hashes, phone_reference(normalize_phone(own, project, "reference"))
    except InvalidArgument:
        return hashes
