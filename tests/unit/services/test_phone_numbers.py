"""Phone numbers are normalized by the project's country, and impossible ones are rejected."""

import pytest

from slotmcp.domain.booking import Customer
from slotmcp.domain.catalog import Project
from slotmcp.domain.errors import InvalidArgument, ProblemKind
from slotmcp.services.contacts import normalize_customer, possible_references
from slotmcp.services.phone_numbers import normalize_new_phone, normalize_phone


def project(locale: str = "en-US", timezone: str = "America/Denver", country: str | None = None) -> Project:
    return Project(id="shop", name="Shop", timezone=timezone, locale=locale, country=country)


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
        ("720 555 0142", "es", "+17205550142"),
        ("+1 303 555 0142 ext. 7", "es", "+13035550142 ext. 7"),
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


@pytest.mark.parametrize(
    ("written", "shop", "normalized"),
    [
        ("0412 345 678", project(timezone="Australia/Sydney"), "+61412345678"),
        ("030 1234567", project("de", "Europe/Berlin"), "+49301234567"),
        ("01 5123456", project("de", "Europe/Vienna"), "+4315123456"),
        ("55 1234 5678", project("es", "America/Mexico_City"), "+525512345678"),
        ("0412 345 678", project("de", "Europe/Berlin", "AU"), "+61412345678"),
        ("(303) 555-0142", project("en-GB", "Europe/London", "US"), "+13035550142"),
        ("020 7946 0018", project("en-GB", "America/Denver"), "+442079460018"),
    ],
)
def test_a_number_without_country_code_belongs_to_the_projects_country(
    written: str, shop: Project, normalized: str
) -> None:
    assert normalize_phone(written, shop, "phone") == normalized


def test_a_project_without_a_country_needs_country_codes() -> None:
    with pytest.raises(InvalidArgument, match="a country code"):
        normalize_phone("720 555 0142", project("es", "UTC"), "phone")


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ("0000000000", "the digits that the caller really has"),
        ("+1 222 222 2222", "the digits that the caller really has"),
        ("+49 1111111", "the digits that the caller really has"),
        ("123-456-7890", "the digits that the caller really has"),
        ("+1 012 345 6789", "the digits that the caller really has"),
        ("+44 1234 567890", "the digits that the caller really has"),
        ("+47 12 34 56 78", "the digits that the caller really has"),
        ("555 123 4567", "an area code that exists"),
        ("987 654 3210", "an area code that exists"),
        ("+1 999 555 0142", "an area code that exists"),
        ("+1 117 555 0142", "an area code that exists"),
    ],
)
def test_a_number_that_no_one_can_have_is_rejected(written: str, fault: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        normalize_new_phone(written, project(), "customerPhone")
    (problem,) = refused.value.fields
    assert (problem.field, problem.kind) == ("customerPhone", ProblemKind.PHONE)
    assert fault in problem.problem
    assert 'such as "+1 ' in problem.problem


@pytest.mark.parametrize("area_code", ["303", "212", "416", "242", "787", "800", "888", "472", "983", "274"])
def test_a_fictional_number_with_an_assigned_area_code_is_accepted(area_code: str) -> None:
    exchange = "274" if area_code == "274" else "555"
    number = f"+1{area_code}{exchange}0142"
    assert normalize_new_phone(number, project(), "customerPhone") == number


@pytest.mark.parametrize("line", range(100, 200))
def test_every_fictional_line_of_denver_is_accepted(line: int) -> None:
    assert normalize_new_phone(f"303 555 0{line}", project(), "phone") == f"+13035550{line}"


@pytest.mark.parametrize(
    "written", ["234-567-8901", "+45 23 45 67 89", "+49 30 1234567", "303 111 1111", "303 055 0142"]
)
def test_other_unusual_numbers_are_accepted(written: str) -> None:
    assert normalize_new_phone(written, project(), "phone").startswith("+")


def test_customers_with_impossible_numbers_can_still_be_found_and_erased() -> None:
    assert normalize_phone("0000000000", project(), "phone") == "+10000000000"
    assert "phone:+10000000000" in possible_references("0000000000", project())
    with pytest.raises(InvalidArgument):
        normalize_customer(Customer(name="Kim", phone="0000000000"), project())
