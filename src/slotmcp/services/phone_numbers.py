"""Phone numbers: normalization to E.164, and rejection of numbers that no one can have."""

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from slotmcp.domain.catalog import Project
from slotmcp.domain.errors import InvalidArgument, ProblemKind
from slotmcp.services.countries import country_of

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

_EXAMPLE_NUMBER: Final = "+1 303 555 0142"
_EXACT_DIGITS: Final = "all of its digits and no more"
_NORTH_AMERICA: Final = 1
"""Country code of the North American Numbering Plan."""
_AREA_CODE_DIGITS: Final = 3
_SUBSCRIBER: Final = "345678"
_RUNS: Final = ("01234567890", "12345678901")


def normalize_phone(text: str, project: Project, field: str) -> str:
    """Return a phone number in E.164, such as "+13035550142", with its extension: "+13035550142 ext. 7".

    A number without a country code belongs to the project's country.

    Raises:
        InvalidArgument: the number cannot be dialed from abroad; the message names the missing part.
    """
    return _format(_parse(text, country_of(project), field))


def normalize_new_phone(text: str, project: Project, field: str) -> str:
    """Return a phone number to store, as `normalize_phone` does.

    Raises:
        InvalidArgument: as `normalize_phone`, or no one can have the number. Fictional ones (555-01xx) are accepted.
    """
    region = country_of(project)
    number = _parse(text, region, field)
    if fault := _fault(number):
        raise _refusal(field, fault, region)
    return _format(number)


def _parse(text: str, region: str | None, field: str) -> "PhoneNumber":
    import phonenumbers as numbers  # noqa: PLC0415  takes 0.1 s, which would slow down the start

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
    return number


def _fault(number: "PhoneNumber") -> str:
    """Return the part that makes a number impossible to have, or empty text."""
    import phonenumbers as numbers  # noqa: PLC0415  as above

    digits = numbers.national_significant_number(number)
    if len(set(digits)) == 1 or any(run.startswith(digits) for run in _RUNS):
        return "the digits that the caller really has"
    if number.country_code == _NORTH_AMERICA and not _is_assigned(digits[:_AREA_CODE_DIGITS]):
        return "an area code that exists"
    return ""


@lru_cache(maxsize=1000)
def _is_assigned(area_code: str) -> bool:
    """Return whether the metadata has an assigned North American area code. Some begin at certain exchanges only."""
    import phonenumbers as numbers  # noqa: PLC0415  as above

    return any(
        numbers.is_valid_number(
            numbers.PhoneNumber(country_code=_NORTH_AMERICA, national_number=int(f"{area_code}{exchange}{_SUBSCRIBER}"))
        )
        for exchange in range(2, 10)
    )


def _format(number: "PhoneNumber") -> str:
    import phonenumbers as numbers  # noqa: PLC0415  as above

    e164 = numbers.format_number(number, numbers.PhoneNumberFormat.E164)
    return f"{e164} ext. {number.extension}" if number.extension else e164


def _refusal(field: str, missing: str, region: str | None) -> InvalidArgument:
    problem = f'give a phone number with {missing}, such as "{_example(region)}".'
    return InvalidArgument(field, problem, kind=ProblemKind.PHONE)


def _example(region: str | None) -> str:
    import phonenumbers as numbers  # noqa: PLC0415  as above

    example = numbers.example_number(region) if region else None
    return (
        _EXAMPLE_NUMBER if example is None else numbers.format_number(example, numbers.PhoneNumberFormat.INTERNATIONAL)
    )
