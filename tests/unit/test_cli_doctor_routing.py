"""The doctor's check of the routing service."""

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
