"""How a customer is known: phone numbers and e-mail addresses in one notation each, and the references made of them."""

import re
from typing import TYPE_CHECKING, Final

from slotmcp.domain.booking import Customer
from slotmcp.domain.catalog import Project
from slotmcp.domain.errors import InvalidArgument

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

_REGION: Final = re.compile(r"[-_]([A-Za-z]{2})(?:[-_.@]|$)")
_ANYWHERE: Final = "+1 303 555 0142"
_ITS_DIGITS: Final = "all of its digits and no more"


def normalised(customer: Customer, project: Project) -> Customer:
    """The same customer, phone and e-mail as they are kept.

    Raises:
        InvalidArgument: neither is given, or the number is none.
    """
    if not customer.phone and not customer.email:
        raise InvalidArgument(
            "customerPhone", "give a phone number or an e-mail address, so that the customer can be reached."
        )
    phone = normal_phone(customer.phone, project, "customerPhone") if customer.phone else ""
    return Customer(name=customer.name, phone=phone, email=normal_email(customer.email))


def normal_phone(text: str, project: Project, field: str) -> str:
    """A number in E.164, such as "+13035550142", its extension behind it: "+13035550142 ext. 7".

    A number without a country code is one of the country of the project's locale.

    Raises:
        InvalidArgument: it cannot be called from everywhere; the problem says what would be right.
    """
    import phonenumbers as numbers  # noqa: PLC0415  takes 0.1 s, and a server that starts needs none

    region = region_of(project.locale)
    try:
        number = numbers.parse(text, region)
    except numbers.NumberParseException as error:
        is_nowhere = error.error_type == error.INVALID_COUNTRY_CODE
        raise _refusal(field, "a country code" if is_nowhere else _ITS_DIGITS, region) from None
    possible = numbers.is_possible_number_with_reason(number)
    if possible == numbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
        raise _refusal(field, "its area code", region)
    if possible != numbers.ValidationResult.IS_POSSIBLE:
        raise _refusal(field, _ITS_DIGITS, region)
    return _written(number)


def _written(number: "PhoneNumber") -> str:
    import phonenumbers as numbers  # noqa: PLC0415  as above

    plain = numbers.format_number(number, numbers.PhoneNumberFormat.E164)
    return f"{plain} ext. {number.extension}" if number.extension else plain


def _refusal(field: str, missing: str, region: str | None) -> InvalidArgument:
    return InvalidArgument(field, f'give a phone number with {missing}, such as "{_example(region)}".')


def _example(region: str | None) -> str:
    import phonenumbers as numbers  # noqa: PLC0415  as above

    example = numbers.example_number(region) if region else None
    return _ANYWHERE if example is None else numbers.format_number(example, numbers.PhoneNumberFormat.INTERNATIONAL)


def normal_email(text: str) -> str:
    """An address in lower case; nobody has two that differ in nothing else."""
    return text.strip().casefold()


def references_of(customer: Customer) -> tuple[str, ...]:
    """What a normalised customer is found by, besides a reference of the agent's own."""
    return (
        *([phone_reference(customer.phone)] if customer.phone else []),
        *([email_reference(customer.email)] if customer.email else []),
    )


def phone_reference(normal: str) -> str:
    """The reference of a number that `normal_phone` gave; extensions of one number are one."""
    return f"phone:{normal.partition(' ')[0]}"


def email_reference(normal: str) -> str:
    """The reference of an address that `normal_email` gave."""
    return f"email:{normal}"


def readings_of(text: str, project: Project) -> tuple[str, ...]:
    """All references that somebody may mean by a text: an agent's own, an e-mail address, a phone number."""
    mine = text.strip()
    if "@" in mine:
        return mine, email_reference(normal_email(mine))
    try:
        return mine, phone_reference(normal_phone(mine, project, "reference"))
    except InvalidArgument:
        return (mine,)


def region_of(locale: str) -> str | None:
    """The country of a locale such as "en-US", if it names one."""
    found = _REGION.search(locale)
    return found[1].upper() if found else None
