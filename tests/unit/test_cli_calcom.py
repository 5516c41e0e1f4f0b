"""`slotmcp calcom`, and the doctor's Cal.com checks."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from slotmcp.cli.exits import Exit
from slotmcp.settings import Settings
from support.calcom.live import VARIABLES, business, days_ahead, state
from support.calcom.office import ANA_VISIT, ATTENDEE, UNKNOWN_HOST_VISIT
from support.calcom.server import FakeCalcom, run_fake_calcom
from support.command_line import Run
from support.http_server import open_database


@pytest.fixture
def calcom(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeCalcom]:
    """Provide a fake Cal.com server with a connected shop."""
    assert home.is_dir()
    with run_fake_calcom(state()) as calcom:
        monkeypatch.setenv("SLOTMCP_CALCOM_URL", calcom.url)
        for name, value in VARIABLES.items():
            monkeypatch.setenv(name, value)
        asyncio.run(_open())
        yield calcom


async def _open() -> None:
    async with open_database(Settings.load().database_path, business()):
        pass


def test_a_dry_run_shows_the_changes_without_making_them(calcom: FakeCalcom, slotmcp: Run) -> None:
    uid = calcom.state.book(ANA_VISIT, days_ahead(2), ATTENDEE).uid
    for _ in range(2):
        dry_run = slotmcp("calcom", "sync", "--dry-run")
        assert dry_run.code == Exit.OK
        assert dry_run.out.startswith("Read 1 event; 1 difference would be repaired, 0 new conflicts.\n")
        assert f"missed: {uid}, " in dry_run.out
    sync = slotmcp("calcom", "sync")
    assert "Read 1 event; 1 difference repaired, 0 new conflicts." in sync.out
    assert "Kim" not in sync.out
    assert "0 differences repaired" in slotmcp("calcom", "sync").out


def test_events_that_could_not_be_applied_are_listed_and_replayed(calcom: FakeCalcom, slotmcp: Run) -> None:
    assert "All events have been applied." in slotmcp("calcom", "inbox").out
    uid = calcom.state.book(UNKNOWN_HOST_VISIT, days_ahead(2), ATTENDEE).uid
    assert f"unknown host: {uid}" in slotmcp("calcom", "sync").out
    shown = " ".join(slotmcp("calcom", "inbox").out.split())
    assert uid in shown
    assert "user" in shown
    assert slotmcp("calcom", "inbox", "--all").out == f"{uid}: deferred\n"
    assert slotmcp("calcom", "inbox", "--replay", uid).out == f"{uid}: deferred\n"
    unknown = slotmcp("calcom", "inbox", "--replay", "nothing")
    assert (unknown.code, unknown.out) == (Exit.REFUSED, "")


def test_conflicts_and_pushes_are_shown(calcom: FakeCalcom, slotmcp: Run) -> None:
    assert slotmcp("calcom", "conflicts").out == "No conflicts.\n"
    assert slotmcp("calcom", "pushes").out == "Cal.com is up to date.\n"
    asyncio.run(_book())
    assert "Waiting to be sent" in " ".join(slotmcp("calcom", "pushes").out.split())
    calcom.state.book(ANA_VISIT, days_ahead(2), ATTENDEE)
    output = slotmcp("calcom", "sync").out
    assert "refused" in output
    assert "Rejected" in " ".join(slotmcp("calcom", "pushes").out.split())
    shown = slotmcp("calcom", "conflicts").out
    assert "ana" in shown
    assert "Kim" not in shown


async def _book() -> None:
    from slotmcp.services.booking_requests import BookRequest  # noqa: PLC0415
    from support.shop import CALLER  # noqa: PLC0415

    async with open_database(Settings.load().database_path) as schedules:
        request = BookRequest(
            customer=CALLER, start=days_ahead(2), service_id="visit", technician_id="ana", project_id="shop"
        )
        await schedules.app.bookings.book_slot(request)


def test_a_rejected_key_is_reported(calcom: FakeCalcom, slotmcp: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", "cal_wrong")
    refused = slotmcp("calcom", "sync")
    assert refused.code == Exit.UNAVAILABLE
    assert "the API key is invalid" in refused.err
    assert "cal_wrong" not in refused.err
    monkeypatch.delenv("KEY")
    assert "the variable KEY holds no API key" in slotmcp("calcom", "sync").err
    assert calcom.state.bookings == {}


def test_the_doctor_checks_the_account(calcom: FakeCalcom, slotmcp: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert calcom.url
    output = slotmcp("doctor").out
    assert "the key in KEY belongs to the account office" in output
    assert "/webhooks/calcom/shop accepts deliveries signed with SECRET" in output
    assert "never synced" in output
    slotmcp("calcom", "sync")
    assert "last synced 0 minutes ago" in slotmcp("doctor").out
    monkeypatch.delenv("SECRET")
    monkeypatch.setenv("KEY", "cal_wrong")
    output = slotmcp("doctor").out
    assert "SECRET is not set" in output
    assert "Cal.com rejects the key in KEY" in output
    monkeypatch.delenv("KEY")
    assert "KEY is not set" in slotmcp("doctor").out


@pytest.mark.usefixtures("imported")
def test_an_unconnected_project_is_reported(slotmcp: Run) -> None:
    refused = slotmcp("calcom", "sync")
    assert refused.code == Exit.REFUSED
    assert "is not connected to Cal.com" in refused.err
    assert "calcom" not in slotmcp("doctor").out
