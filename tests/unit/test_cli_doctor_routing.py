"""The doctor's checks of the routing service and of the table of postal codes."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal

from slotmcp.cli.exits import Exit
from slotmcp.project_file import sample_text
from support.command_line import Run
from support.roads import RoutingServer, routing_server

UNUSED_ADDRESS = "http://127.0.0.1:1"


@pytest.fixture
def routing() -> Iterator[RoutingServer]:
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(routing_server()) as server:
        yield server


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Path of the table of postal codes in the settings."""
    path = tmp_path / "codes.csv"
    monkeypatch.setenv("SLOTMCP_GEOCODER_FILE", str(path))
    return path


@pytest.mark.usefixtures("imported")
def test_a_running_service_returns_travel_times(
    slotmcp: Run, routing: RoutingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLOTMCP_ROUTING_URL", routing.url.replace("http://", "http://kim:secret@"))
    ended = slotmcp("doctor")
    assert ended.code == Exit.OK
    address = routing.url.removeprefix("http://")
    assert re.search(rf"^ok +routing +{address} returns travel times$", ended.out, re.MULTILINE)
    assert "secret" not in ended.out + ended.err
    assert routing.requests


@pytest.mark.usefixtures("imported")
def test_an_unavailable_service_is_not_an_error(slotmcp: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLOTMCP_ROUTING_URL", UNUSED_ADDRESS)
    ended = slotmcp("doctor")
    assert ended.code == Exit.OK
    assert re.search(
        r"^next +routing +127.0.0.1:1 does not respond, so travel times are estimated", ended.out, re.MULTILINE
    )


def test_an_unneeded_service_is_not_called(slotmcp: Run, sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sample.write_text(re.sub(r"(?m)^  travel: .*$", "", sample_text()))
    assert slotmcp("import", str(sample)).code == Exit.OK
    monkeypatch.setenv("SLOTMCP_ROUTING_URL", UNUSED_ADDRESS)
    assert re.search(r"^next +routing +127.0.0.1:1 is not used", slotmcp("doctor").out, re.MULTILINE)


@pytest.mark.usefixtures("imported")
def test_without_a_service_there_is_no_finding(slotmcp: Run) -> None:
    assert "routing" not in slotmcp("doctor").out


HOME = "    home: {latitude: 39.7294, longitude: -104.8319}\n"


@pytest.mark.parametrize(
    ("home_line", "finding"),
    [
        ("    home: {postalCode: '80202'}\n", "ok +geocoding +postal code 80202 was found in {}"),
        ("    home: {postalCode: '99999'}\n", "next +geocoding +postal code 99999 was not found in {}"),
        (HOME, "next +geocoding +{} is set, but no technician's home has a postalCode"),
    ],
)
def test_the_table_of_postal_codes_is_checked(
    slotmcp: Run, sample: Path, table: Path, home_line: str, finding: str
) -> None:
    table.write_text("postalCode,latitude,longitude\n80202,39.75,-104.99\n")
    sample.write_text(re.sub(r"(?m)^    home: .*\n", home_line, sample_text(), count=1))
    assert slotmcp("import", str(sample)).code == Exit.OK
    assert re.search(f"(?m)^{finding.format(re.escape(str(table)))}", slotmcp("doctor").out)


def test_a_damaged_table_of_postal_codes_is_named(slotmcp: Run, sample: Path, table: Path) -> None:
    table.write_text("postalCode,latitude,longitude\n80202,north,-104.99\n")
    ended = slotmcp("import", str(sample))
    assert ended.code != Exit.OK
    assert "Line 2 of the table of postal codes" in ended.err
