"""Tests of phone numbers and email addresses."""

import pytest

from slotmcp.tools.texts import plain, read_email, read_name, read_phone


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


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("\u202d+1 303 555 0142\u202c", "+1 303 555 0142"),
        ("tel:+1-303-555-0142", "+1-303-555-0142"),
        ("TEL:+1-303-555-0142;ext=7", "+1-303-555-0142 x7"),
        ("sms:+13035550142", "+13035550142"),
        ("303.555.0142 x7", "303.555.0142 x7"),
        ("303\u2011555\u20130142", "303-555-0142"),
        ("\uff0b\uff11 \uff13\uff10\uff13 555 0142", "+1 303 555 0142"),
        ("(+49) 30\u00a01234567", "(+49) 30 1234567"),
        ("\u0663\u0660\u0663 555 0142", "303 555 0142"),
        ("303 555 0142, extension 7", "303 555 0142, extension 7"),
    ],
)
def test_a_pasted_phone_number_is_cleaned(text: str, number: str) -> None:
    assert read_phone(plain(text)) == number


@pytest.mark.parametrize(
    "text",
    [
        "mailto:bob@example.com",
        "MAILTO:bob@example.com?subject=Hi",
        "\ufeffbob@example.com\u200b",
        "bob\uff20example.com",
    ],
)
def test_a_pasted_email_address_is_cleaned(text: str) -> None:
    assert read_email(plain(text)) == "bob@example.com"


@pytest.mark.parametrize("text", ["tel:", "tel:tel:+13035550142", "+1 303 tel: 555 0142", "mailto:+13035550142"])
def test_other_links_are_no_phone_numbers(text: str) -> None:
    with pytest.raises(ValueError, match="must be a phone number such as"):
        read_phone(plain(text))


@pytest.mark.parametrize("text", ["5", "---", "303 555 0142", "?"])
def test_a_name_needs_a_letter(text: str) -> None:
    with pytest.raises(ValueError, match="must be the person's name"):
        read_name(text)
