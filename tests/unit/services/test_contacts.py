"""Contacts are normalized, and invalid phone numbers are rejected."""

import pytest

from slotmcp.domain.booking import Customer
from slotmcp.domain.catalog import Project
from slotmcp.domain.errors import InvalidArgument
from slotmcp.services.contacts import (
    hash_references,
    normalize_customer,
    possible_references,
    references_of,
)


def project(locale: str = "en-US") -> Project:
    return Project(id="shop", name="Shop", timezone="America/Denver", locale=locale)


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
