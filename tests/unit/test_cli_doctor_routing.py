"""The doctor and the routing service: whether it tells ways, and without its password."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal

from slotmcp.cli.exits import Exit
from slotmcp.project_file import sample_text
from support.command_line import Run
from support.roads import RoutingServer, routing_server

NOBODY = "http://127.0.0.1:1"


@pytest.fixture
def routing() -> Iterator[RoutingServer]:
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(routing_server()) as server:
        yield server


@pytest.mark.usefixtures("imported")
def test_one_that_answers_is_asked_for_a_way(
    slotmcp: Run, routing: RoutingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLOTMCP_ROUTING_URL", routing.url.replace("http://", "http://kim:secret@"))
    ended = slotmcp("doctor")
    assert ended.code == Exit.FINE
    address = routing.url.removeprefix("http://")
    assert re.search(rf"^ok +routing +{address} tells how long ways take$", ended.out, re.MULTILINE)
    assert "secret" not in ended.out + ended.err
    assert routing.asked


@pytest.mark.usefixtures("imported")
def test_one_that_is_away_breaks_nothing(slotmcp: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLOTMCP_ROUTING_URL", NOBODY)
    ended = slotmcp("doctor")
    assert ended.code == Exit.FINE
    assert re.search(r"^next +routing +127.0.0.1:1 gave no answer, so ways are estimated", ended.out, re.MULTILINE)


def test_one_that_no_project_needs_is_left_alone(slotmcp: Run, sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sample.write_text(re.sub(r"(?m)^  travel: .*$", "", sample_text()))
    assert slotmcp("import", str(sample)).code == Exit.FINE
    monkeypatch.setenv("SLOTMCP_ROUTING_URL", NOBODY)
    assert re.search(r"^next +routing +127.0.0.1:1 is not asked", slotmcp("doctor").out, re.MULTILINE)


@pytest.mark.usefixtures("imported")
def test_without_one_there_is_nothing_to_say(slotmcp: Run) -> None:
    assert "routing" not in slotmcp("doctor").out
