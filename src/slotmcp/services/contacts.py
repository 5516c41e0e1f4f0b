"""Contacts of customers: normalized phone numbers and email addresses, and the references derived from them."""

import re
from typing import TYPE_CHECKING, Final

from slotmcp.domain.access import CallId
from slotmcp.domain.booking import Customer
from slotmcp.domain.catalog import Project
from slotmcp.domain.errors import InvalidArgument, ProblemKind

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

_REGION: Final = re.compile(r"[-_]([A-Za-z]{2})(?:[-_.@]|$)")
_EXAMPLE_NUMBER: Final = "+1 303 555 0142"
_KINDS: Final = ("phone:", "email:", "hash:", "call:", "key:", "token:", "connection:", "credential:")
"""Prefixes of the texts that are hashed, so that a text of one kind never equals one of another kind."""
_EXACT_DIGITS: Final = "all of its digits and no more"


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
    phone = normalize_phone(customer.phone, project, "customerPhone") if customer.phone else ""
    return Customer(name=customer.name, phone=phone, email=normalize_email(customer.email))


def normalize_phone(text: str, project: Project, field: str) -> str:
    """Return a phone number in E.164, such as "+13035550142", with its extension: "+13035550142 ext. 7".

    A number without a country code belongs to the country of the project's locale.

    Raises:
        InvalidArgument: the number cannot be dialed from abroad; the message names the missing part.
    """
    import phonenumbers as numbers  # noqa: PLC0415  takes 0.1 s, which would slow down the start

    region = region_of(project.locale)
    try:
        number = numbers.parse(text, region)
    except numbers.NumberParseException as error:
        lacks_country = error.error_type == error.INVALID_COUNTRY_CODE
        raise _refusal(field, "a country code" if lacks_country else _EXACT_DIGITS, region) from None
    length = numbers.is_possible_number_with_reason(number)
    if length == numbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
        raise _refusal(field, "its area code", region)
    if length != numbers.ValidationResult.IS_POSSIBLE:
        raise _refusal(field, _EXACT_DIGITS, region)
    return _format(number)


def _format(number: "PhoneNumber") -> str:
    import phonenumbers as numbers  # noqa: PLC0415  as above

    e164 = numbers.format_number(number, numbers.PhoneNumberFormat.E164)
    return f"{e164} ext. {number.extension}" if number.extension else e164


def _refusal(field: str, missing: str, region: str | None) -> InvalidArgument:
    return InvalidArgument(
        field, f'give a phone number with {missing}, such as "{_example(region)}".', kind=ProblemKind.PHONE
    )


def _example(region: str | None) -> str:
    import phonenumbers as numbers  # noqa: PLC0415  as above

    example = numbers.example_number(region) if region else None
    return (
        _EXAMPLE_NUMBER if example is None else numbers.format_number(example, numbers.PhoneNumberFormat.INTERNATIONAL)
    )


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


def region_of(locale: str) -> str | None:
    """Return the country of a locale such as "en-US", if it names one."""
    match = _REGION.search(locale)
    return match[1].upper() if match else None
