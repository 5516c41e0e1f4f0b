"""Contacts are normalized, and invalid phone numbers are rejected."""

import pytest

from slotmcp.domain.booking import Customer
from slotmcp.domain.catalog import Project
from slotmcp.domain.errors import InvalidArgument
from slotmcp.services.contacts import (
    hash_references,
    normalize_customer,
    normalize_phone,
    possible_references,
    references_of,
    region_of,
)


def project(locale: str = "en-US") -> Project:
    return Project(id="shop", name="Shop", timezone="America/Denver", locale=locale)


@pytest.mark.parametrize(
    ("written", "locale", "normalized"),
    [
        ("+1 303 555 0142", "en-US", "+13035550142"),
        ("+1 303 555 0142", "de-DE", "+13035550142"),
        ("(303) 555-0142", "en-US", "+13035550142"),
        ("303.555.0142", "en_US", "+13035550142"),
        ("1-303-555-0142", "en-US", "+13035550142"),
        ("011 49 30 1234567", "en-US", "+49301234567"),
        ("030 1234567", "de-DE", "+49301234567"),
        ("+49 (0)30 1234567", "en-US", "+49301234567"),
        ("020 7946 0018", "en-GB", "+442079460018"),
        ("+1 303 555 0142", "es", "+13035550142"),
        ("303 555 0142 x7", "en-US", "+13035550142 ext. 7"),
        ("303 555 0142 ext. 0012", "en-US", "+13035550142 ext. 0012"),
    ],
)
def test_a_phone_number_is_normalized(written: str, locale: str, normalized: str) -> None:
    assert normalize_phone(written, project(locale), "phone") == normalized
    assert normalize_phone(normalized, project(locale), "phone") == normalized


@pytest.mark.parametrize(
    ("written", "locale", "problem"),
    [
        ("555 0142", "en-US", "its area code"),
        ("720 555 0142", "es", "a country code"),
        ("+999 303 555 0142", "en-US", "a country code"),
        ("303 555 01", "en-US", "all of its digits"),
        ("+1 303 555 0142 0142 0142", "en-US", "all of its digits"),
        ("+49 1", "de-DE", "all of its digits"),
    ],
)
def test_an_invalid_number_is_rejected_with_an_example(written: str, locale: str, problem: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        normalize_phone(written, project(locale), "customerPhone")
    (field,) = refused.value.fields
    assert field.field == "customerPhone"
    assert problem in field.problem
    assert 'such as "+' in field.problem
    assert written not in field.problem


def test_the_example_belongs_to_the_projects_country_and_is_valid() -> None:
    with pytest.raises(InvalidArgument) as refused:
        normalize_phone("1", project("de-DE"), "phone")
    example = refused.value.fields[0].problem.split('"')[1]
    assert example.startswith("+49 ")
    assert normalize_phone(example, project("de-DE"), "phone").startswith("+49")


def test_a_customer_needs_a_contact() -> None:
    with pytest.raises(InvalidArgument) as refused:
        normalize_customer(Customer(name="Kim"), project())
    assert refused.value.fields[0].field == "customerPhone"


def test_an_address_is_stored_in_lower_case() -> None:
    normalized = normalize_customer(Customer(name="Kim", email=" Kim.Doe@Example.COM "), project())
    assert normalized == Customer(name="Kim", email="kim.doe@example.com")


def test_references_are_the_number_without_extension_and_the_address() -> None:
    normalized = normalize_customer(Customer(name="Kim", phone="303 555 0142 x7", email="Kim@example.com"), project())
    assert references_of(normalized) == ("phone:+13035550142", "email:kim@example.com")
    assert references_of(Customer(name="Kim")) == ()


def test_a_customer_hash_is_never_taken_for_another_kind_of_reference() -> None:
    assert hash_references("kim") == ("hash:kim", "kim")
    for own in ("phone:+13035550142", "email:kim@example.com", "hash:kim", "call:x-call-id:a", "key:k", "token:t"):
        assert hash_references(own) == (f"hash:{own}",)


@pytest.mark.parametrize(
    ("text", "readings"),
    [
        (" 303 555 0142 ", ("hash:303 555 0142", "303 555 0142", "phone:+13035550142")),
        ("Kim@Example.com", ("hash:Kim@Example.com", "Kim@Example.com", "email:kim@example.com")),
        ("caller-7a1f", ("hash:caller-7a1f", "caller-7a1f")),
    ],
)
def test_a_text_yields_all_references_that_it_may_stand_for(text: str, readings: tuple[str, ...]) -> None:
    assert possible_references(text, project()) == readings


@pytest.mark.parametrize(
    ("locale", "region"),
    [("en-US", "US"), ("en_GB.UTF-8", "GB"), ("zh-Hant-TW", "TW"), ("es", None), ("es-419", None), ("", None)],
)
def test_the_country_comes_from_the_locale(locale: str, region: str | None) -> None:
    assert region_of(locale) == region
