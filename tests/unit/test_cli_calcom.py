"""`slotmcp calcom`, and what the doctor says of an account."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from slotmcp.cli.exits import Exit
from slotmcp.settings import Settings
from support.calcom.live import VARIABLES, business, days_ahead, world
from support.calcom.office import ANAS, ATTENDEE, STRANGERS
from support.calcom.server import StandIn, standing_in
from support.command_line import Run
from support.http_server import open_books


@pytest.fixture
def calcom(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """The stand-in, and the shop that is connected to it."""
    assert home.is_dir()
    with standing_in(world()) as stand_in:
        monkeypatch.setenv("SLOTMCP_CALCOM_URL", stand_in.url)
        for name, value in VARIABLES.items():
            monkeypatch.setenv(name, value)
        asyncio.run(_open())
        yield stand_in


async def _open() -> None:
    async with open_books(Settings.load().database_path, business()):
        pass


def test_a_dry_run_says_what_would_change_and_changes_nothing(calcom: StandIn, slotmcp: Run) -> None:
    uid = calcom.world.book(ANAS, days_ahead(2), ATTENDEE).uid
    for _ in range(2):
        dry = slotmcp("calcom", "sync", "--dry-run")
        assert dry.code == Exit.FINE
        assert dry.out.startswith("Read 1 event; 1 difference would be healed, 0 conflicts began.\n")
        assert f"missed: {uid}, " in dry.out
    healed = slotmcp("calcom", "sync")
    assert "Read 1 event; 1 difference healed, 0 conflicts began." in healed.out
    assert "Kim" not in healed.out
    assert "0 differences healed" in slotmcp("calcom", "sync").out


def test_what_was_put_aside_is_shown_with_what_would_help_and_replayed(calcom: StandIn, slotmcp: Run) -> None:
    assert "Nothing was put aside" in slotmcp("calcom", "inbox").out
    uid = calcom.world.book(STRANGERS, days_ahead(2), ATTENDEE).uid
    assert f"foreign: {uid}" in slotmcp("calcom", "sync").out
    shown = " ".join(slotmcp("calcom", "inbox").out.split())
    assert uid in shown
    assert "user" in shown
    assert slotmcp("calcom", "inbox", "--all").out == f"{uid}: parked\n"
    assert slotmcp("calcom", "inbox", "--replay", uid).out == f"{uid}: parked\n"
    unknown = slotmcp("calcom", "inbox", "--replay", "nothing")
    assert (unknown.code, unknown.out) == (Exit.REFUSED, "")


def test_conflicts_and_pushes_are_shown(calcom: StandIn, slotmcp: Run) -> None:
    assert slotmcp("calcom", "conflicts").out == "There is no conflict.\n"
    assert slotmcp("calcom", "pushes").out == "Cal.com knows of every booking that it has to know of.\n"
    asyncio.run(_schedule())
    assert "is about to be sent" in " ".join(slotmcp("calcom", "pushes").out.split())
    calcom.world.book(ANAS, days_ahead(2), ATTENDEE)
    told = slotmcp("calcom", "sync").out
    assert "refused" in told
    assert "refused" in " ".join(slotmcp("calcom", "pushes").out.split())
    shown = slotmcp("calcom", "conflicts").out
    assert "ana" in shown
    assert "Kim" not in shown


async def _schedule() -> None:
    from slotmcp.services.booking_requests import BookRequest  # noqa: PLC0415
    from support.shop import CALLER  # noqa: PLC0415

    async with open_books(Settings.load().database_path) as schedules:
        request = BookRequest(
            customer=CALLER, start=days_ahead(2), service_id="visit", technician_id="ana", project_id="shop"
        )
        await schedules.app.bookings.book_slot(request)


def test_an_account_that_does_not_answer_is_said_so(
    calcom: StandIn, slotmcp: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY", "cal_wrong")
    refused = slotmcp("calcom", "sync")
    assert refused.code == Exit.AWAY
    assert "the API key is invalid" in refused.err
    assert "cal_wrong" not in refused.err
    monkeypatch.delenv("KEY")
    assert "the variable KEY holds no API key" in slotmcp("calcom", "sync").err
    assert calcom.world.bookings == {}


def test_the_doctor_says_how_the_account_is(calcom: StandIn, slotmcp: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert calcom.url
    told = slotmcp("doctor").out
    assert "the key in KEY opens the account office" in told
    assert "/webhooks/calcom/shop takes what is signed with SECRET" in told
    assert "it was never reconciled" in told
    slotmcp("calcom", "sync")
    assert "it was last reconciled 0 minutes ago" in slotmcp("doctor").out
    monkeypatch.delenv("SECRET")
    monkeypatch.setenv("KEY", "cal_wrong")
    told = slotmcp("doctor").out
    assert "SECRET is not set" in told
    assert "Cal.com refuses the key in KEY" in told
    monkeypatch.delenv("KEY")
    assert "KEY is not set" in slotmcp("doctor").out


@pytest.mark.usefixtures("imported")
def test_a_project_that_is_not_connected_is_said_so(slotmcp: Run) -> None:
    refused = slotmcp("calcom", "sync")
    assert refused.code == Exit.REFUSED
    assert "is not connected to Cal.com" in refused.err
    assert "calcom" not in slotmcp("doctor").out
