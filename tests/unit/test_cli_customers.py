"""`slotmcp booking` and `slotmcp forget`."""

import asyncio
import re
from pathlib import Path

import pytest

from slotmcp.bootstrap import open_app
from slotmcp.cli.exits import Exit
from slotmcp.domain.booking import Customer
from slotmcp.services.booking_requests import BookRequest
from slotmcp.services.slots import SlotQuery
from slotmcp.settings import Settings
from support.command_line import Run

KIM = Customer(name="Kim Doe", phone="+1 303 555 0142", email="kim@example.com")


def create_booking() -> str:
    """Book the first available time for Kim; return the booking's id."""

    async def book() -> str:
        async with open_app(Settings.load()) as app:
            offer = (await app.slots.get_slots(SlotQuery(limit=1))).offer
            return (await app.bookings.book_slot(BookRequest(start=offer.slots[0].start, customer=KIM))).booking.id

    return asyncio.run(book())


def add_past_booking(imported: Path) -> str:
    """Add a past booking to the project file; return its id."""
    text = imported.read_text(encoding="utf-8")
    entry = (
        "  - {id: b-old, technicianId: t-ana, serviceType: ac-repair, "
        "start: 2026-01-05T16:00:00Z, end: 2026-01-05T17:00:00Z}"
    )
    imported.write_text(re.sub(r"(?m)^bookings:.*\n", f"bookings:\n{entry}\n", text), encoding="utf-8")
    return "b-old"


@pytest.mark.usefixtures("imported")
def test_a_booking_is_shown_without_its_customer(slotmcp: Run) -> None:
    booking_id = create_booking()
    ended = slotmcp("booking", booking_id)
    assert ended.code == Exit.OK
    assert re.fullmatch(rf"{booking_id}: .+ at \d+:\d\d [AP]M, with .+: confirmed\.\n", ended.out)
    assert "Kim" not in ended.out


@pytest.mark.usefixtures("imported")
def test_the_customer_is_shown_on_request(slotmcp: Run) -> None:
    booking_id = create_booking()
    plain, ended = slotmcp("booking", booking_id), slotmcp("booking", booking_id, "--customer")
    assert ended.out == plain.out + "Customer: Kim Doe, +13035550142, kim@example.com\n"
    assert slotmcp("forget", KIM.email).code == Exit.OK
    assert slotmcp("booking", booking_id, "--customer").out == plain.out + "No customer data is stored.\n"
    assert slotmcp("booking", booking_id, "--customer", "--status", "completed").code == Exit.USAGE


def test_an_outcome_is_set_and_corrected(slotmcp: Run, imported: Path) -> None:
    booking_id = add_past_booking(imported)
    assert slotmcp("import", str(imported)).code == Exit.OK
    for status in ("no-show", "completed", "completed"):
        ended = slotmcp("booking", booking_id, "--status", status)
        assert (ended.code, ended.out.endswith(f": {status}.\n")) == (Exit.OK, True), ended.err
    assert slotmcp("booking", booking_id, "--project", "denver-hvac").out == ended.out


@pytest.mark.usefixtures("imported")
@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["b-9"], Exit.REFUSED, "There is no booking 'b-9' in denver-hvac."),
        (["b-9", "--status", "completed"], Exit.REFUSED, "There is no booking with that id"),
        (["b-9", "--status", "cancelled"], Exit.USAGE, "no-show"),
        (["b-9", "--project", "denver"], Exit.REFUSED, "denver-hvac"),
        ([], Exit.USAGE, "BOOKING_ID"),
    ],
)
def test_an_invalid_booking_or_status_is_reported(slotmcp: Run, words: list[str], code: Exit, message: str) -> None:
    ended = slotmcp("booking", *words)
    assert (ended.code, ended.out) == (code, "")
    assert message in ended.err


@pytest.mark.usefixtures("imported")
def test_an_invalid_transition_is_reported(slotmcp: Run) -> None:
    ended = slotmcp("booking", create_booking(), "--status", "completed")
    assert (ended.code, ended.out) == (Exit.REFUSED, "")
    assert "--status: the appointment has not begun yet" in ended.err


@pytest.mark.usefixtures("imported")
@pytest.mark.parametrize("reference", ["(303) 555-0142", "KIM@example.com"])
def test_a_customer_is_erased_without_being_printed(slotmcp: Run, reference: str) -> None:
    booking_id = create_booking()
    ended = slotmcp("forget", reference)
    assert (ended.code, ended.err) == (Exit.OK, "")
    assert (
        ended.out
        == "Erased from 1 booking or waitlist entry in denver-hvac. Times, technicians and services are kept.\n"
    )
    assert booking_id in slotmcp("booking", booking_id).out
    again = slotmcp("forget", reference, "--project", "denver-hvac")
    assert (again.code, again.out) == (Exit.OK, "No customer found in denver-hvac; nothing was erased.\n")


@pytest.mark.usefixtures("imported")
def test_an_empty_reference_is_refused(slotmcp: Run) -> None:
    ended = slotmcp("forget", " ")
    assert ended.code == Exit.REFUSED
    assert "PHONE|EMAIL|HASH: give a phone number" in ended.err


@pytest.mark.parametrize(
    "words",
    [
        ["--toolset", "boss"],
        ["--toolset"],
        ["--read-only=yes"],
        ["--fast"],
    ],
)
def test_invalid_server_options_are_a_usage_error(slotmcp: Run, words: list[str]) -> None:
    assert slotmcp("stdio", *words).code == Exit.USAGE
