"""The stand-in and a business at the true time of day, for servers that are processes of their own."""

import time
from typing import Any, Final

from slotmcp.services.imports import ProjectPlan
from support.calcom.office import ANA, BEN, CONNECTION, SERVICES, event_types
from support.calcom.server import API_KEY, SECRET
from support.calcom.state import World
from support.shop import plan

DAY: Final = 1440
VARIABLES: Final = {"KEY": API_KEY, "SECRET": SECRET}


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def world() -> World:
    """What is there, by the machine's clock."""
    made = World(now_ms)
    made.event_types = event_types()
    return made


def business(**facts: Any) -> ProjectPlan:  # noqa: ANN401  a Project's fields
    """Ana and Ben, connected."""
    return plan(ANA, BEN, services=SERVICES, **{"calcom": CONNECTION, **facts})


def days_ahead(days: int, hour: int = 10) -> int:
    """The minute of an hour (UTC) some days from today."""
    today = now_ms() // 60_000 // DAY
    return (today + days) * DAY + hour * 60
