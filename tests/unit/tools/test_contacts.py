"""Tests of phone numbers and email addresses."""

import pytest

from slotmcp.tools.arguments import read_email, read_phone


@pytest.mark.parametrize(
    "text", ["+1 303 555 0142", "(303) 555-0142", "303.555.0142", "0049/89/123456", "3035550142 x12", "555-0142 ext. 7"]
)
def test_phone_numbers_are_returned_unchanged(text: str) -> None:
    assert read_phone(text) == text


@pytest.mark.parametrize("text", ["unknown", "12", "call me", "1" * 24, "303-555-0142 or 0143", "+", "٣٠٣٥٥٥٠١٤٢"])
def test_an_invalid_phone_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be a phone number such as"):
        read_phone(text)


@pytest.mark.parametrize("text", ["ana@example.com", "a.b+c@mail.example.co.uk", "jürgen@bücher.example"])
def test_email_addresses_are_returned_unchanged(text: str) -> None:
    assert read_email(text) == text


@pytest.mark.parametrize("text", ["ana", "ana@", "@example.com", "ana@example", "a@b.c, d@e.f", "a b@c.d", "a@b..c"])
def test_an_invalid_email_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be one e-mail address such as"):
        read_email(text)
