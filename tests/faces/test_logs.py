"""What callers say never reaches the log: every tool, answered and refused, at the most talkative level."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
import structlog

from slotmcp.bootstrap import configure_logging
from slotmcp.domain.catalog import Location, TravelMode, TravelPolicy
from slotmcp.engine.travel import TravelSource
from slotmcp.routing.osrm import OsrmTravel
from slotmcp.settings import LogFormat, Settings
from slotmcp.tools.server import tools_of
from slotmcp.tools.toolsets import Toolset
from support.books import PROJECT
from support.roads import routing_server
from support.server import Desk

MONDAY_9, MONDAY_10, TUESDAY_9 = "2026-11-23T16:00:00Z", "2026-11-23T17:00:00Z", "2026-11-24T16:00:00Z"
CONTACT = {"customerName": "Zoë Quux", "customerPhone": "+1 303 555 0142", "customerEmail": "zoe@quux.org"}
PLACE = {"latitude": 39.7312, "longitude": -104.9655}
SAID = (
    "Zoë",
    "Zo\\u00eb",
    "Quux",
    "quux",
    "303 555",
    "555 0142",
    "5550142",
    "1437 Bannock",
    "Beware",
    "caller-7a1f",
    "broken leg",
    "39.7312",
)


@pytest.fixture(params=["console", "json"])
def logged(request: pytest.FixtureRequest) -> Iterator[StringIO]:
    """All that can be logged, as it would come out of a server's stderr."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    log_format: LogFormat = request.param
    stderr = StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stderr", stderr)
        configure_logging(Settings(database_url="unused.db", log_level="debug", log_format=log_format))
    yield stderr
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


async def use_everything(office: Desk) -> None:
    """Call each tool, in vain and with success, with all that a caller could say."""
    await office.ask("list_services")
    await office.ask("get_slots", **PLACE)
    await office.ask("explain_slot", start=MONDAY_9, **PLACE)
    token = (await office.ask("create_hold", start=MONDAY_9, customerHash="caller-7a1f", **PLACE))["holdToken"]
    told: dict[str, Any] = {"address": "1437 Bannock St", "notes": "Beware of the dog", **PLACE}
    booked = (await office.ask("book_slot", holdToken=token, **CONTACT, **told))["booking"]["bookingId"]
    for reference in ({"phone": "303 555 0142"}, {"email": "zoe@quux.org"}, {"customerHash": "caller-7a1f"}):
        await office.ask("find_bookings", **reference)
    await office.ask("reschedule_booking", bookingId=booked, start=TUESDAY_9)
    await office.ask("cancel_booking", bookingId=booked, reason="broken leg")
    await office.ask("release_hold", holdToken=token)
    await office.ask("list_technicians")
    await office.ask("add_time_off", technicianId="t-ben", start=MONDAY_9, end=MONDAY_10, reason="broken leg")
    await office.ask("set_technician_status", technicianId="t-ben", status="off")
    await office.ask("set_technician_status", technicianId="t-ana", status="off")
    window = {"from": MONDAY_9, "to": TUESDAY_9}
    await office.ask("join_waitlist", customerHash="caller-7a1f", **CONTACT, **window)
    await office.ask("list_waitlist")
    await office.ask("get_metrics")
    await office.refused("create_hold", start=MONDAY_9, customerHash="caller-7a1f")
    await office.refused("book_slot", start=MONDAY_9, **CONTACT, **told)
    await office.refused("find_bookings", phone="555 0142")
    await office.refused("cancel_booking", bookingId="Zoë Quux", reason="broken leg")
    await office.refused("reschedule_booking", bookingId="caller-7a1f", start="Zoë Quux")
    await office.refused("get_slots", **{"Zoë Quux": "caller-7a1f"})


async def test_nothing_of_it_is_logged(office: Desk, logged: StringIO) -> None:
    await use_everything(office)
    said = logged.getvalue()
    assert [tool.perform.__name__ for tool in tools_of(Toolset.OPERATOR) if tool.perform.__name__ not in said] == []
    assert [word for word in SAID if word in said] == []


async def test_where_somebody_lives_is_not_logged_when_the_way_is_asked_for(logged: StringIO) -> None:
    project = replace(PROJECT, travel=TravelPolicy(mode=TravelMode.ESTIMATED))
    async with routing_server() as server, OsrmTravel.open(server.url, timeout_seconds=5) as travel:
        times = await travel.times(project, Location(39.7312, -104.9655), [Location(39.86, -104.94)])
    assert times.source is TravelSource.ROUTED
    assert [word for word in ("39.7312", "104.9655") if word in logged.getvalue()] == []
