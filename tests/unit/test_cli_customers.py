"""booking and forget: what operators do with single bookings and with customers."""

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


def booked() -> str:
    """The id of a booking of Kim's, at the first time that is free."""

    async def book() -> str:
        async with open_app(Settings.load()) as app:
            offer = (await app.slots.get_slots(SlotQuery(limit=1))).offer
            return (await app.bookings.book_slot(BookRequest(start=offer.slots[0].start, customer=KIM))).booking.id

    return asyncio.run(book())


def begun(imported: Path) -> str:
    """The id of a booking that has begun: from the sample's start state, made a few days old."""
    text = imported.read_text(encoding="utf-8")
    entry = (
        "  - {id: b-old, technicianId: t-ana, serviceType: ac-repair, "
        "start: 2026-01-05T16:00:00Z, end: 2026-01-05T17:00:00Z}"
    )
    imported.write_text(re.sub(r"(?m)^bookings:.*\n", f"bookings:\n{entry}\n", text), encoding="utf-8")
    return "b-old"


@pytest.mark.usefixtures("imported")
def test_a_booking_is_shown_without_its_customer(slotmcp: Run) -> None:
    booking_id = booked()
    ended = slotmcp("booking", booking_id)
    assert ended.code == Exit.FINE
    assert re.fullmatch(rf"{booking_id}: .+ at \d+:\d\d [AP]M, with .+: confirmed\.\n", ended.out)
    assert "Kim" not in ended.out


@pytest.mark.usefixtures("imported")
def test_whose_a_booking_is_is_shown_on_request(slotmcp: Run) -> None:
    booking_id = booked()
    plain, ended = slotmcp("booking", booking_id), slotmcp("booking", booking_id, "--customer")
    assert ended.out == plain.out + "Customer: Kim Doe, +13035550142, kim@example.com\n"
    assert slotmcp("forget", KIM.email).code == Exit.FINE
    assert slotmcp("booking", booking_id, "--customer").out == plain.out + "Of its customer nothing is kept.\n"
    assert slotmcp("booking", booking_id, "--customer", "--status", "completed").code == Exit.USAGE


def test_what_came_of_a_visit_is_said_and_can_be_put_right(slotmcp: Run, imported: Path) -> None:
    booking_id = begun(imported)
    assert slotmcp("import", str(imported)).code == Exit.FINE
    for status in ("no-show", "completed", "completed"):
        ended = slotmcp("booking", booking_id, "--status", status)
        assert (ended.code, ended.out.endswith(f": {status}.\n")) == (Exit.FINE, True), ended.err
    assert slotmcp("booking", booking_id, "--project", "denver-hvac").out == ended.out


@pytest.mark.usefixtures("imported")
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["b-9"], Exit.REFUSED, "There is no booking 'b-9' in denver-hvac."),
        (["b-9", "--status", "completed"], Exit.REFUSED, "There is no booking with that id"),
        (["b-9", "--status", "cancelled"], Exit.USAGE, "no-show"),
        (["b-9", "--project", "denver"], Exit.REFUSED, "denver-hvac"),
        ([], Exit.USAGE, "BOOKING_ID"),
    ],
)
def test_a_wrong_booking_or_status_is_told_in_a_sentence(slotmcp: Run, words: list[str], code: Exit, said: str) -> None:
    ended = slotmcp("booking", *words)
    assert (ended.code, ended.out) == (code, "")
    assert said in ended.err


@pytest.mark.usefixtures("imported")
def test_an_illegal_transition_is_told_in_a_sentence(slotmcp: Run) -> None:
    ended = slotmcp("booking", booked(), "--status", "completed")
    assert (ended.code, ended.out) == (Exit.REFUSED, "")
    assert "--status: the appointment has not begun yet" in ended.err


@pytest.mark.usefixtures("imported")
@pytest.mark.parametrize("reference", ["(303) 555-0142", "KIM@example.com"])
def test_a_customer_is_erased_and_never_echoed(slotmcp: Run, reference: str) -> None:
    booking_id = booked()
    ended = slotmcp("forget", reference)
    assert (ended.code, ended.err) == (Exit.FINE, "")
    assert ended.out == "Erased from 1 booking or wait in denver-hvac. Times, technicians and services stay.\n"
    assert booking_id in slotmcp("booking", booking_id).out
    again = slotmcp("forget", reference, "--project", "denver-hvac")
    assert (again.code, again.out) == (Exit.FINE, "Nobody is known by that in denver-hvac; nothing was erased.\n")


@pytest.mark.usefixtures("imported")
def test_nothing_to_forget_is_refused(slotmcp: Run) -> None:
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
def test_a_servers_wrong_options_are_wrong_usage(slotmcp: Run, words: list[str]) -> None:
    assert slotmcp("stdio", *words).code == Exit.USAGE
