"""Rules of services, areas and closures: their values, and overlaps that are allowed or not."""

from decimal import Decimal

import pytest

from slotmcp.domain.booking_rules import Price, Priority
from slotmcp.domain.catalog import Location
from unit.project_file.files import WITH_RULES, edited, plan, problems

SERVICE = "bufferAfterMinutes: 15"
HOME = "home: {latitude: 39.7337, longitude: -104.9806}"


def spans(*texts: str) -> str:
    return f"bookable: [{', '.join(texts)}]"


def test_postal_codes_are_read_in_the_form_in_which_they_are_compared() -> None:
    read = plan(WITH_RULES)
    assert [area.postal_codes for area in read.project.areas] == [("80202", "80203", "802*"), ("804*", "80501..80519")]
    assert [technician.home_postal_code for technician in read.technicians] == ["80202", "80203"]
    assert [booking.claim.postal_code for booking in read.bookings] == ["", "80202"]


def test_hours_for_emergencies_may_overlap_the_others() -> None:
    normal = '{days: [mon], start: "08:00", end: "16:00"}'
    emergency = '{days: [mon], start: "06:00", end: "20:00", for: emergency}'
    bookable = plan(edited(SERVICE, spans(normal, emergency))).services[0].bookable
    assert [span.priority for span in bookable] == [Priority.NORMAL, Priority.EMERGENCY]


def test_hours_may_end_when_the_next_begin() -> None:
    morning = '{days: [sun, mon], start: "20:00", end: "04:00"}'
    rest = '{days: [mon, tue], start: "04:00", end: "20:00"}'
    assert len(plan(edited(SERVICE, spans(morning, rest))).services[0].bookable) == 2


def test_each_span_that_overlaps_a_long_one_is_reported() -> None:
    times = ("08:00", "18:00"), ("09:00", "10:00"), ("12:00", "16:00")
    texts = [f'{{days: [mon], start: "{start}", end: "{end}"}}' for start, end in times]
    reported = problems(edited(SERVICE, spans(*texts)))
    assert [problem.path for problem in reported] == ["services[0].bookable[1]", "services[0].bookable[2]"]


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("{from: 89, currency: USD}", Price(amount=Decimal(89), currency="USD")),
        ("{from: 89.50, currency: EUR, per: hour}", Price(amount=Decimal("89.5"), currency="EUR", per="hour")),
        ("{from: 0, currency: JPY}", Price(amount=Decimal(0), currency="JPY")),
        ("{from: 1.125, currency: KWD}", Price(amount=Decimal("1.125"), currency="KWD")),
        ("{text: The first visit is free.}", Price(text="The first visit is free.")),
    ],
)
def test_a_price_has_an_amount_or_a_text(text: str, price: Price) -> None:
    assert plan(edited(SERVICE, f"price: {text}")).services[0].price == price


@pytest.mark.parametrize(
    ("text", "location", "postal_code"),
    [
        ('{postalCode: "80202"}', None, "80202"),
        ("{latitude: 0, longitude: 0}", Location(0, 0), ""),
        ("{postalCode: SW1A 1AA, latitude: 0, longitude: 0}", Location(0, 0), "SW1A1AA"),
    ],
)
def test_a_home_has_coordinates_or_a_postal_code(text: str, location: Location | None, postal_code: str) -> None:
    technician = plan(edited(HOME, f"home: {text}")).technicians[0]
    assert (technician.home, technician.home_postal_code) == (location, postal_code)


def test_sentences_are_written_on_several_lines() -> None:
    text = edited(
        SERVICE, "description: |\n      No heat,\n\n      or noises.\n    guidance: >\n      No\n      heat.\n"
    )
    service = plan(text).services[0]
    assert (service.description, service.guidance) == ("No heat, or noises.", "No heat.")
